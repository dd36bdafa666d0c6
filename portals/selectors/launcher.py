"""The launcher on the home page: the portals a person may open, by customer."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Exists,
    OuterRef,
    QuerySet,
)
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.choices import CustomerStatus, RequestState
from accounts.models import Customer, DelayedAct, Membership, SuperUserRecovery, User
from accounts.selectors import first_super_users_of
from accounts.selectors.composed import ComposedQuery, Given, any_of, numbered
from accounts.selectors.support import open_questions
from portals.choices import SubscriptionStatus
from portals.decision.checks import stored_time
from portals.decision.sets import bound
from portals.decision.statement import allowed_sql
from portals.models import Portal, RequestedGrant, Subscription
from portals.selectors.roots import open_privileges, roots
from portals.selectors.sign_in import opening

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
    memberships: list[Any] = _MEMBERSHIPS.rows(user=user.pk, now=timezone.now())
    live = [row for row in memberships if row.suspended_at is None]
    rows = _subscriptions(user, {row.customer_id for row in live}) if live else []
    return Launcher(
        groups=[
            _group(row, [one for one in rows if one.customer_id == row.customer_id]) for row in live
        ],
        suspended=[row for row in memberships if row.suspended_at is not None],
    )


def _memberships(user: Given, now: Given) -> QuerySet[Membership]:
    """Return a person's memberships, with what waits for them there."""
    announced = SuperUserRecovery.objects.announced().filter(customer=OuterRef("customer"))
    return (
        Membership.objects.present(now)
        .filter(user=user, customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED])
        .select_related("customer__main_super_user__user")
        .annotate(
            has_recovery=Exists(announced),  # of the company, which its people can stop
            has_question=Exists(open_questions(now).filter(case__customer=OuterRef("customer"))),
            has_delayed_act=Exists(DelayedAct.objects.waiting().filter(person=OuterRef("user"))),
        )
        .order_by("customer__name")
    )


_MEMBERSHIPS = ComposedQuery(_memberships, user=BigIntegerField(), now=DateTimeField())


def openable_portals(user: User, customers: Collection[int]) -> list[Subscription]:
    """Return the subscriptions of these customers whose portal a person may open."""
    rows = _subscriptions(user, customers) if customers else []
    return [row for row in rows if row.is_open]


def _subscriptions(user: User, customers: Collection[int]) -> list[Any]:
    """Return the active subscriptions of these customers.

    Each has `is_open` where the person may open its portal, and `is_asked` where they have asked
    for it.
    """
    keys = numbered("customer", customers)
    return _subscriptions_in(len(keys)).rows(user=user.pk, now=stored_time(timezone.now()), **keys)


@cache
def _subscriptions_in(companies: int) -> ComposedQuery[Subscription]:
    """Return the query of the active subscriptions of so many companies."""

    def subscriptions(user: Given, now: Given, **customers: Given) -> QuerySet[Subscription]:
        asked = RequestedGrant.objects.filter(
            request__membership__user=user,
            request__state=RequestState.OPEN,
            privilege__in=open_privileges(),
            resource__in=roots(),
            resource__subscription=OuterRef("pk"),
        )
        return (
            Subscription.objects.filter(any_of("customer", customers.values()))
            .filter(status=SubscriptionStatus.ACTIVE)
            .select_related("portal")
            .annotate(is_open=_opens(user, now), is_asked=Exists(asked))
            .order_by("portal__slug")
        )

    keys = numbered("customer", [BigIntegerField()] * companies)
    return ComposedQuery(subscriptions, user=BigIntegerField(), now=CharField(), **keys)


def _opens(user: Given, now: Given) -> RawSQL:
    """Return the decision whether a person may open the portal of a subscription of a query."""
    return bound(_OPEN, "EXISTS ({})", BooleanField(), user=user.blank, now=now.blank)


def _group(membership: Membership, rows: list[Any]) -> LauncherGroup:
    closed = [row for row in rows if not row.is_open]
    helpers = first_super_users_of(membership.customer) if closed else []
    return LauncherGroup(
        customer=membership.customer,
        membership=membership,
        open_portals=[row.portal for row in rows if row.is_open],
        closed_portals=[row.portal for row in closed],
        asked_portals={row.portal_id for row in closed if row.is_asked},
        super_users=helpers,
    )
