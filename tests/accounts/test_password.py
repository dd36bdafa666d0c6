"""A new password: set by its owner only, and always recorded."""

import pytest
from django.urls import reverse

from accounts import adapters
from accounts.models import AuditEvent
from hub.example import PASSWORD

NEW = "three calm rowing boats"


@pytest.fixture
def change(as_, bob):
    """Bob changes his password, freshly signed in."""
    client = as_(None)
    client.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})

    def post():
        return client.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
        )

    return post


def test_a_new_password_is_one_event_of_the_person_only(bob, change):
    change()
    bob.refresh_from_db()

    assert bob.check_password(NEW)
    event = AuditEvent.objects.get(kind="password.changed", actor=bob)
    assert event.chain == "provider"


def test_the_password_stays_if_its_event_cannot_be_written(bob, change, monkeypatch):
    """K3: what cannot be recorded does not happen."""

    def broken(**_details):
        raise RuntimeError("the trail is away")

    monkeypatch.setattr(adapters, "record_event", broken)
    with pytest.raises(RuntimeError):
        change()
    bob.refresh_from_db()

    assert bob.check_password(PASSWORD)


def test_a_new_password_ends_the_other_sessions(as_, bob, change):
    """F3."""
    other = as_(bob)
    assert other.get("/").status_code == 200
    change()

    assert other.get("/").status_code == 302
