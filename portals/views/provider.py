"""The provider's customers: created with their portals, invited, paused, brought back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import first_error
from accounts.http import PersonRequest
from accounts.models import Customer, User
from accounts.permissions import require_staff
from accounts.selectors import activity_of, page_of, sentence_of
from accounts.services import customers, invitations
from accounts.views.access import run_action
from portals.forms.provider import (
    CustomerForm,
    MainSuperUserForm,
    SubscribeForm,
    SubscriptionStatusForm,
    SuspendForm,
)
from portals.selectors.resources import subscriptions_of
from portals.services.subscriptions import set_subscription_status, subscribe_customer
from portals.signals import customer_page_shown


@require_http_methods(["GET", "HEAD", "POST"])
def customer_create(request: PersonRequest) -> HttpResponse:
    """A new customer with its first portals and the invitation of its main Super User."""
    require_staff(request.user, "accounts.add_customer")
    form = CustomerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            created = _create(request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(company)s is created.") % {"company": created})
            return redirect("portals:provider-customer", created.slug)
    return render(request, "portals/provider_customer_create.html", {"form": form})


def _create(
    actor: User, *, name: str, slug: str, language: str, portals: Any, address: str, person: str
) -> Customer:
    def begin(customer: Customer) -> None:
        for portal in portals:
            subscribe_customer(actor=actor, customer=customer, portal=portal)
        if address:
            invitations.invite_main_super_user(
                actor=actor, customer=customer, address=address, name=person
            )

    return customers.create_customer(
        actor=actor, slug=slug, name=name, language=language, begin=begin
    )


def _customer(request: PersonRequest, slug: str, permission: str) -> Customer:
    """Any customer, for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    return get_object_or_404(Customer.objects.select_related("main_super_user__user"), slug=slug)


@require_safe
def customer(request: PersonRequest, slug: str) -> HttpResponse:
    """One customer: its state, portals, invitation and trail."""
    found = _customer(request, slug, "accounts.view_customer")
    return _page(request, found)


def _page(request: PersonRequest, found: Customer, **forms: Any) -> HttpResponse:
    events = activity_of(found)
    page = page_of(
        events, among=events, order=("-pk",), after=request.GET.get("after", ""), size=20
    )
    context = {
        "customer": found,
        "pending": found.status == CustomerStatus.PENDING,
        "subscriptions": subscriptions_of(found),
        "invitation": found.invitations.open().filter(as_main_super_user=True).first(),
        "subscribe": SubscribeForm(customer=found),
        "invite": MainSuperUserForm(),
        "suspend": SuspendForm(),
        "sections": [
            section
            for _receiver, section in customer_page_shown.send(
                None, request=request, customer=found
            )
        ],
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
    } | forms
    return render(request, "portals/provider_customer.html", context)


@require_POST
def customer_subscribe(request: PersonRequest, slug: str) -> HttpResponse:
    """Begin the use of one more portal."""
    found = _customer(request, slug, "accounts.change_customer")
    form = SubscribeForm(request.POST, customer=found)
    if form.is_valid():
        try:
            begun = subscribe_customer(actor=request.user, customer=found, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                _("%(company)s now uses %(portal)s.") % {"company": found, "portal": begun.portal},
            )
            return redirect("portals:provider-customer", slug)
    return _page(request, found, subscribe=form)


@require_POST
def customer_subscription(request: PersonRequest, slug: str, portal: str) -> HttpResponse:
    """Pause, end or bring back the use of a portal."""
    found = _customer(request, slug, "accounts.change_customer")
    subscription = get_object_or_404(found.subscriptions, portal__slug=portal)
    form = SubscriptionStatusForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(first_error(form))
        changed = set_subscription_status(
            actor=request.user, subscription=subscription, status=form.cleaned_data["status"]
        )
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        messages.success(
            request,
            _("%(portal)s is now: %(status)s.")
            % {"portal": changed.portal, "status": changed.get_status_display()},
        )
    return redirect("portals:provider-customer", slug)


@require_POST
def customer_invite(request: PersonRequest, slug: str) -> HttpResponse:
    """Invite the person who will run a pending customer."""
    found = _customer(request, slug, "accounts.change_customer")
    form = MainSuperUserForm(request.POST)
    if form.is_valid():
        try:
            offer = invitations.invite_main_super_user(
                actor=request.user, customer=found, **form.cleaned_data
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                _("The invitation is on its way to %(address)s.") % {"address": offer.address},
            )
            return redirect("portals:provider-customer", slug)
    return _page(request, found, invite=form)


@require_POST
def customer_invitation(request: PersonRequest, slug: str, act: str) -> HttpResponse:
    """Send the waiting invitation again, or withdraw it."""
    found = _customer(request, slug, "accounts.change_customer")
    offer = get_object_or_404(found.invitations.open(), as_main_super_user=True)
    service = {"resend": invitations.resend_invitation, "revoke": invitations.revoke_invitation}
    done = {
        "resend": _("The invitation is on its way to %(address)s again."),
        "revoke": _("The invitation of %(address)s is withdrawn; its link no longer works."),
    }
    run_action(
        request,
        lambda: service[act](actor=request.user, invitation=offer),
        done[act] % {"address": offer.address},
    )
    return redirect("portals:provider-customer", slug)


@require_POST
def customer_suspend(request: PersonRequest, slug: str) -> HttpResponse:
    """Stop every right in a customer, for now."""
    found = _customer(request, slug, "accounts.change_customer")
    form = SuspendForm(request.POST)
    if form.is_valid():
        try:
            customers.suspend_customer(actor=request.user, customer=found, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(company)s is suspended.") % {"company": found})
            return redirect("portals:provider-customer", slug)
    return _page(request, found, suspend=form)


@require_POST
def customer_restore(request: PersonRequest, slug: str) -> HttpResponse:
    """End a suspension."""
    found = _customer(request, slug, "accounts.change_customer")
    run_action(
        request,
        lambda: customers.restore_customer(actor=request.user, customer=found),
        _("%(company)s is active again.") % {"company": found},
    )
    return redirect("portals:provider-customer", slug)
