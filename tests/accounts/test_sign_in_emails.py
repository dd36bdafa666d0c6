"""The person is told of a new device, and of each change to their ways to sign in."""

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hub.example import PASSWORD
from tests.accounts.test_factors import (
    add_passkey,
    code_of,
    is_in,
    set_up_app,
    sign_in,
    sign_in_with,
)
from tests.passkeys import ORIGIN

NEW_DEVICE = "A new device signed in to your Harbour account"


@pytest.fixture(autouse=True)
def _at_a_name(settings):
    settings.HUB_BASE_URL = ORIGIN
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]


@pytest.fixture
def told(deliver):
    """told(person) → the subjects they got since the last time."""
    seen = []

    def subjects(person):
        new = [mail for mail in deliver() if mail not in seen]
        seen.extend(new)
        return [mail.subject for mail in new if mail.to == [person.email]]

    return subjects


def test_the_first_sign_in_of_all_is_not_told(told, join):
    gina = join("gina")
    told(gina)

    assert is_in(sign_in(gina, "three unrelated words")[0])
    assert told(gina) == []


def test_a_new_device_is_told_and_a_known_one_is_not(bob, told):
    known, _answer = sign_in(bob)
    told(bob)

    known.post(reverse("account_logout"))
    sign_in(bob, client=known)
    assert told(bob) == []

    sign_in(bob)
    assert told(bob) == [NEW_DEVICE]


def test_the_email_says_when_and_from_where_in_the_persons_language(bob, deliver):
    bob.language = "fr"
    bob.save()
    Client(headers={"Accept-Language": "en"}).post(
        reverse("account_login"),
        {"login": bob.email, "password": PASSWORD},
        REMOTE_ADDR="192.0.2.7",
        headers={"User-Agent": "Firefox on Mars"},
    )

    (mail,) = deliver()
    assert mail.to == [bob.email]
    assert "192.0.2.7" in mail.body and "Firefox on Mars" in mail.body
    assert "estim" not in mail.body  # this network belongs to no country
    assert mail.extra_headers.get("Content-Language", "fr") == "fr"


@pytest.mark.parametrize(("language", "country"), [("en", "United States"), ("fr", "États-Unis")])
def test_the_email_names_the_country_in_the_persons_language(bob, deliver, language, country):
    bob.language = language
    bob.save()
    Client(headers={"Accept-Language": "en"}).post(
        reverse("account_login"),
        {"login": bob.email, "password": PASSWORD},
        REMOTE_ADDR="8.8.8.8",
    )

    (mail,) = deliver()
    assert f"8.8.8.8 ({country}, estim" in mail.body


def test_it_is_sent_after_the_last_step_only(bob, told):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        set_up_app(sign_in(bob)[0])
        told(bob)
        clock.shift(60)

        client, _answer = sign_in(bob)
        assert told(bob) == []
        client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})
        assert told(bob) == [NEW_DEVICE]


def test_a_passkey_on_a_new_device_is_told(bob, told):
    passkey, _answer = add_passkey(sign_in(bob)[0])
    told(bob)

    sign_in_with(passkey)

    assert told(bob) == [NEW_DEVICE]


@pytest.fixture
def _commits(monkeypatch):
    """What waits for the commit of the test's own transaction happens at once."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, *a, **k: act())


@pytest.mark.usefixtures("_commits")
def test_each_change_of_a_factor_is_told(bob, told):
    client, _answer = sign_in(bob)
    told(bob)

    set_up_app(client)
    assert told(bob) == ["An authenticator app was set up for your account"]
    add_passkey(client)
    assert told(bob) == ["A passkey was added to your account"]
    client.post(reverse("mfa_generate_recovery_codes"))
    assert told(bob) == ["New recovery codes were created for your account"]
    client.post(reverse("mfa_deactivate_totp"))
    assert told(bob) == ["The authenticator app was removed from your account"]
    passkey = Authenticator.objects.get(user=bob, type="webauthn")
    client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]))
    assert told(bob) == ["A passkey was removed from your account"]
