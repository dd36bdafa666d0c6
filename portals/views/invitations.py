"""Pending invitations: the list, sending them again, correcting an address, withdrawing them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.domains import readable_address
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Invitation
from accounts.selectors import invitations_of, page_of
from accounts.services.invitations import (
    correct_invitation,
    resend_invitations,
    revoke_invitations,
    take_over_invitations,
)
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page, submit, submit_button
from portals.forms.invite import ChooseInvitationsForm, RightAddressForm


@require_safe
def invitations(request: PersonRequest, customer: str) -> HttpResponse:
    """List the pending invitations with their offered grants, newest first."""
    company = managed_customer(request, customer)
    form = SearchForm(request.GET)
    search = form.text
    waiting = invitations_of(company, search=search).select_related("invited_by", "team")
    context = {
        "customer": company,
        "form": form,
        "search": search,
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
    fragment = "#invitations" if request.htmx else ""
    return render(request, f"portals/invitations.html{fragment}", context)


Service = Callable[..., list[Invitation]]
Message = Callable[[list[Invitation]], str]


def _change_invitations(
    request: PersonRequest, slug: str, service: Service, message: Message
) -> HttpResponseRedirect:
    """Call the service for all chosen invitations, or for none."""
    company = managed_customer(request, slug)
    form = ChooseInvitationsForm(request.POST, customer=company)
    success = submit_button(
        request,
        form,
        lambda: service(actor=request.user, invitations=form.cleaned_data["invitation"]),
    )
    if success:
        messages.success(request, message(success.result))
    return redirect("portals:invitations", slug)


@require_POST
def invitations_resend(request: PersonRequest, customer: str) -> HttpResponse:
    """Send invitations again, with fresh links."""

    def message(sent: list[Invitation]) -> str:
        if len(sent) == 1:
            address = sent[0].address
            return _("We sent the invitation to %(address)s again.") % {"address": address}
        return _("We sent %(count)s invitations again.") % {"count": len(sent)}

    return _change_invitations(request, customer, resend_invitations, message)


@require_POST
def invitations_take_over(request: PersonRequest, customer: str) -> HttpResponse:
    """Become the sender of a colleague's invitations, from the list or the colleague's page."""

    def take_over(**chosen: Any) -> list[Invitation]:
        return take_over_invitations(signed_in_at=signed_in_at(request), **chosen)

    def message(taken: list[Invitation]) -> str:
        if len(taken) == 1:
            return _(
                "You are now the sender of the invitation to %(address)s. Its link still works."
            ) % {"address": taken[0].address}
        return _("You are now the sender of %(count)s invitations. Their links still work.") % {
            "count": len(taken)
        }

    done = _change_invitations(request, customer, take_over, message)
    return redirect(previous_page(request, done.url))


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_address(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Correct the address of a pending invitation."""
    company = managed_customer(request, customer)
    pending = company.invitations.open().filter(as_main_super_user=False)
    found = get_object_or_404(pending.select_related("team"), uuid=invitation)
    form = RightAddressForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: correct_invitation(
            actor=request.user,
            invitation=found,
            address=form.cleaned_data["address"],
            signed_in_at=signed_in_at(request),
        ),
    )
    if success:
        message = _("We sent the invitation to %(address)s. The earlier link no longer works.")
        address = readable_address(success.result.address)
        messages.success(request, message % {"address": address})
        return redirect("portals:invitations", customer)
    context = {"customer": company, "invitation": found, "form": form}
    return render(request, "portals/invitation_address.html", context)


@require_POST
def invitations_revoke(request: PersonRequest, customer: str) -> HttpResponse:
    """Withdraw invitations."""

    def message(revoked: list[Invitation]) -> str:
        if len(revoked) == 1:
            return _("The link in the invitation to %(address)s no longer works.") % {
                "address": revoked[0].address
            }
        return _("The links in %(count)s invitations no longer work.") % {"count": len(revoked)}

    return _change_invitations(request, customer, revoke_invitations, message)
