"""Run the decision statements: prepared on the server on PostgreSQL, cached on SQLite.

Both use Django's connection of this thread, so they see the caller's transaction. PostgreSQL is
asked through psycopg's libpq layer, because its cursor costs a third of the rate.
"""

import re
import weakref
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

PLACEHOLDER = re.compile(r"\{(\w+)\}")

Row = tuple[Any, ...]

_COMMAND_OK = pq.ExecStatus.COMMAND_OK


@cache
def on_postgresql() -> bool:
    """Return whether this process runs on PostgreSQL; cached, since asking Django is slow."""
    return connection.vendor == "postgresql"


class PreparedStatement:
    """One statement with {name} placeholders, prepared once per connection."""

    def __init__(self, name: str, sql: str) -> None:
        """Keep the statement's name on the server and its `sql`, a text of statement.py."""
        self.name = name.encode()
        self.names = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
        self.postgresql = self._numbered(sql, "$")
        self.sqlite = self._numbered(sql, "?")
        self._prepared_on: weakref.WeakSet[PGconn] = weakref.WeakSet()

    def _numbered(self, sql: str, sign: str) -> str:
        """Return the text on one line, with placeholders such as $1 or ?1."""
        return PLACEHOLDER.sub(
            lambda match: f"{sign}{self.names.index(match[1]) + 1}", " ".join(sql.split())
        )

    def first_row(self, **values: str) -> Row | None:
        """Run the statement with one text for each placeholder, and return the first row, if any.

        Its values are texts, or None for NULL. A broken connection is replaced once, unless a
        transaction is open on it. Raises DatabaseError when the database is not available.
        """
        database = connections[DEFAULT_DB_ALIAS]
        parameters = [values[name] for name in self.names]
        was_open = database.connection is not None
        try:
            return self._run(database, parameters)
        except DatabaseError:
            if not was_open or database.in_atomic_block:
                raise
        database.close()
        return self._run(database, parameters)

    def _run(self, database: BaseDatabaseWrapper, parameters: list[str]) -> Row | None:
        if database.connection is None:
            database.ensure_connection()
        if on_postgresql():
            return self._run_postgresql(database.connection.pgconn, parameters)
        with database.wrap_database_errors:
            row: Row | None = database.connection.execute(self.sqlite, parameters).fetchone()
        return row

    def _run_postgresql(self, server: PGconn, parameters: list[str]) -> Row | None:
        try:
            if server not in self._prepared_on:
                self.prepare_on(server)
            result = server.exec_prepared(self.name, [value.encode() for value in parameters])
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._prepared_on.discard(server)
            _raise_unless(result, pq.ExecStatus.TUPLES_OK)
        return first_row_of(result)

    def prepare_on(self, server: PGconn) -> None:
        """Prepare the statement on this connection. Raises OperationalError."""
        # Planning takes fifty times as long as running, so one generic plan serves all values.
        _raise_unless(server.exec_(b"SET plan_cache_mode TO force_generic_plan"), _COMMAND_OK)
        _raise_unless(server.prepare(self.name, self.postgresql.encode()), _COMMAND_OK)
        self._prepared_on.add(server)


def first_row_of(result: PGresult) -> Row | None:
    """Return the first row of a result, if any: texts, or None for NULL."""
    if not result.ntuples:
        return None
    return tuple(
        None if (value := result.get_value(0, column)) is None else value.decode()
        for column in range(result.nfields)
    )


def _raise_unless(result: PGresult, status: pq.ExecStatus) -> None:
    if result.status != status:
        cause = psycopg.errors.error_from_result(result)  # keeps the SQLSTATE
        raise OperationalError(result.error_message.decode(errors="replace")) from cause
