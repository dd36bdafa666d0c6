"""Invitations that wait: what is in them, and sending them again or withdrawing them."""

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation
from accounts.selectors import invitations_of, page_of
from accounts.services.invitations import (
    resend_invitation,
    resend_invitations,
    revoke_invitation,
    revoke_invitations,
)
from accounts.views.rings import managed_customer, press


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


def _one(request: PersonRequest, slug: str, invitation: UUID) -> Invitation:
    company = managed_customer(request, slug)
    own = company.invitations.filter(as_main_super_user=False)
    return get_object_or_404(own, uuid=invitation)


@require_POST
def invitation_resend(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Send an offer again, with a fresh link."""
    offer = _one(request, customer, invitation)
    press(
        request,
        lambda: resend_invitation(actor=request.user, invitation=offer),
        _("The invitation is on its way to %(address)s again.") % {"address": offer.address},
    )
    return redirect("portals:invitations", customer)


@require_POST
def invitation_revoke(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Withdraw an offer."""
    offer = _one(request, customer, invitation)
    press(
        request,
        lambda: revoke_invitation(actor=request.user, invitation=offer),
        _("The invitation of %(address)s is withdrawn; its link no longer works.")
        % {"address": offer.address},
    )
    return redirect("portals:invitations", customer)
