"""The due list: every legal deadline of the provider, soonest first, from a registry of sources.

A part with deadlines of its own adds a source, in its app's `ready`:

    register_due_source(
        DueSource("breach_report", _("Breach reports"), "compliance.view_breach", report_clocks)
    )

`report_clocks(since=…, most=…)` yields a `Clock` for each deadline that is still open: those that
are due at `since` or later (all of them for None), soonest first, at most `most`. A clock that is
met isn't yielded any more. Its `key` is a lasting identity (a uuid), not a row's number, because
the alarm about a missed deadline is sent once for each source, key and moment. `text` says what
has to be done, in words that anybody with the permission of the source may read. Use `lazy` where
it depends on the language: one email goes to readers of several.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from accounts.models import User
from accounts.selectors.paging import PAGE_SIZE, BadCursor

MOST_COUNTED = 100  # missed deadlines of each source; the list has the others


@dataclass(frozen=True)
class Clock:
    """A deadline: what has to be done by then, and the page where it is done."""

    key: str
    text: str | Promise
    url: str
    due_at: datetime


class Clocks(Protocol):
    """The function of a source that yields its open deadlines."""

    def __call__(self, *, since: datetime | None, most: int) -> Iterable[Clock]:
        """Yield at most so many that are due at `since` or later, soonest first."""


@dataclass(frozen=True)
class DueSource:
    """A kind of deadlines, and the permission of staff to see them."""

    code: str
    label: str | Promise
    permission: str  # "app.codename"
    clocks: Clocks


@dataclass(frozen=True)
class Due:
    """A deadline of a source, as the list shows it."""

    source: DueSource
    clock: Clock
    is_overdue: bool

    @property
    def position(self) -> tuple[datetime, str, str]:
        """Its place in the list."""
        return self.clock.due_at, self.source.code, self.clock.key


@dataclass(frozen=True)
class DuePage:
    """One page of the due list, and the cursor of the next (empty: there is none)."""

    rows: list[Due] = field(default_factory=list)
    next_cursor: str = ""
    is_first: bool = True


_SOURCES: dict[str, DueSource] = {}


def register_due_source(source: DueSource) -> None:
    """Add a source to the due list, or replace the one of its code."""
    _SOURCES[source.code] = source


def due_sources() -> list[DueSource]:
    """Return all sources."""
    return list(_SOURCES.values())


def sources_for(viewer: User) -> list[DueSource]:
    """Return the sources whose deadlines somebody of the staff may see."""
    return [source for source in due_sources() if viewer.has_perm(source.permission)]


def due_list(viewer: User, *, after: str = "", size: int = PAGE_SIZE) -> DuePage:
    """Return a page of the deadlines that a viewer may see. Raises BadCursor."""
    begin = _position(after) if after else None
    # Of one source, several may be due at the very moment where this page begins.
    rows = _due(sources_for(viewer), since=begin[0] if begin else None, most=2 * size + 1)
    if begin is not None:
        rows = [row for row in rows if row.position > begin]
    shown = rows[:size]
    return DuePage(shown, _cursor(shown[-1]) if len(rows) > size else "", not after)


def overdue(sources: Iterable[DueSource], *, most: int = MOST_COUNTED) -> list[Due]:
    """Return the missed deadlines of these sources, at most so many of each."""
    return [row for row in _due(sources, since=None, most=most) if row.is_overdue]


def all_overdue(source: DueSource) -> list[Due]:
    """Return every missed deadline of a source."""
    most = MOST_COUNTED
    while len(rows := overdue([source], most=most)) == most:
        most *= 2
    return rows


def _due(sources: Iterable[DueSource], *, since: datetime | None, most: int) -> list[Due]:
    now = timezone.now()
    rows = [
        Due(source, clock, clock.due_at <= now)
        for source in sources
        for clock in source.clocks(since=since, most=most)
    ]
    return sorted(rows, key=lambda row: row.position)


def _cursor(row: Due) -> str:
    moment, code, key = row.position
    return f"{moment.isoformat()} {code} {key}"


def _position(cursor: str) -> tuple[datetime, str, str]:
    parts = cursor.split(" ", 2)
    try:
        moment = parse_datetime(parts[0])
    except ValueError:
        moment = None
    if len(parts) < 3 or moment is None or timezone.is_naive(moment):
        raise BadCursor("no place in the due list")
    return moment, parts[1], parts[2]
