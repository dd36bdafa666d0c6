"""Invitations that wait: what is in them, and sending them again or withdrawing them."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import first_error
from accounts.http import PersonRequest
from accounts.models import Invitation
from accounts.selectors import invitations_of, page_of
from accounts.services.invitations import resend_invitations, revoke_invitations
from accounts.views.access import managed_customer
from portals.forms.invite import ChooseInvitationsForm


@require_safe
def invitations(request: PersonRequest, customer: str) -> HttpResponse:
    """Everyone invited who has not joined yet, newest first."""
    company = managed_customer(request, customer)
    waiting = invitations_of(company).select_related("invited_by", "team")
    context = {
        "customer": company,
        "page": page_of(
            waiting.prefetch_related(
                "offered_grants__resource", "offered_grants__privilege__portal"
            ),
            among=company.invitations.all(),
            order=("-pk",),
            after=request.GET.get("after", ""),
        ),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/invitations.html", context)


Act = Callable[..., list[Invitation]]


def _act(
    request: PersonRequest, slug: str, act: Act, said: Callable[[list[Invitation]], str]
) -> HttpResponse:
    """Do something to all the chosen ones, or to none."""
    company = managed_customer(request, slug)
    form = ChooseInvitationsForm(request.POST, customer=company)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("portals:invitations", slug)
    try:
        done = act(actor=request.user, invitations=form.cleaned_data["invitation"])
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        messages.success(request, said(done))
    return redirect("portals:invitations", slug)


@require_POST
def invitations_resend(request: PersonRequest, customer: str) -> HttpResponse:
    """Send offers again, with fresh links."""

    def said(sent: list[Invitation]) -> str:
        if len(sent) == 1:
            address = sent[0].address
            return _("The invitation is on its way to %(address)s again.") % {"address": address}
        return _("%(count)s invitations are on their way again.") % {"count": len(sent)}

    return _act(request, customer, resend_invitations, said)


@require_POST
def invitations_revoke(request: PersonRequest, customer: str) -> HttpResponse:
    """Withdraw offers."""

    def said(gone: list[Invitation]) -> str:
        if len(gone) == 1:
            return _("The invitation of %(address)s is withdrawn; its link no longer works.") % {
                "address": gone[0].address
            }
        return _("%(count)s invitations are withdrawn; their links no longer work.") % {
            "count": len(gone)
        }

    return _act(request, customer, revoke_invitations, said)
