"""A Super User asks the provider to add a portal or to end one; staff answer, and it is done."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import ASKED_OF_PROVIDER, RequestKind
from accounts.models import AccessRequest, Customer, User
from accounts.permissions import RequestRefused, require_fresh_sign_in
from accounts.services.requests import open_request
from portals.choices import SubscriptionStatus
from portals.models import Portal, Subscription
from portals.services.subscriptions import set_subscription_status, subscribe_customer


@dataclass(frozen=True)
class ServiceApproval:
    """How staff say yes to an end: the portal's name, typed, and when they last signed in."""

    confirmation_name: str = ""
    signed_in_at: datetime | None = None


@transaction.atomic
def request_service(
    *,
    actor: User,
    customer: Customer,
    portal: Portal,
    kind: str,
    text: str = "",
    confirmation_name: str = "",
) -> AccessRequest:
    """Ask the provider to add a portal (RequestKind.ADD_SERVICE) or to end it (END_SERVICE).

    An end wants the portal's name `typed`, for everything below it goes. Raises PermissionDenied
    unless the actor is a Super User of the active customer; RequestRefused naming the field, also
    for what is so already or asked already.
    """
    if kind not in ASKED_OF_PROVIDER:
        raise RequestRefused({"kind": _("Choose what you ask for.")})

    def check(access_request: AccessRequest) -> None:
        subscription = _subscription(access_request.customer, portal)
        if kind == RequestKind.ADD_SERVICE and subscription is not None:
            raise RequestRefused({"portal": _("Your company uses this portal already.")})
        if kind == RequestKind.END_SERVICE and subscription is None:
            raise RequestRefused({"portal": _("Your company does not use this portal.")})
        if kind == RequestKind.END_SERVICE:
            _require_name(portal, confirmation_name)

    return open_request(
        actor=actor,
        customer=customer,
        kind=kind,
        text=text,
        about=portal.slug,
        wanted={"service": portal.labels},
        add=check,
    )


def _subscription(customer: Customer, portal: Portal) -> Subscription | None:
    """The customer's use of this portal, unless it has ended."""
    return (
        Subscription.objects.filter(customer=customer, portal=portal)
        .exclude(status=SubscriptionStatus.ENDED)
        .first()
    )


def _require_name(portal: Portal, confirmation_name: str) -> None:
    if confirmation_name.strip().casefold() not in {
        name.casefold() for name in portal.labels.values()
    }:
        raise RequestRefused(
            {"confirmation_name": _("Type the name of the portal as it stands here: %s.") % portal}
        )


def do_as_asked(*, actor: User, access_request: AccessRequest, how: ServiceApproval | None) -> None:
    """Begin or end the subscription, in the transaction that approves it; nothing if it is so.

    Raises PermissionDenied without `accounts.change_customer`; for an end RequestRefused without
    the typed name, and FreshSignInRequired.
    """
    portal = Portal.objects.get(slug=access_request.about)
    present = _subscription(access_request.customer, portal)
    if access_request.kind == RequestKind.END_SERVICE:
        how = how or ServiceApproval()
        _require_name(portal, how.confirmation_name)
        require_fresh_sign_in(how.signed_in_at)
        if present is not None:
            set_subscription_status(
                actor=actor, subscription=present, status=SubscriptionStatus.ENDED
            )
    elif present is None:
        former = Subscription.objects.filter(
            customer=access_request.customer, portal=portal
        ).first()
        if former is None:
            subscribe_customer(actor=actor, customer=access_request.customer, portal=portal)
        else:
            set_subscription_status(
                actor=actor, subscription=former, status=SubscriptionStatus.ACTIVE
            )
