"""The options of the database connection."""

import pytest
from django.db import connection

from hub.database import database


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("postgres://hub:secret@db/hub", "-c jit=off"),
        (
            "postgres://hub:secret@db/hub?options=-c%20work_mem%3D64MB",
            "-c work_mem=64MB -c jit=off",
        ),
    ],
)
def test_the_operators_options_are_kept_and_jit_is_off(address, options):
    assert database(address)["OPTIONS"]["options"] == options


def test_the_open_connection_uses_these_options(db):
    asked = {"postgresql": "SHOW jit", "sqlite": "PRAGMA recursive_triggers"}
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        assert cursor.fetchone() == {"postgresql": ("off",), "sqlite": (1,)}[connection.vendor]
