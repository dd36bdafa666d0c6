"""Restore the example's rows after a test that commits.

Django would empty every table and write the permissions again, and the example would have to be
loaded again: more than a second for each such test.
"""

import sqlite3
from collections.abc import Callable

from django.db import connection, transaction


def copy_rows() -> None:
    """Copy every table into a schema `kept`; SQLite needs no copy, it restores the database."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA kept")
        for table in _tables():
            cursor.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")


def keep_cast() -> Callable[[], None]:
    """Return a function that restores exactly the rows of this moment."""
    return _in_postgresql() if connection.vendor == "postgresql" else _in_sqlite()


def _in_sqlite() -> Callable[[], None]:
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    connection.ensure_connection()
    connection.connection.backup(kept)

    def restore() -> None:
        connection.ensure_connection()
        kept.backup(connection.connection)

    return restore


def _in_postgresql() -> Callable[[], None]:
    """Restore without triggers, because the rows met their rules when first written."""
    tables = _tables()
    rows = [
        *(f"DELETE FROM {table}" for table in tables),
        *(f"INSERT INTO {table} SELECT * FROM kept.{table}" for table in tables),
    ]
    statements = [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
        *rows,
        "SET CONSTRAINTS ALL IMMEDIATE",  # check foreign keys before the triggers are enabled
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables),
    ]
    if _is_superuser():  # only such a user may do without foreign keys: in a fifth of the time
        statements = ["SET LOCAL session_replication_role = replica", *rows]

    def restore() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(statements))

    return restore


def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return [f'"{name}"' for name in connection.introspection.table_names(cursor)]
