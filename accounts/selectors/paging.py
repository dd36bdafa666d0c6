"""Lists by key: a page begins after a row, so it costs the same wherever it is."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50
_LARGEST_KEY = 2**63 - 1


class BadCursor(SuspiciousOperation):
    """The address names a row to start after that is not in this list; Django answers 400."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list, and where the next begins (empty: nowhere)."""

    rows: list[Row]
    next_cursor: str
    is_first: bool

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page_of(
    rows: QuerySet[Row],
    *,
    among: QuerySet[Row],
    order: tuple[str, ...],
    after: str = "",
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """The page of `rows` that follows the row with primary key `after`.

    In: the rows; the wider set in which the cursor's row must be, even when it has meanwhile left
    the list (someone was removed); the sort keys, the last of them unique, all in one direction
    ("-" for descending). Out: a Page. Raises BadCursor for a cursor that names no row of `among`.
    """
    descending = order[0].startswith("-")
    keys = [key.removeprefix("-") for key in order]
    if after:
        rows = rows.filter(_beyond(keys, position_of(among, keys, after), descending))
    found = list(rows.order_by(*order)[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, next_cursor=str(found[-1].pk) if more else "", is_first=not after)


def position_of(among: QuerySet[Row], keys: list[str], after: str) -> tuple[Any, ...]:
    """The sort keys of a cursor's row. Raises BadCursor when it names no row of `among`."""
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 20 else 0
    if not 0 < number <= _LARGEST_KEY:
        raise BadCursor("the cursor is not a row's number")
    position: tuple[Any, ...] | None = among.filter(pk=number).values_list(*keys).first()
    if position is None:
        raise BadCursor("the cursor's row is not in this list")
    return position


def _beyond(keys: list[str], position: tuple[Any, ...], descending: bool) -> Q:
    operator = "lt" if descending else "gt"
    beyond, equal = Q(), Q()
    for key, value in zip(keys, position, strict=True):
        beyond |= equal & Q(**{f"{key}__{operator}": value})
        equal &= Q(**{key: value})
    # Said twice, so that the database can start its index range at the first key.
    return Q(**{f"{keys[0]}__{operator}e": position[0]}) & beyond
