"""The declarations of portals: resource types, privileges, and the privileges they include."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

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
    keys = sorted(set(portals))
    types = {
        row.pk: row for row in ResourceType.objects.filter(portal__in=keys).select_related("portal")
    }
    privileges: dict[int, Privilege] = {}
    included: dict[int, list[Privilege]] = {}
    # Each privilege includes itself, so the inclusions name all of them.
    inclusions = PrivilegeInclusion.objects.filter(included__portal__in=keys)
    for row in inclusions.select_related("included").order_by(
        "included__resource_type", "included__position"
    ):
        privilege = privileges.setdefault(row.included_id, row.included)
        of_includer = included.setdefault(row.privilege_id, [])
        if row.included_id != row.privilege_id:
            of_includer.append(privilege)
    for privilege in privileges.values():
        privilege.resource_type = types[privilege.resource_type_id]
        privilege.portal = privilege.resource_type.portal
    return Manifest(types, privileges, included)
