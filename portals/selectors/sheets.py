"""The privilege sheet: things and people in rows, each with one level and where it comes from.

A spot is one holder, one thing and one type of what is there (the thing's own, or one below it).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from accounts.models import Customer, Team
from accounts.selectors import Page, page_of
from portals.models import Privilege, Resource, ResourceType, Subscription
from portals.selectors.levels import Scale, Step, scales_of
from portals.selectors.privileges import types_at_or_below
from portals.selectors.resources import resources_of, subscriptions_of
from portals.selectors.rights import (
    Holder,
    Origin,
    ResourceRights,
    explain,
    grants_of,
)

FIRST = 10  # things of a type shown at once
MOST_GIVEN = 200  # things with something given on them, shown before any other
FOUND = 60  # what a search shows


@dataclass(frozen=True)
class Spot:
    """Where a level is set: whose, on what, about which type."""

    holder: str  # p<membership> or t<team>
    resource: int
    resource_type: int

    def __str__(self) -> str:
        return f"{self.holder}/{self.resource}/{self.resource_type}"

    @property
    def anchor(self) -> str:
        """Its name inside a page."""
        return f"{self.holder}-{self.resource}-{self.resource_type}"


def holder_key(holder: Holder) -> str:
    """A person or team of one customer, as addresses and forms name them."""
    return f"{'t' if isinstance(holder, Team) else 'p'}{holder.pk}"


@dataclass
class Source:
    """One reason why somebody may do something here: a grant, or the role."""

    origin: Origin
    given: Privilege | None  # what the grant says; None for the role
    reach: list[Privilege] = field(default_factory=list)  # what that comes to on this thing
    below: bool = False  # given here, for what is in it

    @property
    def takeable(self) -> bool:
        """Given to this holder on this very thing, so it can be taken here."""
        grant = self.origin.grant
        return grant is not None and self.origin.team is None and self.origin.resource is None


@dataclass
class Row:
    """One holder on one thing."""

    holder: Holder
    resource: Resource
    scale: Scale  # of the type the row is about
    sources: list[Source]
    wanted: frozenset[int] | None = None  # what is to be given instead, where a change is pending

    @property
    def spot(self) -> Spot:
        """The row's place."""
        return Spot(holder_key(self.holder), self.resource.pk, self.scale.resource_type.pk)

    @property
    def given(self) -> frozenset[int]:
        """The privileges (by key) given to this holder right here."""
        return frozenset(
            source.given.pk
            for source in self.sources
            if source.takeable and source.given and source.given.pk in self.scale.by_key
        )

    @property
    def shown(self) -> frozenset[int]:
        """What the row's control says: the pending change, or what is."""
        return self.given if self.wanted is None else self.wanted

    @property
    def level(self) -> Step | None:
        """The level shown; None for nothing, or a custom set."""
        return self.scale.level_of(self.shown)

    @property
    def former(self) -> Step | None:
        """The level that is, whatever is pending."""
        return self.scale.level_of(self.given)

    @property
    def is_custom(self) -> bool:
        """Single rights that are no level."""
        return bool(self.shown) and self.level is None

    @property
    def comes_otherwise(self) -> bool:
        """Whether something comes by role, team or from above, that no change here takes."""
        return any(not source.takeable and source.reach for source in self.sources)


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


Wants = Mapping[Spot, Mapping[int, str]]


@dataclass(frozen=True)
class Choice:
    """Which things a sheet shows."""

    search: str = ""
    differences: bool = False  # only where something is given directly, or pending
    held: bool = False  # only where something is given, directly or through a team
    resource_type: ResourceType | None = None  # this one alone, page by page
    after: str = ""


def sheet_of(
    holder: Holder, customer: Customer, choice: Choice, wants: Wants
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
    if choice.resource_type is not None:
        page = page_of(
            resources_of(customer, search=choice.search).filter(resource_type=choice.resource_type),
            among=everything,
            order=("name", "pk"),
            after=choice.after,
        )
        things = list(page)
    elif choice.search:
        things = list(resources_of(customer, search=choice.search)[: FOUND + 1])
        more |= {one.resource_type_id for one in things[FOUND:]}
        things = things[:FOUND]
    else:
        things = list(_given_on(holder, everything, choice, wants)[: MOST_GIVEN + 1])
        for cut in things[
            MOST_GIVEN:
        ]:  # in order of types: of this one and later ones there is more
            more |= {one.pk for one in types if one.pk >= cut.resource_type_id}
        things = things[:MOST_GIVEN]
        if not choice.differences and not choice.held:
            things, unshown = _filled(things, everything, types)
            more |= unshown
    rows: dict[int, list[Row]] = {}
    for row in rows_of_things(holder, things, wants):
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
    holder: Holder, everything: QuerySet[Resource], choice: Choice, wants: Wants
) -> QuerySet[Resource]:
    """Things on which something is given to this holder, or about to be."""
    found = Q(pk__in=[spot.resource for spot in wants])
    for grants in grants_of(holder, through_teams=not choice.differences):
        found |= Q(pk__in=grants.values("content_object_id"))
    return everything.filter(found)


def _filled(
    things: list[Resource], everything: QuerySet[Resource], types: Iterable[ResourceType]
) -> tuple[list[Resource], set[int]]:
    """With the first of each type by name, up to FIRST of it; and the types that have more."""
    shown = {one.pk for one in things}
    filled, more = list(things), set()
    for one in types:
        room = FIRST - sum(thing.resource_type_id == one.pk for thing in things)
        of_type = everything.filter(resource_type=one).exclude(pk__in=shown)
        found = list(of_type.order_by("name", "pk")[: max(room, 0) + 1])
        filled += found[: max(room, 0)]
        if len(found) > max(room, 0):
            more.add(one.pk)
    return filled, more


def rows_of_things(holder: Holder, things: Sequence[Resource], wants: Wants) -> list[Row]:
    """A row for each thing, about its own type."""
    scales = scales_of({one.resource_type_id: one.resource_type for one in things}.values())
    return [
        make_row(holder, rights, scales[rights.resource.resource_type_id], wants)
        for rights in explain(holder, things)
    ]


def rows_of_one(holder: Holder, thing: Resource, wants: Wants) -> list[Row]:
    """One thing whole: a row for its own type and one for each type below it."""
    pks = types_at_or_below(thing.resource_type)
    types = ResourceType.objects.filter(pk__in=pks).select_related("portal").order_by("pk")
    rights = explain(holder, [thing])[0]
    return [make_row(holder, rights, scale, wants) for scale in scales_of(types).values()]


def make_row(holder: Holder, rights: ResourceRights, scale: Scale, wants: Wants) -> Row:
    """The row of one holder on one thing, with what is pending there."""
    row = Row(holder, rights.resource, scale, _sources(rights))
    wanted = wants.get(row.spot)
    row.wanted = None if wanted is None else frozenset(wanted)
    return row


def _sources(rights: ResourceRights) -> list[Source]:
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
    return sorted(found.values(), key=lambda one: (not one.takeable, one.below))
