"""Guesses at codes through the pages: bounded behind a proxy, and no stranger locks a person out.

Rule 28, J10. The stranger knows the password, or owns the address's mailbox list only.
"""

import re

import pytest
from django.test import Client
from django.urls import reverse

from hub.example import PASSWORD
from hub.limits import ACCOUNT_RATE_LIMITS
from hub.sign_in import MFA_RATE_LIMITS
from tests.accounts.test_factors import (
    add_passkey,
    is_in,
    options_for_sign_in,
    set_up_app,
    sign_in,
    sign_in_with,
)
from tests.passkeys import ORIGIN

HOME = "192.0.2.1"


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    settings.MFA_RATE_LIMITS = MFA_RATE_LIMITS
    settings.HUB_BASE_URL = ORIGIN
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]


@pytest.fixture
def codes(bob):
    """Bob's recovery codes; his app is set up."""
    return set_up_app(sign_in(bob)[0])


def at_second_step(person, **source):
    client = Client(**source)
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def give(client, code, **source):
    """Give a code at the second step; out: "in", "wrong" or "refused"."""
    answer = client.post(reverse("mfa_authenticate"), {"code": code}, **source)
    if answer.status_code == 302:
        return "in"
    return "refused" if "Too many" in answer.content.decode() else "wrong"


def test_a_thief_of_the_password_does_not_lock_the_person_out(bob, codes):
    thief = at_second_step(bob, REMOTE_ADDR="198.51.100.1")
    assert [give(thief, "000000") for _n in range(6)] == ["wrong"] * 5 + ["refused"]

    owner = at_second_step(bob, REMOTE_ADDR=HOME)
    assert give(owner, codes[0], REMOTE_ADDR=HOME) == "in"


def test_guesses_from_many_places_are_bounded_and_the_known_device_gets_in(bob, codes):
    known, _answer = sign_in(bob)
    known.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(known)
    known.post(reverse("account_logout"))
    thief = at_second_step(bob)
    answers = [give(thief, "000000", REMOTE_ADDR=f"198.51.100.{n}") for n in range(99)]
    assert answers.count("wrong") == 60

    assert give(at_second_step(bob), codes[1], REMOTE_ADDR=HOME) == "refused"
    known.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})
    assert give(known, codes[1]) == "in"


@pytest.mark.parametrize(
    ("proxies", "header", "refused"),
    [
        (0, "10.0.0.{}", True),  # no proxy of ours: the header is the sender's own words
        (1, "10.0.0.{}, 203.0.113.5", True),  # ours appended the last
        (1, "203.0.113.5, 10.0.0.{}", False),
    ],
)
def test_a_forged_header_gives_no_more_guesses(proxies, header, refused, bob, codes, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    thief = at_second_step(bob)
    answers = [
        give(thief, "000000", HTTP_X_FORWARDED_FOR=header.format(n), HTTP_X_REAL_IP=f"10.9.9.{n}")
        for n in range(6)
    ]

    assert (answers[-1] == "refused") is refused


def test_wrong_codes_before_a_sensitive_act_are_limited_too(bob, codes):
    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    pages = [
        client.post(reverse("mfa_reauthenticate"), {"code": "000000"}).content.decode()
        for _n in range(6)
    ]

    assert "Too many" in pages[-1] and "Too many" not in pages[4]


def test_a_right_code_counts_as_no_guess(bob, codes):
    for code in codes[:7]:
        assert give(at_second_step(bob, REMOTE_ADDR=HOME), code, REMOTE_ADDR=HOME) == "in"


def test_passkey_noise_locks_nobodys_codes(bob, codes):
    """Rule 27: allauth 65.20.1 counted both together."""
    thief = at_second_step(bob)
    for _n in range(30):
        thief.post(reverse("mfa_authenticate"), {"credential": "{}"})

    assert give(at_second_step(bob), codes[0]) == "in"


def test_noise_at_the_passkey_sign_in_stops_at_its_own_source(bob):
    passkey, _answer = add_passkey(sign_in(bob)[0])
    stranger = Client(REMOTE_ADDR="198.51.100.1")
    options_for_sign_in(stranger)
    answers = [
        stranger.post(
            reverse("mfa_login_webauthn"),
            {"credential": "{}"},
            HTTP_X_FORWARDED_FOR=f"10.0.0.{n}",
        ).status_code
        for n in range(70)
    ]
    assert answers[-1] == 429

    assert is_in(sign_in_with(passkey, Client(REMOTE_ADDR=HOME)))


def test_an_office_behind_one_address_signs_in_by_passkey(bob, alice):
    """allauth's own rate is ten a minute for one address, and each sign-in takes two requests."""
    keys = [add_passkey(sign_in(person)[0])[0] for person in (bob, alice)]

    assert all(is_in(sign_in_with(keys[n % 2])) for n in range(20))


@pytest.mark.parametrize("forged", ["10.0.0.{}", "10.0.0.{}, 10.1.1.{}"])
def test_a_forged_header_gets_no_more_codes_by_email(forged, bob, deliver):
    for n in range(8):
        Client().post(
            reverse("accounts:sign-in-code"),
            {"email": bob.email},
            HTTP_X_FORWARDED_FOR=forged.format(n, n),
        )

    assert len([mail for mail in deliver() if re.search("[A-Z]{4}-[A-Z]{4}", mail.body)]) == 5
