"""The offers that wait, beside the people of a customer."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest
from accounts.services import invitations
from accounts.views.rings import managed_customer, press


@require_POST
def invitation_resend(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Send an offer again, with a fresh link."""
    company = managed_customer(request, customer)
    offer = get_object_or_404(company.invitations.filter(as_main_super_user=False), uuid=invitation)
    press(
        request,
        lambda: invitations.resend_invitation(actor=request.user, invitation=offer),
        _("The invitation is on its way to %(address)s again.") % {"address": offer.address},
    )
    return redirect("portals:people", customer)


@require_POST
def invitation_revoke(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Withdraw an offer."""
    company = managed_customer(request, customer)
    offer = get_object_or_404(company.invitations.filter(as_main_super_user=False), uuid=invitation)
    press(
        request,
        lambda: invitations.revoke_invitation(actor=request.user, invitation=offer),
        _("The invitation of %(address)s is withdrawn; its link no longer works.")
        % {"address": offer.address},
    )
    return redirect("portals:people", customer)
