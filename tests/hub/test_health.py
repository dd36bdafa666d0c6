"""Health checks and discovery of the check endpoint."""

import pytest
from django.db import connection
from django.test import Client

from tests.portals.test_evaluation import in_own_connection, nowhere


def test_healthz_needs_no_database(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_readyz_names_its_parts(db, client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": {"database": "ok", "migrations": "ok", "rules": "ok", "jobs": "ok"},
    }


def test_without_a_database_the_hub_is_healthy_but_not_ready(db):
    """L1."""

    def look():
        client = Client()
        return client.get("/healthz").status_code, client.get("/readyz")

    up, response = in_own_connection(look, **nowhere())

    assert up == 200
    assert response.status_code == 503
    assert set(response.json()["parts"].values()) == {"unavailable"}


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
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/authzen-configuration"])
def test_health_checks_refuse_post(db, client, path):
    assert client.post(path).status_code == 405


def test_a_portal_discovers_the_check_endpoint(client, settings):
    response = client.get("/.well-known/authzen-configuration")

    assert response.json() == {
        "policy_decision_point": settings.HUB_BASE_URL,
        "access_evaluation_endpoint": f"{settings.HUB_BASE_URL}/access/v1/evaluation",
    }
