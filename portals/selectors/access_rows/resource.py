"""The people and teams with access to one resource, and through what."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from accounts.models import Membership, Team, TeamMembership
from accounts.selectors.paging import Page
from portals.choices import Reason
from portals.models import PersonGrant, Resource
from portals.selectors.access_rows.rows import AccessRow, complete, rows_of_grants
from portals.selectors.effective_access import Grantee, owns
from portals.selectors.resource_grantees import (
    ResourceReach,
    TeamsWithAccess,
    grants_of_teams,
    people_page,
    teams_with_access,
)
from portals.selectors.targets import Target


@dataclass(frozen=True)
class ResourceAccess:
    """The rows of teams, then those of a page of people."""

    teams: list[AccessRow]
    people: list[AccessRow]
    page: Page[Membership]
    more_teams: bool  # whether more than MAX_TEAMS have access


def access_to(
    resource: Resource,
    above: Iterable[Resource],
    *,
    search: str = "",
    after: str = "",
    marked: Collection[str] = (),
) -> ResourceAccess:
    """Return who has access to a resource or what is in it, teams only on the first page.

    `above` are the resources above it. With `search`, only people and teams found by it; `marked`
    are keys of grants to mark. Raises BadCursor for a foreign `after`.
    """
    reach = ResourceReach.of(resource, above)
    teams = teams_with_access(reach)
    page = people_page(reach, teams, search=search, after=after)
    listed = teams
    if search and teams.grants and page.is_first:
        listed = teams_with_access(reach, search=search)
    shown = listed.teams if page.is_first else []
    rows = rows_of_grants(_grants(reach, list(page), teams, listed, shown), reach.manifest)
    rows += _without_grant(list(page), reach)
    for row in rows:
        row.is_above = row.target.resource.pk != resource.pk
    complete(rows, reach.manifest, marked)
    position = {grantee: number for number, grantee in enumerate([*shown, *page])}
    rows.sort(key=lambda row: (position[row.grantee], row.is_above, row.reason))
    return ResourceAccess(
        teams=[row for row in rows if isinstance(row.grantee, Team)],
        people=[row for row in rows if isinstance(row.grantee, Membership)],
        page=page,
        more_teams=page.is_first and listed.more,
    )


def _grants(
    reach: ResourceReach,
    people: list[Membership],
    teams: TeamsWithAccess,
    listed: TeamsWithAccess,
    shown: list[Team],
) -> list[tuple[Any, Grantee, Team | None]]:
    """Return the grants of these people and teams that reach a resource, with whose they are."""
    by_user = {membership.user_id: membership for membership in people}
    own = reach.grants_to(PersonGrant.with_removed.unexpired()).filter(user__in=by_user)
    found: list[tuple[Any, Grantee, Team | None]] = [
        (grant, by_user[grant.user_id], None)
        for grant in own.select_related("granted_by").order_by("pk")
    ]
    of_people = teams.grants
    if teams.more:
        of_people = grants_of_teams(
            reach, Team.objects.filter(team_memberships__membership__in=people)
        )
    members = _members(people, {grant.group.team for grant in of_people})
    for grant in sorted(of_people, key=attrgetter("pk")):
        team = grant.group.team
        found += [(grant, person, team) for person in members.get(team.pk, [])]
    for grant in sorted(listed.grants, key=attrgetter("pk")):
        if grant.group.team in shown:
            found.append((grant, grant.group.team, None))
    for grant, _grantee, _team in found:
        grant.content_object = reach.sources[grant.content_object_id]
    return found


def _members(people: list[Membership], teams: Collection[Team]) -> dict[int, list[Membership]]:
    """Return team key → those of these people who are in it."""
    by_key = {membership.pk: membership for membership in people}
    members: dict[int, list[Membership]] = {}
    rows = TeamMembership.objects.filter(membership__in=by_key, team__in=teams)
    for team, membership in rows.values_list("team", "membership"):
        members.setdefault(team, []).append(by_key[membership])
    return members


def _without_grant(people: list[Membership], reach: ResourceReach) -> list[AccessRow]:
    """Return a row for what somebody may do by role, and one for the owner."""
    rows = []
    resource = reach.resource
    target = Target(resource, resource.resource_type)
    by_role = [privilege for privilege in reach.privileges if privilege.held_by_super_user]
    as_owner = [privilege for privilege in reach.privileges if privilege.held_by_owner]
    for person in people:
        if person.is_super_user and by_role:
            rows.append(AccessRow(person, target, list(by_role), reason=Reason.ROLE))
        if owns(person, resource) and as_owner:
            rows.append(AccessRow(person, target, list(as_owner), reason=Reason.OWNER))
    return rows
