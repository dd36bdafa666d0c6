"""The launcher on the home page: the portals a person may open, by customer."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef
from django.db.models.expressions import RawSQL

from accounts.choices import CustomerStatus, RequestState
from accounts.models import Customer, DelayedAct, Membership, SuperUserRecovery, User
from accounts.selectors import super_users_of
from accounts.selectors.support import open_questions
from portals.choices import SubscriptionStatus
from portals.decision.sets import bound
from portals.decision.statement import allowed_sql
from portals.models import Portal, RequestedGrant, Subscription
from portals.selectors.roots import open_privileges, roots
from portals.selectors.sign_in import opening

SUPER_USERS = 3  # of each customer, named to somebody who can ask them
_OPEN = allowed_sql(
    select="r.id AS id",
    bind=opening(
        user="{user}",
        portal="portals_subscription.portal_id",
        customer="portals_subscription.customer_id",
    ),
)


@dataclass
class LauncherGroup:
    """One customer of a person: its portals, open or closed to them, and its Super Users."""

    customer: Customer
    membership: Any  # a Membership with `has_recovery`, `has_question` and `has_delayed_act`
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
            has_question=Exists(open_questions().filter(case__customer=OuterRef("customer"))),
            has_delayed_act=Exists(DelayedAct.objects.waiting().filter(person=OuterRef("user"))),
        )
        .order_by("customer__name")
    )
    live = [row for row in memberships if row.suspended_at is None]
    rows = _subscriptions(user, {row.customer_id for row in live}) if live else []
    return Launcher(
        groups=[
            _group(row, [one for one in rows if one.customer_id == row.customer_id]) for row in live
        ],
        suspended=[row for row in memberships if row.suspended_at is not None],
    )


def openable_portals(user: User, customers: Collection[int]) -> list[Subscription]:
    """Return the subscriptions of these customers whose portal a person may open."""
    rows = _subscriptions(user, customers) if customers else []
    return [row for row in rows if row.is_open]


def _subscriptions(user: User, customers: Collection[int]) -> list[Any]:
    """Return the active subscriptions of these customers.

    Each has `is_open` where the person may open its portal, and `is_asked` where they have asked
    for it.
    """
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
        .annotate(is_open=_opens(user), is_asked=Exists(asked))
        .order_by("portal__slug")
    )


def _opens(user: User) -> RawSQL:
    """Return the decision whether a person may open the portal of a subscription of a query."""
    return bound(_OPEN, "EXISTS ({})", BooleanField(), user=user.pk)


def _group(membership: Membership, rows: list[Any]) -> LauncherGroup:
    closed = [row for row in rows if not row.is_open]
    helpers = super_users_of(membership.customer)[:SUPER_USERS] if closed else ()
    return LauncherGroup(
        customer=membership.customer,
        membership=membership,
        open_portals=[row.portal for row in rows if row.is_open],
        closed_portals=[row.portal for row in closed],
        asked_portals={row.portal_id for row in closed if row.is_asked},
        super_users=list(helpers),
    )
