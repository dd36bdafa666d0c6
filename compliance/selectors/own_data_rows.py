"""The rows held about a person in every table: how many, and those of short tables.

Two prepared statements ask all tables. Their SQL is Django's for `rows_of`, composed once in a
process: to compose and to plan one for each table takes longer than the rest of the page.
"""
# ruff: noqa: S608 -- SQL composed by Django; every value is a bound parameter or a constant

import json
from collections.abc import Callable, Iterable
from datetime import UTC
from functools import cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import (
    BinaryField,
    DateTimeField,
    Field,
    JSONField,
    Model,
)
from django.db.models.functions import JSONArray
from django.utils import timezone

from accounts.models import User
from compliance.registry import ITEMS
from compliance.registry.items import Table
from compliance.selectors.composed import SOME_MOMENTS, SOMEBODY, moments_now, sql_of
from compliance.selectors.own_data import model_of, rows_of
from compliance.selectors.records import with_names
from portals.decision.prepared import PreparedStatement

MOST_SHOWN = 3  # rows of a table; more are counted
MOST_COUNTED = 1000


class HeldRows(NamedTuple):
    """The number of rows of a table, and the rows where they are few."""

    total: int
    has_more: bool = False  # than `total`
    rows: list[Model] = []


def held_rows(person: User) -> dict[Table, HeldRows]:
    """Return what each table holds about a person; a table without a row is left out."""
    statements = _statements()
    values = {"person": str(person.pk), "email": person.email, **moments_now()}
    counts = {int(n): int(count) for n, count in statements.counts.rows(**values)}
    short = [n for n, count in counts.items() if 0 < count <= MOST_SHOWN]
    wanted = ",".join(map(str, ("", *short, "")))
    rows: dict[int, list[Model]] = {n: [] for n in short}
    for number, row in statements.rows.rows(**values, wanted=wanted) if short else ():
        rows[int(number)].append(statements.shapes[int(number)].row_of(json.loads(row)))
    return {
        statements.shapes[n].table: HeldRows(
            min(count, MOST_COUNTED),
            count > MOST_COUNTED,
            sorted(rows.get(n, ()), key=lambda row: row.pk)[:MOST_SHOWN],
        )
        for n, count in counts.items()
        if count
    }


class _Columns:
    """The columns of a model that a row in JSON has, and the way back to an instance."""

    def __init__(self, model: Any, fields: Iterable[Field[Any, Any]], prefix: str = "") -> None:
        self.model = model
        self.fields = list(fields)
        self.sql = JSONArray(*(f"{prefix}{field.attname}" for field in self.fields))
        self._names = [field.attname for field in self.fields]
        self._values = [_from_json(field) for field in self.fields]
        self._key = self._names.index(model._meta.pk.attname)

    def instance(self, values: list[Any]) -> Any:
        """Return the row with these values; None where a related row is missing."""
        if values[self._key] is None:
            return None
        pairs = zip(self._values, values, strict=True)
        read = [None if value is None else convert(value) for convert, value in pairs]
        return self.model.from_db(DEFAULT_DB_ALIAS, self._names, read)


def _from_json(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """Return the function that makes a field's value of its value in JSON."""
    if isinstance(field, JSONField):  # a text on SQLite
        return (lambda value: value) if connection.vendor == "postgresql" else json.loads
    if isinstance(field, DateTimeField):
        return lambda value: _aware(field.to_python(value))
    return field.to_python


def _aware(moment: Any) -> Any:
    """Return a moment in UTC, in which SQLite keeps it without saying so."""
    return timezone.make_aware(moment, UTC) if timezone.is_naive(moment) else moment


class _Shape:
    """The rows of a table in JSON: the exported columns, and those of rows that they name."""

    def __init__(self, table: Table) -> None:
        self.table = table
        model = model_of(table)
        options = model._meta
        self.own = _Columns(
            model, [f for f in options.concrete_fields if f.primary_key or f.name in table.exported]
        )
        related = with_names(table, model._base_manager.all()).query.select_related
        self.related: dict[Any, _Columns] = {
            options.get_field(name): _Columns(
                options.get_field(name).related_model,
                _readable(options.get_field(name).related_model),
                f"{name}__",
            )
            for name in (related if isinstance(related, dict) else ())
        }

    @property
    def sql(self) -> JSONArray:
        return JSONArray(self.own.sql, *(columns.sql for columns in self.related.values()))

    def row_of(self, parts: list[Any]) -> Model:
        own, *others = parts
        row: Model = self.own.instance(own)
        for (field, columns), values in zip(self.related.items(), others, strict=True):
            field.set_cached_value(row, columns.instance(values))
        return row


def _readable(model: Any) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, BinaryField)]


class _Statements(NamedTuple):
    """The two statements, and the tables that they ask, by number."""

    counts: PreparedStatement
    rows: PreparedStatement
    shapes: dict[int, _Shape]


@cache
def _statements() -> _Statements:
    """Compose the statements. The database of a process stays the same."""
    counts, rows, shapes = [], [], {}
    tables = [table for item in ITEMS if not item.not_exported for table in item.tables]
    for number, table in enumerate(table for table in tables if table.exported):
        about = rows_of(table, SOMEBODY, SOME_MOMENTS).order_by()
        try:
            keys = sql_of(about.values("pk")[: MOST_COUNTED + 1])
        except EmptyResultSet:  # it leads to nobody
            continue
        shapes[number] = shape = _Shape(table)
        counts.append(f"SELECT {number}, COUNT(*) FROM ({keys}) x")
        # The condition is tested before the table is read.
        rows.append(
            f"SELECT {number}, x.row FROM ({sql_of(about.values(row=shape.sql))}) x"
            f" WHERE {{wanted}} LIKE '%,{number},%'"
        )
    return _Statements(
        PreparedStatement("compliance_held_counts", " UNION ALL ".join(counts)),
        PreparedStatement("compliance_held_rows", " UNION ALL ".join(rows)),
        shapes,
    )
