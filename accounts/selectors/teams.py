"""The teams of a customer, and their members."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from accounts.models import Customer, Membership, Team, TeamMembership, User


def teams_of(customer: Customer) -> QuerySet[Team]:
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


def teams_with(membership: Membership) -> QuerySet[Team]:
    """Return the teams that a member is in."""
    return teams_of(membership.customer).filter(team_memberships__membership=membership)


def teams_without(membership: Membership) -> QuerySet[Team]:
    """Return the teams that a member is not in."""
    return teams_of(membership.customer).exclude(team_memberships__membership=membership)


def people_in(team: Team) -> QuerySet[Membership]:
    """Return the present members of a team, by name: an index has a company's people by name."""
    return (
        Membership.objects.present()
        .filter(team_memberships__team=team, customer=team.customer_id)
        .select_related("user", "customer")
        .order_by("search_name", "pk")
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
