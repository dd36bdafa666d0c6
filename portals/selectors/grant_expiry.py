"""Rights that end on a date, and those that did lately."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.choices import CustomerStatus
from accounts.models import Customer, Membership
from portals.choices import SubscriptionStatus
from portals.models import PersonGrant, TeamGrant

SOON = timedelta(days=30)  # shown as ending
DUE = timedelta(days=7)  # counted beside the menu
LATELY = timedelta(days=7)  # ended so short ago that renewing still is a renewal

DAY = timedelta(days=1)
# How long before the end its announcement falls due, for a right that was given for how long.
ANNOUNCED = ((timedelta(days=7), timedelta(days=14)), (DAY, timedelta(days=2)))

_RELATED = ("permission__privilege__portal", "content_object__resource_type")


def length_of(grant: PersonGrant | TeamGrant) -> timedelta:
    """For how long a right was given; nothing for one without end."""
    end = grant.expires_at or grant.granted_at
    return end - (grant.starts_at or grant.granted_at)


def renewed_end(grant: PersonGrant | TeamGrant, now: datetime) -> datetime:
    """When it would end, given once more for as long."""
    return now + length_of(grant)


def _in_use(now: datetime) -> Q:
    """Grants that have begun, in subscriptions and customers in use."""
    subscription = "content_object__subscription"
    return (Q(starts_at=None) | Q(starts_at__lte=now)) & Q(
        **{
            f"{subscription}__status": SubscriptionStatus.ACTIVE,
            f"{subscription}__customer__status": CustomerStatus.ACTIVE,
        }
    )


def ending_for_people(
    *, within: timedelta = SOON, since: timedelta = timedelta(0)
) -> QuerySet[PersonGrant]:
    """Rights of people that end `within` this time, or ended `since` that time; the first first."""
    grantee = Membership.objects.filter(
        user=OuterRef("user"),
        customer=OuterRef("content_object__subscription__customer"),
        ended_at=None,
    )
    return (
        PersonGrant.objects.filter(_ends(within, since))
        .select_related("user", "granted_by", *_RELATED)
        .annotate(grantee_name=Subquery(grantee.values("work_name")[:1]))
        .order_by("expires_at", "pk")
    )


def ending_for_teams(
    *, within: timedelta = SOON, since: timedelta = timedelta(0)
) -> QuerySet[TeamGrant]:
    """The same for teams."""
    return (
        TeamGrant.objects.filter(_ends(within, since))
        .select_related("group__team", "granted_by", *_RELATED)
        .order_by("expires_at", "pk")
    )


def _ends(within: timedelta, since: timedelta) -> Q:
    now = timezone.now()
    return _in_use(now) & Q(expires_at__gt=now - since, expires_at__lte=now + within)


def due_endings(*, of: str) -> CombinedExpression:
    """How many rights end within days, for each row of another query; `of` is its customer."""
    customer = "content_object__subscription__customer"
    counts = [
        Coalesce(
            Subquery(
                grants.filter(_ends(DUE, timedelta(0)), **{customer: OuterRef(of)})
                .order_by()
                .values(customer)
                .annotate(count=Count("pk"))
                .values("count")
            ),
            0,
        )
        for grants in (PersonGrant.objects, TeamGrant.objects)
    ]
    return counts[0] + counts[1]


def of_customer(grants: QuerySet[Any], customer: Customer) -> QuerySet[Any]:
    """Those of one customer."""
    found: QuerySet[Any] = grants.filter(content_object__subscription__customer=customer)
    return found


def to_announce(now: datetime, ahead: timedelta = timedelta(0)) -> Q:
    """Grants whose end is to be announced now, or within `ahead`; each announcement once."""
    waiting = Q()
    for before, least in ANNOUNCED:
        given_long = Q(began__lte=F("expires_at") - least)
        again = Q(reminded_at=None) | Q(reminded_at__lt=F("expires_at") - before - DAY)
        waiting |= given_long & again & Q(expires_at__lte=now + before + ahead)
    return _in_use(now) & Q(expires_at__gt=now) & waiting


def with_beginning(grants: QuerySet[Any]) -> QuerySet[Any]:
    """Each with `began`: from when on it was given."""
    began: QuerySet[Any] = grants.annotate(began=Coalesce("starts_at", "granted_at"))
    return began
