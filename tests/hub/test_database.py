"""The options of the database connection."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from accounts.models import User
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


@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Pacific/Auckland"])
def test_a_time_of_any_zone_is_stored_as_models_store_it(db, alice, zone):
    """SQLite compares times as text: 8 am in Toronto was earlier than 9 am in London."""
    moment = datetime(2026, 11, 30, 8, 0, 0, 5, ZoneInfo(zone))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET last_login = %s WHERE id = %s", [moment, alice.pk])
        cursor.execute(
            "SELECT CAST(last_login AS text) FROM accounts_user WHERE id = %s", [alice.pk]
        )
        by_hand = cursor.fetchone()
        User.objects.filter(pk=alice.pk).update(last_login=moment)
        cursor.execute(
            "SELECT CAST(last_login AS text) FROM accounts_user WHERE id = %s", [alice.pk]
        )
        assert cursor.fetchone() == by_hand
