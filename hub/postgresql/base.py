"""The database engine `hub.postgresql`; Django looks for a module named `base`."""

import select
import time

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

TRUSTED_FOR = 30  # seconds after a question was answered


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection, that asks before a request only if the server may have gone."""

    _answered_at = float("-inf")

    def is_usable(self) -> bool:
        """Return whether the connection works, mostly without asking the server.

        A server that ends a connection says so on the socket, unasked. A firewall that forgets an
        idle connection says nothing, so after a while the server is asked all the same.
        """
        is_recent = time.monotonic() - self._answered_at < TRUSTED_FOR
        if is_recent and self.connection and self._is_quiet():
            return True
        is_usable = super().is_usable()
        if is_usable:
            self._answered_at = time.monotonic()
        return is_usable

    def _is_quiet(self) -> bool:
        """Return whether the connection is open, in no transaction, and nothing came from it."""
        connection = self.connection
        if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
            return False
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    def connect(self) -> None:
        """Connect; a new connection has just been answered."""
        super().connect()
        self._answered_at = time.monotonic()
