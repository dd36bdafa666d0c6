"""One row of the matrix: a grantee's level on a resource, and its sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import Team
from portals.models import Privilege, Resource, ResourceType
from portals.selectors.effective_access import EffectiveAccess, Grantee, Origin, explain
from portals.selectors.levels import Level, LevelScale, level_scales_of
from portals.selectors.privileges import types_at_or_below


@dataclass(frozen=True)
class Cell:
    """The grantee, resource and resource type for which a level is set."""

    grantee: str  # p<membership> or t<team>
    resource: int
    resource_type: int

    def __str__(self) -> str:
        return f"{self.grantee}/{self.resource}/{self.resource_type}"

    @property
    def anchor(self) -> str:
        """Its anchor in a page."""
        return f"{self.grantee}-{self.resource}-{self.resource_type}"


def grantee_key(grantee: Grantee) -> str:
    """Return the key of a person or team in addresses and forms."""
    return f"{'t' if isinstance(grantee, Team) else 'p'}{grantee.pk}"


@dataclass
class Source:
    """One source of access on a resource: a grant, the role, or being its owner."""

    origin: Origin
    given: Privilege | None  # the granted privilege; None without a grant
    reach: list[Privilege] = field(default_factory=list)  # the privileges it gives on this resource
    below: bool = False  # given on this resource, for resources below it

    @property
    def removable(self) -> bool:
        """Whether it is the grantee's own grant on this resource, so it can be removed here."""
        grant = self.origin.grant
        return grant is not None and self.origin.team is None and self.origin.resource is None


@dataclass
class Row:
    """One grantee on one resource."""

    grantee: Grantee
    resource: Resource
    scale: LevelScale  # of the type the row is about
    sources: list[Source]
    wanted: frozenset[int] | None = None  # the privileges of a pending change

    @property
    def cell(self) -> Cell:
        """The cell of this row."""
        return Cell(grantee_key(self.grantee), self.resource.pk, self.scale.resource_type.pk)

    @property
    def given(self) -> frozenset[int]:
        """The keys of the privileges granted to this grantee on this resource."""
        return frozenset(
            source.given.pk
            for source in self.sources
            if source.removable and source.given and source.given.pk in self.scale.by_key
        )

    @property
    def shown(self) -> frozenset[int]:
        """The keys that the row's control shows: the pending change, or what is given."""
        return self.given if self.wanted is None else self.wanted

    @property
    def level(self) -> Level | None:
        """The level shown; None for no or custom permissions."""
        return self.scale.level_of(self.shown)

    @property
    def former(self) -> Level | None:
        """The level that is given, whatever is pending."""
        return self.scale.level_of(self.given)

    @property
    def is_custom(self) -> bool:
        """Whether the permissions shown are no level."""
        return bool(self.shown) and self.level is None

    @property
    def has_other_sources(self) -> bool:
        """Whether there is access by role, owner, team or from above, which no change removes."""
        return any(not source.removable and source.reach for source in self.sources)


WantedGrants = Mapping[Cell, Mapping[int, str]]


def rows_of_resources(
    grantee: Grantee, resources: Sequence[Resource], wants: WantedGrants
) -> list[Row]:
    """Return a row for each resource, about its own type."""
    scales = level_scales_of(
        {resource.resource_type_id: resource.resource_type for resource in resources}.values()
    )
    return [
        make_row(grantee, access, scales[access.resource.resource_type_id], wants)
        for access in explain(grantee, resources)
    ]


def rows_of_resource(grantee: Grantee, resource: Resource, wants: WantedGrants) -> list[Row]:
    """Return the rows of one resource: one for its own type and one for each type below it."""
    pks = types_at_or_below(resource.resource_type)
    types = ResourceType.objects.filter(pk__in=pks).select_related("portal").order_by("pk")
    access = explain(grantee, [resource])[0]
    return [make_row(grantee, access, scale, wants) for scale in level_scales_of(types).values()]


def make_row(
    grantee: Grantee, access: EffectiveAccess, scale: LevelScale, wants: WantedGrants
) -> Row:
    """Return the row of one grantee on one resource, with its pending change."""
    row = Row(grantee, access.resource, scale, _sources(access))
    wanted = wants.get(row.cell)
    row.wanted = None if wanted is None else frozenset(wanted)
    return row


def _sources(access: EffectiveAccess) -> list[Source]:
    """Return each grant once, whatever it includes; removable grants first."""
    sources: dict[tuple[object, ...], Source] = {}
    for entry in access.privileges:
        for origin in entry.origins:
            grant = origin.grant
            key = (origin.reason, grant and grant.pk, origin.team and origin.team.pk)
            given = None if grant is None else grant.permission.privilege
            sources.setdefault(key, Source(origin, given)).reach.append(entry.privilege)
    for origin in access.passed_down:
        grant = origin.grant
        key = (origin.reason, grant and grant.pk, origin.team and origin.team.pk)
        if key not in sources:
            sources[key] = Source(origin, origin.given, below=True)
    return sorted(sources.values(), key=lambda source: (not source.removable, source.below))
