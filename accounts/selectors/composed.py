"""Queries that Django composes once in a process, and asks again with other values.

Django takes longer to make a large statement than PostgreSQL to answer it. A query whose statement
is always the same is written as a function of its values:

    def _members(customer: Given, now: Given) -> QuerySet[Membership]:
        return Membership.objects.present(now).filter(customer=customer)

    MEMBERS = ComposedQuery(_members, customer=IntegerField(), now=DateTimeField())
    members = MEMBERS.rows(customer=customer.pk, now=timezone.now())

The function may depend on nothing else: a moment, a date or an identity in its statement that was
not given is refused.
"""

import copy
import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Field, Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
_NOT_GIVEN = re.compile(r"\d{4}-\d\d-\d\d|[0-9a-f]{32}$")  # a moment or a UUID, as SQLite has it


class Blank(NamedTuple):
    """The place of a value among the parameters of a statement."""

    name: str


class Given(Expression):
    """A value that is given when the query is asked."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.blank = Blank(name)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return a placeholder, and the blank in place of its value."""
        return "%s", [self.blank]


def in_raw_sql(value: Any) -> Any:
    """Return a value as a parameter of RawSQL, which takes no expression."""
    return value.blank if isinstance(value, Given) else value


def numbered(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """Return name_0, name_1… → the values: several of a kind for `rows`, or their fields."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def any_of(path: str, values: Iterable[Given]) -> Q:
    """Return the condition that a field has one of these values; Django's `in` takes no `Given`."""
    return reduce(or_, [Q(**{path: value}) for value in values])


class ComposedQuery(Generic[Row]):
    """A query of `make`, a function of a `Given` for each of these fields."""

    def __init__(self, make: Callable[..., QuerySet[Row]], **fields: Field[Any, Any]) -> None:
        self._make = make
        self._fields = fields
        self._composed: tuple[QuerySet[Row], Any, str, tuple[Any, ...]] | None = None

    def rows(self, **values: Any) -> list[Row]:
        """Return the rows for these values, one for each field."""
        queryset, compiler, sql, parameters = self._composed or self._compose()
        connection = connections[DEFAULT_DB_ALIAS]
        values = {
            name: field.get_db_prep_value(values[name], connection)
            for name, field in self._fields.items()
        }
        asked = copy.copy(compiler)
        asked.connection = connection
        bound = tuple(values[p.name] if isinstance(p, Blank) else p for p in parameters)
        asked.as_sql = lambda *_args, **_options: (sql, bound)
        rows = queryset.all()
        rows.query.get_compiler = lambda *_args, **_options: asked  # type: ignore[method-assign]
        return list(rows)

    def first(self, **values: Any) -> Row | None:
        """Return the first row for these values, or None."""
        return next(iter(self.rows(**values)), None)

    def _compose(self) -> tuple[QuerySet[Row], Any, str, tuple[Any, ...]]:
        """Return the query, its compiler, its statement and the parameters of that."""
        queryset = self._make(**{name: Given(name, of) for name, of in self._fields.items()})
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet as error:
            raise TypeError("It finds nothing, whatever is given.") from error
        for parameter in parameters:
            if isinstance(parameter, date | UUID) or (
                isinstance(parameter, str) and _NOT_GIVEN.match(parameter)
            ):
                raise TypeError(f"It depends on something that is not given: {parameter}")
        self._composed = queryset, compiler, sql, parameters
        return self._composed
