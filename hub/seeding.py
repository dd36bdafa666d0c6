"""Made-up customers, people, resources and grants by the million, for `manage.py seed`."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.choices import HUB_ACTOR_NAME, CustomerStatus, Role
from accounts.models import AuditChain, AuditEvent, Customer, Membership, Team, TeamMembership, User
from accounts.models.audit import chain_name
from hub.bulk_rows import create, write
from portals.models import PersonGrant, Portal, Resource, ResourceType, Subscription, TeamGrant

PEOPLE_PER_CUSTOMER = 20
GRANTS_PER_TEAM_GRANT = 20
FIRST_NAMES = ["Ana", "Bo", "Chloé", "Esra", "Fatou", "Hana", "Jun", "Kofi", "Léa", "Nils", "Oona"]
LAST_NAMES = ["Abbott", "Bélanger", "Chen", "Diallo", "Fortin", "Gagnon", "Haddad", "Ito", "Moreau"]


class DoesNotFit(Exception):
    """The sizes contradict each other or there is no portal; the text says what to do."""


@dataclass(frozen=True)
class Sizes:
    """The number of grants, people and resources to create."""

    grants: int
    people: int
    resources: int

    @property
    def customers(self) -> int:
        """Return the number of customers: one for each twenty people."""
        return math.ceil(self.people / PEOPLE_PER_CUSTOMER)

    def check(self) -> None:
        """Raise DoesNotFit unless each grant can have its own person and resource."""
        if min(self.grants, self.people, self.resources) < 1:
            raise DoesNotFit("Grants, people and resources are whole numbers above zero.")
        pairs = (self.people // self.customers) * (self.resources // self.customers)
        if self.grants > pairs * self.customers:
            raise DoesNotFit("So many grants need more --people or more --resources.")


def seed(sizes: Sizes) -> None:
    """Add made-up data to the existing rows; progress goes to standard error.

    Each customer gets every known portal, one main Super User and one team. One grant in ten has
    expired and one in ten will expire. Raises DoesNotFit before anything is written.
    """
    sizes.check()
    types = [kind for portal in Portal.objects.all() for kind in _types_parents_first(portal)]
    if not types:
        raise DoesNotFit(
            "There is no portal yet: manage.py portal apply portals/manifests/domains.toml"
        )
    if connection.vendor == "sqlite":  # keep the indexes in memory
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -400000")
    with transaction.atomic():
        members = _write_people(sizes)
        resources = _write_resources(sizes, members, types)
        _write_grants(sizes, members, resources)
    if connection.vendor == "postgresql":  # the planner needs statistics now
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _types_parents_first(portal: Portal) -> list[ResourceType]:
    """Return a portal's resource types, parents before their children."""
    types = list(portal.resource_types.prefetch_related("privileges"))
    ordered = [kind for kind in types if kind.parent_id is None]
    for parent in ordered:
        ordered += [kind for kind in types if kind.parent_id == parent.pk]
    return ordered


def _write_people(sizes: Sizes) -> list[list[Membership]]:
    """Create customers and people; return each customer's memberships, main Super User first."""
    generator = random.Random(20)  # noqa: S311 -- the same made-up names each time
    first_number = Customer.objects.filter(slug__startswith="seeded-").count()
    customers = create(
        "customers",
        sizes.customers,
        (
            Customer(slug=f"seeded-{number}", name=f"{generator.choice(LAST_NAMES)} & Co. {number}")
            for number in range(first_number, first_number + sizes.customers)
        ),
    )
    _write_chains(customers)
    unusable_password = make_password(None)
    users = create(
        "people",
        sizes.people,
        (
            User(
                email=f"person-{number}@{customers[number % len(customers)].slug}.example",
                name=f"{generator.choice(FIRST_NAMES)} {generator.choice(LAST_NAMES)}",
                password=unusable_password,
            )
            for number in range(sizes.people)
        ),
    )
    memberships = create(
        "memberships",
        sizes.people,
        (
            Membership(
                customer=customers[number % len(customers)],
                user=user,
                work_name=user.name,
                role=Role.SUPER_USER if number < len(customers) else Role.USER,
            )
            for number, user in enumerate(users)
        ),
    )
    main = Membership.objects.filter(customer=OuterRef("pk"), role=Role.SUPER_USER).values("pk")
    Customer.objects.filter(slug__startswith="seeded-", status=CustomerStatus.PENDING).update(
        main_super_user=Subquery(main[:1]), status=CustomerStatus.ACTIVE
    )
    return [memberships[number :: len(customers)] for number in range(len(customers))]


def _write_chains(customers: list[Customer]) -> None:
    """Begin each customer's activity log with its creation, as record_event does one by one."""
    now = timezone.now()
    events = [
        AuditEvent(
            chain=chain_name(customer),
            sequence=1,
            customer=customer,
            at=now,
            kind="customer.created",
            actor_label=HUB_ACTOR_NAME,
            public={"customer_name": customer.name, "slug": customer.slug},
            previous_hash=AuditChain().last_hash,
        )
        for customer in customers
    ]
    for event in events:
        event.hash = event.computed_hash()
    write("events", len(events), events)
    heads = (AuditChain(name=e.chain, last_sequence=1, last_hash=e.hash) for e in events)
    write("chains", len(events), heads)


def _write_resources(
    sizes: Sizes, members: list[list[Membership]], types: list[ResourceType]
) -> list[list[Resource]]:
    """Create subscriptions and the resources below them; return each customer's resources.

    Where owners hold a privilege, every person owns a resource of the type, and others are shared.
    """
    customers = [people[0].customer for people in members]
    portals = list(dict.fromkeys(kind.portal_id for kind in types))
    subscriptions = {
        (subscription.customer_id, subscription.portal_id): subscription
        for subscription in create(
            "subscriptions",
            len(customers) * len(portals),
            (
                Subscription(customer=customer, portal_id=portal)
                for customer in customers
                for portal in portals
            ),
        )
    }
    resources: dict[int, list[Resource]] = {customer.pk: [] for customer in customers}
    child_types = [kind for kind in types if kind.parent_id is not None]
    by_type: dict[tuple[int, int | None], list[Resource]] = {}
    for kind in types:

        def rows(customer: Customer, number: int, kind: ResourceType = kind) -> Iterator[Resource]:
            subscription = subscriptions[customer.pk, kind.portal_id]
            parents = by_type.get((subscription.pk, kind.parent_id), [])
            share = _share(sizes.resources, len(customers), number)
            count = _share(share, len(child_types), child_types.index(kind)) if parents else 1
            is_owned = any(privilege.held_by_owner for privilege in kind.privileges.all())
            owners = members[number] if is_owned else []
            for row in range(count):
                yield Resource(
                    subscription=subscription,
                    resource_type=kind,
                    external_id=f"{kind.code}-{row}.{customer.slug}.example",
                    name=f"{kind.label_en} {row} of {customer.name}",
                    parent=parents[row % len(parents)] if parents else None,
                    owner=owners[row] if row < len(owners) else None,
                )

        written = create(
            f"{kind.portal.slug} {kind.code}",
            math.ceil(sizes.resources / len(child_types))
            if kind in child_types
            else len(customers),
            (row for number, customer in enumerate(customers) for row in rows(customer, number)),
        )
        for resource in written:
            by_type.setdefault((resource.subscription_id, kind.pk), []).append(resource)
            if kind in child_types:
                resources[resource.subscription.customer_id].append(resource)
    return list(resources.values())


def _write_grants(
    sizes: Sizes, members: list[list[Membership]], resources: list[list[Resource]]
) -> None:
    """Create grants to people and, for each customer, to one team."""
    generator = random.Random(20)  # noqa: S311
    now = timezone.now()
    to_teams = min(sizes.grants // GRANTS_PER_TEAM_GRANT, sum(map(len, resources)))

    def terms(resource: Resource, people: list[Membership]) -> dict[str, Any]:
        privileges = resource.resource_type.privileges.all()
        return {
            "content_object": resource,
            "permission_id": generator.choice(privileges).pk,
            "granted_by_id": people[0].user_id,
            "granted_at": now,
            "expires_at": _expiry(generator, now),
        }

    def team_grants() -> Iterator[TeamGrant]:
        for number, (people, own) in enumerate(zip(members, resources, strict=True)):
            for row in range(min(_share(to_teams, len(members), number), len(own))):
                yield TeamGrant(group=teams[number].group, **terms(own[row], people))

    def person_grants() -> Iterator[PersonGrant]:
        for number, (people, own) in enumerate(zip(members, resources, strict=True)):
            for row in range(_share(sizes.grants - to_teams, len(members), number)):
                turn, person = divmod(row, len(people))
                resource = own[(turn + person * 7) % len(own)]
                yield PersonGrant(user_id=people[person].user_id, **terms(resource, people))

    teams = _write_teams(members)
    write("team grants", to_teams, team_grants())
    write("grants", sizes.grants - to_teams, person_grants())


def _expiry(generator: random.Random, now: datetime) -> datetime | None:
    days = generator.randrange(1, 365)
    return {0: now - timedelta(days=days), 1: now + timedelta(days=days)}.get(
        generator.randrange(10)
    )


def _write_teams(members: list[list[Membership]]) -> list[Team]:
    """Create one team for each customer, with every third of its people."""
    teams = [Team(customer=people[0].customer, name="Front office") for people in members]
    for team, group in zip(
        teams,
        create("groups", len(teams), (Group(name=f"team:{team.uuid}") for team in teams)),
        strict=True,
    ):
        team.group = group
    create("teams", len(teams), iter(teams))
    write(
        "team members",
        sum(len(people[::3]) for people in members),
        (
            TeamMembership(team=team, membership=membership)
            for team, people in zip(teams, members, strict=True)
            for membership in people[::3]
        ),
    )
    return teams


def _share(total: int, parts: int, number: int) -> int:
    """Return the size of one part when a total is divided evenly."""
    return total * (number + 1) // parts - total * number // parts
