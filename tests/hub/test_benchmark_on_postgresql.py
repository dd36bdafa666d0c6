"""The benchmarks that need PostgreSQL get correct answers."""

import pytest
from django.db import connection

from tests.hub.test_benchmark import run, server

pytestmark = pytest.mark.usefixtures("django_db_setup")  # it keeps the template


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("these benchmarks are about PostgreSQL")


def test_the_quick_audience_decides_like_the_statement_by_hand():
    said = run("benchmarks.audience", "--quick", "--postgresql", server())

    assert "people in one call" in said


def test_the_quick_breach_notice_writes_like_the_statements_by_hand():
    said = run("benchmarks.breach_notice", "--quick", "--postgresql", server())

    assert "people/s" in said


def test_the_quick_campaign_is_sent_completely():
    said = run("benchmarks.sending", "--quick", "--postgresql", server())

    assert "unsigned" in said


def test_every_page_is_answered():
    said = run("benchmarks.pages", "--quick", "--postgresql", server())

    assert {"portals.people", "preferences.centre", "accounts.provider"} <= set(said.split())


def test_the_quick_sign_in_is_answered_rightly():
    said = run("benchmarks.sign_in", "--quick", "--postgresql", server())

    assert "introspection" in said
