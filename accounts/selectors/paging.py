"""Paging by key: a page begins after a given row, so every page costs the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from accounts.addresses import number_in
from accounts.models.search import by_match
from accounts.search import typed_words
from accounts.selectors.first_rows import alone

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50


class BadCursor(SuspiciousOperation):
    """The row to start after, as the URL names it, is not in this list; Django answers 400."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list, and the cursor of the next (empty: there is none)."""

    rows: list[Row]
    next_cursor: str
    is_first: bool

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Part:
    """A condition for some of the rows of a list; those of a small part are all read."""

    condition: Q
    is_small: bool = False


def page_of(
    rows: QuerySet[Row],
    *,
    among: QuerySet[Row],
    order: tuple[str, ...],
    after: str = "",
    size: int = PAGE_SIZE,
    details: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
    parts: Sequence[Part] | None = None,
) -> Page[Row]:
    """Return the page of `rows` that follows the row with primary key `after`.

    `order` has the sort keys, the last of them unique, all in one direction ("-" for descending).
    `among` is a wider set that still has the cursor's row when it has left `rows` meanwhile, as
    somebody does who is removed. With `parts`, the rows are those of any of these; each is read by
    itself, as far as the page needs. `details` adds joins and annotations that only the rows of the
    page need: in `rows`, a database might compute them for all. Raises BadCursor for a cursor that
    names no row of `among`.
    """
    descending = order[0].startswith("-")
    keys = [key.removeprefix("-") for key in order]
    if after:
        rows = rows.filter(_beyond(keys, position_of(among, keys, after), descending))
    found = first_page_rows(rows, order=order, size=size, details=details, parts=parts)
    return page_made_of(list(found), size, is_first=not after)


def first_page_rows(
    rows: QuerySet[Row],
    *,
    order: tuple[str, ...],
    size: int = PAGE_SIZE,
    details: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
    parts: Sequence[Part] | None = None,
) -> QuerySet[Row]:
    """Return the query of the first page of a list, and of one row more; see `page_of`."""
    if parts is not None:
        rows = rows.filter(pk__in=_first_of_each(rows.order_by(*order), parts, size + 1))
    found = rows.order_by(*order)[: size + 1]
    return found if details is None else details(alone(found)).order_by(*order)


def page_made_of(rows: list[Row], size: int, *, is_first: bool = True) -> Page[Row]:
    """Return a page of the first of these rows; there may be one more than it has room for."""
    next_cursor = str(rows[size - 1].pk) if len(rows) > size else ""
    return Page(rows[:size], next_cursor, is_first)


def page_by_name(
    rows: QuerySet[Row],
    *,
    among: QuerySet[Row],
    search: str,
    after: str = "",
    size: int = PAGE_SIZE,
    parts: Sequence[Part] | None = None,
    **scope: Any,
) -> Page[Row]:
    """Return a page of the rows found by the words of `search`, or of all by name for no text.

    What was found is in the order of the word found, then of the name. `scope` names the customer
    of both sets, where their rows have one. `parts` and BadCursor are as in `page_of`.
    """
    if not typed_words(search):
        return page_of(
            rows, among=among, order=("search_name", "pk"), after=after, size=size, parts=parts
        )
    return page_of(
        by_match(rows, search, **scope),
        among=by_match(among, search, **scope),
        order=("match", "match_row"),
        after=after,
        size=size,
        parts=parts,
    )


def position_of(among: QuerySet[Row], keys: list[str], after: str) -> tuple[Any, ...]:
    """Return the sort keys of a cursor's row. Raises BadCursor if it names no row of `among`."""
    number = number_in(after)
    if not number:
        raise BadCursor("the cursor is not a row's number")
    position: tuple[Any, ...] | None = among.filter(pk=number).values_list(*keys).first()
    if position is None:
        raise BadCursor("the cursor's row is not in this list")
    return position


def _beyond(keys: list[str], position: tuple[Any, ...], descending: bool) -> Any:
    """Return the condition of the rows past a position.

    The keys are compared at once, as an index has them: its range begins at the position.
    """
    comparison = TupleLessThan if descending else TupleGreaterThan
    return comparison(Tuple(*map(F, keys)), position)


def _first_of_each(rows: QuerySet[Row], parts: Sequence[Part], count: int) -> QuerySet[Any]:
    """Return the keys of the first rows of each part, for the page to be chosen from.

    A database reads one condition in the order of an index, and no alternative of several.
    """
    plain = rows.model._base_manager
    if not parts:
        return plain.none()
    keys = []
    for part in parts:
        found = rows.filter(part.condition).values("pk")
        if part.is_small:
            keys.append(found.order_by())
        else:  # SQLite limits no part of a union, but a subquery.
            keys.append(plain.filter(pk__in=found[:count]).order_by().values("pk"))
    return keys[0].union(*keys[1:], all=True) if len(keys) > 1 else keys[0]
