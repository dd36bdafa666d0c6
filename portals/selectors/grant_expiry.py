"""Grants that end soon, or ended recently."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    DateTimeField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull
from django.utils import timezone

from accounts.choices import CustomerStatus
from accounts.models import Customer, Membership
from accounts.selectors.composed import ComposedQuery
from accounts.selectors.first_rows import alone
from accounts.selectors.paging import PAGE_SIZE, Page, page_made_of, page_of
from portals.choices import SubscriptionStatus
from portals.models import PersonGrant, Resource, TeamGrant
from portals.models.grants import begun

Moment = datetime | Combinable  # an expression in a ComposedQuery

GRANTS_SIZE = 25  # on a page: each has a form to renew it
ENDS_SOON = timedelta(days=30)  # shown as ending
ENDS_THIS_WEEK = timedelta(days=7)  # counted in the menu: hub/waiting.py
RECENTLY_ENDED = timedelta(days=7)  # still offered for renewal

ONE_DAY = timedelta(days=1)
# (how long before its end a grant is announced, how long it must have been given for).
ANNOUNCEMENTS = ((timedelta(days=7), timedelta(days=14)), (ONE_DAY, timedelta(days=2)))

_BY_END = ("expires_at", "pk")
_RELATED = (
    "permission__privilege__portal",
    "permission__privilege__resource_type__portal",
    "content_object__resource_type",
)


def length_of(grant: PersonGrant | TeamGrant) -> timedelta:
    """Return for how long a grant was given; zero for one without an end date."""
    ends_at = grant.expires_at or grant.granted_at
    return ends_at - (grant.starts_at or grant.granted_at)


def renewed_end(grant: PersonGrant | TeamGrant, now: datetime) -> datetime:
    """Return when a grant would end if it were renewed for as long as before."""
    return now + length_of(grant)


def _customer_of(resources: QuerySet[Resource]) -> Subquery:
    """Return the customer of a grant, if its resource is among these.

    PostgreSQL looks a sub-select up for each of the few grants that end. With a join, it might
    begin with all resources of a company.
    """
    of_grant = resources.filter(pk=OuterRef("content_object")).order_by()
    return Subquery(of_grant.values("subscription__customer")[:1])


def _begun_and_active(now: datetime | Combinable) -> Q:
    """Return the condition that a grant has begun, in an active subscription and customer."""
    active = Resource.objects.filter(
        subscription__status=SubscriptionStatus.ACTIVE,
        subscription__customer__status=CustomerStatus.ACTIVE,
    )
    return begun(now) & Q(IsNull(_customer_of(active), False))


def expiring_person_grants(
    *, within: timedelta = ENDS_SOON, since: timedelta = timedelta(0)
) -> QuerySet[PersonGrant]:
    """Return people's grants that end `within` this time or ended less than `since` ago, by end."""
    now = timezone.now()
    return person_grants_ending(now - since, now + within, now)


def expiring_team_grants(
    *, within: timedelta = ENDS_SOON, since: timedelta = timedelta(0)
) -> QuerySet[TeamGrant]:
    """Return teams' grants in the same way."""
    now = timezone.now()
    return team_grants_ending(now - since, now + within, now)


def person_grants_ending(begin: Moment, end: Moment, now: Moment) -> QuerySet[PersonGrant]:
    """Return people's grants that end between two moments, by end."""
    return PersonGrant.with_removed.filter(_ends(begin, end, now)).order_by("expires_at", "pk")


def team_grants_ending(begin: Moment, end: Moment, now: Moment) -> QuerySet[TeamGrant]:
    """Return teams' grants in the same way."""
    return TeamGrant.with_removed.filter(_ends(begin, end, now)).order_by("expires_at", "pk")


def with_person_details(grants: QuerySet[PersonGrant]) -> QuerySet[PersonGrant]:
    """Return people's grants with what a list says of them, such as `grantee_name`."""
    grantee = Membership.objects.filter(
        user=OuterRef("user"),
        customer=OuterRef("content_object__subscription__customer"),
        ended_at=None,
    )
    return grants.select_related("user", "granted_by", *_RELATED).annotate(
        grantee_name=Subquery(grantee.values("work_name")[:1])
    )


def with_team_details(grants: QuerySet[TeamGrant]) -> QuerySet[TeamGrant]:
    """Return teams' grants with what a list says of them."""
    return grants.select_related("group__team", "granted_by", *_RELATED)


def _ends(begin: Moment, end: Moment, now: Moment) -> Q:
    return _begun_and_active(now) & Q(expires_at__gt=begin, expires_at__lte=end)


def expiring_memberships(customer: Customer) -> QuerySet[Membership]:
    """Return the customer's memberships whose last day is near, the soonest first."""
    now = timezone.now()
    return memberships_ending(customer.pk, now, now + ENDS_SOON).select_related("user")


def memberships_ending(
    customer: int | Combinable, begin: Moment, end: Moment
) -> QuerySet[Membership]:
    """Return a customer's memberships whose last day is between two moments, by that day."""
    return Membership.objects.filter(
        customer=customer, ended_at=None, ends_at__gt=begin, ends_at__lte=end
    ).order_by("ends_at", "pk")


def of_customer(grants: QuerySet[Any], customer: int | Combinable) -> QuerySet[Any]:
    """Return the grants of one customer, by its key."""
    customer_of_grant = _customer_of(Resource.with_removed.all())
    of_one: QuerySet[Any] = grants.filter(Exact(customer_of_grant, customer))
    return of_one


def expiring_memberships_page(customer: Customer, after: str) -> Page[Membership]:
    """Return a page of last days that are near. Raises BadCursor."""
    if not after:
        now = timezone.now()
        rows = _FIRST_MEMBERSHIPS.rows(customer=customer.pk, begin=now, end=now + ENDS_SOON)
        return page_made_of(rows, PAGE_SIZE)
    return page_of(
        expiring_memberships(customer),
        among=customer.memberships.all(),
        order=("ends_at", "pk"),
        after=after,
    )


def expiring_grants_page(
    model: type[PersonGrant] | type[TeamGrant], customer: Customer, after: str
) -> Page[Any]:
    """Return a page of people's or teams' access that ends soon or has just ended.

    Raises BadCursor.
    """
    now = timezone.now()
    begin, end = now - RECENTLY_ENDED, now + ENDS_SOON
    if not after:
        rows = _FIRST_GRANTS[model].rows(customer=customer.pk, begin=begin, end=end, now=now)
        return page_made_of(rows, GRANTS_SIZE)
    ending, details = _ENDING[model]
    return page_of(
        of_customer(ending(begin, end, now), customer.pk),
        among=of_customer(model.objects.all(), customer.pk),
        order=_BY_END,
        after=after,
        size=GRANTS_SIZE,
        details=details,
    )


_FIRST_MEMBERSHIPS = ComposedQuery(
    lambda **of: memberships_ending(**of).select_related("user")[: PAGE_SIZE + 1],
    customer=BigIntegerField(),
    begin=DateTimeField(),
    end=DateTimeField(),
)
_ENDING: dict[Any, tuple[Callable[..., QuerySet[Any]], Callable[..., QuerySet[Any]]]] = {
    PersonGrant: (person_grants_ending, with_person_details),
    TeamGrant: (team_grants_ending, with_team_details),
}
_FIRST_GRANTS: dict[Any, ComposedQuery[Any]] = {
    model: ComposedQuery(
        lambda customer, ending=ending, details=details, **moments: details(
            alone(of_customer(ending(**moments), customer)[: GRANTS_SIZE + 1])
        ).order_by(*_BY_END),
        customer=BigIntegerField(),
        begin=DateTimeField(),
        end=DateTimeField(),
        now=DateTimeField(),
    )
    for model, (ending, details) in _ENDING.items()
}


def announcement_due(now: datetime, ahead: timedelta = timedelta(0)) -> Q:
    """Return the condition that an end is to be announced by `now` + `ahead`, and was not yet."""
    due = Q()
    for before, min_length in ANNOUNCEMENTS:
        is_long = Q(began__lte=F("expires_at") - min_length)
        not_yet = Q(reminded_at=None) | Q(reminded_at__lt=F("expires_at") - before - ONE_DAY)
        due |= is_long & not_yet & Q(expires_at__lte=now + before + ahead)
    return _begun_and_active(now) & Q(expires_at__gt=now) & due


def with_beginning(grants: QuerySet[Any]) -> QuerySet[Any]:
    """Return the grants, each with `began`, the time from which on it was given."""
    annotated: QuerySet[Any] = grants.annotate(began=Coalesce("starts_at", "granted_at"))
    return annotated
