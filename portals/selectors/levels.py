"""The access levels of a resource type: a few privileges, each including the one before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from portals.choices import LEVEL_WORDS
from portals.models import Privilege, ResourceType
from portals.selectors.manifest import Manifest

MAX_LEVELS = 3  # besides “none”; more are hard to see at a glance


@dataclass(frozen=True)
class Level:
    """One privilege with all it includes of its own type, itself first (`reach`)."""

    privilege: Privilege
    reach: tuple[Privilege, ...]
    sensitive: bool

    @property
    def includes(self) -> int:
        """How many other privileges it includes."""
        return len(self.reach) - 1

    @property
    def word(self) -> str:
        """Its plain name as a level; empty where its label is used."""
        return str(LEVEL_WORDS.get(self.privilege.code, ""))


@dataclass(frozen=True)
class LevelScale:
    """The privileges of one type: the levels that a page offers, and all of them as steps."""

    resource_type: ResourceType
    steps: tuple[Level, ...]  # every privilege, in the manifest's order
    levels: tuple[Level, ...]  # from least to most


def level_scales_of(types: Iterable[ResourceType], manifest: Manifest) -> dict[int, LevelScale]:
    """Return type key → its scale; `manifest` has the portals of these types."""
    scales = {}
    for resource_type in types:
        of_type = manifest.of_type(resource_type.pk)
        keys = {privilege.pk for privilege in of_type}
        reaches = {
            privilege.pk: {privilege.pk, *(row.pk for row in manifest.included[privilege.pk])}
            & keys
            for privilege in of_type
        }
        steps = {
            privilege.pk: Level(
                privilege,
                (
                    privilege,
                    *(
                        other
                        for other in of_type
                        if other.pk in reaches[privilege.pk] - {privilege.pk}
                    ),
                ),
                manifest.is_sensitive(privilege.pk),
            )
            for privilege in of_type
        }
        levels = tuple(steps[key] for key in backbone(reaches))
        scales[resource_type.pk] = LevelScale(resource_type, tuple(steps.values()), levels)
    return scales


def backbone(reaches: Mapping[int, Collection[int]]) -> Sequence[int]:
    """Return the privileges that make plain levels, from least to most.

    `reaches` is privilege → the privileges of its type that it includes (itself too), in the
    manifest's order. The top is the privilege that includes the most. Of all longest chains of
    inclusions up to it, the privileges that are in every chain become levels. Where chains differ,
    a level would be an arbitrary choice, so those privileges are custom permissions. Of more than
    MAX_LEVELS, the lowest and the top stay.
    """
    if not reaches:
        return []
    top = max(reaches, key=lambda pk: len(reaches[pk]))  # the first, where several include as many
    height: dict[int, int] = {}  # the longest chain from the bottom to it
    for pk in sorted(reaches[top], key=lambda pk: len(reaches[pk])):
        below = [height[other] for other in reaches[pk] if other != pk]
        height[pk] = 1 + max(below, default=0)
    depth: dict[int, int] = {}  # the longest chain from it to the top
    for pk in sorted(reaches[top], key=lambda pk: -len(reaches[pk])):
        above = [depth[other] for other in depth if pk in reaches[other]]
        depth[pk] = 1 + max(above, default=0)
    longest = [pk for pk in reaches[top] if height[pk] + depth[pk] - 1 == height[top]]
    ranks = [height[pk] for pk in longest]
    chain = sorted(
        (pk for pk in longest if ranks.count(height[pk]) == 1), key=lambda pk: height[pk]
    )
    return chain if len(chain) <= MAX_LEVELS else [*chain[: MAX_LEVELS - 1], chain[-1]]
