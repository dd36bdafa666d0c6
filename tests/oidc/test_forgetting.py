"""What serves nobody any more is forgotten: no table of the sign-in grows without end."""

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import signals
from portals.models import AuthorizationCode, LogoutNotice, Portal, PortalSession
from tests.oidc.conftest import userinfo

OFFLINE = "openid offline_access"


def _tick(**later: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(**later)):
        for _receiver, outcome in signals.periodic_tick.send_robust(sender=None):
            if isinstance(outcome, Exception):
                raise outcome


@pytest.fixture
def tokens(webmail, signed_in, alice) -> dict[str, str]:
    return webmail.tokens(signed_in(alice), scope=OFFLINE)


def test_an_expired_access_token_goes_and_its_refresh_token_stays(webmail, tokens):
    own = webmail.post("/identity/o/api/token", grant_type="client_credentials")
    assert own.status_code == 200
    _tick()
    assert Token.objects.count() == 3

    _tick(hours=2)

    assert list(Token.objects.values_list("type", flat=True)) == ["rt"]
    assert webmail.refresh(tokens["refresh_token"]).status_code == 200


def test_a_replaced_refresh_token_is_known_as_long_as_it_could_come_again(webmail, tokens):
    fresh = webmail.refresh(tokens["refresh_token"]).json()

    _tick(days=29)

    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert userinfo(fresh["access_token"]).status_code == 401
    assert PortalSession.objects.get().end_reason == "replay"


def test_a_session_lapses_after_its_last_token_and_is_forgotten_a_month_later(webmail, tokens):
    Portal.objects.filter(slug="webmail").update(backchannel_logout_uri="https://webmail.example/x")
    _tick(days=30)
    assert PortalSession.objects.get().ended_at is None

    _tick(days=31)

    assert PortalSession.objects.get().end_reason == "lapsed"
    assert not LogoutNotice.objects.exists()  # nobody has signed out
    PortalSession.objects.update(ended_at=timezone.now())
    _tick(days=29)
    assert PortalSession.objects.exists()
    _tick(days=31)
    assert not PortalSession.objects.exists()
    assert not AuthorizationCode.objects.exists()
    assert not Token.objects.exists()


def test_a_session_that_goes_on_does_not_lapse(webmail, signed_in, alice):
    browser = signed_in(alice)
    webmail.tokens(browser)
    PortalSession.objects.update(started_at=timezone.now() - timedelta(days=40))

    _tick()

    assert PortalSession.objects.get().ended_at is None


def test_a_notice_goes_with_its_session(webmail, signed_in, alice):
    Portal.objects.filter(slug="webmail").update(backchannel_logout_uri="https://webmail.example/x")
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")
    assert LogoutNotice.objects.exists()

    DBTaskResult.objects.all().delete()
    _tick(days=3)
    assert not DBTaskResult.objects.filter(task_path__contains="logout").exists()  # given up

    _tick(days=31)

    assert not LogoutNotice.objects.exists()


def test_a_hub_session_that_expired_goes_with_its_device(signed_in, alice):
    signed_in(alice)
    _tick(hours=11)
    assert Session.objects.exists()

    _tick(hours=13)

    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
