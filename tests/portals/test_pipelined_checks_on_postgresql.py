"""Lost and silent connections of the front: SQLite is a library and has none."""

import asyncio
import time

import psycopg
import pytest
from django.db import OperationalError, connection

from portals.decision import pipelined
from portals.decision.prepared import PreparedStatement
from portals.decision.statement import CHECK
from tests.portals.test_pipelined_checks import bobs_view, portal, run  # noqa: F401 -- fixtures

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="these need PostgreSQL"),
]


def end(backend):
    """The database ends a connection."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@pytest.mark.parametrize("fault", ["ended", "forgotten"])
def test_a_lost_connection_or_statement_is_replaced(bobs_view, fault):  # noqa: F811
    async def scenario(checker):
        await checker.answer_check(**bobs_view)
        first = checker.statement.link.result()
        if fault == "ended":
            await asyncio.to_thread(end, first.server.backend_pid)
        else:
            first.statement = PreparedStatement("forgotten", CHECK)
        both = await asyncio.gather(*(checker.answer_check(**bobs_view) for _ in range(20)))
        assert checker.statement.link.result() is not first
        return {answer.reason for answer in both}

    assert run(scenario) == {"grant"}


def test_a_silent_database_is_given_up(bobs_view, monkeypatch):  # noqa: F811
    monkeypatch.setattr(pipelined, "ANSWER_SECONDS", 0.2)

    async def scenario(checker):
        await checker.answer_check(**bobs_view)
        monkeypatch.setattr(pipelined._PostgreSQL, "_receive", lambda self: None)
        began = time.monotonic()
        link = checker.statement.link.result()
        link.loop.remove_reader(link.socket)
        link.loop.add_reader(link.socket, link._receive)
        with pytest.raises(OperationalError):
            await checker.answer_check(**bobs_view)
        return time.monotonic() - began

    assert run(scenario) < 3
