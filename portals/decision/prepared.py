"""Running the decision statements: server-side prepared on PostgreSQL, cached on SQLite.

Both go over Django's own connection of this thread, so a caller's transaction is seen; psycopg's
cursor costs a third of the rate, so PostgreSQL is asked through its libpq layer.
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

_DONE = pq.ExecStatus.COMMAND_OK


@cache
def on_postgresql() -> bool:
    """Which of the two databases this process runs on; asking Django each time is not free."""
    return connection.vendor == "postgresql"


class Prepared:
    """One statement with {name} placeholders, prepared once per connection."""

    def __init__(self, name: str, sql: str) -> None:
        """`name` is the statement's name on the server; `sql` a text of statement.py."""
        self.name = name.encode()
        self.names = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
        self.postgresql = self._numbered(sql, "$")
        self.sqlite = self._numbered(sql, "?")
        self._prepared_on: weakref.WeakSet[PGconn] = weakref.WeakSet()

    def _numbered(self, sql: str, sign: str) -> str:
        """The text on one line, its placeholders as $1 or ?1."""
        return PLACEHOLDER.sub(
            lambda match: f"{sign}{self.names.index(match[1]) + 1}", " ".join(sql.split())
        )

    def first_row(self, **values: str) -> Row | None:
        """The first row (texts, None for NULL); None when there is no row.

        In: one text for each placeholder. A connection found dead is replaced once, unless a
        transaction is open on it. Raises django.db.DatabaseError when the database is away.
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
                self._prepare(server)
            result = server.exec_prepared(self.name, [value.encode() for value in parameters])
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._prepared_on.discard(server)
            _require(result, pq.ExecStatus.TUPLES_OK)
        if not result.ntuples:
            return None
        return tuple(
            None if (value := result.get_value(0, column)) is None else value.decode()
            for column in range(result.nfields)
        )

    def _prepare(self, server: PGconn) -> None:
        # Planning takes fifty times as long as running, so one plan for all values, at once.
        _require(server.exec_(b"SET plan_cache_mode TO force_generic_plan"), _DONE)
        _require(server.prepare(self.name, self.postgresql.encode()), _DONE)
        self._prepared_on.add(server)


def _require(result: PGresult, status: pq.ExecStatus) -> None:
    if result.status != status:
        raise OperationalError(result.error_message.decode(errors="replace"))
