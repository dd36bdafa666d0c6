"""Privileges: where they can be given, and which are sensitive."""

from collections.abc import Iterable

from django.db.models import QuerySet

from portals.models import Privilege, PrivilegeInclusion, Resource, ResourceType


def types_at_or_below(resource_type: ResourceType) -> list[int]:
    """Return the keys of this type and of every type below it."""
    children: dict[int | None, list[int]] = {}
    types = ResourceType.objects.filter(portal=resource_type.portal_id)
    for pk, parent in types.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    done, pending = [], [resource_type.pk]
    while pending:
        done.append(pending.pop())
        pending += children.get(done[-1], [])
    return done


def privileges_grantable_on(resource: Resource) -> QuerySet[Privilege]:
    """Return the privileges of the resource's type and of the types below it."""
    return (
        Privilege.objects.filter(resource_type__in=types_at_or_below(resource.resource_type))
        .select_related("resource_type", "portal")
        .order_by("resource_type", "position")
    )


def is_sensitive(privilege: Privilege) -> bool:
    """Return whether a privilege is sensitive or includes a sensitive one."""
    return bool(sensitive_among([privilege]))


def sensitive_among(privileges: Iterable[Privilege]) -> set[int]:
    """Return the keys of those that are sensitive or include a sensitive one, in one query."""
    return set(
        PrivilegeInclusion.objects.filter(
            privilege__in=[privilege.pk for privilege in privileges], included__sensitive=True
        ).values_list("privilege_id", flat=True)
    )
