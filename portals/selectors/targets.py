"""Targets: the resources that permissions are given on, in forms and sentences."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import capfirst

from accounts.models import Customer
from portals.models import Resource, ResourceType
from portals.selectors.resources import resources_of, subscriptions_of

KEY = re.compile(r"resource:([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@dataclass(frozen=True)
class Target:
    """A resource, or all resources of a type inside it, future ones too."""

    resource: Resource
    resource_type: ResourceType

    @property
    def covers_all(self) -> bool:
        """Whether it is about the resources inside, not about the resource itself."""
        return self.resource_type.pk != self.resource.resource_type_id

    @property
    def is_portal(self) -> bool:
        """Whether it is the portal as such."""
        return not self.covers_all and self.resource.parent_id is None

    @property
    def key(self) -> str:
        """Its key in addresses and forms; `resource:12.5` is all of type 5 inside 12."""
        own = f"resource:{self.resource.pk}"
        return f"{own}.{self.resource_type.pk}" if self.covers_all else own

    @property
    def title(self) -> str:
        """The name at the beginning of a line; a resource's own name stays as it is."""
        return capfirst(str(self)) if self.covers_all else str(self)

    @property
    def note(self) -> str:
        """The type of the resource, or the portal, to tell equal names apart."""
        if self.is_portal or self.covers_all:
            return str(self.resource_type.portal)
        return str(self.resource_type)

    def __str__(self) -> str:
        return self.resource_type.name_of(self.resource)


def targets_by_key(customer: Customer, keys: Iterable[str]) -> dict[str, Target]:
    """Return key → target, for those that are of this customer."""
    parts = {key: _parse(key) for key in keys}
    wanted = {part[0] for part in parts.values() if part}
    if not wanted:
        return {}
    resources = resources_of(customer).in_bulk(list(wanted))
    types = _types(customer)
    targets = {}
    for key, part in parts.items():
        resource = resources.get(part[0]) if part else None
        if part is None or resource is None:
            continue
        resource_type = types.get(part[1] or resource.resource_type_id)
        if resource_type and _is_at_or_below(resource_type, resource.resource_type_id, types):
            targets[key] = Target(resource, resource_type)
    return targets


def wide_targets(customer: Customer, inside: Iterable[Resource]) -> list[Target]:
    """Return the targets that are all resources of a type inside one of these resources."""
    types = _types(customer)
    return [
        Target(resource, resource_type)
        for resource in inside
        for resource_type in types.values()
        if resource_type.pk != resource.resource_type_id
        and _is_at_or_below(resource_type, resource.resource_type_id, types)
    ]


def _parse(key: str) -> tuple[int, int | None] | None:
    match = KEY.fullmatch(key)
    if match is None:
        return None
    resource, resource_type = match.groups()
    return int(resource), int(resource_type) if resource_type else None


def _types(customer: Customer) -> dict[int, ResourceType]:
    types = ResourceType.objects.filter(portal__in=subscriptions_of(customer).values("portal"))
    return {row.pk: row for row in types.select_related("portal").order_by("portal__slug", "pk")}


def _is_at_or_below(
    resource_type: ResourceType, above: int, types: dict[int, ResourceType]
) -> bool:
    """Return whether a type is this one or one inside it."""
    current: ResourceType | None = resource_type
    while current is not None and current.pk != above:
        current = types.get(current.parent_id) if current.parent_id else None
    return current is not None
