"""Delete resources, with their grants and everything below them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Customer
from accounts.services.audit import record_event
from portals.models import Portal, Resource, ResourceAncestor, ResourceType
from portals.permissions import require_reported_resource
from portals.selectors.losses import (
    ancestors_of,
    held_by_role,
    lost_access,
    people_with_grants_on,
)
from portals.selectors.privileges import types_at_or_below
from portals.services.resources.reports import Outcome


@transaction.atomic
def delete_resource(*, actor: Portal, resource: Resource) -> bool:
    """Delete a resource with its grants and everything below it, and return whether it existed.

    Raises PermissionDenied for a resource of another portal, or for the subscription itself.
    """
    lock_portal(actor)
    current = (
        Resource.objects.filter(pk=resource.pk)
        .select_related("resource_type", "subscription__customer")
        .first()
    )
    if current is None:
        return False
    require_reported_resource(actor, current)
    lock_customers([current.subscription.customer_id])
    removals = delete_with_all_below([current.pk], current.resource_type)
    outcome = Outcome(0, 0, removals["removed"], 0)
    customer = current.subscription.customer
    record_change(actor, customer, current.resource_type, outcome, removals)
    return True


def lock_portal(portal: Portal) -> None:
    """Let one report of a portal run at a time; subscriptions can still begin meanwhile."""
    Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).values("pk").get()


def lock_customers(pks: Iterable[int]) -> None:
    """Lock customers in one order, so that two reports never wait for each other."""
    rows = Customer.objects.select_for_update().filter(pk__in=set(pks)).order_by("pk")
    list(rows.values("pk"))


def delete_with_all_below(pks: Sequence[int], resource_type: ResourceType) -> dict[str, Any]:
    """Delete these and everything below, all of one customer.

    Return the event data of what was removed: each resource, and all access that ended.
    """
    if not pks:
        return {"removed": 0}
    below = ResourceAncestor.objects.filter(ancestor__in=pks).values("resource")
    resources = Resource.objects.filter(pk__in=below).select_related("subscription__customer")
    removed = list(resources.select_related("resource_type").order_by("pk"))
    if not removed:
        return {"removed": 0}
    customer = removed[0].subscription.customer
    lost = lost_access(
        customer, of_grant=Q(content_object__in=below), of_offer=Q(resource__in=below)
    )
    above = set().union(*ancestors_of(pks).values())
    types = types_at_or_below(resource_type)
    lost["concerned"] |= people_with_grants_on(above, types) | held_by_role(customer, types)
    resources.delete()
    return {
        "removed": len(removed),
        "removed_resources": [
            {
                "resource": resource.name,
                "resource_id": resource.pk,
                "external_id": resource.external_id,
                "type": resource.resource_type.labels,
            }
            for resource in removed
        ],
        **lost,
    }


def record_change(
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    outcome: Outcome,
    changes: dict[str, Any],
) -> None:
    """Record one event for the customer, unless nothing changed.

    `changes` comes from delete_with_all_below, and from what was added, renamed or moved.
    """
    if not (outcome.added or outcome.changed or outcome.removed):
        return
    record_event(
        kind="resources.changed",
        actor=None,
        actor_name=portal.label_en,
        customer=customer,
        portal_name=portal.labels,
        type=resource_type.labels,
        added=outcome.added,
        changed=outcome.changed,
        **changes,
    )
