"""While the database is away, every page and API answers 503, whatever part of it asked first.

desec-io/desec-stack#134, inveniosoftware/invenio#805: a restart of the database looks like a bug.
"""

import io
import json
import logging
import re
import sqlite3

import psycopg
import pytest
from django.contrib.staticfiles import finders
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connections,
)
from django.template.loader import render_to_string
from django.urls import reverse

from hub.database import is_database_away
from hub.logs import formatter, shorten_refusal
from tests.portals.test_evaluation import in_own_connection, nowhere


def away(client, *paths, **headers):
    """The responses while there is no database, and how often each tried to connect."""
    client.raise_request_exception = False

    def ask():
        mine, tries, found = connections["default"], [], []
        connect = mine.get_new_connection

        def counted(parameters):
            tries.append(parameters)
            return connect(parameters)

        mine.get_new_connection = counted
        try:
            for path in paths:
                tries.clear()
                found.append((client.get(path, headers=headers), len(tries)))
        finally:
            mine.get_new_connection = connect
        return found

    return in_own_connection(ask, **nowhere())


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_pages_answer_503_while_the_database_is_away(as_, alice, bob, headers):
    paths = ["/", "/c/alder/people/", f"/c/alder/people/{bob.sub}/", "/preferences/", "/admin/"]
    paths.append("/no/such/page/")
    for path, (response, tries) in zip(paths, away(as_(alice), *paths, **headers), strict=True):
        assert response.status_code == 503, path
        assert response["Retry-After"] == "5"
        assert "no-store" in response["Cache-Control"]
        assert "<h1>Temporarily unavailable</h1>" in response.text
        assert "Content-Security-Policy" in response
        assert tries <= 2, f"{path} waits for the database {tries} times"


def test_pages_that_need_no_database_still_answer(as_, db):
    for response, _tries in away(as_(None), "/style.css", "/healthz"):
        assert response.status_code == 200


def test_apis_answer_503_as_json(as_, alice):
    paths = [reverse("preferences-api:choice-list"), reverse("portals-api:resource-list")]
    headers = {"Authorization": "Bearer some-token"}
    for response, _tries in away(as_(alice), *paths, **headers):
        assert response.status_code == 503
        assert response["Retry-After"] == "5"
        assert response.json()["error"]["code"] == "unavailable"


def test_the_page_is_in_the_readers_language_and_needs_nothing(as_, alice):
    client = as_(alice)
    client.cookies["hub_language"] = "fr"
    [(response, _tries)] = away(client, "/")
    assert "<h1>Momentanément indisponible</h1>" in response.text
    html = render_to_string("503.html")
    assert all(finders.find(name) for name in re.findall(r"/static/([^\"]+)", html))


def test_the_log_has_one_line_with_the_reason(as_, alice):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    handler.addFilter(shorten_refusal)
    logging.getLogger().addHandler(handler)
    try:
        away(as_(alice), "/profile/")
    finally:
        logging.getLogger().removeHandler(handler)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines and all("exception" not in line for line in lines)
    assert re.match("Service Unavailable: /profile/: .*(database|refused)", lines[0]["event"])


@pytest.mark.parametrize("error", [IntegrityError, ProgrammingError, DataError, ValueError])
def test_a_fault_of_ours_is_a_500(as_, alice, monkeypatch, error):
    def fail(person):
        raise error("a bug")

    monkeypatch.setattr("hub.home.page.launcher_of", fail)
    client = as_(alice)
    client.raise_request_exception = False
    response = client.get("/")

    assert response.status_code == 500
    assert "Retry-After" not in response
    assert "Something went wrong" in response.text


def sqlite_error(code):
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        (OperationalError, psycopg.OperationalError(), True),  # refused, lost, timed out
        (OperationalError, psycopg.errors.TooManyConnections(), True),
        (OperationalError, psycopg.errors.AdminShutdown(), True),
        (OperationalError, psycopg.errors.CannotConnectNow(), True),
        (OperationalError, psycopg.errors.ConnectionFailure(), True),
        (OperationalError, psycopg.errors.DiskFull(), True),
        (OperationalError, psycopg.errors.IoError(), True),
        (InternalError, psycopg.errors.ReadOnlySqlTransaction(), True),  # after a failover
        (InternalError, psycopg.errors.InFailedSqlTransaction(), False),
        (InternalError, psycopg.InternalError(), False),
        (OperationalError, psycopg.errors.OutOfMemory("out of shared memory"), False),  # locks
        (OperationalError, psycopg.errors.ConfigurationLimitExceeded(), False),
        (OperationalError, None, False),  # no driver said so
        (OperationalError, psycopg.errors.DeadlockDetected(), False),
        (OperationalError, psycopg.errors.QueryCanceled(), False),
        (OperationalError, sqlite_error(sqlite3.SQLITE_CANTOPEN), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_ERROR), False),  # no such table
        (InterfaceError, psycopg.InterfaceError("the cursor is closed"), False),
        (IntegrityError, psycopg.errors.UniqueViolation(), False),
        (ProgrammingError, psycopg.errors.UndefinedTable(), False),
    ],
)
def test_only_a_database_that_cannot_be_asked_is_away(error, cause, expected):
    raised = error("words")
    raised.__cause__ = cause
    assert is_database_away(raised) is expected
