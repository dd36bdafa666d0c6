"""Raw SQL past every service, written short: change, copy or remove the first row that fits.

Values are SQL texts. The same statement runs on SQLite and PostgreSQL.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from accounts.triggers import declared_triggers

NOW = "CURRENT_TIMESTAMP"


@dataclass(frozen=True)
class Statement:
    """One statement with its parameters."""

    sql: str
    parameters: list[Any] = field(default_factory=list)

    def run(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.parameters)


def first(model: type[models.Model], where: str = "TRUE") -> str:
    """Return the SQL of the lowest key of the rows that fit."""
    key = model._meta.pk.column
    return f"(SELECT {key} FROM {model._meta.db_table} WHERE {where} ORDER BY {key} LIMIT 1)"


def change(model: type[models.Model], where: str = "TRUE", **values: str) -> Statement:
    """Update the first row that fits."""
    settings = ", ".join(f"{column} = {value}" for column, value in values.items())
    key = model._meta.pk.column
    return Statement(
        f"UPDATE {model._meta.db_table} SET {settings} WHERE {key} = {first(model, where)}"
    )


def copy(model: type[models.Model], where: str = "TRUE", **values: str) -> Statement:
    """Insert the first row that fits once more, under a new key and with a new uuid."""
    columns, selected, parameters = [], [], []
    for column_field in model._meta.concrete_fields:
        column = column_field.column
        if column in values:
            selected.append(values[column])
        elif isinstance(column_field, models.AutoField):
            continue
        elif isinstance(column_field, models.UUIDField) and column_field.unique:
            selected.append("%s")
            parameters.append(column_field.get_db_prep_value(uuid.uuid4(), connection))
            if connection.vendor == "postgresql":
                selected[-1] += "::uuid"
        else:
            selected.append(column)
        columns.append(column)
    table, key = model._meta.db_table, model._meta.pk.column
    return Statement(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(selected)} FROM {table}"
        f" WHERE {key} = {first(model, where)}",
        parameters,
    )


def remove(model: type[models.Model], where: str = "TRUE") -> Statement:
    """Delete the first row that fits."""
    key = model._meta.pk.column
    return Statement(f"DELETE FROM {model._meta.db_table} WHERE {key} = {first(model, where)}")


def without(trigger: str) -> Statement:
    """Drop a trigger that would refuse first, so that the constraint behind it has to."""
    return Statement(declared_triggers()[trigger].remove_statement(connection.vendor))


def append_only(*model_classes: type[models.Model]) -> dict[str, list[Statement]]:
    """Return what the triggers of `accounts.triggers.append_only` refuse."""
    refused = {}
    for model in model_classes:
        table, key = model._meta.db_table, model._meta.pk.column
        refused[f"{table}_append_only_update"] = [change(model, **{key: key})]
        refused[f"{table}_append_only_delete"] = [remove(model)]
        refused[f"{table}_append_only_truncate"] = [truncate(model)]
    return refused


def truncate(model: type[models.Model]) -> Statement:
    """Empty the table; only PostgreSQL can."""
    return Statement(f"TRUNCATE {model._meta.db_table} CASCADE")
