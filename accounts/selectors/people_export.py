"""The people list as a table to take away."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.choices import PersonState
from accounts.models import Customer, Membership, TeamMembership
from accounts.selectors.people_list import PeopleFilter, people_in_chunks, with_second_factor


def people_heading() -> list[str]:
    """The names of the columns, in the reader's language."""
    return [
        _("Name"),
        _("Address"),
        _("Phone at work"),
        _("Role"),
        _("State"),
        _("Leaves on"),
        _("Teams"),
        _("Second factor"),
        _("Last sign-in"),
        _("Here since"),
    ]


def people_rows(customer: Customer, people_filter: PeopleFilter) -> Iterator[list[Any]]:
    """One row for each person of the list; four queries for some hundred of them."""
    for people in people_in_chunks(customer, people_filter):
        secured = with_second_factor(people)
        teams = _team_names(people)
        for one in people:
            yield [
                one.work_name,
                one.user.email,
                one.work_phone,
                str(one.get_role_display()),
                _state_of(one),
                one.last_day.isoformat() if one.last_day else "",
                ", ".join(teams.get(one.pk, [])),
                _("Yes") if one.user_id in secured else _("No"),
                _day(one.user.last_login),
                _day(one.joined_at),
            ]


def _team_names(people: list[Membership]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    rows = TeamMembership.objects.filter(membership__in=people).order_by("team__name")
    for membership, name in rows.values_list("membership_id", "team__name"):
        names.setdefault(membership, []).append(name)
    return names


def _state_of(one: Membership) -> str:
    if one.suspended_at is not None:
        return str(PersonState.SUSPENDED.label)
    if not one.user.is_active:
        return _("Account closed")
    return pgettext("person", "Active")


def _day(moment: datetime | None) -> str:
    """A day as every spreadsheet program reads it."""
    return timezone.localtime(moment).date().isoformat() if moment else ""
