"""Authorization codes: for one portal, one address, one verifier, once, within a minute."""

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.utils import timezone

from accounts.models import AuditEvent
from portals.models import AuthorizationCode, PortalSession
from tests.oidc.conftest import read_redirect, userinfo


@pytest.fixture
def code(webmail, signed_in, alice) -> str:
    return webmail.code(signed_in(alice), scope="openid offline_access")


def test_a_code_is_stored_as_a_hash(code):
    kept = AuthorizationCode.objects.get()

    assert code not in kept.hash
    assert len(kept.hash) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"code": "another"},
        {"redirect_uri": "https://webmail.harbour.example/"},
        {"redirect_uri": ""},
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
    ],
)
def test_another_code_address_or_verifier_is_refused_and_spends_nothing(webmail, code, change):
    answer = webmail.redeem(**{"code": code, **change})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert not Token.objects.exists()
    assert webmail.redeem(code).status_code == 200


def test_another_portal_can_not_redeem_it(webmail, domains, code):
    answer = domains.redeem(code, redirect_uri=webmail.redirect_uri)

    assert answer.json()["error"] == "invalid_grant"
    assert webmail.redeem(code).status_code == 200


def test_a_code_lives_a_minute(webmail, code):
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert webmail.redeem(code).json()["error"] == "invalid_grant"
    assert not Token.objects.exists()


def test_a_code_that_comes_again_ends_the_session(webmail, code, alice):
    """E1, juanifioren/django-oidc-provider#410, authlib/authlib#757: its tokens end too."""
    tokens = webmail.redeem(code).json()
    assert userinfo(tokens["access_token"]).status_code == 200

    again = webmail.redeem(code)

    assert again.json()["error"] == "invalid_grant"
    assert userinfo(tokens["access_token"]).status_code == 401
    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert webmail.introspect(tokens["access_token"]) == {"active": False}
    assert PortalSession.objects.get().end_reason == "replay"
    event = AuditEvent.objects.get(kind="portal.replayed")
    assert event.person == alice


def test_a_replay_ends_no_other_session(webmail, signed_in, alice):
    first, second = signed_in(alice), signed_in(alice)
    code = webmail.code(first)
    webmail.redeem(code)
    other = webmail.tokens(second)

    webmail.redeem(code)

    assert userinfo(other["access_token"]).status_code == 200


def test_a_code_of_a_session_that_ended_is_refused(webmail, code):
    PortalSession.objects.update(ended_at=timezone.now(), end_reason="sign_out")

    assert webmail.redeem(code).json()["error"] == "invalid_grant"


def test_nothing_is_cached(webmail, signed_in, alice):
    answer = webmail.ask(signed_in(alice))

    assert "no-store" in answer["Cache-Control"]
    assert webmail.redeem(read_redirect(answer)["code"])["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "\x00"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "é" * 30}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x" * 3000}, "invalid_request"),
    ],
)
def test_refusals_of_the_token_endpoint(webmail, values, error):
    answer = webmail.post("/identity/o/api/token", **values)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
