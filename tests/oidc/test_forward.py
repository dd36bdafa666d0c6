"""Forward authentication: what a proxy asks, and how a browser gets its cookie."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Membership, User
from portals.models import Portal, PortalSession
from portals.services.credentials import issue_credentials
from portals.services.portal_sessions import end_portal_sessions
from tests.oidc.conftest import read_redirect

FORWARD = "/identity/forward/statistics"
HOST = "https://statistics.harbour.example"
COOKIE = "__Host-hub-statistics"
VIEW = "usage_report/alder-web/view"


@pytest.fixture
def statistics(db) -> Portal:
    portal = Portal.objects.get(slug="statistics")
    issue_credentials(actor=None, portal=portal)
    Portal.objects.filter(pk=portal.pk).update(redirect_uris=[f"{HOST}/.hub/callback"])
    return Portal.objects.get(pk=portal.pk)


def come_in(hub: Browser, to: str = "/reports/?month=10&day=2") -> Browser:
    """Open the portal as a browser does, and return its cookies for the portal's host."""
    at_portal = Browser()
    asked = at_portal.get(f"{FORWARD}/start?to={to}")
    query = parse_qs(urlsplit(asked["Location"]).query)
    back = hub.get("/identity/o/authorize", {name: values[0] for name, values in query.items()})
    answer = at_portal.get(f"{FORWARD}/callback", read_redirect(back))
    assert (answer.status_code, answer["Location"]) == (302, to)  # a 301 would be kept
    return at_portal


def ask(at_portal: Browser, permission: str = ""):
    headers = {"X-Hub-Permission": permission} if permission else {}
    return at_portal.get(f"{FORWARD}/check", headers=headers)


def test_a_person_comes_in_and_the_proxy_learns_who_it_is(statistics, signed_in, alice):
    at_portal = come_in(signed_in(alice))

    answer = ask(at_portal)

    assert answer.status_code == 200
    assert answer["Remote-User"] == "alice@alder.example"
    assert answer["X-Hub-Sub"] == str(alice.sub)
    assert answer["X-Hub-Company"] == "alder"
    assert answer["X-Hub-Groups"].startswith("alder,alder/super_user")
    assert answer["Cache-Control"] == "no-store"
    cookie = at_portal.cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert at_portal.cookies[f"{COOKIE}-state"].value == ""  # it served once


def test_names_are_ascii(statistics, signed_in, alice):
    Membership.objects.filter(user=alice).update(work_name="Zoé O’Neill\u2003Ł")
    User.objects.filter(pk=alice.pk).update(name="Zoé O’Neill Ł")

    assert ask(come_in(signed_in(alice)))["X-Hub-Name"].isascii()


@pytest.mark.parametrize(
    ("permission", "status"),
    [
        (VIEW, 200),
        ("usage_report/alder-web/unknown", 403),
        ("usage_report/unknown/view", 403),
        ("domain/alder.example/view", 403),  # another portal's
        ("usage_report/birch-web/view", 403),  # another company's
        ("usage_report", 403),
        ("/", 403),
    ],
)
def test_the_location_may_ask_for_a_permission(statistics, signed_in, alice, permission, status):
    assert ask(come_in(signed_in(alice)), permission).status_code == status


def test_removed_access_is_refused_at_the_next_request(statistics, signed_in, emma):
    at_portal = come_in(signed_in(emma))
    assert ask(at_portal).status_code == 200

    Membership.objects.filter(user=emma).update(suspended_at=timezone.now())

    assert ask(at_portal).status_code == 401


def test_sign_out_at_the_hub_ends_it(statistics, signed_in, alice):
    hub = signed_in(alice)
    at_portal = come_in(hub)

    hub.post("/accounts/logout/")

    assert ask(at_portal).status_code == 401


def test_the_portals_own_sign_out(statistics, signed_in, alice):
    at_portal = come_in(signed_in(alice))

    answer = at_portal.get(f"{FORWARD}/sign-out")

    assert answer["Location"].startswith(f"{django_settings.HUB_BASE_URL}/identity/o/logout?")
    assert ask(at_portal).status_code == 401


@pytest.mark.parametrize("cookie", ["", "unknown", "é", "\x00"])
def test_nobody_is_let_in_by_nonsense(statistics, cookie):
    at_portal = Browser()
    at_portal.cookies[COOKIE] = cookie

    assert ask(at_portal).status_code == 401


def test_a_cookie_of_another_portal_opens_nothing(statistics, webmail, signed_in, alice):
    at_portal = Browser()
    at_portal.cookies[COOKIE] = webmail.tokens(signed_in(alice))["access_token"]

    assert ask(at_portal).status_code == 401


def test_a_refresh_token_opens_nothing(statistics, signed_in, alice):
    at_portal = come_in(signed_in(alice))
    end_portal_sessions(reason="ended", user=alice)

    assert ask(at_portal).status_code == 401
    assert PortalSession.objects.get().end_reason == "ended"


def test_an_answer_that_this_browser_did_not_ask_for_is_not_taken(statistics, signed_in, alice):
    """A sign-in forced on somebody (login CSRF): the state is in a cookie of the portal's host."""
    hub, victim = signed_in(alice), Browser()
    asked = Browser().get(f"{FORWARD}/start")
    query = parse_qs(urlsplit(asked["Location"]).query)
    back = hub.get("/identity/o/authorize", {name: values[0] for name, values in query.items()})

    answer = victim.get(f"{FORWARD}/callback", read_redirect(back))

    assert answer["Location"] == "/.hub/start"
    assert COOKIE not in victim.cookies


@pytest.mark.parametrize(
    "to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "", "%2F%2Fevil.example"]
)
def test_nobody_is_led_to_another_host(statistics, signed_in, alice, to):
    at_portal, hub = Browser(), signed_in(alice)
    asked = at_portal.get(f"{FORWARD}/start?to={to}")
    query = parse_qs(urlsplit(asked["Location"]).query)
    back = hub.get("/identity/o/authorize", {name: values[0] for name, values in query.items()})

    assert at_portal.get(f"{FORWARD}/callback", read_redirect(back))["Location"] == "/"


def test_a_manifest_without_the_address_is_told_so(statistics):
    Portal.objects.filter(slug="statistics").update(redirect_uris=[])

    answer = Browser().get(f"{FORWARD}/start")

    assert answer.status_code == 400
    assert b"/.hub/callback is not one of" in answer.content


@pytest.mark.parametrize("name", ["check", "start", "callback", "sign-out"])
class TestEveryAddress:
    def test_of_unknown_portals_is_not_found(self, db, name):
        assert Browser().get(f"/identity/forward/unknown/{name}").status_code == 404

    def test_of_portals_without_credentials_is_not_found(self, db, name):
        Portal.objects.filter(slug="statistics").update(client=None)

        assert Browser().get(f"{FORWARD}/{name}").status_code == 404

    def test_is_only_read(self, statistics, name):
        assert Browser().post(f"{FORWARD}/{name}").status_code == 405


@pytest.mark.parametrize(("length", "kept"), [(2000, True), (2001, False)])
def test_an_overlong_path_is_not_kept(statistics, signed_in, alice, length, kept):
    """It is kept in a cookie, and browsers drop one of more than 4,096 bytes."""
    path = "/" + "a" * (length - 1)
    at_portal, hub = Browser(), signed_in(alice)
    asked = at_portal.get(f"{FORWARD}/start?to={path}")
    query = parse_qs(urlsplit(asked["Location"]).query)
    back = hub.get("/identity/o/authorize", {name: values[0] for name, values in query.items()})

    answer = at_portal.get(f"{FORWARD}/callback", read_redirect(back))
    assert answer["Location"] == (path if kept else "/")


def test_a_refusal_says_its_reason_and_no_more_than_a_line_of_it(statistics):
    at_portal = Browser()
    asked = at_portal.get(f"{FORWARD}/start")
    [state] = parse_qs(urlsplit(asked["Location"]).query)["state"]

    answer = at_portal.get(f"{FORWARD}/callback", {"error": "x" * 101, "state": state})

    assert answer.status_code == 403
    assert answer.context["reason"] == "x" * 100
