"""The sheet turned round: who stands where on one thing, people and teams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Membership
from accounts.selectors import Page, page_of, people_of, teams_of
from portals.models import Resource, ResourceType
from portals.selectors.levels import scales_of
from portals.selectors.privileges import types_at_or_below
from portals.selectors.rights import Holder, explain_all, people_on, teams_on
from portals.selectors.sheets import Row, Wants, make_row

FIRST = 10  # people shown at once, whether they hold something or not
FOUND = 20  # people and teams a search shows
MOST_TEAMS = 100


@dataclass(frozen=True)
class Standing:
    """The rows of one thing: teams, then people; and where the next people begin."""

    teams: list[Row]
    people: list[Row]
    page: Page[Membership] | None
    more_teams: bool = False  # than MOST_TEAMS hold something here


def types_on(thing: Resource) -> list[ResourceType]:
    """What a right on this thing can be about: its own type, then those of what is in it."""
    pks = types_at_or_below(thing.resource_type)
    return list(ResourceType.objects.filter(pk__in=pks).select_related("portal").order_by("pk"))


def standing_on(
    thing: Resource, about: ResourceType, wants: Wants, *, search: str = "", after: str = ""
) -> Standing:
    """Who may do what to this thing (or, `about` a type below it, to all of that type in it).

    First who holds something there or is about to, then others up to FIRST; with `search`, those
    whose name begins so. Raises BadCursor for a foreign `after`.
    """
    customer = thing.subscription.customer
    page: Page[Membership] | None = None
    more_teams = False
    if search:
        people = list(people_of(customer, search=search)[:FOUND])
        teams = list(teams_of(customer).filter(name__istartswith=search)[:FOUND])
    else:
        page = page_of(
            people_on(thing),
            among=customer.memberships.all(),
            order=("search_name", "pk"),
            after=after,
        )
        people = list(page)
        teams = list(teams_on(thing)[: MOST_TEAMS + 1])
        more_teams = len(teams) > MOST_TEAMS
        teams = teams[:MOST_TEAMS]
        if page.is_first:
            people += _others(people, people_of(customer), wants)
            teams += _others(teams, teams_of(customer), wants)
    return Standing(
        teams=rows_of_holders(teams, thing, about, wants),
        people=rows_of_holders(people, thing, about, wants),
        page=page,
        more_teams=more_teams,
    )


def _others(shown: Sequence[Holder], everybody: QuerySet[Any], wants: Wants) -> list[Any]:
    """Who has a change pending, then the first by name while there is room."""
    pending = {spot.holder for spot in wants}
    known = {one.pk for one in shown}
    rows = everybody.exclude(pk__in=known)
    room = max(FIRST - len(shown), 0)
    kind = "p" if rows.model is Membership else "t"
    keys = [int(key[1:]) for key in pending if key.startswith(kind)]
    about_to = list(rows.filter(pk__in=keys)) if keys else []
    return about_to + list(rows.exclude(pk__in=keys)[: max(room - len(about_to), 0)])


def rows_of_holders(
    holders: Sequence[Holder], thing: Resource, about: ResourceType, wants: Wants
) -> list[Row]:
    """A row for each of these people or teams on one thing."""
    scale = scales_of([about])[about.pk]
    explained = explain_all(holders, [thing])
    return [make_row(holder, explained[holder][0], scale, wants) for holder in holders]
