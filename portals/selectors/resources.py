"""The subscriptions and resources of a customer."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    ResourceType,
    Subscription,
    TeamGrant,
)
from portals.models.resources import ResourceQuerySet


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
    rights: int
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
        rights=person_grants.count() + team_grants.count(),
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
    resources = Resource.objects.filter(subscription__in=subscriptions_of(customer)).matching(
        search, customer=customer
    )
    return resources.select_related("resource_type__portal", "parent", "subscription").order_by(
        "resource_type_id", "name", "pk"
    )


def removed_resources_of(customer: Customer) -> ResourceQuerySet:
    """Return what portals removed and may still report again, without what went with a parent."""
    return (
        Resource.with_removed.removed_by_portal()
        .filter(subscription__in=subscriptions_of(customer), parent__removed_at=None)
        .select_related("resource_type__portal")
        .order_by("-removed_at", "pk")
    )


def by_type(resources: Iterable[Resource]) -> list[tuple[ResourceType, list[Resource]]]:
    """Group resources, in the order of `resources_of`, by their type."""
    return [
        (resource_type, list(group))
        for resource_type, group in groupby(resources, key=lambda resource: resource.resource_type)
    ]


def resource_by_key(customer: Customer, key: str | None) -> Resource | None:
    """Return the customer's resource with this key from an address or a form, if any."""
    if not key or not key.isdecimal() or len(key) > 18:
        return None
    return resources_of(customer).filter(pk=int(key)).first()


def type_by_key(customer: Customer, key: str) -> ResourceType | None:
    """Return a type of one of the customer's portals by its key in an address, `portal.type`."""
    portal, _dot, code = key.partition(".")
    return (
        ResourceType.objects.filter(
            portal__in=subscriptions_of(customer).values("portal"), portal__slug=portal, code=code
        )
        .select_related("portal")
        .first()
        if "\0" not in key
        else None
    )


def types_with_more_below(customer: Customer) -> set[int]:
    """Return the keys of the types that can have resources below them."""
    types = ResourceType.objects.filter(portal__in=subscriptions_of(customer).values("portal"))
    return set(types.exclude(parent=None).values_list("parent_id", flat=True))
