"""Bounced email: the person's own page, and the escalations for staff."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms.strict import ActForm
from accounts.http import PersonRequest
from accounts.models import User
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.actions import run_action, submit
from preferences.forms.bounces import SettleForm
from preferences.gate.escalation_steps import confirm_address
from preferences.models import Escalation
from preferences.selectors.bounces import (
    bounce_of,
    bounce_reason_of,
    bounced_notices_of,
    companies_to_call,
    escalations_for_staff,
    is_bouncing,
    open_to_staff,
    recent_bounces_of,
    settled_escalations,
)
from preferences.services.escalations import settle_escalation


def bounces_panel(*, person: User, **_kept: Any) -> str:
    """Return the panel of a person's newest bounces, for the support desk (accounts.signals)."""
    bounces = recent_bounces_of(person)
    if not bounces:
        return ""
    return render_to_string("preferences/_desk_bounces.html", {"bounces": bounces})


@require_http_methods(["GET", "HEAD", "POST"])
def bounced_mail(request: PersonRequest) -> HttpResponse:
    """Show a person's bounced notices; posted, confirm that the address works."""
    if request.method == "POST":
        done = _("We will use this address again. We are sending it a test email now.")
        run_action(request, lambda: confirm_address(actor=request.user), done)
        return redirect("preferences:bounced-mail")
    language = request.user.language
    rows = [
        (notice, campaign.subject(language), campaign.body(language))
        if (campaign := notice.message.campaign)
        else (notice, notice.message.subject, "")
        for notice in bounced_notices_of(request.user)[:50]
    ]
    context = {
        "rows": rows,
        "is_bouncing": is_bouncing(request.user),
        "reason": bounce_reason_of(request.user),
        "form": ActForm(),
    }
    return render(request, "preferences/bounces.html", context)


@require_safe
def unreachable(request: PersonRequest) -> HttpResponse:
    """List the people to call or write to, the oldest first, and the settled escalations."""
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
    """Show an escalation; posted, record the result of the call or letter."""
    require_staff(request.user, "preferences.settle_escalation")
    pending = get_object_or_404(
        open_to_staff().select_related("recipient__user", "message__notice_class"), pk=escalation
    )
    form = SettleForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: settle_escalation(actor=request.user, escalation=pending, **form.cleaned_data),
    ):
        messages.success(
            request,
            _("The result for %(person)s is recorded.") % {"person": pending.recipient.user},
        )
        return redirect("preferences:unreachable")
    context = {
        "escalation": pending,
        "person": pending.recipient.user,
        "companies": companies_to_call(pending),
        "bounce": bounce_of(pending.message),
        "form": form,
    }
    return render(request, "preferences/unreachable_settle.html", context)
