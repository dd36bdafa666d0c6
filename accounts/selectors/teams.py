"""The teams of a customer, and their members."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    OuterRef,
    QuerySet,
    Subquery,
    UUIDField,
)
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Customer, Membership, Team, TeamMembership, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.paging import PAGE_SIZE, Page, page_made_of, page_of


def teams_of(customer: Customer | Given) -> QuerySet[Team]:
    """Return a customer's teams by name, with `sort_name`, which an index has, to page by."""
    return (
        Team.objects.filter(customer=customer)
        .select_related("customer")
        .annotate(sort_name=Lower("name"))
        .order_by("sort_name", "pk")
    )


def with_people_counted(teams: QuerySet[Team]) -> QuerySet[Team]:
    """Return the teams, each with `people`: the number of its present members.

    Whoever's membership ended is in no team. So the few whose end has come since are looked up,
    by an index, instead of everybody's membership.
    """
    rows = TeamMembership.objects.filter(team=OuterRef("pk"))
    lapsed = rows.filter(membership__in=Membership.objects.lapsed())
    return teams.annotate(people=_number_of(rows) - _number_of(lapsed))


def _number_of(rows: QuerySet[TeamMembership]) -> Coalesce:
    """Return the number of rows of one team."""
    counted = rows.order_by().values("team").annotate(people=Count("pk"))
    return Coalesce(Subquery(counted.values("people")), 0)


def count_people_in(team: Team) -> int:
    """Return the number of present members of a team."""
    counted: Any = with_people_counted(Team.objects.filter(pk=team.pk)).get()
    return int(counted.people)


def find_team(customer: Customer, key: UUID) -> Team | None:
    """Return a team of a customer, or None."""
    return _TEAM.first(customer=customer.pk, key=key)


_TEAM = ComposedQuery(
    lambda customer, key: Team.objects.filter(customer=customer, uuid=key).select_related(
        "customer"
    ),
    customer=BigIntegerField(),
    key=UUIDField(),
)


def teams_with(membership: Membership) -> list[Team]:
    """Return the teams that a member is in, by name."""
    return _TEAMS_WITH.rows(customer=membership.customer_id, membership=membership.pk)


_TEAMS_WITH = ComposedQuery(
    lambda customer, membership: teams_of(customer).filter(team_memberships__membership=membership),
    customer=BigIntegerField(),
    membership=BigIntegerField(),
)


def teams_without(membership: Membership) -> QuerySet[Team]:
    """Return the teams that a member is not in."""
    return teams_of(membership.customer).exclude(team_memberships__membership=membership)


def people_in(
    team: int | Given, customer: int | Given, now: Given | None = None
) -> QuerySet[Membership]:
    """Return the present members of a team of a customer (both by key), by name.

    An index has a company's people by name.
    """
    return (
        Membership.objects.present(now)
        .filter(team_memberships__team=team, customer=customer)
        .select_related("user", "customer")
        .order_by("search_name", "pk")
    )


def members_page(team: Team, after: str) -> Page[Membership]:
    """Return a page of the present members of a team. Raises BadCursor."""
    if not after:
        rows = _FIRST_MEMBERS.rows(team=team.pk, customer=team.customer_id, now=timezone.now())
        return page_made_of(rows, PAGE_SIZE)
    return page_of(
        people_in(team.pk, team.customer_id),
        among=Membership.objects.filter(customer=team.customer_id),
        order=("search_name", "pk"),
        after=after,
    )


_FIRST_MEMBERS = ComposedQuery(
    lambda **of: people_in(**of)[: PAGE_SIZE + 1],
    team=BigIntegerField(),
    customer=BigIntegerField(),
    now=DateTimeField(),
)


def people_in_teams(teams: Iterable[int]) -> dict[int, list[User]]:
    """Return the key of each of these teams → its present members, with one query."""
    people: dict[int, list[User]] = {}
    rows = TeamMembership.objects.filter(
        team__in=list(teams), membership__in=Membership.objects.present()
    )
    for row in rows.select_related("membership__user").order_by("pk"):
        people.setdefault(row.team_id, []).append(row.membership.user)
    return people
