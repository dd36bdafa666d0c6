"""Running the decision statements: server-side prepared on PostgreSQL, cached on SQLite.

Both go over Django's own connection of this thread, so a caller's transaction is seen; psycopg's
cursor costs a third of the rate, so PostgreSQL is asked through its libpq layer.
"""

import re
import weakref
from typing import Any

from django.db import OperationalError, connection
from psycopg import pq

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Prepared:
    """One statement with {name} placeholders; prepared once per connection, values bound by name."""

    def __init__(self, name: str, sql: str) -> None:
        """`name` is the statement's name on the server; `sql` a text of statement.py."""
        self.name = name.encode()
        order = list(dict.fromkeys(_PLACEHOLDER.findall(sql)))
        self.names = order
        text = " ".join(sql.split())
        numbered = _PLACEHOLDER.sub(lambda m: f"${order.index(m[1]) + 1}", text)
        self._postgresql = numbered.encode()
        self._sqlite = _PLACEHOLDER.sub(lambda m: f"?{order.index(m[1]) + 1}", text)
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()

    def first_row(self, **values: str) -> tuple[Any, ...] | None:
        """The first row, as text values (None for NULL); None when there is no row.

        In: one text value for each placeholder. A connection found dead is replaced once, unless
        a transaction is open on it. Raises django.db.OperationalError when the database is away.
        """
        parameters = [values[name] for name in self.names]
        try:
            return self._run(parameters)
        except OperationalError:
            if connection.in_atomic_block:
                raise
            connection.close()
            return self._run(parameters)

    def _run(self, parameters: list[str]) -> tuple[Any, ...] | None:
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            return self._run_postgresql(parameters)
        with connection.wrap_database_errors:
            row = connection.connection.execute(self._sqlite, parameters).fetchone()
        return None if row is None else tuple(row)

    def _run_postgresql(self, parameters: list[str]) -> tuple[Any, ...] | None:
        pgconn = connection.connection.pgconn
        if pgconn not in self._known:
            prepared = pgconn.prepare(self.name, self._postgresql)
            if prepared.status != pq.ExecStatus.COMMAND_OK:
                raise OperationalError(prepared.error_message.decode(errors="replace"))
            self._known.add(pgconn)
        result = pgconn.exec_prepared(self.name, [value.encode() for value in parameters])
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._known.discard(pgconn)
            raise OperationalError(result.error_message.decode(errors="replace"))
        if not result.ntuples:
            return None
        return tuple(
            None if (value := result.get_value(0, column)) is None else value.decode()
            for column in range(result.nfields)
        )
