"""Events read from several indexes at once, and merged in the order of their primary keys.

No index answers "by this person or about them". Each half is read from an index of its own, as far
as the page goes, and the two are merged: so a page costs the same however long the log is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from accounts.addresses import number_in
from accounts.models import AuditEvent
from accounts.selectors.paging import PAGE_SIZE, Page, page_of

BATCH_SIZE = 500  # events of one query of an export


@dataclass(frozen=True)
class EventSource:
    """Rows that one index holds in the order of an event's primary key, which is their `key`.

    Where the rows are not events, `events` are those that they may point at.
    """

    rows: QuerySet[Any]
    key: str = "pk"
    events: QuerySet[AuditEvent] | None = None

    def within(self, **bounds: int) -> "EventSource":
        """Return the part between these keys: `gt`, `gte`, `lt` or `lte`.

        Rows and events are both limited. Otherwise a database may read through everybody's newer
        events to these.
        """
        row_bounds = {f"{self.key}__{name}": value for name, value in bounds.items()}
        event_bounds = {f"pk__{name}": value for name, value in bounds.items()}
        return EventSource(
            self.rows.filter(**row_bounds),
            self.key,
            self.events.filter(**event_bounds) if self.events is not None else None,
        )

    def first(self, size: int, sign: str) -> tuple[str, tuple[Any, ...]]:
        """Return SQL and parameters of the first keys, ascending ("") or descending ("-")."""
        rows = self.rows
        if self.events is not None:
            rows = rows.filter(Exists(self.events.filter(pk=OuterRef(self.key))))
        keys = rows.order_by(f"{sign}{self.key}").values(self.key)[:size]
        return keys.query.sql_with_params()


def newest_page(
    sources: list[EventSource],
    *,
    among: QuerySet[AuditEvent],
    after: str = "",
    size: int = PAGE_SIZE,
) -> Page[AuditEvent]:
    """Return one page of all sources, newest first. Raises BadCursor."""
    number = number_in(after)
    if number is not None:  # else page_of refuses it
        sources = [source.within(lt=number) for source in sources]
    rows = _merged(sources, size + 1, "-")
    return page_of(rows, among=among, order=("-pk",), after=after, size=size)


def oldest_first(sources: list[EventSource]) -> Iterator[list[AuditEvent]]:
    """Yield all events of the sources in batches, for an export."""
    done = 0
    while True:
        rest = [source.within(gt=done) for source in sources]
        batch = list(_merged(rest, BATCH_SIZE, "").order_by("pk")[:BATCH_SIZE])
        if not batch:
            return
        yield batch
        done = batch[-1].pk


def _merged(sources: list[EventSource], size: int, sign: str) -> QuerySet[AuditEvent]:
    parts: list[str] = []
    parameters: list[Any] = []
    for number, source in enumerate(sources):
        sql, values = source.first(size, sign)
        parts.append(f"SELECT s{number}.* FROM ({sql}) s{number}")  # noqa: S608 -- the ORM's own
        parameters += values
    keys = RawSQL(" UNION ".join(parts) or "SELECT NULL", parameters)  # noqa: S611
    return AuditEvent.objects.filter(pk__in=keys)
