"""The subscriptions and resources of a customer."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership, User
from accounts.models.search import matching
from accounts.selectors import Page, page_of
from accounts.selectors.paging import Part
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    Subscription,
    TeamGrant,
)
from portals.models.resources import ResourceQuerySet

_ORDER = ("resource_type_id", "name", "pk")  # of lists


def subscriptions_of(customer: Customer) -> QuerySet[Subscription]:
    """Return the customer's subscriptions that have not ended."""
    return (
        Subscription.objects.filter(customer=customer)
        .exclude(status=SubscriptionStatus.ENDED)
        .select_related("portal", "customer")
        .order_by("portal__slug")
    )


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
        subscription.portal_id: subscription for subscription in subscriptions_of(customer)
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
    rows = (
        Resource.objects.visible_to(reader)
        .filter(subscription__in=subscriptions_of(customer), descendants__resource=pk)
        .select_related("subscription", "owner__user")
        .order_by(*_ORDER)
    )
    found, above = None, []
    for row in rows:
        row.subscription.customer = customer
        if row.pk == pk:
            found = row
        else:
            above.append(row)
    return found, above


def resource_page(
    customer: Customer, subscriptions: Collection[Subscription], *, search: str, after: str
) -> Page[Resource]:
    """Return a page of the resources of some of the customer's subscriptions, found by `search`.

    Raises BadCursor for a foreign `after`.
    """
    resources = Resource.objects.filter(subscription__in=subscriptions)
    return page_of(
        _in_lists(matching(resources, search, customer=customer)),
        among=resources_of(customer),
        order=_ORDER,
        after=after,
        parts=[Part(Q(subscription=subscription)) for subscription in subscriptions],
    )


def removed_resources_of(subscriptions: Collection[Subscription]) -> ResourceQuerySet:
    """Return what portals removed and may still report again, without what went with a parent."""
    return (
        Resource.with_removed.removed_by_portal()
        .filter(subscription__in=subscriptions, parent__removed_at=None)
        .select_related("resource_type__portal")
        .order_by("-removed_at", "pk")
    )
