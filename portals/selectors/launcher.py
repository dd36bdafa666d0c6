"""The launcher on the home page: the portals a person may open, by customer."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from accounts.choices import CustomerStatus, RequestState
from accounts.models import Customer, DelayedAct, Membership, SuperUserRecovery, User
from accounts.selectors import super_users_of
from portals.choices import SubscriptionStatus
from portals.decision import permitted_resources
from portals.models import Portal, Privilege, RequestedGrant, Subscription
from portals.selectors.roots import open_privileges, roots

SUPER_USERS = 3  # of each customer, named to somebody who can ask them


@dataclass
class LauncherGroup:
    """One customer of a person: its portals, open or closed to them, and its Super Users."""

    customer: Customer
    membership: Any  # a Membership with `has_recovery` and `has_delayed_act`
    open_portals: list[Portal]
    closed_portals: list[Portal]
    super_users: list[Membership]  # empty where every portal is open
    asked_portals: set[int]  # keys of the closed ones that this person has asked for


@dataclass(frozen=True)
class Launcher:
    """A person's customers, and the memberships that are suspended: their portals are closed."""

    groups: list[LauncherGroup]
    suspended: list[Membership]


def launcher_of(user: User) -> Launcher:
    """Return the launcher of a person. The privilege `open` decides whether a portal is open."""
    announced = SuperUserRecovery.objects.announced().filter(customer=OuterRef("customer"))
    memberships: list[Any] = list(
        Membership.objects.present()
        .filter(user=user, customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED])
        .select_related("customer__main_super_user__user")
        .annotate(
            has_recovery=Exists(announced),  # of the company, which its people can stop
            has_delayed_act=Exists(DelayedAct.objects.waiting().filter(person=OuterRef("user"))),
        )
        .order_by("customer__name")
    )
    live = [row for row in memberships if row.suspended_at is None]
    rows = _subscriptions(user, {row.customer_id for row in live}) if live else []
    openable = _openable(user, {row.open_privilege for row in rows})
    return Launcher(
        groups=[
            _group(row, [one for one in rows if one.customer_id == row.customer_id], openable)
            for row in live
        ],
        suspended=[row for row in memberships if row.suspended_at is not None],
    )


def openable_portals(user: User, customers: Collection[int]) -> list[Subscription]:
    """Return the subscriptions of these customers whose portal a person may open."""
    rows = _subscriptions(user, customers) if customers else []
    openable = _openable(user, {row.open_privilege for row in rows})
    return [row for row in rows if row.pk in openable]


def _subscriptions(user: User, customers: Collection[int]) -> list[Any]:
    """Return the active subscriptions of these customers.

    Each has the key of its `open_privilege`, and `is_asked` where the person has asked to open it.
    """
    privilege = open_privileges().filter(portal=OuterRef("portal"))
    asked = RequestedGrant.objects.filter(
        request__membership__user=user,
        request__state=RequestState.OPEN,
        privilege__in=open_privileges(),
        resource__in=roots(),
        resource__subscription=OuterRef("pk"),
    )
    return list(
        Subscription.objects.filter(customer__in=customers, status=SubscriptionStatus.ACTIVE)
        .select_related("portal")
        .annotate(open_privilege=Subquery(privilege.values("pk")[:1]), is_asked=Exists(asked))
        .order_by("portal__slug")
    )


def _openable(user: User, privileges: Iterable[int]) -> set[int]:
    """Return the keys of the subscriptions whose portal this person may open."""
    permitted = [permitted_resources(user, Privilege(pk=key)) for key in sorted(privileges)]
    if not permitted:
        return set()
    return set(reduce(or_, permitted).values_list("subscription_id", flat=True))


def _group(membership: Membership, rows: list[Any], openable: set[int]) -> LauncherGroup:
    closed = [row for row in rows if row.pk not in openable]
    helpers = super_users_of(membership.customer)[:SUPER_USERS] if closed else ()
    return LauncherGroup(
        customer=membership.customer,
        membership=membership,
        open_portals=[row.portal for row in rows if row.pk in openable],
        closed_portals=[row.portal for row in closed],
        asked_portals={row.portal_id for row in closed if row.is_asked},
        super_users=list(helpers),
    )
