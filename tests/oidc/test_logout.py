"""Sign-out: what a portal may ask for, and that every portal learns of it."""

import time
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from jwt import PyJWK, decode, get_unverified_header

from accounts import signals
from portals.models import LogoutNotice, Portal, PortalSession
from portals.services.credentials import issue_credentials
from portals.services.portal_sessions import send_logout_notice
from tests.oidc.conftest import read_redirect, userinfo

LOGOUT = "/identity/o/logout"
BACK = "https://webmail.harbour.example/signed-out"


@pytest.fixture(autouse=True)
def _post_logout_address(db) -> None:
    Portal.objects.filter(slug="webmail").update(post_logout_redirect_uris=[BACK])


def _is_signed_in(browser) -> bool:
    return browser.get("/").status_code == 200


def test_a_portal_signs_its_person_out_at_once(webmail, domains, signed_in, alice):
    browser = signed_in(alice)
    tokens, others = webmail.tokens(browser), domains.tokens(browser)

    answer = browser.get(
        LOGOUT,
        {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": BACK,
            "state": "s",
        },
    )

    assert answer["Location"] == f"{BACK}?state=s"
    assert not _is_signed_in(browser)
    assert userinfo(tokens["access_token"]).status_code == 401
    assert userinfo(others["access_token"]).status_code == 401
    assert set(PortalSession.objects.values_list("end_reason", flat=True)) == {"sign_out"}


def test_without_state_none_comes_back(webmail, signed_in, alice):
    browser = signed_in(alice)
    hint = webmail.tokens(browser)["id_token"]

    answer = browser.get(LOGOUT, {"id_token_hint": hint, "post_logout_redirect_uri": BACK})

    assert answer["Location"] == BACK


def test_a_portals_form_ends_the_hub_session_too(webmail, signed_in, alice):
    """A POST from another site brings no cookie (SameSite=Lax), so the request begins anew."""
    browser = signed_in(alice)
    tokens = webmail.tokens(browser)
    given = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BACK, "state": "s"}

    answer = Browser(enforce_csrf_checks=True).post(LOGOUT, {**given, "action": "sign_out"})

    assert answer.status_code == 303
    assert urlsplit(answer["Location"]).path == LOGOUT
    assert _is_signed_in(browser)
    assert browser.get(answer["Location"])["Location"] == f"{BACK}?state=s"
    assert not _is_signed_in(browser)
    assert userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "{client}"},
        {"client_id": "{client}", "post_logout_redirect_uri": BACK, "state": "s"},
    ],
)
def test_a_link_alone_signs_nobody_out(webmail, signed_in, alice, given):
    """E10: without a hint of this session, the person is asked."""
    browser = signed_in(alice)
    given = {k: v.format(client=webmail.credentials.client_id) for k, v in given.items()}

    page = browser.get(LOGOUT, given)
    assert page.status_code == 200
    assert b"Stay signed in" in page.content
    forged = Browser(enforce_csrf_checks=True)
    forged.cookies = browser.cookies
    assert forged.post(LOGOUT, {**given, "action": "sign_out"}, follow=True).status_code == 200
    assert _is_signed_in(browser)

    done = browser.post(LOGOUT, {**given, "action": "sign_out"})

    assert not _is_signed_in(browser)
    assert done["Location"] == (f"{BACK}?state=s" if "state" in given else "/")


def test_the_page_that_asks_lets_its_form_end_at_the_portal(webmail, signed_in, alice):
    """Browsers hold form-action to redirections: Chromium stayed on the page."""
    browser = signed_in(alice)
    client = webmail.credentials.client_id

    page = browser.get(LOGOUT, {"client_id": client, "post_logout_redirect_uri": BACK})
    plain = signed_in(alice).get(LOGOUT, {"client_id": client})

    at_the_portal = "form-action 'self' https://webmail.harbour.example"
    assert at_the_portal in page["Content-Security-Policy"].split("; ")
    assert "form-action 'self'" in plain["Content-Security-Policy"].split("; ")


def test_who_stays_stays(webmail, signed_in, alice):
    browser = signed_in(alice)

    assert browser.post(LOGOUT, {"action": "stay"})["Location"] == "/"
    assert _is_signed_in(browser)


@pytest.mark.parametrize(
    "given",
    [
        {"post_logout_redirect_uri": BACK},
        {"id_token_hint": "{hint}", "post_logout_redirect_uri": "https://evil.example/"},
        {"id_token_hint": "{hint}", "post_logout_redirect_uri": BACK + "?x=1"},
        {"id_token_hint": "{hint}x", "post_logout_redirect_uri": BACK},
        {"id_token_hint": "{hint}", "client_id": "another"},
        {"client_id": "unknown"},
    ],
)
def test_what_contradicts_the_manifest_is_a_page(webmail, signed_in, alice, given):
    browser = signed_in(alice)
    hint = webmail.tokens(browser)["id_token"]

    answer = browser.get(LOGOUT, {k: v.format(hint=hint) for k, v in given.items()})

    assert answer.status_code == 400
    assert _is_signed_in(browser)


def test_a_hint_of_another_portal_gives_no_address_of_this_one(webmail, domains, signed_in, alice):
    browser = signed_in(alice)
    hint = domains.tokens(browser)["id_token"]

    answer = browser.get(LOGOUT, {"id_token_hint": hint, "post_logout_redirect_uri": BACK})

    assert answer.status_code == 400


def test_a_hint_from_before_new_credentials_asks_and_gives_no_address(webmail, signed_in, alice):
    """The person wants to leave, and finds a page that says so rather than an error."""
    browser = signed_in(alice)
    given = {"id_token_hint": webmail.tokens(browser)["id_token"], "post_logout_redirect_uri": BACK}
    issue_credentials(actor=None, portal=webmail.portal)

    assert b"Stay signed in" in browser.get(LOGOUT, given).content
    done = browser.post(LOGOUT, {**given, "action": "sign_out"})

    assert done["Location"] == "/"
    assert not _is_signed_in(browser)


def test_a_hint_of_somebody_else_asks(webmail, signed_in, alice, bob):
    hint = webmail.tokens(signed_in(alice))["id_token"]
    browser = signed_in(bob)

    assert b"Stay signed in" in browser.get(LOGOUT, {"id_token_hint": hint}).content
    assert _is_signed_in(browser)


def test_a_hint_of_the_same_persons_other_browser_asks(webmail, signed_in, alice):
    hint = webmail.tokens(signed_in(alice))["id_token"]
    browser = signed_in(alice)
    webmail.tokens(browser)

    assert b"Stay signed in" in browser.get(LOGOUT, {"id_token_hint": hint}).content


def test_a_session_that_outlived_the_hub_sign_in_ends_too(webmail, signed_in, alice):
    tokens = webmail.tokens(signed_in(alice))

    answer = Browser().get(
        LOGOUT, {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BACK}
    )

    assert answer["Location"] == BACK
    assert userinfo(tokens["access_token"]).status_code == 401


def test_sign_out_at_the_hub_ends_what_was_opened_from_it(webmail, signed_in, alice):
    here, there = signed_in(alice), signed_in(alice)
    mine, other = webmail.tokens(here), webmail.tokens(there)

    here.post("/accounts/logout/")

    assert userinfo(mine["access_token"]).status_code == 401
    assert userinfo(other["access_token"]).status_code == 200
    # A later silent request of the portal is told so.
    assert read_redirect(webmail.ask(here, prompt="none"))["error"] == "login_required"


def test_a_page_that_is_saved_later_hides_no_portal_from_sign_out(webmail, signed_in, alice):
    """F1: pages of one browser overlap, and the last one saved holds what it read at its start."""
    browser = signed_in(alice)
    overlapping = SessionStore(browser.session.session_key)
    overlapping["typed"] = "a draft"
    tokens = webmail.tokens(browser)
    overlapping.save()

    browser.post("/accounts/logout/")

    assert userinfo(tokens["access_token"]).status_code == 401


def test_a_new_password_ends_the_other_sessions(webmail, signed_in, alice):
    """F3."""
    alice.set_password("three unrelated words")
    alice.save()
    here, there = signed_in(alice), signed_in(alice)
    mine, other = webmail.tokens(here), webmail.tokens(there)

    answer = here.post(
        "/accounts/password/change/",
        {"oldpassword": "three unrelated words", "password1": "four other unrelated words"}
        | {"password2": "four other unrelated words"},
    )

    assert answer.status_code == 302
    assert userinfo(other["access_token"]).status_code == 401
    assert userinfo(mine["access_token"]).status_code == 200


def test_ending_the_other_browsers_ends_their_portals(webmail, signed_in, alice):
    here, there = signed_in(alice), signed_in(alice)
    mine, other = webmail.tokens(here), webmail.tokens(there)
    assert UserSession.objects.filter(user=alice).count() == 2

    here.post("/profile/devices/")

    assert userinfo(other["access_token"]).status_code == 401
    assert userinfo(mine["access_token"]).status_code == 200
    assert not _is_signed_in(there)


class _Portal(BaseHTTPRequestHandler):
    """A portal's back-channel address, which answers as `status` says."""

    status = 200
    received: list[str] = []
    body = b""  # sent again and again

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.received.append(parse_qs(body)["logout_token"][0])
        self.send_response(self.status)
        if not self.body:
            self.send_header("Content-Length", "0")
        self.end_headers()
        deadline = time.monotonic() + 6
        with suppress(OSError):
            while self.body and time.monotonic() < deadline:
                self.wfile.write(self.body)
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def backchannel(db):
    _Portal.status, _Portal.received = 200, []
    cache.clear()  # no portal is away
    server = HTTPServer(("127.0.0.1", 0), _Portal)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/backchannel"
    Portal.objects.filter(slug="webmail").update(backchannel_logout_uri=address)
    yield _Portal
    server.shutdown()
    server.server_close()


def _run_jobs() -> None:
    for job in DBTaskResult.objects.ready().filter(task_path__contains="logout"):
        notice, attempt = job.args_kwargs["args"]
        send_logout_notice(notice=LogoutNotice.objects.get(pk=notice).pk, attempt=attempt)


def test_the_portal_is_told_by_back_channel(webmail, domains, signed_in, alice, backchannel):
    browser = signed_in(alice)
    tokens = webmail.tokens(browser)
    domains.tokens(browser)  # whose manifest has no address for it
    browser.post("/accounts/logout/")
    assert DBTaskResult.objects.ready().filter(task_path__contains="logout").count() == 1

    _run_jobs()

    (token,) = backchannel.received
    assert get_unverified_header(token)["typ"] == "logout+jwt"
    keys = Browser().get("/.well-known/jwks.json").json()["keys"]
    claims = decode(
        token, PyJWK(keys[0]), algorithms=["RS256"], audience=webmail.credentials.client_id
    )
    assert claims["sub"] == str(alice.sub)
    assert claims["sid"] == webmail.claims(tokens["id_token"])["sid"]
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    assert "nonce" not in claims
    notice = LogoutNotice.objects.get()
    assert (notice.sent_at is not None, notice.problem) == (True, "")
    _run_jobs()  # a job may run twice
    assert len(backchannel.received) == 1


def test_a_portal_that_is_away_is_told_later(webmail, signed_in, alice, backchannel):
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")
    backchannel.status = 503
    _run_jobs()
    notice = LogoutNotice.objects.get()
    assert (notice.sent_at, notice.attempts, notice.problem) == (None, 1, "status 503")
    DBTaskResult.objects.all().delete()

    LogoutNotice.objects.update(due_at=timezone.now())
    cache.clear()  # its pause is over
    backchannel.status = 200
    signals.periodic_tick.send(sender=None)
    _run_jobs()

    assert LogoutNotice.objects.get().sent_at is not None
    ids = [
        decode(token, options={"verify_signature": False})["jti"] for token in backchannel.received
    ]
    assert len(set(ids)) == 2  # mod_auth_openidc refuses a repeated one as a replay


def _logout_jobs() -> int:
    return DBTaskResult.objects.ready().filter(task_path__contains="logout").count()


def test_jobs_do_not_pile_up_while_no_worker_runs_them(webmail, signed_in, alice, backchannel):
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")

    for minute in range(5):
        with time_machine.travel(timezone.now() + timedelta(minutes=minute), tick=False):
            signals.periodic_tick.send(sender=None)

    assert _logout_jobs() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        signals.periodic_tick.send(sender=None)
        signals.periodic_tick.send(sender=None)
    assert _logout_jobs() == 2  # the first one may be lost
    _run_jobs()
    assert len(backchannel.received) == 1


def test_a_portal_that_is_away_keeps_no_worker(webmail, signed_in, alice, backchannel):
    """A thousand sessions of one portal, five seconds each, would keep everybody else waiting."""
    for _ in range(3):
        browser = signed_in(alice)
        webmail.tokens(browser)
        browser.post("/accounts/logout/")
    backchannel.status = 503

    _run_jobs()

    assert len(backchannel.received) == 1
    assert sum(LogoutNotice.objects.values_list("attempts", flat=True)) == 1


def test_an_answer_without_end_is_not_read(webmail, signed_in, alice, backchannel, monkeypatch):
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")
    monkeypatch.setattr(backchannel, "body", b"x" * 1024)

    started = time.monotonic()
    _run_jobs()

    assert time.monotonic() - started < 3
    assert LogoutNotice.objects.get().sent_at is not None


def test_a_redirection_is_not_followed(webmail, signed_in, alice, backchannel):
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")
    backchannel.status = 302

    _run_jobs()

    assert LogoutNotice.objects.get().problem == "status 302"


def test_a_logout_token_is_no_hint_and_no_access_token(webmail, signed_in, alice, backchannel):
    """E9."""
    browser = signed_in(alice)
    webmail.tokens(browser)
    browser.post("/accounts/logout/")
    _run_jobs()
    (token,) = backchannel.received

    assert userinfo(token).status_code == 401
    again = signed_in(alice)
    assert again.get(LOGOUT, {"id_token_hint": token}).status_code == 400
    assert read_redirect(webmail.ask(again, id_token_hint=token))["error"] == "invalid_request"


def test_a_portal_that_ended_the_session_itself_is_not_told(webmail, signed_in, alice, backchannel):
    tokens = webmail.tokens(signed_in(alice), scope="openid offline_access")

    webmail.post("/identity/o/api/revoke", token=tokens["refresh_token"])

    assert PortalSession.objects.get().end_reason == "portal"
    assert not LogoutNotice.objects.exists()


def test_the_query_of_an_address_is_kept(webmail, signed_in, alice):
    address = f"{BACK}?lang=fr"
    Portal.objects.filter(slug="webmail").update(post_logout_redirect_uris=[address])
    browser = signed_in(alice)
    hint = webmail.tokens(browser)["id_token"]

    answer = browser.get(
        LOGOUT, {"id_token_hint": hint, "post_logout_redirect_uri": address, "state": "a b"}
    )

    assert urlsplit(answer["Location"]).query == "lang=fr&state=a+b"
