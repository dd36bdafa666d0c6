"""The provider's pages of a customer: create, subscribe to portals, invite, suspend, restore."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import ReleaseForm
from accounts.http import PersonRequest
from accounts.models import Customer, User
from accounts.permissions import require_staff
from accounts.selectors import activity_of, page_of, sentence_of
from accounts.selectors.company_sign_in import domains_of
from accounts.services import customers, invitations
from accounts.views.actions import run_action, submit, submit_button
from portals.forms.provider import (
    CustomerForm,
    MainSuperUserForm,
    SubscribeForm,
    SubscriptionStatusForm,
    SuspendForm,
)
from portals.models import Portal
from portals.selectors.resources import current_subscriptions
from portals.services.subscriptions import set_subscription_status, subscribe_customer
from portals.signals import customer_page_shown


@require_http_methods(["GET", "HEAD", "POST"])
def customer_create(request: PersonRequest) -> HttpResponse:
    """Create a customer with its first portals and the invitation of its main Super User."""
    require_staff(request.user, "accounts.add_customer")
    form = CustomerForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: _create(request.user, **form.cleaned_data))
    if success:
        created = success.result
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
            _invite_first(actor, customer, address, person)

    return customers.create_customer(
        actor=actor, slug=slug, name=name, language=language, begin=begin
    )


def _invite_first(actor: User, customer: Customer, address: str, person: str) -> None:
    try:
        invitations.invite_main_super_user(
            actor=actor, customer=customer, address=address, name=person
        )
    except ValidationError as refusal:  # on this form, `name` is the company's
        errors = dict(getattr(refusal, "error_dict", {}))
        if "name" not in errors:
            raise
        errors["person"] = errors.pop("name")
        raise ValidationError(errors) from refusal


def _customer(request: PersonRequest, slug: str, permission: str) -> Customer:
    """Return a customer, for staff with this permission (else 403).

    It has `has_other_portals`, where there are some that it does not use.
    """
    require_staff(request.user, permission)
    other_portals = Portal.objects.exclude(subscriptions__customer=OuterRef("pk"))
    customers = Customer.objects.annotate(has_other_portals=Exists(other_portals))
    return get_object_or_404(customers.select_related("main_super_user__user"), slug=slug)


@require_safe
def customer(request: PersonRequest, slug: str) -> HttpResponse:
    """Show a customer: its state, portals, invitation and activity."""
    return _page(request, _customer(request, slug, "accounts.view_customer"))


def _page(request: PersonRequest, customer: Customer, **forms: Any) -> HttpResponse:
    events = activity_of(customer)
    page = page_of(
        events, among=events, order=("-pk",), after=request.GET.get("after", ""), size=20
    )
    context = {
        "customer": customer,
        "pending": customer.status == CustomerStatus.PENDING,
        "subscriptions": current_subscriptions(customer),
        "invitation": customer.invitations.open().filter(as_main_super_user=True).first(),
        "subscribe": SubscribeForm(customer=customer),
        "invite": MainSuperUserForm(),
        "suspend": SuspendForm(),
        "domains": [
            (row, ReleaseForm(auto_id=f"release-{row.pk}-%s"))
            for row in domains_of(customer)
            if row.proven_at
        ],
        "sections": [
            section
            for _receiver, section in customer_page_shown.send(
                None, request=request, customer=customer
            )
        ],
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
    } | forms
    return render(request, "portals/provider_customer.html", context)


@require_POST
def customer_subscribe(request: PersonRequest, slug: str) -> HttpResponse:
    """Subscribe the customer to a portal."""
    company = _customer(request, slug, "accounts.change_customer")
    form = SubscribeForm(request.POST, customer=company)
    success = submit(
        form,
        lambda: subscribe_customer(actor=request.user, customer=company, **form.cleaned_data),
    )
    if success:
        message = _("%(company)s now uses %(portal)s.")
        words = {"company": company, "portal": success.result.portal}
        messages.success(request, message % words)
        return redirect("portals:provider-customer", slug)
    return _page(request, company, subscribe=form)


@require_POST
def customer_subscription(request: PersonRequest, slug: str, portal: str) -> HttpResponse:
    """Suspend, end or resume the subscription to a portal."""
    company = _customer(request, slug, "accounts.change_customer")
    subscription = get_object_or_404(company.subscriptions, portal__slug=portal)
    form = SubscriptionStatusForm(request.POST)
    success = submit_button(
        request,
        form,
        lambda: set_subscription_status(
            actor=request.user, subscription=subscription, status=form.cleaned_data["status"]
        ),
    )
    if success:
        changed = success.result
        message = _("%(portal)s is now: %(status)s.")
        words = {"portal": changed.portal, "status": changed.get_status_display()}
        messages.success(request, message % words)
    return redirect("portals:provider-customer", slug)


@require_POST
def customer_invite(request: PersonRequest, slug: str) -> HttpResponse:
    """Invite the main Super User of a pending customer."""
    company = _customer(request, slug, "accounts.change_customer")
    form = MainSuperUserForm(request.POST)
    success = submit(
        form,
        lambda: invitations.invite_main_super_user(
            actor=request.user, customer=company, **form.cleaned_data
        ),
    )
    if success:
        message = _("We sent the invitation to %(address)s.")
        messages.success(request, message % {"address": success.result.address})
        return redirect("portals:provider-customer", slug)
    return _page(request, company, invite=form)


@require_POST
def customer_invitation(request: PersonRequest, slug: str, act: str) -> HttpResponse:
    """Send the pending invitation again, or withdraw it."""
    company = _customer(request, slug, "accounts.change_customer")
    invitation = get_object_or_404(company.invitations.open(), as_main_super_user=True)
    services = {"resend": invitations.resend_invitation, "revoke": invitations.revoke_invitation}
    done = {
        "resend": _("We sent the invitation to %(address)s again."),
        "revoke": _("The link in the invitation to %(address)s no longer works."),
    }
    run_action(
        request,
        lambda: services[act](actor=request.user, invitation=invitation),
        done[act] % {"address": invitation.address},
    )
    return redirect("portals:provider-customer", slug)


@require_POST
def customer_suspend(request: PersonRequest, slug: str) -> HttpResponse:
    """Suspend a customer: all access in it stops."""
    company = _customer(request, slug, "accounts.change_customer")
    form = SuspendForm(request.POST)
    if submit(
        form,
        lambda: customers.suspend_customer(
            actor=request.user, customer=company, **form.cleaned_data
        ),
    ):
        messages.success(request, _("%(company)s is suspended.") % {"company": company})
        return redirect("portals:provider-customer", slug)
    return _page(request, company, suspend=form)


@require_POST
def customer_restore(request: PersonRequest, slug: str) -> HttpResponse:
    """End a suspension."""
    company = _customer(request, slug, "accounts.change_customer")
    run_action(
        request,
        lambda: customers.restore_customer(actor=request.user, customer=company),
        _("%(company)s is active again.") % {"company": company},
    )
    return redirect("portals:provider-customer", slug)
