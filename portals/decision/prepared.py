"""Run the decision statements: prepared on the server on PostgreSQL, cached on SQLite.

Both use Django's connection of this thread, so they see the caller's transaction. PostgreSQL is
asked through psycopg's libpq layer, because its cursor costs a third of the rate.
"""

import re
import weakref
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_JSON = {  # functions that the databases name differently
    "list_of(": {"$": "json_agg(", "?": "json_group_array("},
    "json_of(": {"$": "json_build_array(", "?": "json_array("},
}

Row = tuple[Any, ...]
_Result = TypeVar("_Result")


def at_once(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Return the result of a coroutine that waits for nothing: it asks on Django's connection."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: _Result = end.value
        return result
    raise AssertionError("it has nothing to wait for")


_COMMAND_OK = pq.ExecStatus.COMMAND_OK


@cache
def on_postgresql() -> bool:
    """Return whether this process runs on PostgreSQL; cached, since asking Django is slow."""
    return connection.vendor == "postgresql"


class PreparedStatement:
    """One statement with {name} placeholders, prepared once per connection.

    `list_of(…)` in it aggregates rows to a JSON list, and `json_of(…)` makes one of its arguments.
    """

    def __init__(self, name: str, sql: str) -> None:
        """Keep the statement's name on the server and its `sql`, a text of statement.py."""
        self.name = name.encode()
        self.names = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
        self.postgresql = self._numbered(sql, "$")
        self.sqlite = self._numbered(sql, "?")
        self._prepared_on: weakref.WeakSet[PGconn] = weakref.WeakSet()

    def _numbered(self, sql: str, sign: str) -> str:
        """Return the text on one line, with placeholders such as $1 or ?1."""
        text = " ".join(sql.split())
        for name, names in _JSON.items():
            text = text.replace(name, names[sign])
        return PLACEHOLDER.sub(lambda match: f"{sign}{self.names.index(match[1]) + 1}", text)

    def first_row(self, **values: str) -> Row | None:
        """Run the statement with one text for each placeholder, and return the first row, if any.

        Its values are texts, or None for NULL. A broken connection is replaced once, unless a
        transaction is open on it. Raises DatabaseError when the database is not available.
        """
        return next(iter(self.rows(**values)), None)

    def rows(self, **values: str) -> list[Row]:
        """Run the statement as `first_row` does, and return all rows."""
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

    def _run(self, database: BaseDatabaseWrapper, parameters: list[str]) -> list[Row]:
        if database.connection is None:
            database.ensure_connection()
        if on_postgresql():
            return self._run_postgresql(database.connection.pgconn, parameters)
        with database.wrap_database_errors:
            rows: list[Row] = database.connection.execute(self.sqlite, parameters).fetchall()
        return rows

    def _run_postgresql(self, server: PGconn, parameters: list[str]) -> list[Row]:
        try:
            if server not in self._prepared_on:
                self.prepare_on(server)
            result = server.exec_prepared(self.name, [value.encode() for value in parameters])
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._prepared_on.discard(server)
            _raise_unless(result, pq.ExecStatus.TUPLES_OK)
        return [_row_of(result, number) for number in range(result.ntuples)]

    def prepare_on(self, server: PGconn) -> None:
        """Prepare the statement on this connection. Raises OperationalError."""
        # Planning takes fifty times as long as running, so one generic plan serves all values.
        _raise_unless(server.exec_(b"SET plan_cache_mode TO force_generic_plan"), _COMMAND_OK)
        _raise_unless(server.prepare(self.name, self.postgresql.encode()), _COMMAND_OK)
        self._prepared_on.add(server)


def first_row_of(result: PGresult) -> Row | None:
    """Return the first row of a result, if any: texts, or None for NULL."""
    return _row_of(result, 0) if result.ntuples else None


def _row_of(result: PGresult, number: int) -> Row:
    return tuple(
        None if (value := result.get_value(number, column)) is None else value.decode()
        for column in range(result.nfields)
    )


def _raise_unless(result: PGresult, status: pq.ExecStatus) -> None:
    if result.status != status:
        cause = psycopg.errors.error_from_result(result)  # keeps the SQLSTATE
        raise OperationalError(result.error_message.decode(errors="replace")) from cause
