"""A connection to PostgreSQL is used again mostly without asking whether the server is there."""

import pytest
from django.db import connection
from django.db.backends.postgresql import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch):
    """Times that the server was asked."""
    times = []
    ask = base.DatabaseWrapper.is_usable

    def note(self):
        times.append(self)
        return ask(self)

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", note)
    connection.close()
    connection.ensure_connection()
    return times


def test_a_connection_that_answered_a_moment_ago_is_not_asked(asked):
    assert connection.is_usable()

    assert asked == []


def test_a_connection_that_was_idle_is_asked_once(asked, monkeypatch):
    monkeypatch.setattr(connection, "_answered_at", connection._answered_at - 31)

    assert connection.is_usable()
    assert connection.is_usable()

    assert len(asked) == 1


def test_a_connection_that_the_server_ended_is_noticed():
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()

    assert not connection.is_usable()

    connection.close()
