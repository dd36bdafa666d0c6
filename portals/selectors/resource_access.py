"""The sheet turned round: who stands where on one thing, people and teams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Membership
from accounts.selectors import Page, page_of, people_of, teams_of
from portals.models import Resource, ResourceType
from portals.selectors.effective_access import Grantee, explain_all, people_on, teams_on
from portals.selectors.levels import level_scales_of
from portals.selectors.permission_matrix import Row, WantedGrants, make_row
from portals.selectors.privileges import types_at_or_below

FIRST = 10  # people shown at once, whether they hold something or not
FOUND = 20  # people and teams a search shows
MOST_TEAMS = 100


@dataclass(frozen=True)
class ResourceAccess:
    """The rows of one thing: teams, then people; and where the next people begin."""

    teams: list[Row]
    people: list[Row]
    page: Page[Membership] | None
    more_teams: bool = False  # than MOST_TEAMS hold something here


def types_on(resource: Resource) -> list[ResourceType]:
    """What a right on this thing can be about: its own type, then those of what is in it."""
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
    """Who may do what to this thing (or, `about` a type below it, to all of that type in it).

    First who holds something there or is about to, then others up to FIRST; with `search`, those
    whose name begins so. Raises BadCursor for a foreign `after`.
    """
    customer = resource.subscription.customer
    page: Page[Membership] | None = None
    more_teams = False
    if search:
        people = list(people_of(customer, search=search)[:FOUND])
        teams = list(teams_of(customer).filter(name__istartswith=search)[:FOUND])
    else:
        page = page_of(
            people_on(resource),
            among=customer.memberships.all(),
            order=("search_name", "pk"),
            after=after,
        )
        people = list(page)
        teams = list(teams_on(resource)[: MOST_TEAMS + 1])
        more_teams = len(teams) > MOST_TEAMS
        teams = teams[:MOST_TEAMS]
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
    """Who has a change pending, then the first by name while there is room."""
    pending = {cell.grantee for cell in wants}
    known = {one.pk for one in shown}
    rows = everybody.exclude(pk__in=known)
    room = max(FIRST - len(shown), 0)
    kind = "p" if rows.model is Membership else "t"
    keys = [int(key[1:]) for key in pending if key.startswith(kind)]
    about_to = list(rows.filter(pk__in=keys)) if keys else []
    return about_to + list(rows.exclude(pk__in=keys)[: max(room - len(about_to), 0)])


def rows_of_grantees(
    grantees: Sequence[Grantee], resource: Resource, about: ResourceType, wants: WantedGrants
) -> list[Row]:
    """A row for each of these people or teams on one thing."""
    scale = level_scales_of([about])[about.pk]
    explained = explain_all(grantees, [resource])
    return [make_row(grantee, explained[grantee][0], scale, wants) for grantee in grantees]
