"""Random worlds for decision tests: generated, judged by a plain-Python rule, stored as rows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from hypothesis import strategies as st

from accounts.models import Customer, Membership, Team, TeamMembership, User
from portals.models import (
    PersonGrant,
    Portal,
    Privilege,
    PrivilegeInclusion,
    Resource,
    ResourceType,
    Subscription,
    TeamGrant,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, 250000, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
MOMENTS = [
    None,
    NOW - timedelta(days=1),
    NOW - INSTANT,
    NOW,
    NOW + INSTANT,
    NOW + timedelta(days=1),
]
TYPES = ["subscription", "area", "folder", "file"]  # each below the one before
CODES = [f"{kind}.{verb}" for kind in TYPES for verb in ("see", "use")]
_numbers = count()


@dataclass
class Member:
    """A membership, live or ended; person, customer and teams are numbers."""

    person: int
    customer: int
    super_user: bool
    suspended: bool
    ended: bool
    ends_at: datetime | None
    teams: set[int]


@dataclass
class Node:
    """A resource: type 0 is the root; the parent is an index of World.resources."""

    customer: int
    portal: int
    kind: int
    parent: int | None
    gone: bool = False
    removed: bool = False  # by its portal: hidden and powerless, with everything below it
    removed_at: datetime | None = None
    owner: int | None = None  # an index of World.members


@dataclass
class Grant:
    """A grant to person or team number `grantee`; the privilege is an index of CODES."""

    to_team: bool
    grantee: int
    resource: int
    code: int
    starts_at: datetime | None
    expires_at: datetime | None
    revoked: bool


@dataclass
class World:
    """Two customers, two portals, five people: 3 and 4 are the customers' main Super Users."""

    active: list[bool]
    statuses: list[str]
    subscriptions: dict[tuple[int, int], str]
    includes: list[set[tuple[int, int]]]  # for each portal, (a privilege, one it includes)
    held: list[set[int]]  # for each portal, the privileges of Super Users
    held_by_owner: list[set[int]]  # for each portal, the privileges of owners
    members: list[Member]
    resources: list[Node]
    moves: dict[int, int]  # resource → its later parent
    grants: list[Grant]


# --- The rule of portals/decision, in plain Python ---


def includes(world: World, portal: int, one: int, other: int) -> bool:
    """Return whether a privilege is or includes another."""
    return one == other or any(
        includes(world, portal, middle, other)
        for privilege, middle in world.includes[portal]
        if privilege == one
    )


def at_or_above(world: World, resource: int | None) -> list[int]:
    """Return a resource and its ancestors, after the moves."""
    if resource is None:
        return []
    parent = world.moves.get(resource, world.resources[resource].parent)
    return [resource, *at_or_above(world, parent)]


def in_force(grant: Grant, now: datetime) -> bool:
    started = grant.starts_at is None or grant.starts_at <= now
    return not grant.revoked and started and (grant.expires_at is None or grant.expires_at > now)


def reason(world: World, person: int, resource: int, code: int, now: datetime = NOW) -> str:
    """Return the reason that the decision must give."""
    node = world.resources[resource]
    live = [
        member
        for member in world.members
        if member.person == person
        and member.customer == node.customer
        and not (member.suspended or member.ended)
        and (member.ends_at is None or member.ends_at > now)
    ]
    if (
        not live
        or node.gone
        or any(world.resources[number].removed for number in at_or_above(world, resource))
        or not world.active[person]
        or world.statuses[node.customer] != "active"
        or world.subscriptions[node.customer, node.portal] != "active"
        or not CODES[code].startswith(f"{TYPES[node.kind]}.")
    ):
        return "not_allowed"
    if live[0].super_user and code in world.held[node.portal]:
        return "role"
    is_owner = node.owner is not None and world.members[node.owner] is live[0]
    if is_owner and code in world.held_by_owner[node.portal]:
        return "owner"
    reaching = [
        grant
        for grant in world.grants
        if in_force(grant, now)
        and grant.resource in at_or_above(world, resource)
        and includes(world, node.portal, grant.code, code)
    ]
    if any(not grant.to_team and grant.grantee == person for grant in reaching):
        return "grant"
    if any(grant.to_team and grant.grantee in live[0].teams for grant in reaching):
        return "team"
    return "not_allowed"


# --- Generating a world ---


def _tree() -> list[Node]:
    """Return, for each customer and portal, a root, two areas, two folders and two files."""
    resources: list[Node] = []
    for customer in range(2):
        for portal in range(2):
            root = len(resources)
            resources.append(Node(customer, portal, 0, None))
            for kind in (1, 2, 3):
                above = root if kind == 1 else len(resources) - 2
                resources.append(Node(customer, portal, kind, above))
                resources.append(Node(customer, portal, kind, above))
    return resources


def _moved(resource: int, tree: list[Node]) -> int:
    """Return the other possible parent of a folder or file."""
    parent = tree[resource].parent
    assert parent is not None
    return parent + 1


@st.composite
def _members(draw: st.DrawFn) -> list[Member]:
    members = [
        Member(3, 0, True, False, False, None, set()),
        Member(4, 1, True, False, False, None, set()),
    ]
    for person in range(3):
        for customer in range(2):
            if draw(st.integers(0, 3)):
                members.append(
                    Member(
                        person,
                        customer,
                        super_user=draw(st.booleans()),
                        suspended=draw(st.integers(0, 5)) == 5,
                        ended=draw(st.integers(0, 5)) == 5,
                        ends_at=draw(st.sampled_from([None, None, *MOMENTS])),
                        teams=draw(st.sets(st.sampled_from([customer * 2, customer * 2 + 1]))),
                    )
                )
            if draw(st.integers(0, 3)) == 3:  # a former membership, as a Super User in every team
                teams = {customer * 2, customer * 2 + 1}
                members.append(Member(person, customer, True, False, True, None, teams))
    return members


def _owners(draw: st.DrawFn, tree: list[Node], members: list[Member]) -> None:
    """Report owners below the root: members, and suspended, lapsed and ended ones too."""
    for node in tree:
        own = [n for n, member in enumerate(members) if member.customer == node.customer]
        node.owner = draw(st.sampled_from([None, *own])) if node.kind else None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Generate a world; most of it is live, so that some answers are yes."""
    tree, members = _tree(), draw(_members())
    _owners(draw, tree, members)
    below_roots = [number for number, resource in enumerate(tree) if resource.kind]
    for number in draw(st.sets(st.sampled_from(below_roots), max_size=3)):
        tree[number].removed = True
    movable = [number for number, resource in enumerate(tree) if resource.kind > 1]
    mostly_active = st.sampled_from(["active"] * 6 + ["suspended"])
    codes = st.integers(0, len(CODES) - 1)
    pairs = st.tuples(codes, codes).filter(lambda pair: pair[0] < pair[1])
    grants = st.builds(
        Grant,
        to_team=st.booleans(),
        grantee=st.integers(0, 2),
        resource=st.integers(0, len(tree) - 1),
        code=codes,
        starts_at=st.sampled_from([None, *MOMENTS]),
        expires_at=st.sampled_from([None, *MOMENTS]),
        revoked=st.sampled_from([False] * 5 + [True]),
    ).filter(lambda g: not g.starts_at or not g.expires_at or g.starts_at < g.expires_at)
    return World(
        active=[draw(st.sampled_from([True] * 5 + [False])) for _ in range(5)],
        statuses=[draw(mostly_active) for _ in range(2)],
        subscriptions={(c, p): draw(mostly_active) for c in range(2) for p in range(2)},
        includes=[draw(st.sets(pairs, max_size=8)) for _ in range(2)],
        held=[draw(st.sets(codes, max_size=3)) for _ in range(2)],
        held_by_owner=[draw(st.sets(codes, max_size=4)) for _ in range(2)],
        members=members,
        resources=tree,
        moves={n: _moved(n, tree) for n in draw(st.sets(st.sampled_from(movable), max_size=6))},
        grants=draw(
            st.lists(
                grants,
                min_size=6,
                max_size=20,
                unique_by=lambda g: (g.to_team, g.grantee, g.resource, g.code),
            )
        ),
    )


# --- Storing a world ---


def twin(world: World, resource: int) -> int:
    """Return the resource with the same id in the other portal."""
    return resource + 7 if world.resources[resource].portal == 0 else resource - 7


def external_id(world: World, resource: int) -> str:
    """Return the id that both portals use."""
    return f"resource {min(resource, twin(world, resource))}"


@dataclass
class Stored:
    """The rows of a world, by the numbers of the world."""

    people: list[User] = field(default_factory=list)
    portals: list[Portal] = field(default_factory=list)
    privileges: dict[tuple[int, int], Privilege] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)


def store(world: World) -> Stored:
    """Write the rows, then move resources and revoke grants as the world says."""
    mark, rows = next(_numbers), Stored()
    rows.people = [
        User.objects.create(email=f"p{n}-{mark}@world.example", name=f"P{n}", is_active=active)
        for n, active in enumerate(world.active)
    ]
    customers = [Customer.objects.create(slug=f"world-{mark}-{n}", name="W") for n in range(2)]
    teams = [
        Team.objects.create(
            customer=customers[n // 2],
            name=f"T{n}",
            group=Group.objects.create(name=f"w{mark}-{n}"),
        )
        for n in range(4)
    ]
    types = [store_portal(world, number, mark, rows) for number in range(2)]
    subscriptions = {
        (c, p): Subscription.objects.create(customer=customers[c], portal=rows.portals[p], status=s)
        for (c, p), s in world.subscriptions.items()
    }
    for number, resource in enumerate(world.resources):
        rows.resources.append(
            Resource.objects.create(
                subscription=subscriptions[resource.customer, resource.portal],
                resource_type=types[resource.portal][resource.kind],
                external_id=external_id(world, number),
                name=f"resource {number}",
                parent=None if resource.parent is None else rows.resources[resource.parent],
            )
        )
    for number in sorted(range(len(world.members)), key=lambda n: not world.members[n].ended):
        _store_member(world, number, rows, customers, teams)
    for number, parent in world.moves.items():
        rows.resources[number].parent = rows.resources[parent]
        rows.resources[number].save(update_fields=["parent"])
    for grant in world.grants:
        _store_grant(world, grant, rows, teams)
    for number, resource in enumerate(world.resources):
        if resource.removed:
            Resource.objects.filter(pk=rows.resources[number].pk).update(removed_at=NOW)
    return rows


def _store_member(
    world: World, number: int, rows: Stored, customers: list[Customer], teams: list[Team]
) -> None:
    """Write a membership, what it owns, and then its end. The ended ones come first."""
    member = world.members[number]
    customer = customers[member.customer]
    row = Membership.objects.create(
        customer=customer,
        user=rows.people[member.person],
        role="super_user" if member.super_user else "user",
        work_name="W",
        suspended_at=NOW if member.suspended else None,
        ends_at=member.ends_at,
    )
    if member.person in (3, 4):
        customer.main_super_user, customer.status = row, world.statuses[member.customer]
        customer.save()
    TeamMembership.objects.bulk_create(
        TeamMembership(team=teams[team], membership=row) for team in member.teams
    )
    owned = [rows.resources[n].pk for n, node in enumerate(world.resources) if node.owner == number]
    Resource.objects.filter(pk__in=owned).update(owner=row)
    if member.ended:
        row.ended_at = NOW
        row.save()
        assert not Resource.objects.filter(owner=row).exists()


def store_portal(world: World, number: int, mark: int, rows: Stored) -> list[ResourceType]:
    """Create a portal without a manifest; return its types in the order of TYPES."""
    label = {"label_en": "W", "label_fr": "W"}
    portal = Portal.objects.create(
        slug=f"world-{mark}-{number}", kind="other", home_url="https://w.example/", **label
    )
    rows.portals.append(portal)
    types: list[ResourceType] = []
    for code in TYPES:
        above = types[-1] if types else None
        types.append(ResourceType.objects.create(portal=portal, code=code, parent=above, **label))
    for index, code in enumerate(CODES):
        rows.privileges[number, index] = Privilege.objects.create(
            permission=Permission.objects.create(
                content_type=ContentType.objects.get_for_model(Resource),
                codename=f"{portal.slug}.{code}",
                name="W",
            ),
            portal=portal,
            resource_type=types[index // 2],
            code=code.split(".")[1],
            codename=code,
            held_by_super_user=index in world.held[number],
            held_by_owner=index in world.held_by_owner[number],
            **label,
        )
    PrivilegeInclusion.objects.bulk_create(
        PrivilegeInclusion(
            privilege=rows.privileges[number, one], included=rows.privileges[number, other]
        )
        for one in range(len(CODES))
        for other in range(len(CODES))
        if includes(world, number, one, other)
    )
    return types


def _store_grant(world: World, grant: Grant, rows: Stored, teams: list[Team]) -> None:
    portal = world.resources[grant.resource].portal
    row = (TeamGrant if grant.to_team else PersonGrant)(
        permission_id=rows.privileges[portal, grant.code].pk,
        content_object=rows.resources[grant.resource],
        starts_at=grant.starts_at,
        expires_at=grant.expires_at,
        granted_by=rows.people[3],
    )
    if grant.to_team:
        row.group = teams[grant.grantee].group
    else:
        row.user = rows.people[grant.grantee]
    row.save()
    if grant.revoked:
        row.delete()
