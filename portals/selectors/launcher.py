"""The launcher on the home page: the portals a person may open, by customer."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.choices import RequestState
from accounts.models import Customer, Membership, User
from accounts.selectors import super_users_of
from portals.choices import SubscriptionStatus
from portals.decision import permitted_resources
from portals.models import Portal, RequestedGrant, Subscription
from portals.selectors.roots import open_privileges, roots


@dataclass
class LauncherGroup:
    """One customer of a person: its portals, open or closed to them, and its Super Users."""

    customer: Customer
    membership: Membership
    open_portals: list[Portal]
    closed_portals: list[Portal]
    super_users: list[Membership]
    asked_portals: set[int]  # keys of the closed ones that this person has asked for


def launcher_of(user: User) -> list[LauncherGroup]:
    """Return the launcher of a person. The privilege `open` decides whether a portal is open."""
    memberships = (
        Membership.objects.live()
        .filter(user=user, customer__in=Customer.objects.visible_to(user))
        .select_related("customer")
        .order_by("customer__name")
    )
    openable = _openable_subscriptions(user)
    requested = _requested_subscriptions(user)
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
        _group(membership, subscriptions.get(membership.customer_id, []), openable, requested)
        for membership in memberships
    ]


def _openable_subscriptions(user: User) -> set[int]:
    """Return the keys of the subscriptions whose portal this person may open."""
    subscriptions: set[int] = set()
    privileges = open_privileges().filter(portal__subscriptions__customer__memberships__user=user)
    for privilege in privileges.distinct():
        subscriptions |= set(
            permitted_resources(user, privilege).values_list("subscription_id", flat=True)
        )
    return subscriptions


def _requested_subscriptions(user: User) -> set[int]:
    """Return the keys of the subscriptions whose portal this person has asked to open."""
    requested = RequestedGrant.objects.filter(
        request__membership__user=user,
        request__state=RequestState.OPEN,
        privilege__in=open_privileges(),
        resource__in=roots(),
    )
    return set(requested.values_list("resource__subscription_id", flat=True))


def _group(
    membership: Membership,
    subscriptions: Iterable[Subscription],
    openable: set[int],
    requested: set[int],
) -> LauncherGroup:
    rows = list(subscriptions)
    return LauncherGroup(
        customer=membership.customer,
        membership=membership,
        open_portals=[row.portal for row in rows if row.pk in openable],
        closed_portals=[row.portal for row in rows if row.pk not in openable],
        asked_portals={row.portal_id for row in rows if row.pk in requested},
        super_users=list(super_users_of(membership.customer)[:3]),
    )
