"""The people and teams with access to one resource, and through what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Membership, Team, TeamMembership
from accounts.models.search import matching
from accounts.selectors.paging import Page, page_by_name
from portals.choices import Reason
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors.access_rows.rows import AccessRow, complete, rows_of_grants
from portals.selectors.effective_access import Grantee, owns, people_on, reaching, teams_on
from portals.selectors.privileges import types_at_or_below
from portals.selectors.targets import Target

MAX_TEAMS = 100
_RELATED = (
    "permission__privilege__portal",
    "permission__privilege__resource_type__portal",
    "content_object__resource_type__portal",
    "granted_by",
)


@dataclass(frozen=True)
class ResourceAccess:
    """The rows of teams, then those of a page of people."""

    teams: list[AccessRow]
    people: list[AccessRow]
    page: Page[Membership]
    more_teams: bool  # whether more than MAX_TEAMS have access


def access_to(
    resource: Resource, *, search: str = "", after: str = "", marked: Collection[str] = ()
) -> ResourceAccess:
    """Return who has access to a resource or what is in it, teams only on the first page.

    With `search`, only people and teams found by it; `marked` are keys of grants to mark. Raises
    BadCursor for a foreign `after`.
    """
    customer = resource.subscription.customer
    types = types_at_or_below(resource.resource_type)
    page = page_by_name(
        people_on(resource, types),
        among=customer.memberships.all(),
        search=search,
        after=after,
        customer=customer,
    )
    found = matching(teams_on(resource, types), search, customer=customer)
    teams = list(found[: MAX_TEAMS + 1]) if page.is_first else []
    rows = rows_of_grants(_grants([*teams[:MAX_TEAMS], *page], resource, types))
    rows += _without_grant(list(page), resource)
    for row in rows:
        row.is_above = row.target.resource.pk != resource.pk
    complete(rows, marked)
    position = {grantee: number for number, grantee in enumerate([*teams, *page])}
    rows.sort(key=lambda row: (position[row.grantee], row.is_above, row.reason))
    return ResourceAccess(
        teams=[row for row in rows if isinstance(row.grantee, Team)],
        people=[row for row in rows if isinstance(row.grantee, Membership)],
        page=page,
        more_teams=len(teams) > MAX_TEAMS,
    )


def _grants(
    grantees: Sequence[Grantee], resource: Resource, types: list[int]
) -> list[tuple[Any, Grantee, Team | None]]:
    """Return the unexpired grants on a resource and above that reach it or what is in it."""
    condition = reaching(resource, types)
    people = {grantee.user_id: grantee for grantee in grantees if isinstance(grantee, Membership)}
    members = {membership.pk: membership for membership in people.values()}
    of_group: dict[int, list[tuple[Grantee, Team | None]]] = {
        grantee.group_id: [(grantee, None)] for grantee in grantees if isinstance(grantee, Team)
    }
    for row in TeamMembership.objects.filter(membership__in=members).select_related("team"):
        of_group.setdefault(row.team.group_id, []).append((members[row.membership_id], row.team))
    found: list[tuple[Any, Grantee, Team | None]] = [
        (grant, people[grant.user_id], None)
        for grant in PersonGrant.objects.unexpired()
        .filter(condition, user__in=people)
        .select_related(*_RELATED)
        .order_by("pk")
    ]
    for grant in (
        TeamGrant.objects.unexpired()
        .filter(condition, group__in=of_group)
        .select_related(*_RELATED)
        .order_by("pk")
    ):
        found += [(grant, grantee, team) for grantee, team in of_group[grant.group_id]]
    return found


def _without_grant(people: list[Membership], resource: Resource) -> list[AccessRow]:
    """Return a row for what somebody may do by role, and one for the owner."""
    rows = []
    target = Target(resource, resource.resource_type)
    privileges = list(Privilege.objects.filter(resource_type=resource.resource_type_id))
    for person in people:
        by_role = [privilege for privilege in privileges if privilege.held_by_super_user]
        if person.is_super_user and by_role:
            rows.append(AccessRow(person, target, by_role, reason=Reason.ROLE))
        as_owner = [privilege for privilege in privileges if privilege.held_by_owner]
        if owns(person, resource) and as_owner:
            rows.append(AccessRow(person, target, as_owner, reason=Reason.OWNER))
    return rows
