"""What a customer has: subscriptions and the resources below them."""

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


def subscriptions_of(customer: Customer) -> QuerySet[Subscription]:
    """The customer's portals that have not ended."""
    return (
        Subscription.objects.filter(customer=customer)
        .exclude(status=SubscriptionStatus.ENDED)
        .select_related("portal", "customer")
        .order_by("portal__slug")
    )


@dataclass(frozen=True)
class Loss:
    """What ends with a subscription, in numbers."""

    resources: int
    rights: int
    people: int


def loss_of(subscription: Subscription) -> Loss:
    """What an end of this subscription would take: things, rights on them, from how many people."""
    person = PersonGrant.objects.filter(content_object__subscription=subscription)
    team = TeamGrant.objects.filter(content_object__subscription=subscription)
    grantees = Q(user__in=person.values("user_id")) | Q(
        team_memberships__team__group__in=team.values("group_id")
    )
    people = Membership.objects.present().filter(grantees, customer=subscription.customer_id)
    return Loss(
        resources=subscription.resources.exclude(resource_type__code=ROOT_TYPE).count(),
        rights=person.count() + team.count(),
        people=people.distinct().count(),
    )


def services_of(customer: Customer) -> list[tuple[Portal, Subscription | None]]:
    """Every portal of the provider, each with the customer's use of it, if any."""
    used = {one.portal_id: one for one in subscriptions_of(customer)}
    return [(portal, used.get(portal.pk)) for portal in Portal.objects.all()]


def resources_of(customer: Customer, *, search: str = "") -> QuerySet[Resource]:
    """Everything a customer has; `search` is the beginning of a name or an id."""
    found = Resource.objects.filter(subscription__in=subscriptions_of(customer)).matching(search)
    return found.select_related("resource_type__portal", "parent", "subscription").order_by(
        "resource_type_id", "name", "pk"
    )


def by_type(resources: Iterable[Resource]) -> list[tuple[ResourceType, list[Resource]]]:
    """Resources in the order of `resources_of`, one group for each type, for a select."""
    return [
        (resource_type, list(group))
        for resource_type, group in groupby(resources, key=lambda one: one.resource_type)
    ]


def resource_by_key(customer: Customer, key: str | None) -> Resource | None:
    """A resource of this customer by its key in an address or a form; None for anything else."""
    if not key or not key.isdecimal() or len(key) > 18:
        return None
    return resources_of(customer).filter(pk=int(key)).first()


def type_by_key(customer: Customer, key: str) -> ResourceType | None:
    """A type of one of the customer's portals by `portal.type`, as addresses name it."""
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
    """The types, by key, of which a thing can have others in it."""
    types = ResourceType.objects.filter(portal__in=subscriptions_of(customer).values("portal"))
    return set(types.exclude(parent=None).values_list("parent_id", flat=True))
