"""A fresh sign-in takes the strongest proof that a person has (F4; ASVS 7.5.1, 7.5.3)."""

from urllib.parse import unquote

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from hub.example import PASSWORD
from tests.accounts.test_factors import add_passkey, code_of, set_up_app, sign_in
from tests.passkeys import ORIGIN


@pytest.fixture(autouse=True)
def _at_a_name(settings):
    settings.HUB_BASE_URL = ORIGIN
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as travelling:
        yield travelling


@pytest.fixture
def act(alice, alder):
    """act(client) → where the end of a demand leads: the company page once it is done."""
    alder.second_factor_from = timezone.now()
    alder.save()

    def post(client):
        return client.post(reverse("accounts:second-factor-end", args=["alder"]))["Location"]

    return post


COMPANY = "/c/alder/company/"


def stale(clock):
    clock.shift(301)


def test_without_a_factor_it_is_the_password(alice, alder, act, clock):
    alder.second_factor_from = None
    alder.save()
    client, _answer = sign_in(alice)
    stale(clock)
    assert act(client).startswith(reverse("account_reauthenticate"))

    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert act(client) == COMPANY


def test_with_an_app_it_is_its_code(alice, act, clock):
    client, _answer = sign_in(alice)
    codes = set_up_app(client)
    stale(clock)
    assert act(client).startswith(reverse("mfa_reauthenticate"))

    client.post(reverse("mfa_reauthenticate"), {"code": "000000"})
    assert act(client).startswith(reverse("mfa_reauthenticate"))
    client.post(reverse("mfa_reauthenticate"), {"code": code_of(alice)})
    assert act(client) == COMPANY and codes


def test_with_a_passkey_it_is_the_passkey_first(alice, act, clock):
    client, _answer = sign_in(alice)
    set_up_app(client)
    passkey, _answer = add_passkey(client)
    stale(clock)
    assert act(client).startswith(reverse("mfa_reauthenticate_webauthn"))
    page = client.get(reverse("mfa_reauthenticate_webauthn"))
    ways = [way["url"] for way in page.context["reauthentication_alternatives"]]
    assert ways == [reverse("mfa_reauthenticate")]

    answer = passkey.answer(page.context["options"])
    client.post(reverse("mfa_reauthenticate_webauthn"), {"credential": answer})
    assert act(client) == COMPANY


@pytest.mark.parametrize("set_up", [set_up_app, add_passkey])
def test_the_password_alone_confirms_nothing_for_who_has_a_factor(set_up, alice, act, clock):
    client, _answer = sign_in(alice)
    set_up(client)
    stale(clock)

    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    assert answer["Location"].startswith("/accounts/2fa/")
    assert act(client).startswith("/accounts/2fa/")
    assert client.get(reverse("mfa_add_webauthn"))["Location"].startswith("/accounts/2fa/")
    change = {"action_add": "", "email": "other@alder.example"}
    assert client.post(reverse("account_email"), change)["Location"].startswith("/accounts/2fa/")


def test_a_code_or_an_answer_confirms_once(alice, act, clock):
    client, _answer = sign_in(alice)
    set_up_app(client)
    stale(clock)
    code = code_of(alice)
    client.post(reverse("mfa_reauthenticate"), {"code": code})
    assert act(client) == COMPANY

    other, _answer = sign_in(alice)
    other.post(reverse("mfa_authenticate"), {"code": code})
    assert other.get("/profile/").status_code == 302


def test_another_persons_passkey_confirms_nothing(alice, bob, act, clock):
    theirs, _answer = add_passkey(sign_in(bob)[0])
    client, _answer = sign_in(alice)
    passkey, _answer = add_passkey(client)
    theirs.user = passkey.user
    stale(clock)
    page = client.get(reverse("mfa_reauthenticate_webauthn"))

    answer = client.post(
        reverse("mfa_reauthenticate_webauthn"),
        {"credential": theirs.answer(page.context["options"])},
    )

    assert answer.status_code == 200
    assert act(client).startswith(reverse("mfa_reauthenticate_webauthn"))


def test_a_confirmation_is_for_one_session(alice, act, clock):
    client, _answer = sign_in(alice)
    codes = set_up_app(client)
    stale(clock)
    other, _answer = sign_in(alice)
    other.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert other.get("/profile/").status_code == 200

    assert act(client).startswith(reverse("mfa_reauthenticate"))
    assert act(other) == COMPANY  # its own sign-in is fresh


def test_the_act_is_carried_on_after_the_confirmation(alice, alder, act, clock):
    client, _answer = sign_in(alice)
    set_up_app(client)
    stale(clock)
    confirm = act(client)

    wanted = unquote(confirm.partition("next=")[2])
    done = client.post(confirm, {"code": code_of(alice), "next": wanted})

    assert done.status_code == 302
    alder.refresh_from_db()
    assert alder.second_factor_from is None


def test_a_signed_out_visitor_confirms_nothing(client, db):
    for name in ("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"):
        answer = client.post(reverse(name), {"code": "1", "password": PASSWORD})
        assert answer["Location"].startswith(reverse("account_login"))


def test_a_factor_that_is_gone_leaves_the_password(alice, alder, act, clock):
    client, _answer = sign_in(alice)
    set_up_app(client)
    alder.second_factor_from = None
    alder.save()
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=alice).exists()
    stale(clock)

    assert act(client).startswith(reverse("account_reauthenticate"))
