"""The declarations of portals: resource types, privileges, and the privileges they include."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import BigIntegerField

from accounts.selectors.composed import ComposedQuery, any_of, numbered
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE
from portals.models import Privilege, PrivilegeInclusion, ResourceType


@dataclass(frozen=True)
class Manifest:
    """The declarations of some portals, by key and in their order."""

    types: dict[int, ResourceType]
    privileges: dict[int, Privilege]
    included: dict[int, list[Privilege]]  # privilege key → the others that it includes

    def at_or_below(self, resource_type: ResourceType) -> set[int]:
        """Return the keys of a type and of every type below it."""
        found, added = {resource_type.pk}, True
        while added:
            below = {pk for pk, row in self.types.items() if row.parent_id in found} - found
            found |= below
            added = bool(below)
        return found

    @property
    def opening(self) -> list[Privilege]:
        """The privileges that open the portals; other types have an `open` too."""
        return [
            privilege
            for privilege in self.privileges.values()
            if privilege.code == OPEN_PRIVILEGE and privilege.resource_type.code == ROOT_TYPE
        ]

    def of_type(self, resource_type: int) -> list[Privilege]:
        """Return the privileges of a type."""
        return [row for row in self.privileges.values() if row.resource_type_id == resource_type]

    def includers(self, privilege: int) -> set[int]:
        """Return the keys of the privileges that include this one, and its own."""
        others = {
            pk
            for pk, included in self.included.items()
            if any(row.pk == privilege for row in included)
        }
        return others | {privilege}

    def is_sensitive(self, privilege: int) -> bool:
        """Return whether a privilege is sensitive or includes a sensitive one."""
        return any(row.sensitive for row in [self.privileges[privilege], *self.included[privilege]])

    def about(self, types: Collection[int]) -> set[int]:
        """Return the keys of the privileges that are of one of these types or include one."""
        return {
            pk
            for pk, privilege in self.privileges.items()
            if any(row.resource_type_id in types for row in [privilege, *self.included[pk]])
        }


def manifest_of(portals: Iterable[int]) -> Manifest:
    """Return what these portals declare, in two statements."""
    keys = numbered("portal", sorted(set(portals)))
    if not keys:
        return Manifest({}, {}, {})
    types = {row.pk: row for row in _types_of(len(keys)).rows(**keys)}
    privileges: dict[int, Privilege] = {}
    included: dict[int, list[Privilege]] = {}
    # Each privilege includes itself, so the inclusions name all of them.
    for includer, key, *values in _inclusions_of(len(keys)).rows(**keys):
        if key not in privileges:
            privileges[key] = Privilege.from_db(DEFAULT_DB_ALIAS, _COLUMNS, values)
        of_includer = included.setdefault(includer, [])
        if key != includer:
            of_includer.append(privileges[key])
    for privilege in privileges.values():
        privilege.resource_type = types[privilege.resource_type_id]
        privilege.portal = privilege.resource_type.portal
    return Manifest(types, privileges, included)


_COLUMNS = [column.attname for column in Privilege._meta.concrete_fields]


@cache
def _types_of(portals: int) -> ComposedQuery[ResourceType]:
    """Return the query of the types of so many portals."""
    return ComposedQuery(
        lambda **keys: ResourceType.objects.filter(any_of("portal", keys.values())).select_related(
            "portal"
        ),
        **numbered("portal", [BigIntegerField()] * portals),
    )


@cache
def _inclusions_of(portals: int) -> ComposedQuery[Any]:
    """Return the query of who includes what: both keys, and the columns of what is included."""
    return ComposedQuery(
        lambda **keys: (
            PrivilegeInclusion.objects.filter(any_of("included__portal", keys.values()))
            .order_by("included__resource_type", "included__position")
            .values_list("privilege_id", "included_id", *(f"included__{name}" for name in _COLUMNS))
        ),
        **numbered("portal", [BigIntegerField()] * portals),
    )
