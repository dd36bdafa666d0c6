"""Give a resource another id or name; its access stays."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portals.models import Portal, Resource
from portals.permissions import require_reported_resource
from portals.services.resources.deletion import (
    end_for_good,
    lock_customers,
    lock_portal,
    record_resources,
)
from portals.services.resources.reports import ResourcesRefused, fault_in


@transaction.atomic
def rename_resource(
    *,
    actor: Portal,
    resource: Resource,
    external_id: str | None = None,
    name: str | None = None,
) -> Resource:
    """Give a resource another id, another name, or both, and return it.

    What stands below it, and everybody's access, stays. An id of a removed resource can be taken:
    that one then ends for good. Raises ResourcesRefused naming the field, also for an id that
    another resource has, or where it was removed meanwhile; PermissionDenied as delete_resource.
    """
    if external_id is None and name is None:
        raise ResourcesRefused(_("Send a new ID, a new name, or both."))
    wanted = {"id": external_id, "name": name}
    faults = {
        field: reason
        for field, text in wanted.items()
        if text is not None and (reason := fault_in(text))
    }
    if faults:
        raise ResourcesRefused(faults)
    lock_portal(actor)
    current = (
        Resource.objects.filter(pk=resource.pk)
        .select_related("resource_type", "subscription__customer")
        .first()
    )
    if current is None:
        raise ResourcesRefused(_("This resource no longer exists."))
    require_reported_resource(actor, current)
    previous, previous_id = current.name, current.external_id
    current.name = previous if name is None else name
    current.external_id = previous_id if external_id is None else external_id
    if (current.name, current.external_id) == (previous, previous_id):
        return current
    _take_id(actor, current)
    if current.external_id != previous_id:
        current.held_since = timezone.now()
    current.save(update_fields=["name", "external_id", "held_since", "search_name", "search_words"])
    record_resources(
        "resources.renamed",
        actor,
        current.subscription.customer,
        current.resource_type,
        {
            "previous": _described(previous, previous_id),
            "resource": _described(current.name, current.external_id),
            "resource_id": current.pk,
        },
    )
    return current


def _take_id(portal: Portal, resource: Resource) -> None:
    """Lock all customers concerned, and end the removed resource that has the id.

    Raises ResourcesRefused where a resource that exists has it.
    """
    others = Resource.with_removed.filter(
        resource_type=resource.resource_type_id, external_id=resource.external_id
    ).exclude(pk=resource.pk)
    other = others.select_related("subscription").first()
    customers = [resource.subscription.customer_id]
    lock_customers(customers + ([other.subscription.customer_id] if other else []))
    if other is None:
        return
    if other.removed_at is None:
        raise ResourcesRefused({"id": _("Another resource of this type has this ID.")})
    end_for_good(portal, others)


def _described(name: str, external_id: str) -> str:
    return name if name == external_id else f"{name} ({external_id})"
