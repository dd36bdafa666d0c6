"""The subscriptions and resources of a customer."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from django.db.models import BigIntegerField, DateTimeField, Q, QuerySet
from django.utils import timezone

from accounts.models import Customer, Membership, User
from accounts.models.search import matching
from accounts.selectors import Page, page_of
from accounts.selectors.composed import ComposedQuery, Given, any_of, numbered
from accounts.selectors.paging import PAGE_SIZE, Part, first_page_rows, page_made_of
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    Subscription,
    TeamGrant,
)
from portals.models.resources import KEPT_FOR, ResourceQuerySet

MAX_CHILDREN = 50  # shown on the page of their parent
MAX_REMOVED = 50  # removed ones shown below the list; the activity log has all
_ORDER = ("resource_type_id", "name", "pk")  # of lists


def subscriptions_of(customer: Customer | Given) -> QuerySet[Subscription]:
    """Return the customer's subscriptions that have not ended."""
    return (
        Subscription.objects.filter(customer=customer)
        .exclude(status=SubscriptionStatus.ENDED)
        .select_related("portal", "customer")
        .order_by("portal__slug")
    )


def current_subscriptions(customer: Customer) -> list[Subscription]:
    """Return the list of `subscriptions_of` a customer, by a statement composed once."""
    return _SUBSCRIPTIONS.rows(customer=customer.pk)


_SUBSCRIPTIONS = ComposedQuery(subscriptions_of, customer=BigIntegerField())


@dataclass(frozen=True)
class SubscriptionTotals:
    """The numbers of resources, grants and people that a subscription has."""

    resources: int
    privileges: int
    people: int


def subscription_totals(subscription: Subscription) -> SubscriptionTotals:
    """Return how many resources, grants and people the end of a subscription would affect."""
    person_grants = PersonGrant.objects.filter(content_object__subscription=subscription)
    team_grants = TeamGrant.objects.filter(content_object__subscription=subscription)
    grantees = (
        Q(user__in=person_grants.values("user_id"))
        | Q(team_memberships__team__group__in=team_grants.values("group_id"))
        | Q(owned_resources__subscription=subscription)
    )
    people = Membership.objects.present().filter(grantees, customer=subscription.customer_id)
    return SubscriptionTotals(
        resources=subscription.resources.exclude(resource_type__code=ROOT_TYPE).count(),
        privileges=person_grants.count() + team_grants.count(),
        people=people.distinct().count(),
    )


def services_of(customer: Customer) -> list[tuple[Portal, Subscription | None]]:
    """Return every portal of the provider with the customer's subscription to it, if any."""
    by_portal = {
        subscription.portal_id: subscription for subscription in current_subscriptions(customer)
    }
    return [(portal, by_portal.get(portal.pk)) for portal in Portal.objects.all()]


def resources_of(customer: Customer, *, search: str = "") -> ResourceQuerySet:
    """Return a customer's resources, found by the words of `search`."""
    resources = Resource.objects.filter(subscription__in=subscriptions_of(customer))
    return _in_lists(matching(resources, search, customer=customer))


def _in_lists(resources: ResourceQuerySet) -> ResourceQuerySet:
    related = resources.select_related("resource_type__portal", "parent", "subscription")
    return related.order_by(*_ORDER)


def resource_with_those_above(
    customer: Customer, reader: User, pk: int
) -> tuple[Resource | None, list[Resource]]:
    """Return a customer's resource if this person may see it, and the resources above it."""
    rows = _WITH_THOSE_ABOVE.rows(
        customer=customer.pk, reader=reader.pk, key=pk, now=timezone.now()
    )
    found, above = None, []
    for row in rows:
        row.subscription.customer = customer
        if row.pk == pk:
            found = row
        else:
            above.append(row)
    return found, above


def _with_those_above(customer: Given, reader: Given, key: Given, now: Given) -> QuerySet[Resource]:
    return (
        Resource.objects.visible_to(reader, now)
        .filter(subscription__in=subscriptions_of(customer), descendants__resource=key)
        .select_related("subscription", "owner__user")
        .order_by(*_ORDER)
    )


_WITH_THOSE_ABOVE = ComposedQuery(
    _with_those_above,
    customer=BigIntegerField(),
    reader=BigIntegerField(),
    key=BigIntegerField(),
    now=DateTimeField(),
)


def first_resources_in(customer: Customer, parent: Resource) -> list[Resource]:
    """Return the first resources below another, for its page to name."""
    return _FIRST_IN.rows(customer=customer.pk, parent=parent.pk)


_FIRST_IN = ComposedQuery(
    lambda customer, parent: _in_lists(
        Resource.objects.filter(subscription__in=subscriptions_of(customer), parent=parent)
    )[:MAX_CHILDREN],
    customer=BigIntegerField(),
    parent=BigIntegerField(),
)


def resource_page(
    customer: Customer, subscriptions: Collection[Subscription], *, search: str, after: str
) -> Page[Resource]:
    """Return a page of the resources of some of the customer's subscriptions, found by `search`.

    Raises BadCursor for a foreign `after`.
    """
    if not subscriptions:
        return page_made_of([], PAGE_SIZE)
    if not search and not after:
        keys = numbered("subscription", [subscription.pk for subscription in subscriptions])
        return page_made_of(_first_resources(len(keys)).rows(**keys), PAGE_SIZE)
    resources = Resource.objects.filter(subscription__in=subscriptions)
    return page_of(
        _in_lists(matching(resources, search, customer=customer)),
        among=resources_of(customer),
        order=_ORDER,
        after=after,
        parts=[Part(Q(subscription=subscription)) for subscription in subscriptions],
    )


@cache
def _first_resources(subscriptions: int) -> ComposedQuery[Resource]:
    """Return the query of the first page of so many subscriptions."""
    return ComposedQuery(
        lambda **keys: first_page_rows(
            _in_lists(Resource.objects.filter(any_of("subscription", keys.values()))),
            order=_ORDER,
            parts=[Part(Q(subscription=key)) for key in keys.values()],
        ),
        **numbered("subscription", [BigIntegerField()] * subscriptions),
    )


def removed_resources_of(subscriptions: Collection[Subscription]) -> list[Resource]:
    """Return what portals removed and may still report again, without what went with a parent.

    These are the latest MAX_REMOVED.
    """
    keys = numbered("subscription", [subscription.pk for subscription in subscriptions])
    since = timezone.now() - KEPT_FOR
    return _removed_resources(len(keys)).rows(since=since, **keys) if keys else []


@cache
def _removed_resources(subscriptions: int) -> ComposedQuery[Resource]:
    """Return the query of `removed_resources_of` for so many subscriptions."""

    def removed(since: Given, **keys: Given) -> QuerySet[Resource]:
        return (
            Resource.with_removed.filter(removed_at__gt=since, parent__removed_at=None)
            .filter(any_of("subscription", keys.values()))
            .select_related("resource_type__portal")
            .order_by("-removed_at", "pk")[:MAX_REMOVED]
        )

    keys = numbered("subscription", [BigIntegerField()] * subscriptions)
    return ComposedQuery(removed, since=DateTimeField(), **keys)
