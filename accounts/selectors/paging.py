"""Paging by key: a page begins after a given row, so every page costs the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, Q, QuerySet

from accounts.models.search import by_match
from accounts.search import typed_words
from accounts.selectors.first_rows import alone

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50
_LARGEST_KEY = 2**63 - 1


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


def page_of(
    rows: QuerySet[Row],
    *,
    among: QuerySet[Row],
    order: tuple[str, ...],
    after: str = "",
    size: int = PAGE_SIZE,
    details: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
) -> Page[Row]:
    """Return the page of `rows` that follows the row with primary key `after`.

    `order` has the sort keys, the last of them unique, all in one direction ("-" for descending).
    `among` is a wider set that still has the cursor's row when it has left `rows` meanwhile, as
    somebody does who is removed. `details` adds joins and annotations that only the rows of the
    page need: in `rows`, a database might compute them for all. Raises BadCursor for a cursor that
    names no row of `among`.
    """
    descending = order[0].startswith("-")
    keys = [key.removeprefix("-") for key in order]
    if after:
        rows = rows.filter(_beyond(keys, position_of(among, keys, after), descending))
    found = rows.order_by(*order)[: size + 1]
    if details is not None:
        found = details(alone(found)).order_by(*order)
    page_rows = list(found)
    has_more = len(page_rows) > size
    page_rows = page_rows[:size]
    return Page(
        page_rows, next_cursor=str(page_rows[-1].pk) if has_more else "", is_first=not after
    )


def page_by_name(
    rows: QuerySet[Row],
    *,
    among: QuerySet[Row],
    search: str,
    after: str = "",
    size: int = PAGE_SIZE,
    **scope: Any,
) -> Page[Row]:
    """Return a page of the rows found by the words of `search`, or of all by name for no text.

    What was found is in the order of the word found, then of the name. `scope` names the customer
    of both sets, where their rows have one. Raises BadCursor as `page_of` does.
    """
    if not typed_words(search):
        return page_of(rows, among=among, order=("search_name", "pk"), after=after, size=size)
    return page_of(
        by_match(rows, search, **scope),
        among=by_match(among, search, **scope),
        order=("match", "match_row"),
        after=after,
        size=size,
    )


def position_of(among: QuerySet[Row], keys: list[str], after: str) -> tuple[Any, ...]:
    """Return the sort keys of a cursor's row. Raises BadCursor if it names no row of `among`."""
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
    # The first key is in there twice, so that the database can begin its index range at it.
    return Q(**{f"{keys[0]}__{operator}e": position[0]}) & beyond
