"""End resources for good, with their grants and everything below them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Customer
from accounts.services.audit import record_event
from portals.models import Portal, Resource, ResourceAncestor, ResourceType, Subscription
from portals.selectors.losses import lost_resources
from portals.services.resources.reports import Outcome

log = structlog.get_logger(__name__)


def lock_portal(portal: Portal) -> None:
    """Let one report of a portal run at a time; subscriptions can still begin meanwhile."""
    Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).values("pk").get()


def lock_customers(pks: Iterable[int]) -> None:
    """Lock customers in one order, so that two reports never wait for each other."""
    rows = Customer.objects.select_for_update().filter(pk__in=set(pks)).order_by("pk")
    list(rows.values("pk"))


def delete_with_all_below(pks: Sequence[int], resource_type: ResourceType) -> dict[str, Any]:
    """Delete these resources of one customer and type for good, with everything below.

    Return the event data of what ended: each resource, and all access.
    """
    below = ResourceAncestor.objects.filter(ancestor__in=pks).values("resource")
    resources = Resource.with_removed.filter(pk__in=below)
    lost = lost_resources(resources, resource_type)
    resources.filter(removed_at=None).update(removed_at=timezone.now())  # ends the tenures
    resources.delete()
    return {
        "count": len(lost.get("removed_resources", [])),
        "privileges": len(lost.get("grants", [])),
        **lost,
    }


def delete_moved(
    portal: Portal,
    resource_type: ResourceType,
    former: Mapping[int, Subscription],
    moved: Mapping[int, list[int]],
) -> None:
    """Delete the resources that belonged to another customer (A9)."""
    for subscription, pks in moved.items():
        data = delete_with_all_below(pks, resource_type)
        customer = former[subscription].customer
        record_resources("resources.moved", portal, customer, resource_type, data)


def end_for_good(portal: Portal, removed: QuerySet[Resource]) -> None:
    """Delete removed resources, and record it for each company and type.

    What stands below them goes with them. Their customers are locked already.
    """
    by_place: dict[tuple[int, int], list[int]] = {}
    rows = removed.order_by("subscription_id", "resource_type_id", "pk")
    for subscription, resource_type, pk in rows.values_list(
        "subscription_id", "resource_type_id", "pk"
    ):
        by_place.setdefault((subscription, resource_type), []).append(pk)
    subscriptions = Subscription.objects.select_related("customer").in_bulk(
        {subscription for subscription, _type in by_place}
    )
    types = ResourceType.objects.in_bulk({resource_type for _place, resource_type in by_place})
    for (subscription, resource_type), pks in by_place.items():
        record_resources(
            "resources.ended",
            portal,
            subscriptions[subscription].customer,
            types[resource_type],
            delete_with_all_below(pks, types[resource_type]),
        )


def end_removed_resources() -> None:
    """End for good what portals removed KEPT_FOR ago and did not report again.

    Each portal is one transaction. It reads what is due again under the lock that its reports take,
    so that several workers can run this at once, and a return and an end never cross.
    """
    due = Resource.with_removed.removed_for_good().values("resource_type__portal")
    for portal in Portal.objects.filter(pk__in=due):
        try:
            _end_removed_resources_of(portal)
        except Exception:  # those of the other portals still end
            log.exception("removed resources could not be ended", portal=portal.slug)


@transaction.atomic
def _end_removed_resources_of(portal: Portal) -> None:
    lock_portal(portal)
    now = timezone.now()
    due = Resource.with_removed.removed_for_good(now).filter(resource_type__portal=portal)
    # A parent that ends takes what is below with it; the rest was removed by itself, earlier.
    goes_with_parent = Q(parent__in=due.values("pk"))
    topmost = due.exclude(goes_with_parent)
    lock_customers(due.values_list("subscription__customer", flat=True))
    end_for_good(portal, topmost)


def record_resources(
    kind: str,
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    data: dict[str, Any],
) -> None:
    """Record an event about a portal's resources of one type and company."""
    record_event(
        kind=kind,
        actor=None,
        actor_name=portal.label_en,
        customer=customer,
        portal_name=portal.labels,
        type=resource_type.labels,
        **data,
    )


def record_change(
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    outcome: Outcome,
    changes: dict[str, Any],
) -> None:
    """Record one event for the customer, unless nothing was added, changed or removed.

    `changes` comes from remove_with_all_below, and from what was added, renamed or moved.
    """
    if not (outcome.added or outcome.changed or outcome.removed):
        return
    record_resources(
        "resources.changed",
        portal,
        customer,
        resource_type,
        {"added": outcome.added, "changed": outcome.changed, **changes},
    )
