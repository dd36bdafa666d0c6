"""The launcher: which portals a person may open, through which customer."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.choices import RequestState
from accounts.models import Customer, Membership, User
from accounts.selectors import super_users_of
from portals.choices import SubscriptionStatus
from portals.decision import resources_one_may
from portals.models import Portal, RequestedGrant, Subscription
from portals.selectors.roots import open_privileges, roots


@dataclass
class LauncherGroup:
    """One customer of a person: its portals, open to them or not, and whom to ask."""

    customer: Customer
    membership: Membership
    open_portals: list[Portal]
    closed_portals: list[Portal]
    super_users: list[Membership]
    asked_portals: set[int]  # of the closed ones, those this person has asked for


def launcher_of(user: User) -> list[LauncherGroup]:
    """What the home page shows, customer by customer; opening is the decision `open`."""
    memberships = (
        Membership.objects.live()
        .filter(user=user, customer__in=Customer.objects.visible_to(user))
        .select_related("customer")
        .order_by("customer__name")
    )
    openable = _openable_roots(user)
    access_request = _asked_roots(user)
    subscriptions: dict[int, list[Subscription]] = {}
    for subscription in (
        Subscription.objects.filter(
            customer__in=[membership.customer_id for membership in memberships],
            status=SubscriptionStatus.ACTIVE,
        )
        .select_related("portal")
        .order_by("portal__slug")
    ):
        subscriptions.setdefault(subscription.customer_id, []).append(subscription)
    return [
        _group(membership, subscriptions.get(membership.customer_id, []), openable, access_request)
        for membership in memberships
    ]


def _openable_roots(user: User) -> set[int]:
    """The subscriptions whose root this person may open."""
    found: set[int] = set()
    theirs = open_privileges().filter(portal__subscriptions__customer__memberships__user=user)
    for privilege in theirs.distinct():
        found |= set(resources_one_may(user, privilege).values_list("subscription_id", flat=True))
    return found


def _asked_roots(user: User) -> set[int]:
    """The subscriptions this person has asked to open, without an answer so far."""
    access_request = RequestedGrant.objects.filter(
        request__membership__user=user,
        request__state=RequestState.OPEN,
        privilege__in=open_privileges(),
        resource__in=roots(),
    )
    return set(access_request.values_list("resource__subscription_id", flat=True))


def _group(
    membership: Membership,
    subscriptions: Iterable[Subscription],
    openable: set[int],
    access_request: set[int],
) -> LauncherGroup:
    rows = list(subscriptions)
    return LauncherGroup(
        customer=membership.customer,
        membership=membership,
        open_portals=[row.portal for row in rows if row.pk in openable],
        closed_portals=[row.portal for row in rows if row.pk not in openable],
        asked_portals={row.portal_id for row in rows if row.pk in access_request},
        super_users=list(super_users_of(membership.customer)[:3]),
    )
