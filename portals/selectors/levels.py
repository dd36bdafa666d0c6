"""A type's privileges as a few plain levels, each including the one before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from portals.choices import LEVEL_WORDS
from portals.models import Privilege, PrivilegeInclusion, ResourceType
from portals.selectors.privileges import sensitive_among

MOST_LEVELS = 3  # beside “none”: more is no longer seen at a glance


@dataclass(frozen=True)
class Level:
    """One privilege with everything of its own type that comes with it, itself first."""

    privilege: Privilege
    reach: tuple[Privilege, ...]
    sensitive: bool

    @property
    def word(self) -> str:
        """The plain word for it as a level; empty where its label has to do."""
        return str(LEVEL_WORDS.get(self.privilege.code, ""))


@dataclass(frozen=True)
class LevelScale:
    """The privileges of one type: the levels a page offers, and each of them singly."""

    resource_type: ResourceType
    steps: tuple[Level, ...]  # every privilege, in the manifest's order
    levels: tuple[Level, ...]  # from least to most

    @cached_property
    def by_key(self) -> dict[int, Level]:
        """The steps by their privilege's key."""
        return {step.privilege.pk: step for step in self.steps}

    @cached_property
    def has_more(self) -> bool:
        """Whether some privilege is no level, so that single rights make sense."""
        return len(self.steps) > len(self.levels)

    def level_of(self, held: Collection[int]) -> Level | None:
        """The one level these privileges (by key) amount to; None for a custom set, or nothing."""
        tops = [
            pk
            for pk in held
            if not any(
                pk != other and pk in {one.pk for one in self.by_key[other].reach} for other in held
            )
        ]
        return next((one for one in self.levels if [one.privilege.pk] == tops), None)


def level_scales_of(types: Iterable[ResourceType]) -> dict[int, LevelScale]:
    """type key → its scale; three queries for any number of types."""
    wanted = {one.pk: one for one in types}
    privileges = list(
        Privilege.objects.filter(resource_type__in=wanted)
        .select_related("portal", "resource_type")
        .order_by("resource_type", "position")
    )
    included: dict[int, set[int]] = {one.pk: set() for one in privileges}
    for giver, given in PrivilegeInclusion.objects.filter(
        privilege__in=included, included__in=included
    ).values_list("privilege_id", "included_id"):
        included[giver].add(given)
    sensitive = sensitive_among(privileges)
    scales = {}
    for pk, resource_type in wanted.items():
        own = [one for one in privileges if one.resource_type_id == pk]
        of_type = {one.pk for one in own}
        reaches = {one.pk: included[one.pk] & of_type for one in own}
        steps = {
            one.pk: Level(
                one,
                (one, *(other for other in own if other.pk in reaches[one.pk] - {one.pk})),
                one.pk in sensitive,
            )
            for one in own
        }
        levels = tuple(steps[key] for key in backbone(reaches))
        scales[pk] = LevelScale(resource_type, tuple(steps.values()), levels)
    return scales


def backbone(reaches: Mapping[int, Collection[int]]) -> Sequence[int]:
    """The privileges that make plain levels: the chain everybody who climbs to the top passes.

    In: privilege → the privileges of its type that it includes (itself too), in the manifest's
    order. The top is the one that includes the most. Of all longest chains up to it, those steps
    stay that every one of them takes; where they part, a level would be an arbitrary choice, so
    those privileges are given singly. More than MOST_LEVELS keep the lowest and the top.
    """
    if not reaches:
        return []
    top = max(reaches, key=lambda pk: len(reaches[pk]))  # the first of equals
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
    return chain if len(chain) <= MOST_LEVELS else [*chain[: MOST_LEVELS - 1], chain[-1]]
