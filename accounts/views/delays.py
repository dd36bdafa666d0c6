"""Acts of the desk that wait: cancelled by the person, on their page or by a link; or hurried."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import DelayedAct
from accounts.permissions import require_desk
from accounts.services.support.delays import cancel_delayed_act, hurry_delayed_act
from accounts.tokens import BadToken, read_delay_token
from accounts.views.actions import previous_page, run_action


def _rows() -> QuerySet[DelayedAct]:
    return DelayedAct.objects.select_related("person", "case__opened_by")


@require_POST
def delayed_act_cancel(request: PersonRequest, delayed: UUID) -> HttpResponse:
    """Cancel what waits for oneself."""
    row = get_object_or_404(_rows(), uuid=delayed, person=request.user)
    run_action(
        request,
        lambda: cancel_delayed_act(actor=request.user, delayed=row),
        _("Cancelled. Nothing has changed, and the support desk knows."),
    )
    return redirect(previous_page(request, reverse("home")))


@require_POST
def desk_delayed_act_cancel(request: PersonRequest, delayed: UUID) -> HttpResponse:
    """Cancel what waits in one's own case."""
    require_desk(request.user, signed_in_at(request))
    row = get_object_or_404(_rows(), uuid=delayed)
    run_action(
        request,
        lambda: cancel_delayed_act(actor=request.user, delayed=row),
        _("Cancelled. %(person)s is told.") % {"person": row.person},
    )
    return redirect("accounts:desk-person", row.person.sub)


@require_POST
def desk_delayed_act_hurry(request: PersonRequest, delayed: UUID) -> HttpResponse:
    """Do at once what waits in one's own case, after a Super User's confirmation."""
    require_desk(request.user, signed_in_at(request))
    row = get_object_or_404(_rows(), uuid=delayed)
    run_action(
        request,
        lambda: hurry_delayed_act(actor=request.user, delayed=row),
        _("Done at once. %(person)s is told.") % {"person": row.person},
    )
    return redirect("accounts:desk-person", row.person.sub)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delayed_act_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link in the email cancels; a POST cancels it, without a sign-in."""
    try:
        row = read_delay_token(token)
    except BadToken:
        return render(request, "accounts/link_gone.html", status=404)
    with translation.override(row.person.language), timezone.override(row.person.zone):
        response = _cancel_by_link(request, row)
    # The address holds the token, so pages opened from here learn no more than the host.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _cancel_by_link(request: HttpRequest, row: DelayedAct) -> HttpResponse:
    refusal, form = "", ActForm(request.POST)
    if request.method == "POST":
        try:
            if form.is_valid():
                row = cancel_delayed_act(actor=None, delayed=row)
            else:
                refusal = first_error(form)
        except ValidationError as error:
            refusal = first_error(error)
    context = {
        "delayed": row,
        "refusal": refusal,
        "done": request.method == "POST" and not refusal,
    }
    status = 409 if refusal else 200
    return render(request, "accounts/delayed_act_cancel.html", context, status=status)
