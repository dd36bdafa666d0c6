"""Requests to the provider to add or to end a portal: asked by a Super User, approved by staff."""

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
from portals.permissions import require_portal_name
from portals.services.subscriptions import set_subscription_status, subscribe_customer


@dataclass(frozen=True)
class ServiceApproval:
    """A staff approval: the portal's name as confirmation, and the last sign-in, for an end."""

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

    An end deletes all access in the portal, so it needs the portal's name as `confirmation_name`.
    Raises PermissionDenied unless the actor is a Super User of the active customer; RequestRefused
    naming the field, also where nothing would change or the same is already asked.
    """
    if kind not in ASKED_OF_PROVIDER:
        raise RequestRefused({"kind": _("Choose what to ask for.")})

    def check(access_request: AccessRequest) -> None:
        subscription = _subscription(access_request.customer, portal)
        if kind == RequestKind.ADD_SERVICE and subscription is not None:
            raise RequestRefused({"portal": _("Your company already uses this portal.")})
        if kind == RequestKind.END_SERVICE and subscription is None:
            raise RequestRefused({"portal": _("Your company doesn't use this portal.")})
        if kind == RequestKind.END_SERVICE:
            require_portal_name(portal, confirmation_name)

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
    """Return the customer's use of this portal, unless it has ended."""
    return (
        Subscription.objects.filter(customer=customer, portal=portal)
        .exclude(status=SubscriptionStatus.ENDED)
        .first()
    )


def carry_out_service_request(
    *, actor: User, access_request: AccessRequest, how: ServiceApproval | None
) -> None:
    """Begin or end the subscription, where needed, in the transaction that approves the request.

    Raises PermissionDenied without `accounts.change_customer`. For an end, raises RequestRefused
    without the portal's name, and FreshSignInRequired.
    """
    portal = Portal.objects.get(slug=access_request.about)
    subscription = _subscription(access_request.customer, portal)
    if access_request.kind == RequestKind.END_SERVICE:
        how = how or ServiceApproval()
        require_portal_name(portal, how.confirmation_name)
        require_fresh_sign_in(how.signed_in_at)
        if subscription is not None:
            set_subscription_status(
                actor=actor, subscription=subscription, status=SubscriptionStatus.ENDED
            )
    elif subscription is None:
        former = Subscription.objects.filter(
            customer=access_request.customer, portal=portal
        ).first()
        if former is None:
            subscribe_customer(actor=actor, customer=access_request.customer, portal=portal)
        else:
            set_subscription_status(
                actor=actor, subscription=former, status=SubscriptionStatus.ACTIVE
            )
