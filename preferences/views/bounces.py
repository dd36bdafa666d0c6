"""Mail that came back: the person's own page, and what waits for staff."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms.strict import ActForm
from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.access import run_action
from preferences.forms.bounces import SettleForm
from preferences.gate.escalation_steps import confirm_address
from preferences.models import Escalation
from preferences.selectors.bounces import (
    bounced_notices_of,
    companies_to_call,
    escalations_for_staff,
    is_bouncing,
    settled_escalations,
)
from preferences.services.escalations import settle_escalation


@require_http_methods(["GET", "HEAD", "POST"])
def bounced_mail(request: PersonRequest) -> HttpResponse:
    """What came back to me, to read here; and a button saying that my address is right."""
    if request.method == "POST":
        done = _("Thank you. We write to this address again, beginning with a mail that tries it.")
        run_action(request, lambda: confirm_address(actor=request.user), done)
        return redirect("preferences:bounced-mail")
    rows = [
        (one, campaign.subject(request.user.language), campaign.body(request.user.language))
        if (campaign := one.message.campaign)
        else (one, one.message.subject, "")
        for one in bounced_notices_of(request.user)[:50]
    ]
    context = {"rows": rows, "comes_back": is_bouncing(request.user), "form": ActForm()}
    return render(request, "preferences/bounces.html", context)


@require_safe
def unreachable(request: PersonRequest) -> HttpResponse:
    """Whom staff call or write to, the oldest first, and how others ended."""
    require_staff(request.user, "preferences.view_escalation")
    waiting, settled = escalations_for_staff(), settled_escalations()
    context = {
        "waiting": page_of(
            waiting, among=Escalation.objects.all(), order=("pk",),
            after=request.GET.get("after", ""),
        ),
        "settled": page_of(
            settled, among=Escalation.objects.all(), order=("-pk",),
            after=request.GET.get("settled", ""), size=20,
        ),
    }  # fmt: skip
    return render(request, "preferences/unreachable.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def unreachable_settle(request: PersonRequest, escalation: int) -> HttpResponse:
    """One of them: what came of the call or the letter."""
    require_staff(request.user, "preferences.settle_escalation")
    found = get_object_or_404(
        Escalation.objects.select_related("recipient__user", "message__notice_class"), pk=escalation
    )
    form = SettleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        values: dict[str, Any] = form.cleaned_data
        try:
            settle_escalation(actor=request.user, escalation=found, **values)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("preferences:unreachable")
    context = {
        "escalation": found,
        "person": found.recipient.user,
        "companies": companies_to_call(found),
        "form": form,
    }
    return render(request, "preferences/unreachable_settle.html", context)
