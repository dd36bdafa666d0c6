"""What privileges exist, and where they can be given."""

from collections.abc import Iterable

from django.db.models import QuerySet

from portals.models import Privilege, PrivilegeInclusion, Resource, ResourceType


def types_at_or_below(resource_type: ResourceType) -> list[int]:
    """This type and every type under it: a portal has a handful, so in Python."""
    children: dict[int | None, list[int]] = {}
    types = ResourceType.objects.filter(portal=resource_type.portal_id)
    for pk, parent in types.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    found, waiting = [], [resource_type.pk]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def privileges_grantable_on(resource: Resource) -> QuerySet[Privilege]:
    """Privileges of the resource's own type, and of the types below: those cover what is in it."""
    return (
        Privilege.objects.filter(resource_type__in=types_at_or_below(resource.resource_type))
        .select_related("resource_type", "portal")
        .order_by("resource_type", "position")
    )


def is_sensitive(privilege: Privilege) -> bool:
    """Whether it is marked so, or includes one that is."""
    return bool(sensitive_among([privilege]))


def sensitive_among(privileges: Iterable[Privilege]) -> set[int]:
    """The keys of those that are sensitive, or include one that is; one query."""
    return set(
        PrivilegeInclusion.objects.filter(
            privilege__in=[privilege.pk for privilege in privileges], included__sensitive=True
        ).values_list("privilege_id", flat=True)
    )
