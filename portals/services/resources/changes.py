"""The additions, renamings and moves of a report, in the data of its event."""

from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import Customer
from portals.models import Resource, ResourceType
from portals.selectors.losses import ancestors_of, held_by_role, people_with_grants_on
from portals.selectors.privileges import types_at_or_below


class Known(NamedTuple):
    """The resource that already has a reported id."""

    pk: int
    subscription: int
    name: str
    parent: int | None
    removed_at: datetime | None
    owner: int | None  # the key of a membership


class Changes:
    """The resources of one type and customer that a report adds and changes."""

    def __init__(self, customer: Customer, resource_type: ResourceType) -> None:
        self.customer, self.resource_type = customer, resource_type
        self.parents_of_added: set[int] = set()
        self.renamed: list[dict[str, Any]] = []
        self.moves: list[tuple[Known, str, int]] = []  # with the new name and the new parent

    def add(self, parent_id: int) -> None:
        """Note that a resource is added below this parent."""
        self.parents_of_added.add(parent_id)

    def change(self, before: Known, after: Resource) -> None:
        """Note that a resource has another name, or another parent, or both."""
        if before.name != after.name:
            self.renamed.append(
                {"resource": after.name, "before": before.name, "resource_id": before.pk}
            )
        if before.parent != after.parent_id and after.parent_id is not None:
            self.moves.append((before, after.name, after.parent_id))

    def event_data(self, removals: dict[str, Any]) -> dict[str, Any]:
        """Return the data of one event for these changes and the removals of the same report."""
        data = dict(removals)
        if self.renamed:
            data["renamed"] = self.renamed
        if self.moves:
            data["moved"] = self._moved()
        data["concerned"] = set(removals.get("concerned", ())) | self._concerned()
        return data

    def _moved(self) -> list[dict[str, Any]]:
        parents = {parent for _before, _name, parent in self.moves}
        parents |= {before.parent for before, _name, _parent in self.moves if before.parent}
        names = dict(Resource.objects.filter(pk__in=parents).values_list("pk", "name"))
        return [
            {
                "resource": name,
                "resource_id": before.pk,
                "before": names.get(before.parent or 0, ""),
                "after": names[parent],
            }
            for before, name, parent in self.moves
        ]

    def _concerned(self) -> set[int]:
        """Return the keys of those who can do more or less by what was added or moved.

        A grant above both the old parent and the new one covers as much as before.
        """
        parents = {parent for _before, _name, parent in self.moves} | self.parents_of_added
        parents |= {before.parent for before, _name, _parent in self.moves if before.parent}
        if not parents:
            return set()
        ancestors = ancestors_of(parents)
        changed = set().union(*(ancestors[parent] for parent in self.parents_of_added))
        for before, _name, parent in self.moves:
            changed |= ancestors.get(before.parent or 0, set()) ^ ancestors[parent]
        types = types_at_or_below(self.resource_type)
        concerned = people_with_grants_on(changed, types)
        if self.parents_of_added:
            concerned |= held_by_role(self.customer, types)
        return concerned
