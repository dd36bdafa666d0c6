"""Races that need no luck: the acts meet in the middle, where only a lock can keep them apart.

Without a lock, all acts come to the point at once, each with what it read before, and go on
together. With it, one comes alone while the others wait for it in the database. One round shows
the difference, where twenty rounds of luck would not.
"""

import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.races.test_races import race

PATIENCE = 20.0  # seconds


class Meeting:
    """A point where each act waits until every other one is there, waits for a lock, or is over."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._parameters = connection.get_connection_params()
        self._came: set[int] = set()  # threads, at the point or at the end
        self._servers: set[int] = set()  # their connections: waiting later is no reason to go on
        self._change = threading.Lock()

    def wait(self) -> None:
        """Wait for the others, at the first coming of each thread."""
        me = threading.get_ident()
        with self._change:
            if me in self._came:
                return
            self._came.add(me)
            self._servers.add(connection.connection.info.backend_pid)
        with psycopg.connect(**self._parameters, autocommit=True) as observer:
            deadline = time.monotonic() + PATIENCE
            while len(self._came) + self._waiting(observer) < self._size:
                assert time.monotonic() < deadline, "the others neither came nor waited for a lock"
                time.sleep(0.002)

    def _waiting(self, observer: psycopg.Connection) -> int:
        rows = observer.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return len({pid for (pid,) in rows} - self._servers)

    def attended_by(self, act: Callable[[], Any]) -> Callable[[], Any]:
        """Return the act, which is over when it returns or raises."""

        def attending() -> Any:
            try:
                return act()
            finally:
                with self._change:
                    self._came.add(threading.get_ident())

        return attending


def race_at(point: str, *acts: Callable[[], Any]) -> list[Any]:
    """Run the acts so that they meet where they call `point`, a function by its dotted path."""
    module, _dot, name = point.rpartition(".")
    function = getattr(import_module(module), name)
    meeting = Meeting(len(acts))

    def met(*arguments: Any, **named: Any) -> Any:
        meeting.wait()
        return function(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(point, met)
        return race(*(meeting.attended_by(act) for act in acts))
