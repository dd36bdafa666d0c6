"""Delete resources, with their grants and everything below them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from accounts.models import Customer
from accounts.services.audit import record_event
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    ResourceAncestor,
    ResourceType,
    TeamGrant,
)
from portals.permissions import require_reported_resource
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
    removals = delete_with_all_below([current.pk])
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


def delete_with_all_below(pks: Sequence[int]) -> dict[str, Any]:
    """Delete these and everything below, and return the event data of what was removed."""
    if not pks:
        return {"removed": 0}
    below = ResourceAncestor.objects.filter(ancestor__in=pks).values("resource")
    resources = Resource.objects.filter(pk__in=below)
    external_ids = list(resources.order_by("pk").values_list("external_id", flat=True))
    ended = [
        {
            "grantee": str(grant.user if isinstance(grant, PersonGrant) else grant.group.team),
            "codename": grant.permission.privilege.codename,
            "resource": str(grant.content_object),
        }
        for rows in (
            PersonGrant.objects.select_related("user"),
            TeamGrant.objects.select_related("group__team"),
        )
        for grant in rows.filter(content_object__in=below)
        .select_related("permission__privilege", "content_object")
        .order_by("pk")
    ]
    resources.delete()
    return {"removed": len(external_ids), "removed_ids": external_ids, "grants_ended": ended}


def record_change(
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    outcome: Outcome,
    removals: dict[str, Any],
) -> None:
    """Record one event for the customer, unless nothing changed.

    `removals` comes from delete_with_all_below.
    """
    if not (outcome.added or outcome.changed or outcome.removed):
        return
    record_event(
        kind="resources.changed",
        actor=None,
        actor_name=portal.label_en,
        customer=customer,
        portal=portal.slug,
        portal_name=portal.labels,
        type=resource_type.labels,
        added=outcome.added,
        changed=outcome.changed,
        **removals,
    )
