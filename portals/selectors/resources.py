"""The subscriptions and resources of a customer."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
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
