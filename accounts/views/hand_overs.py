"""Handing over the role of main Super User: offer, withdraw, accept, decline."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import CompanyForm, HandOverForm
from accounts.http import PersonRequest
from accounts.models import Customer, HandOver
from accounts.services import hand_overs
from accounts.services.customers import company_values
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit
from accounts.views.customers import company_page


@require_POST
def hand_over_offer(request: PersonRequest, customer: str) -> HttpResponse:
    """Offer the role to another Super User."""
    company = managed_customer(request, customer)
    form = HandOverForm(request.POST, customer=company)
    if submit(
        form,
        lambda: hand_overs.offer_hand_over(
            actor=request.user,
            customer=company,
            signed_in_at=signed_in_at(request),
            **form.cleaned_data,
        ),
    ):
        message = _("We asked %(person)s by email. You stay the main Super User until they accept.")
        messages.success(request, message % {"person": form.cleaned_data["to"]})
        return redirect("accounts:company", customer)
    return company_page(request, company, CompanyForm(shown=company_values(company)), form)


def _hand_over_of(company: Customer, hand_over: UUID) -> HandOver:
    hand_overs = company.hand_overs.select_related("giver__user", "receiver__user", "customer")
    return get_object_or_404(hand_overs, uuid=hand_over)


@require_safe
def hand_over(request: PersonRequest, customer: str, hand_over: UUID) -> HttpResponse:
    """Show one offer: what it means, and for its receiver the buttons to accept or decline."""
    company = managed_customer(request, customer)
    offer = _hand_over_of(company, hand_over)
    context = {
        "customer": company,
        "hand_over": offer,
        "is_receiver": offer.receiver.user_id == request.user.pk,
        "is_main": company.main_super_user_id == offer.giver_id
        and offer.giver.user_id == request.user.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "accounts/hand_over.html", context)


@require_POST
def hand_over_accept(request: PersonRequest, customer: str, hand_over: UUID) -> HttpResponse:
    """Accept the role of main Super User."""
    company = managed_customer(request, customer)
    offer = _hand_over_of(company, hand_over)
    accepted = run_action(
        request,
        lambda: hand_overs.accept_hand_over(
            actor=request.user, hand_over=offer, signed_in_at=signed_in_at(request)
        ),
        _("You are now the main Super User of %(company)s.") % {"company": company},
    )
    if accepted:
        return redirect("accounts:company", customer)
    return redirect("accounts:hand-over", customer, hand_over)


@require_POST
def hand_over_decline(request: PersonRequest, customer: str, hand_over: UUID) -> HttpResponse:
    """Decline the role of main Super User."""
    offer = _hand_over_of(managed_customer(request, customer), hand_over)
    run_action(
        request,
        lambda: hand_overs.decline_hand_over(actor=request.user, hand_over=offer),
        _("%(person)s stays the main Super User. We are telling them by email.")
        % {"person": offer.giver},
    )
    return redirect("accounts:company", customer)


@require_POST
def hand_over_withdraw(request: PersonRequest, customer: str, hand_over: UUID) -> HttpResponse:
    """Withdraw the offer."""
    offer = _hand_over_of(managed_customer(request, customer), hand_over)
    run_action(
        request,
        lambda: hand_overs.withdraw_hand_over(actor=request.user, hand_over=offer),
        _("The offer is withdrawn. You stay the main Super User."),
    )
    return redirect("accounts:company", customer)
