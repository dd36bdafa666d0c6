"""Run a decision statement on an event loop, for the front.

On PostgreSQL, one connection in pipeline mode serves all checks: those that arrive together travel
together, and each statement still reads its own moment (READ COMMITTED). A thread for each check
would cost a third of the rate. SQLite is a library: it is asked directly, on the loop.
"""

import asyncio
from collections import deque
from typing import Final

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq

from portals.decision.prepared import PreparedStatement, Row, first_row_of, on_postgresql

ANSWER_SECONDS: Final = 5.0  # as tcp_user_timeout: a silent server is as good as none

_Waiting = asyncio.Future[Row | None]


class Pipelines:
    """Several statements, each with a connection of its own from its first question on."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self.of: dict[PreparedStatement, PipelinedStatement] = {}

    async def first_row(self, statement: PreparedStatement, **values: str) -> Row | None:
        """Run a statement as PreparedStatement.first_row does."""
        if statement not in self.of:
            self.of[statement] = PipelinedStatement(statement)
        return await self.of[statement].first_row(**values)


class PipelinedStatement:
    """One statement, asked by many tasks of one loop."""

    def __init__(self, statement: PreparedStatement) -> None:
        """Keep the statement; the first question connects."""
        self.statement = statement
        self.link: asyncio.Task[_Link] | None = None

    async def first_row(self, **values: str) -> Row | None:
        """Run the statement as PreparedStatement.first_row does.

        A broken connection is replaced once. Raises DatabaseError when the database is not
        available.
        """
        parameters = [values[name] for name in self.statement.names]
        was_open = self.link is not None
        try:
            return await self._ask(parameters)
        except DatabaseError:
            if not was_open:
                raise
        return await self._ask(parameters)

    async def _ask(self, parameters: list[str]) -> Row | None:
        if self.link is None:
            self.link = asyncio.create_task(_connect(self.statement))
        task = self.link
        try:
            link = task.result() if task.done() else await asyncio.shield(task)
            return await link.ask(parameters)
        except DatabaseError:
            if self.link is task:  # the first to notice; the others have a new one already
                self.link = None
            raise


async def _connect(statement: PreparedStatement) -> "_Link":
    """Return a new connection. Raises DatabaseError."""
    database = await asyncio.to_thread(_open, statement)  # it may take seconds
    link = (_PostgreSQL if on_postgresql() else _SQLite)(database, statement)
    link.start()
    return link


def _open(statement: PreparedStatement) -> BaseDatabaseWrapper:
    """Connect with Django's settings; Django refuses a connection that another thread made."""
    database = connections.create_connection(DEFAULT_DB_ALIAS)
    database.ensure_connection()
    if on_postgresql():
        statement.prepare_on(database.connection.pgconn)
    return database


class _Link:
    """A connection of this loop."""

    def __init__(self, database: BaseDatabaseWrapper, statement: PreparedStatement) -> None:
        """Take an open connection, on which the statement is prepared."""
        self.database, self.statement = database, statement

    def start(self) -> None:
        """Begin to listen."""

    async def ask(self, parameters: list[str]) -> Row | None:
        """Return the first row. Raises DatabaseError."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the connection go."""
        self.database.connection.close()


class _SQLite(_Link):
    async def ask(self, parameters: list[str]) -> Row | None:
        with self.database.wrap_database_errors:
            row: Row | None = self.database.connection.execute(
                self.statement.sqlite, parameters
            ).fetchone()
        return row


class _PostgreSQL(_Link):
    """A connection in pipeline mode: questions go out once per turn of the loop."""

    def start(self) -> None:
        """Begin to listen."""
        self.loop = asyncio.get_running_loop()
        self.server = self.database.connection.pgconn
        self.server.nonblocking = 1
        self.server.enter_pipeline_mode()
        self.unsent: list[tuple[list[bytes], _Waiting]] = []
        self.sent: deque[_Waiting] = deque()
        self.is_open = True
        self.socket = self.server.socket
        self.loop.add_reader(self.socket, self._receive)
        self.heard_at = self.loop.time()
        self._watch()

    async def ask(self, parameters: list[str]) -> Row | None:
        """Return the first row. Raises DatabaseError."""
        if not self.is_open:
            raise OperationalError("the connection is closed")
        waiting: _Waiting = self.loop.create_future()
        if not self.unsent:
            self.loop.call_soon(self._send)
        self.unsent.append(([value.encode() for value in parameters], waiting))
        return await waiting

    def close(self) -> None:
        """Let the connection go; whoever still waits on it is told."""
        self._fail("the connection is closed")

    def _watch(self) -> None:
        """Give up a silent server; a timer for each question would cost more than the question."""
        if self.sent and self.loop.time() - self.heard_at > ANSWER_SECONDS:
            self._fail("the database is silent")
        if self.is_open:
            self.loop.call_later(ANSWER_SECONDS / 2, self._watch)

    def _send(self) -> None:
        if not self.is_open:
            return
        if not self.sent:
            self.heard_at = self.loop.time()
        questions, self.unsent = self.unsent, []
        self.sent.extend(waiting for _, waiting in questions)
        try:
            for parameters, _waiting in questions:
                self.server.send_query_prepared(self.statement.name, parameters)
            self.server.pipeline_sync()
        except psycopg.Error as error:
            self._fail(str(error))

    def _receive(self) -> None:
        self.heard_at = self.loop.time()
        try:
            self.server.consume_input()
            while self.sent and not self.server.is_busy():
                self._take(self.server.get_result())
        except psycopg.Error as error:
            self._fail(str(error))

    def _take(self, result: pq.abc.PGresult | None) -> None:
        if result is None or result.status == pq.ExecStatus.PIPELINE_SYNC:
            return  # the end of one answer, or of one batch
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._fail(result.error_message.decode(errors="replace"))
            return
        waiting = self.sent.popleft()
        if not waiting.done():
            waiting.set_result(first_row_of(result))

    def _fail(self, reason: str) -> None:
        """Close the connection and fail every question on it: each is asked once more."""
        if not self.is_open:
            return
        self.is_open = False
        self.loop.remove_reader(self.socket)
        self.server.finish()
        lost = [*self.sent, *(waiting for _, waiting in self.unsent)]
        self.sent.clear()
        self.unsent.clear()
        for waiting in lost:
            if not waiting.done():
                waiting.set_exception(OperationalError(reason))
