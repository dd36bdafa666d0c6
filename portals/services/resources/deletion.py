"""Resources that go, and what goes with them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Customer
from accounts.services.audit import record_event
from portals.choices import ROOT_TYPE
from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    ResourceAncestor,
    ResourceType,
    TeamGrant,
)
from portals.services.resources.reports import Outcome


@transaction.atomic
def delete_resource(*, actor: Portal, resource: Resource) -> bool:
    """Forget one thing, with its grants and everything below it. True when it was still there.

    Raises PermissionDenied for a thing of another portal, or for the subscription itself.
    """
    lock_portal(actor)
    found = (
        Resource.objects.filter(pk=resource.pk)
        .select_related("resource_type", "subscription__customer")
        .first()
    )
    if found is None:
        return False
    if found.resource_type.portal_id != actor.pk or found.resource_type.code == ROOT_TYPE:
        raise PermissionDenied("not a resource this portal reports")
    lock_customers([found.subscription.customer_id])
    gone = delete_with_all_below([found.pk])
    customer = found.subscription.customer
    record_change(actor, customer, found.resource_type, Outcome(0, 0, gone["removed"], 0), gone)
    return True


def lock_portal(portal: Portal) -> None:
    """One report of a portal at a time; subscriptions may still begin meanwhile."""
    Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).values("pk").get()


def lock_customers(pks: Iterable[int]) -> None:
    """Every customer concerned, in one order, so that two reports never wait for each other."""
    rows = Customer.objects.select_for_update().filter(pk__in=set(pks)).order_by("pk")
    list(rows.values("pk"))


def delete_with_all_below(pks: Sequence[int]) -> dict[str, Any]:
    """Delete these and everything below; what went, and the grants that went with it."""
    if not pks:
        return {"removed": 0}
    below = ResourceAncestor.objects.filter(ancestor__in=pks).values("resource")
    doomed = Resource.objects.filter(pk__in=below)
    names = list(doomed.order_by("pk").values_list("external_id", flat=True))
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
    doomed.delete()
    return {"removed": len(names), "removed_ids": names, "grants_ended": ended}


def record_change(
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    outcome: Outcome,
    gone: dict[str, Any],
) -> None:
    """One event in the customer's chain, unless nothing changed."""
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
        **gone,
    )
