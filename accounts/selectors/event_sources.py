"""Events found by several indexes at once, in the order of their keys.

No index answers "by this person or about them": each half is walked through an index of its own,
and what they find first is put together. So a page costs a page, however long the trail is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import AuditEvent
from accounts.selectors.paging import PAGE_SIZE, Page, page_of

AT_ONCE = 500  # events read together for an export


@dataclass(frozen=True)
class Stream:
    """Rows that one index holds in the order of an event's key, which `key` names in them.

    Where they are no events themselves, `of` says which events they may name.
    """

    rows: QuerySet[Any]
    key: str = "pk"
    of: QuerySet[AuditEvent] | None = None

    def within(self, **bounds: int) -> "Stream":
        """Only between these keys: `gt`, `gte`, `lt` or `lte`.

        Said of both sides: else a database may walk through everybody's newer events to these.
        """
        limits = {f"{self.key}__{name}": value for name, value in bounds.items()}
        events = {f"pk__{name}": value for name, value in bounds.items()}
        return Stream(
            self.rows.filter(**limits),
            self.key,
            self.of.filter(**events) if self.of is not None else None,
        )

    def first(self, size: int, sign: str) -> tuple[str, tuple[Any, ...]]:
        """The first keys, upwards ("") or downwards ("-"), as a statement and its parameters."""
        rows = self.rows
        if self.of is not None:
            rows = rows.filter(Exists(self.of.filter(pk=OuterRef(self.key))))
        keys = rows.order_by(f"{sign}{self.key}").values(self.key)[:size]
        return keys.query.sql_with_params()


def newest(
    streams: list[Stream],
    *,
    among: QuerySet[AuditEvent],
    after: str = "",
    size: int = PAGE_SIZE,
) -> Page[AuditEvent]:
    """One page of all these, newest first. Raises BadCursor."""
    if after.isascii() and after.isdigit() and len(after) < 19:  # else page_of refuses it
        streams = [stream.within(lt=int(after)) for stream in streams]
    rows = _merged(streams, size + 1, "-")
    return page_of(rows, among=among, order=("-pk",), after=after, size=size)


def oldest_first(streams: list[Stream]) -> Iterator[list[AuditEvent]]:
    """All of these for an export, some hundred at a time."""
    done = 0
    while True:
        rest = [stream.within(gt=done) for stream in streams]
        found = list(_merged(rest, AT_ONCE, "").order_by("pk")[:AT_ONCE])
        if not found:
            return
        yield found
        done = found[-1].pk


def _merged(streams: list[Stream], size: int, sign: str) -> QuerySet[AuditEvent]:
    parts: list[str] = []
    parameters: list[Any] = []
    for number, stream in enumerate(streams):
        sql, values = stream.first(size, sign)
        parts.append(f"SELECT s{number}.* FROM ({sql}) s{number}")  # noqa: S608 -- the ORM's own
        parameters += values
    keys = RawSQL(" UNION ".join(parts) or "SELECT NULL", parameters)  # noqa: S611
    return AuditEvent.objects.filter(pk__in=keys)
