"""The privilege sheet: things and people in rows, each with one level and where it comes from.

A spot is one holder, one thing and one type of what is there (the thing's own, or one below it).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from accounts.models import Customer, Team
from accounts.selectors import Page, page_of
from portals.models import Privilege, Resource, ResourceType, Subscription
from portals.selectors.effective_access import (
    EffectiveAccess,
    Grantee,
    Origin,
    explain,
    grants_of,
)
from portals.selectors.levels import Level, LevelScale, level_scales_of
from portals.selectors.privileges import types_at_or_below
from portals.selectors.resources import resources_of, subscriptions_of

FIRST = 10  # things of a type shown at once
MOST_GIVEN = 200  # things with something given on them, shown before any other
FOUND = 60  # what a search shows


@dataclass(frozen=True)
class Cell:
    """Where a level is set: whose, on what, about which type."""

    grantee: str  # p<membership> or t<team>
    resource: int
    resource_type: int

    def __str__(self) -> str:
        return f"{self.grantee}/{self.resource}/{self.resource_type}"

    @property
    def anchor(self) -> str:
        """Its name inside a page."""
        return f"{self.grantee}-{self.resource}-{self.resource_type}"


def grantee_key(grantee: Grantee) -> str:
    """A person or team of one customer, as addresses and forms name them."""
    return f"{'t' if isinstance(grantee, Team) else 'p'}{grantee.pk}"


@dataclass
class Source:
    """One reason why somebody may do something here: a grant, or the role."""

    origin: Origin
    given: Privilege | None  # what the grant says; None for the role
    reach: list[Privilege] = field(default_factory=list)  # what that comes to on this thing
    below: bool = False  # given here, for what is in it

    @property
    def removable(self) -> bool:
        """Given to this holder on this very thing, so it can be taken here."""
        grant = self.origin.grant
        return grant is not None and self.origin.team is None and self.origin.resource is None


@dataclass
class Row:
    """One holder on one thing."""

    grantee: Grantee
    resource: Resource
    scale: LevelScale  # of the type the row is about
    sources: list[Source]
    wanted: frozenset[int] | None = None  # what is to be given instead, where a change is pending

    @property
    def cell(self) -> Cell:
        """The row's place."""
        return Cell(grantee_key(self.grantee), self.resource.pk, self.scale.resource_type.pk)

    @property
    def given(self) -> frozenset[int]:
        """The privileges (by key) given to this holder right here."""
        return frozenset(
            source.given.pk
            for source in self.sources
            if source.removable and source.given and source.given.pk in self.scale.by_key
        )

    @property
    def shown(self) -> frozenset[int]:
        """What the row's control says: the pending change, or what is."""
        return self.given if self.wanted is None else self.wanted

    @property
    def level(self) -> Level | None:
        """The level shown; None for nothing, or a custom set."""
        return self.scale.level_of(self.shown)

    @property
    def former(self) -> Level | None:
        """The level that is, whatever is pending."""
        return self.scale.level_of(self.given)

    @property
    def is_custom(self) -> bool:
        """Single rights that are no level."""
        return bool(self.shown) and self.level is None

    @property
    def has_other_sources(self) -> bool:
        """Whether something comes by role, team or from above, that no change here takes."""
        return any(not source.removable and source.reach for source in self.sources)


@dataclass
class Group:
    """The things of one type in one portal."""

    resource_type: ResourceType
    rows: list[Row]
    more: bool
    is_open: bool = True
    by_default: bool = True  # whether it is open unless the address says otherwise

    @property
    def key(self) -> str:
        """Its name in an address."""
        return f"{self.resource_type.portal.slug}.{self.resource_type.code}"

    @property
    def held(self) -> int:
        """How many rows have something in them, or are about to."""
        return sum(bool(row.sources) or row.wanted is not None for row in self.rows)


@dataclass
class Section:
    """One portal."""

    subscription: Subscription
    groups: list[Group]
    is_open: bool = True
    by_default: bool = True  # whether it is open unless the address says otherwise
    lacks: Privilege | None = None  # the right to open it, where the person cannot

    @property
    def key(self) -> str:
        """Its name in an address."""
        return self.subscription.portal.slug

    @property
    def held(self) -> int:
        """How many rows have something in them."""
        return sum(group.held for group in self.groups)


WantedGrants = Mapping[Cell, Mapping[int, str]]


@dataclass(frozen=True)
class MatrixFilter:
    """Which things a sheet shows."""

    search: str = ""
    differences: bool = False  # only where something is given directly, or pending
    held: bool = False  # only where something is given, directly or through a team
    resource_type: ResourceType | None = None  # this one alone, page by page
    after: str = ""


def matrix_of(
    grantee: Grantee, customer: Customer, matrix_filter: MatrixFilter, wants: WantedGrants
) -> tuple[list[Section], Page[Resource] | None]:
    """The sheet of one person or team over all portals; with a type, one page of its things."""
    subscriptions = list(subscriptions_of(customer))
    types = list(
        ResourceType.objects.filter(portal__in=[one.portal_id for one in subscriptions])
        .select_related("portal")
        .order_by("portal", "pk")
    )
    page: Page[Resource] | None = None
    more: set[int] = set()
    everything = resources_of(customer)
    if matrix_filter.resource_type is not None:
        page = page_of(
            resources_of(customer, search=matrix_filter.search).filter(
                resource_type=matrix_filter.resource_type
            ),
            among=everything,
            order=("name", "pk"),
            after=matrix_filter.after,
        )
        resources = list(page)
    elif matrix_filter.search:
        resources = list(resources_of(customer, search=matrix_filter.search)[: FOUND + 1])
        more |= {one.resource_type_id for one in resources[FOUND:]}
        resources = resources[:FOUND]
    else:
        resources = list(_given_on(grantee, everything, matrix_filter, wants)[: MOST_GIVEN + 1])
        for cut in resources[
            MOST_GIVEN:
        ]:  # in order of types: of this one and later ones there is more
            more |= {one.pk for one in types if one.pk >= cut.resource_type_id}
        resources = resources[:MOST_GIVEN]
        if not matrix_filter.differences and not matrix_filter.held:
            resources, unshown = _filled(resources, everything, types)
            more |= unshown
    rows: dict[int, list[Row]] = {}
    for row in rows_of_resources(grantee, resources, wants):
        rows.setdefault(row.resource.resource_type_id, []).append(row)
    return [
        Section(subscription, groups)
        for subscription in subscriptions
        if (
            groups := [
                Group(one, rows.get(one.pk, []), one.pk in more)
                for one in types
                if one.portal_id == subscription.portal_id and (one.pk in rows or one.pk in more)
            ]
        )
    ], page


def _given_on(
    grantee: Grantee,
    everything: QuerySet[Resource],
    matrix_filter: MatrixFilter,
    wants: WantedGrants,
) -> QuerySet[Resource]:
    """Things on which something is given to this holder, or about to be."""
    found = Q(pk__in=[cell.resource for cell in wants])
    for grants in grants_of(grantee, through_teams=not matrix_filter.differences):
        found |= Q(pk__in=grants.values("content_object_id"))
    return everything.filter(found)


def _filled(
    resources: list[Resource], everything: QuerySet[Resource], types: Iterable[ResourceType]
) -> tuple[list[Resource], set[int]]:
    """With the first of each type by name, up to FIRST of it; and the types that have more."""
    shown = {one.pk for one in resources}
    filled, more = list(resources), set()
    for one in types:
        room = FIRST - sum(resource.resource_type_id == one.pk for resource in resources)
        of_type = everything.filter(resource_type=one).exclude(pk__in=shown)
        found = list(of_type.order_by("name", "pk")[: max(room, 0) + 1])
        filled += found[: max(room, 0)]
        if len(found) > max(room, 0):
            more.add(one.pk)
    return filled, more


def rows_of_resources(
    grantee: Grantee, resources: Sequence[Resource], wants: WantedGrants
) -> list[Row]:
    """A row for each thing, about its own type."""
    scales = level_scales_of(
        {one.resource_type_id: one.resource_type for one in resources}.values()
    )
    return [
        make_row(grantee, rights, scales[rights.resource.resource_type_id], wants)
        for rights in explain(grantee, resources)
    ]


def rows_of_resource(grantee: Grantee, resource: Resource, wants: WantedGrants) -> list[Row]:
    """One thing whole: a row for its own type and one for each type below it."""
    pks = types_at_or_below(resource.resource_type)
    types = ResourceType.objects.filter(pk__in=pks).select_related("portal").order_by("pk")
    rights = explain(grantee, [resource])[0]
    return [make_row(grantee, rights, scale, wants) for scale in level_scales_of(types).values()]


def make_row(
    grantee: Grantee, rights: EffectiveAccess, scale: LevelScale, wants: WantedGrants
) -> Row:
    """The row of one holder on one thing, with what is pending there."""
    row = Row(grantee, rights.resource, scale, _sources(rights))
    wanted = wants.get(row.cell)
    row.wanted = None if wanted is None else frozenset(wanted)
    return row


def _sources(rights: EffectiveAccess) -> list[Source]:
    """Each grant once, however many privileges it comes to; what is given here first."""
    found: dict[tuple[object, ...], Source] = {}
    for held in rights.held:
        for origin in held.origins:
            grant = origin.grant
            key = (type(grant), grant and grant.pk, origin.team and origin.team.pk)
            given = None if grant is None else grant.permission.privilege
            found.setdefault(key, Source(origin, given)).reach.append(held.privilege)
    for origin in rights.passed_down:
        grant = origin.grant
        key = (type(grant), grant and grant.pk, origin.team and origin.team.pk)
        if key not in found:
            found[key] = Source(origin, origin.given, below=True)
    return sorted(found.values(), key=lambda one: (not one.removable, one.below))
