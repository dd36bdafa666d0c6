"""Health checks and discovery of the check endpoint."""

import io
import json
import logging

import pytest
from django.db import connection
from django.test import Client

from hub.logs import LOGGING, formatter, shorten_refusal
from hub.middleware import HEALTH_CHECKS
from tests.portals.test_evaluation import call, in_own_connection, nowhere


def test_healthz_needs_no_database(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_readyz_names_its_parts(db, client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": {"database": "ok", "migrations": "ok", "rules": "ok", "jobs": "ok", "cache": "ok"},
    }


def test_without_a_database_the_hub_is_healthy_but_not_ready(db):
    """L64."""

    def look():
        client = Client()
        return client.get("/healthz").status_code, client.get("/readyz")

    up, response = in_own_connection(look, **nowhere())

    assert up == 200
    assert response.status_code == 503
    assert set((response.json()["parts"] | {"cache": "unavailable"}).values()) == {"unavailable"}


def test_an_unapplied_migration_is_not_ready(db, client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'portals'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {
        "database": "ok",
        "migrations": "unavailable",
        "rules": "ok",
        "jobs": "ok",
        "cache": "ok",
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/authzen-configuration"])
def test_health_checks_refuse_post(db, client, path):
    assert client.post(path).status_code == 405


def test_a_portal_discovers_the_checks_and_searches(client, settings):
    response = client.get("/.well-known/authzen-configuration")

    assert response.json() == {
        "policy_decision_point": settings.HUB_BASE_URL,
        "access_evaluation_endpoint": f"{settings.HUB_BASE_URL}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{settings.HUB_BASE_URL}/access/v1/evaluations",
        "search_subject_endpoint": f"{settings.HUB_BASE_URL}/access/v1/search/subject",
        "search_resource_endpoint": f"{settings.HUB_BASE_URL}/access/v1/search/resource",
        "search_action_endpoint": f"{settings.HUB_BASE_URL}/access/v1/search/action",
    }


@pytest.mark.parametrize(
    "host", ["10.0.0.7:8000", "7c7168a6:8000", "other.example", "a b", "", None]
)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_answer_to_any_host(db, path, host):
    """basecamp/kamal#992, mozmeao/infra#735: they ask by a name or address of a machine."""
    response = call("front", method="GET", path=path, HTTP_HOST=host)

    assert response.status == 200, response.body
    assert json.loads(response.body)["status"] == "ok"
    assert call("front", method="POST", path=path, HTTP_HOST=host).status == 405


@pytest.fixture
def log():
    """What the hub's console handler writes, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    handler.addFilter(shorten_refusal)
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/healthz/", "/api/v1/resources"])
def test_a_wrong_host_is_refused_in_one_short_line(db, path, log):
    response = call("front", method="GET", path=path, HTTP_HOST=f"{'x' * 5000}.example")

    assert response.status == 400
    (line,) = log()
    assert line["event"].startswith("Invalid HTTP_HOST header: 'xxx")
    assert len(line["event"]) < 310
    assert "exception" not in line
    assert LOGGING["handlers"]["console"]["filters"] == ["refusals"]


def test_a_fault_of_the_hub_keeps_its_traceback(client, log, monkeypatch):
    def fail(request):
        raise RuntimeError("a bug")

    client.raise_request_exception = False
    monkeypatch.setitem(HEALTH_CHECKS, "/healthz", fail)
    assert client.get("/healthz").status_code == 500

    (line,) = log()
    assert "RuntimeError: a bug" in line["exception"]
