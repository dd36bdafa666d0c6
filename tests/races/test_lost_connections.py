"""Checks survive lost connections and statements on PostgreSQL."""

import json

import psycopg
import pytest
from django.db import connection, transaction

from accounts.models import User
from portals.models import Portal
from portals.services.credentials import issue_credentials
from tests.portals.test_evaluation import call, keep_token

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(params=["front", "route"])
def ask(request):
    """Ask, by one way in, whether Bob may see a domain of his."""
    if connection.vendor != "postgresql":
        pytest.skip("lost connections need PostgreSQL")
    portal = Portal.objects.get(slug="domains")
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    keep_token("good", portal)
    question = {
        "subject": {"type": "user", "id": str(User.objects.get(email="bob@alder.example").sub)},
        "resource": {"type": "domain", "id": "alder.example"},
        "action": {"name": "view"},
    }
    body = json.dumps(question).encode()
    return lambda: call(request.param, body=body, HTTP_AUTHORIZATION="Bearer good")


def test_a_dead_connection_is_replaced(ask):
    assert ask().json["decision"] is True
    server = connection.connection.pgconn.backend_pid
    with psycopg.connect(**connection.get_connection_params()) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [server]).fetchone() == (
            True,
        )

    assert ask().json["decision"] is True
    assert connection.connection.pgconn.backend_pid != server


def test_a_forgotten_statement_is_prepared_again(ask):
    assert ask().json["decision"] is True
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert ask().json["decision"] is True


def test_the_connection_of_a_transaction_is_never_replaced(ask):
    """Its checks must see what it has written, or fail."""
    assert ask().status == 200
    mine = connection.connection
    with pytest.raises(Exception, match="rolled back"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        assert ask().status == 503
        assert connection.connection is mine
        raise Exception("rolled back")
