"""Birch Logistics and Cedar Books in the history: small companies with one Super User each."""

from functools import partial

from accounts.choices import RequestKind
from hub.example import acts
from hub.example.cast import (
    CUSTOMERS,
    MAILBOXES,
    MAIN_SUPER_USERS,
    OPERATOR,
    SUBSCRIPTIONS,
    resources_of,
)
from hub.example.harbour import FIRST_WEEK
from hub.example.story import THU, TUE, WED, Story
from hub.example.work import tell_reviews
from portals.models import Portal
from portals.services.service_requests import request_service


def tell_neighbours(story: Story) -> None:
    """Add the acts of both companies."""
    tell_foundation(story, "birch", FIRST_WEEK, TUE)
    tell_foundation(story, "cedar", FIRST_WEEK, WED)
    tell_reviews(story, "charlie@birch.example", "birch", range(25, 0, -1))
    story.before_now(_ask_for_tickets, hours=30)


def tell_foundation(story: Story, slug: str, week: int, day: int) -> None:
    """Add how a company of the cast begins, up to its main Super User."""
    first, name = MAIN_SUPER_USERS[slug]
    address = f"{first}@{slug}.example"
    story.on(week, day, "9:30", partial(_found, slug))
    story.on(
        week,
        day,
        "11:00",
        lambda: story.invitations.update(
            {address: acts.invite_main(acts.person(OPERATOR), slug, first, name)}
        ),
    )
    story.on(week, day, "14:20", partial(story.accept, address))
    story.on(week, THU, "8:15", lambda: acts.report_owners(slug, *MAILBOXES[slug]))


def _found(slug: str) -> None:
    acts.found_company(acts.person(OPERATOR), slug, CUSTOMERS[slug], SUBSCRIPTIONS[slug])
    for portal, type_code, reports in resources_of(slug):
        acts.report(slug, portal, type_code, reports)


def _ask_for_tickets() -> None:
    request_service(
        actor=acts.person("frank@cedar.example"),
        customer=acts.company("cedar"),
        portal=Portal.objects.get(slug="ticketing"),
        kind=RequestKind.ADD_SERVICE,
        text="Our shop needs a place for questions about our website.",
    )
