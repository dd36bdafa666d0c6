"""What a customer has: subscriptions and the resources below them."""

from collections.abc import Iterable
from itertools import groupby

from django.db.models import QuerySet

from accounts.models import Customer
from portals.choices import SubscriptionStatus
from portals.models import Resource, ResourceType, Subscription


def subscriptions_of(customer: Customer) -> QuerySet[Subscription]:
    """The customer's portals that have not ended."""
    return (
        Subscription.objects.filter(customer=customer)
        .exclude(status=SubscriptionStatus.ENDED)
        .select_related("portal", "customer")
        .order_by("portal__slug")
    )


def resources_of(customer: Customer, *, search: str = "") -> QuerySet[Resource]:
    """Everything a customer has; `search` is the beginning of a name or an id."""
    found = Resource.objects.filter(subscription__in=subscriptions_of(customer)).matching(search)
    return found.select_related("resource_type__portal", "parent", "subscription").order_by(
        "resource_type_id", "name", "pk"
    )


def by_type(resources: Iterable[Resource]) -> list[tuple[ResourceType, list[Resource]]]:
    """Resources in the order of `resources_of`, one group for each type, for a select."""
    return [
        (resource_type, list(things))
        for resource_type, things in groupby(resources, key=lambda thing: thing.resource_type)
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
