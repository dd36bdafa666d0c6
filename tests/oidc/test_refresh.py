"""Refresh tokens: asked for, replaced at each use, with a last day, and ended by a replay."""

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.utils import timezone

from portals.models import Portal, PortalSession
from portals.services.portal_sessions.tokens import REFRESH_LIFETIME
from tests.oidc.conftest import userinfo

OFFLINE = "openid email offline_access"


@pytest.fixture
def tokens(webmail, signed_in, alice) -> dict[str, str]:
    return webmail.tokens(signed_in(alice), scope=OFFLINE)


def test_only_who_asks_for_offline_access_gets_one(webmail, signed_in, alice):
    assert "refresh_token" not in webmail.tokens(signed_in(alice))


def test_a_refresh_gives_new_tokens_of_the_same_sign_in(webmail, tokens):
    answer = webmail.refresh(tokens["refresh_token"])

    fresh = answer.json()
    assert answer.status_code == 200
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert fresh["scope"] == OFFLINE
    before, after = webmail.claims(tokens["id_token"]), webmail.claims(fresh["id_token"])
    for name in ("sub", "aud", "iss", "auth_time", "sid", "nonce"):
        assert before[name] == after[name]
    assert userinfo(fresh["access_token"]).json()["email"] == "alice@alder.example"


def test_fewer_scopes_can_be_asked_for_but_never_more(webmail, tokens):
    """E3: the next refresh still has what was granted."""
    fewer = webmail.refresh(tokens["refresh_token"], scope="openid").json()
    assert fewer["scope"] == "openid"
    assert "email" not in userinfo(fewer["access_token"]).json()

    more = webmail.refresh(fewer["refresh_token"], scope="openid groups")
    assert more.json()["error"] == "invalid_scope"
    assert webmail.refresh(fewer["refresh_token"]).json()["scope"] == OFFLINE


def test_another_portal_can_not_use_it(domains, webmail, tokens):
    """E2."""
    assert domains.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert webmail.refresh(tokens["refresh_token"]).status_code == 200


def test_one_that_comes_again_ends_the_session(webmail, tokens):
    """E1; CVE-2026-1035: the successor ends with it."""
    fresh = webmail.refresh(tokens["refresh_token"]).json()

    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"

    assert webmail.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"
    assert userinfo(fresh["access_token"]).status_code == 401
    assert userinfo(tokens["access_token"]).status_code == 401
    assert PortalSession.objects.get().end_reason == "replay"


def test_a_portal_that_refreshes_in_parallel_has_a_moment(webmail, tokens):
    """Roundcube sends several at once; its manifest gives it some seconds."""
    Portal.objects.filter(slug="webmail").update(refresh_grace=10)
    first = webmail.refresh(tokens["refresh_token"]).json()
    second = webmail.refresh(tokens["refresh_token"]).json()

    assert userinfo(first["access_token"]).status_code == 200
    assert webmail.refresh(second["refresh_token"]).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert PortalSession.objects.get().end_reason == "replay"


def test_it_has_a_last_day_however_often_it_is_used(webmail, tokens):
    """Since the sign-in, not since the last use."""
    until = Token.objects.get(type="rt").expires_at
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        fresh = webmail.refresh(tokens["refresh_token"]).json()
    latest = Token.objects.filter(type="rt").latest("pk")

    assert latest.expires_at == until
    with time_machine.travel(timezone.now() + REFRESH_LIFETIME):
        assert webmail.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_access_token_is_no_refresh_token(webmail, tokens):
    assert webmail.refresh(tokens["access_token"]).json()["error"] == "invalid_grant"
    assert userinfo(tokens["refresh_token"]).status_code == 401
