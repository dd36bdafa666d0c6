"""A new password: set by its owner only, and always recorded."""

import re

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.adapters import account
from accounts.models import AuditEvent
from accounts.services.invitations import invite_person
from accounts.validators import BreachedPasswordValidator
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

    monkeypatch.setattr(account, "record_event", broken)
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


# --- Breached passwords (ASVS 6.2.12; NIST SP 800-63B, blocklist) ---

BREACHED = [
    "1qaz2wsx3edc4rfv",
    "1QAZ2wsx3edc4RFV",
    " 1qaz2wsx3edc4rfv ",
    "correcthorsebatterystaple",
]


@pytest.mark.parametrize("password", BREACHED)
def test_a_breached_password_is_refused_by_each_form(password, as_, bob, alice, alder, deliver):
    client = as_(None)
    client.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})
    change = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    page = client.post(reverse("account_change_password"), change)
    assert "known from hacked accounts" in page.content.decode()

    client = as_(None)
    client.post(reverse("account_reset_password"), {"email": bob.email})
    link = re.search(r"/accounts/password/reset/key/\S+", deliver()[-1].body)[0]
    path = client.get(link, follow=True).request["PATH_INFO"]
    page = client.post(path, {"password1": password, "password2": password})
    assert "known from hacked accounts" in page.content.decode()
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)

    invitation = invite_person(actor=alice, customer=alder, address="new@alder.example")
    page = as_(None).post(
        reverse("accounts:invitation-accept", args=[invitation.token]),
        {"name": "New", "password": password},
    )
    assert "known from hacked accounts" in page.content.decode()


def test_nobody_outside_is_asked_about_a_password(monkeypatch):
    """The lists are files of a package."""

    def refuse(*_more, **_named):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(ValidationError):
        validate_password("1qaz2wsx3edc4rfv")
    validate_password(NEW)


@pytest.mark.parametrize("password", ["three unrelated words", "é" * 12, "\ud800" * 12, "日本" * 8])
def test_other_passwords_pass_without_a_fault(password):
    BreachedPasswordValidator().validate(password)
