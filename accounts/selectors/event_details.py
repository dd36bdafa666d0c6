"""The facts that an event holds beside its sentence: lists with a label, which a page unfolds.

Everything in an event's data is a placeholder of its sentence, a detail, or an identity of one of
these. `undeclared_facts` finds what is none of them; no test may record such an event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.choices import EVENT_CODES, FIELD_NAMES
from accounts.languages import in_readers_language


def moment_text(value: str) -> str:
    """Return an ISO 8601 moment as a date and a time in the reader's zone."""
    return date_format(timezone.localtime(datetime.fromisoformat(value)), "DATETIME_FORMAT")


def _texts(value: Any) -> list[str]:
    """Return a plain value, or each of a list, as text."""
    values = value if isinstance(value, list) else [value]
    texts = [str(in_readers_language(part)) for part in values if part is not None]
    return [text for text in texts if text]


def _moments(value: str | None) -> list[str]:
    return [moment_text(value)] if value else []


def _names(key: str) -> Callable[[Iterable[Mapping[str, str]]], list[str]]:
    """Return a function that returns the text under this key of each part of a list."""
    return lambda parts: [str(part[key]) for part in parts]


def _differences(parts: Iterable[Mapping[str, str]]) -> list[str]:
    return [
        f"{FIELD_NAMES.get(part['field'], part['field'])}:"
        f" {part['before'] or '—'} → {part['after'] or '—'}"
        for part in parts
    ]


def _number(value: int) -> list[str]:
    return [_("entry %(number)s of this log") % {"number": value}]


def _handovers(parts: Iterable[Mapping[str, str]]) -> list[str]:
    return [f"{part['person']} → {part['receiver']}" for part in parts]


def _factor(value: str) -> list[str]:
    return [str(EVENT_CODES["factor"](value).label)]


def _role(value: str) -> list[str]:
    return [str(EVENT_CODES["role"](value).label)]


@dataclass(frozen=True)
class EventDetail:
    """A detail's label, and the function that makes lines of text of its value."""

    label: str | Promise
    describe: Callable[[Any], list[str]] = _texts


# Name in an event's data → its detail, in the order of pages.
EVENT_DETAILS: dict[str, EventDetail] = {
    "differences": EventDetail(gettext_lazy("Before and after"), _differences),
    "teams": EventDetail(gettext_lazy("Teams left"), _names("team")),
    "reassigned": EventDetail(gettext_lazy("Handed over")),
    "skipped": EventDetail(gettext_lazy("Not handed over")),
    "left_out": EventDetail(gettext_lazy("Not restored")),
    "invitations": EventDetail(gettext_lazy("Invitations"), _names("address")),
    "planned": EventDetail(gettext_lazy("Planned handovers of team memberships"), _handovers),
    "previous_end": EventDetail(gettext_lazy("Previous end"), _moments),
    "previous_start": EventDetail(gettext_lazy("Previously required from"), _moments),
    "plan_cancelled": EventDetail(gettext_lazy("Offboarding cancelled"), _moments),
    "concerned": EventDetail(gettext_lazy("People concerned"), _names("name")),
    "person": EventDetail(pgettext_lazy("activity", "Person")),
    "team": EventDetail(gettext_lazy("Team")),
    "previous": EventDetail(gettext_lazy("Previous name")),
    "role": EventDetail(pgettext_lazy("activity", "Role"), _role),
    "previous_role": EventDetail(gettext_lazy("Previous role"), _role),
    "company": EventDetail(pgettext_lazy("activity", "Company")),
    "slug": EventDetail(gettext_lazy("Short name")),
    "factor": EventDetail(gettext_lazy("Sign-in method"), _factor),
    "factor_name": EventDetail(gettext_lazy("Passkey name")),
    "reason": EventDetail(gettext_lazy("Reason")),
    "filters": EventDetail(gettext_lazy("Filter")),
    "count": EventDetail(gettext_lazy("Number")),
    "undoes": EventDetail(gettext_lazy("Undoes"), _number),
}

# Name in an event's data → the facts of which one says in words what it identifies; none where
# it identifies what the whole event is about.
EVENT_IDENTITIES: dict[str, tuple[str, ...]] = {
    "membership": ("person", "grantee"),
    "members": ("concerned",),
    "proposer_sub": ("proposer",),
    "successor_sub": ("successor",),
    "invitation": ("address",),
    "subject_keys": (),
    "team_uuid": ("team", "grantee"),
    "teams_missing": ("left_out",),
    "members_missing": ("left_out",),
    "reassigned_teams": ("reassigned",),
    "hand_over": ("person",),
    "recovery": ("successor",),
    "request_id": ("request",),
    "customer_slug": ("company",),
    "ends_at": ("last_day",),
    "case": ("ticket",),
}


def register_event_details(
    details: Mapping[str, EventDetail], identities: Mapping[str, tuple[str, ...]]
) -> None:
    """Add the facts in an upper app's events. Raises ValueError for a name that is taken."""
    known = EVENT_DETAILS.keys() | EVENT_IDENTITIES.keys()
    taken = known & (details.keys() | identities.keys())
    if taken:
        raise ValueError(f"facts of events declared twice: {sorted(taken)}")
    EVENT_DETAILS.update(details)
    EVENT_IDENTITIES.update(identities)
