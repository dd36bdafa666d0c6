"""The access to one resource: a row for each team and each person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Membership
from accounts.search import found_by
from accounts.selectors import Page, page_of, people_of, teams_of
from portals.models import Resource, ResourceType
from portals.selectors.effective_access import Grantee, explain_all, people_on, teams_on
from portals.selectors.levels import level_scales_of
from portals.selectors.permission_matrix import Row, WantedGrants, make_row
from portals.selectors.privileges import types_at_or_below

MAX_FIRST_PEOPLE = 10  # people shown at once, with access or not
MAX_SEARCH_RESULTS = 20  # people, and teams, that a search shows
MAX_TEAMS = 100


@dataclass(frozen=True)
class ResourceAccess:
    """The rows of one resource, and the page of people they come from."""

    teams: list[Row]
    people: list[Row]
    page: Page[Membership] | None
    more_teams: bool = False  # whether more than MAX_TEAMS have access


def types_on(resource: Resource) -> list[ResourceType]:
    """Return the types that a grant on a resource can be about: its own, then those below it."""
    pks = types_at_or_below(resource.resource_type)
    return list(ResourceType.objects.filter(pk__in=pks).select_related("portal").order_by("pk"))


def access_on_resource(
    resource: Resource,
    about: ResourceType,
    wants: WantedGrants,
    *,
    search: str = "",
    after: str = "",
) -> ResourceAccess:
    """Return the access to a resource, or, where `about` is a type below it, to all of that type.

    People with access or a pending change come first, then others up to MAX_FIRST_PEOPLE. With
    `search`, only people and teams found by it. Raises BadCursor for a foreign `after`.
    """
    customer = resource.subscription.customer
    page: Page[Membership] | None = None
    more_teams = False
    if search:
        people = list(people_of(customer, search=search)[:MAX_SEARCH_RESULTS])
        teams = [team for team in teams_of(customer) if found_by(search, team.name)]
        teams = teams[:MAX_SEARCH_RESULTS]
    else:
        page = page_of(
            people_on(resource),
            among=customer.memberships.all(),
            order=("search_name", "pk"),
            after=after,
        )
        people = list(page)
        teams = list(teams_on(resource)[: MAX_TEAMS + 1])
        more_teams = len(teams) > MAX_TEAMS
        teams = teams[:MAX_TEAMS]
        if page.is_first:
            people += _others(people, people_of(customer), wants)
            teams += _others(teams, teams_of(customer), wants)
    return ResourceAccess(
        teams=rows_of_grantees(teams, resource, about, wants),
        people=rows_of_grantees(people, resource, about, wants),
        page=page,
        more_teams=more_teams,
    )


def _others(shown: Sequence[Grantee], everybody: QuerySet[Any], wants: WantedGrants) -> list[Any]:
    """Return those with a pending change, then the first by name, up to MAX_FIRST_PEOPLE in all."""
    pending = {cell.grantee for cell in wants}
    rows = everybody.exclude(pk__in={grantee.pk for grantee in shown})
    room = max(MAX_FIRST_PEOPLE - len(shown), 0)
    prefix = "p" if rows.model is Membership else "t"
    keys = [int(key[1:]) for key in pending if key.startswith(prefix)]
    with_change = list(rows.filter(pk__in=keys)) if keys else []
    return with_change + list(rows.exclude(pk__in=keys)[: max(room - len(with_change), 0)])


def rows_of_grantees(
    grantees: Sequence[Grantee], resource: Resource, about: ResourceType, wants: WantedGrants
) -> list[Row]:
    """Return a row for each of these people or teams on one resource."""
    scale = level_scales_of([about])[about.pk]
    explained = explain_all(grantees, [resource])
    return [make_row(grantee, explained[grantee][0], scale, wants) for grantee in grantees]
