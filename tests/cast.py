"""The example's rows, kept with the database and put back after a test that commits.

Django empties every table instead, writes permissions anew and leaves the example to be loaded
again: a second and more for each such test.
"""

import sqlite3
from collections.abc import Callable

from django.db import connection, transaction


def copy_rows() -> None:
    """Copy every row beside its table; SQLite needs no copy, it puts back whole databases."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA kept")
        for table in _tables():
            cursor.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")


def keep_cast() -> Callable[[], None]:
    """Return what puts back every row there is now, and leaves no other."""
    return _in_postgresql() if connection.vendor == "postgresql" else _in_sqlite()


def _in_sqlite() -> Callable[[], None]:
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    connection.ensure_connection()
    connection.connection.backup(kept)

    def put_back() -> None:
        connection.ensure_connection()
        kept.backup(connection.connection)

    return put_back


def _in_postgresql() -> Callable[[], None]:
    """Rows come back past the triggers, whose rules they met when they were first written."""
    tables = _tables()
    statements = [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
        *(f"DELETE FROM {table}" for table in tables),
        *(f"INSERT INTO {table} SELECT * FROM kept.{table}" for table in tables),
        "SET CONSTRAINTS ALL IMMEDIATE",  # foreign keys, which no trigger may wait for
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables),
    ]

    def put_back() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(statements))

    return put_back


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return [f'"{name}"' for name in connection.introspection.table_names(cursor)]
