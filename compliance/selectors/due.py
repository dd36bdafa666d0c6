"""The due list: every legal deadline of the provider, soonest first, from a registry of sources.

A part with deadlines of its own adds a source, in its app's `ready`:

    register_due_source(
        DueSource(
            code="breach_report",
            label=_("Breach reports"),
            permission="compliance.view_breach",
            rows=lambda now: open_reports(),
            due_at="due_at",
            facts={"uuid": "uuid", "reference": "breach__reference"},
            text=lambda facts: format_lazy(_("Report {breach}"), breach=facts["reference"]),
            url=lambda facts: reverse("compliance:breach", args=[facts["reference"]]),
        )
    )

`rows(now)` returns the query of its open deadlines; one that is met isn't in it any more. `due_at`
is the field or expression of the moment, and `facts` those of which `text`, `url` and `key` make a
`Clock`. All sources are asked in one statement, in which facts are JSON: a uuid is a text there. A
clock's `key` is a lasting identity (its uuid, unless the source says another), not a row's number,
because the alarm about a missed deadline is sent once for each source, key and moment. Its `text`
says what has to be done, in words that anybody with the permission of the source may read. Use
`lazy` where it depends on the language: one email goes to readers of several.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import CharField, DateTimeField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from accounts.models import User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.first_rows import alone
from accounts.selectors.paging import PAGE_SIZE, BadCursor

Facts = Mapping[str, Any]
EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
MOST_COUNTED = 100  # missed deadlines of each source; the list has the others


@dataclass(frozen=True)
class Clock:
    """A deadline: what has to be done by then, and the page where it is done."""

    key: str
    text: str | Promise
    url: str
    due_at: datetime


def key_of(facts: Facts) -> str:
    """Return the uuid among the facts, as it is written in addresses."""
    return str(UUID(facts["uuid"]))


@dataclass(frozen=True, eq=False)
class DueSource:
    """A kind of deadlines, and the permission of staff to see them."""

    code: str
    label: str | Promise
    permission: str  # "app.codename"
    rows: Callable[[Given], QuerySet[Any]]
    due_at: str | Combinable
    facts: Mapping[str, str | Combinable]
    text: Callable[[Facts], str | Promise]
    url: Callable[[Facts], str]
    key: Callable[[Facts], str] = key_of

    def clock(self, facts: Facts, due_at: datetime) -> Clock:
        """Return the deadline with these facts."""
        return Clock(self.key(facts), self.text(facts), self.url(facts), due_at)

    def soonest(self, *, since: Given, until: Given, now: Given, most: int) -> QuerySet[Any]:
        """Return at most so many open deadlines between two moments: code, moment and facts."""
        field = F(self.due_at) if isinstance(self.due_at, str) else self.due_at
        due_at = ExpressionWrapper(field, DateTimeField())
        rows = self.rows(now).annotate(_due_at=due_at)
        rows = rows.filter(_due_at__gte=since, _due_at__lte=until)
        first = alone(rows.order_by("_due_at", "pk")[:most]).order_by()
        found: QuerySet[Any] = first.annotate(
            _code=Value(self.code, CharField()), _due_at=due_at, _facts=JSONObject(**self.facts)
        ).values_list("_code", "_due_at", "_facts")
        return found


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
    return _due(sources, until=timezone.now(), most=most)


def all_overdue(source: DueSource) -> list[Due]:
    """Return every missed deadline of a source."""
    most = MOST_COUNTED
    while len(rows := overdue([source], most=most)) == most:
        most *= 2
    return rows


def _due(
    sources: Iterable[DueSource],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int,
) -> list[Due]:
    """Return the deadlines of these sources, at most so many of each, in one statement."""
    if not (by_code := {source.code: source for source in sources}):
        return []
    now = timezone.now()
    found = _soonest(tuple(by_code.values()), most).rows(
        since=since or EVER[0], until=until or EVER[1], now=now
    )
    rows = [
        Due(source, source.clock(facts, due_at), due_at <= now)
        for code, due_at, facts in found
        for source in [by_code[code]]
    ]
    return sorted(rows, key=lambda row: row.position)


@lru_cache(maxsize=100)
def _soonest(sources: tuple[DueSource, ...], most: int) -> ComposedQuery[Any]:
    """Return the query of the soonest deadlines of these sources, at most so many of each."""

    def soonest(**moments: Given) -> QuerySet[Any]:
        first, *others = [source.soonest(most=most, **moments) for source in sources]
        return first.union(*others, all=True)

    return ComposedQuery(soonest, since=DateTimeField(), until=DateTimeField(), now=DateTimeField())


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
