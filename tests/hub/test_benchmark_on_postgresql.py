"""The benchmarks that need PostgreSQL get correct answers."""

import pytest
from django.db import connection

from tests.hub.test_benchmark import run, server


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("these benchmarks are about PostgreSQL")


def test_the_quick_audience_decides_like_the_statement_by_hand():
    said = run("benchmarks.audience", "--quick", "--postgresql", server())

    assert "people in one call" in said


def test_the_quick_campaign_is_sent_completely():
    said = run("benchmarks.sending", "--quick", "--postgresql", server())

    assert "unsigned" in said
