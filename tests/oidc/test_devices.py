"""Devices and portals: where a person is signed in, and ending any of it."""

import pytest
from allauth.usersessions.models import UserSession

from accounts.models import AuditEvent
from portals.choices import SignInScope
from portals.models import Portal, PortalConsent, PortalSession
from portals.selectors.devices import Device
from portals.services.portal_sessions import give_consent
from tests.oidc.conftest import read_redirect, userinfo

PAGE = "/profile/devices/"
ALL = list(SignInScope.values)


def test_the_page_shows_each_device_with_its_portals(webmail, domains, signed_in, alice):
    here, there = signed_in(alice), signed_in(alice)
    webmail.tokens(here)
    domains.tokens(there)

    page = here.get(PAGE)

    current, other = page.context["devices"]
    assert (current.is_current, other.is_current) == (True, False)
    assert [str(session.client.portal) for session in current.portals] == ["Webmail"]
    assert [str(session.client.portal) for session in other.portals] == ["Domains"]
    assert "This device" in page.content.decode()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", "from the IP address 8.8.8.8 (United States, estimated)"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888 (United States, estimated)"),
        ("10.0.0.7", "from the IP address 10.0.0.7</p>"),
        ("203.0.113.7", "from the IP address 203.0.113.7</p>"),
    ],
)
def test_a_device_is_told_with_its_country_where_that_is_known(signed_in, alice, address, place):
    here, there = signed_in(alice), signed_in(alice)
    UserSession.objects.filter(session_key=there.session.session_key).update(ip=address)

    assert place in here.get(PAGE).content.decode()


def test_one_portal_is_left_alone(webmail, domains, signed_in, alice):
    browser = signed_in(alice)
    mail, names = webmail.tokens(browser), domains.tokens(browser)
    session = PortalSession.objects.get(client__portal__slug="webmail")

    page = browser.post(PAGE, {"portal": str(session.pk)}, follow=True)

    assert "signed out of Webmail." in page.content.decode()
    assert userinfo(mail["access_token"]).status_code == 401
    assert userinfo(names["access_token"]).status_code == 200
    assert AuditEvent.objects.get(kind="portal.left").person == alice


def test_one_device_ends_with_its_portals(webmail, signed_in, alice):
    here, there, third = (signed_in(alice) for _ in range(3))
    tokens, other = webmail.tokens(there), webmail.tokens(third)
    device = UserSession.objects.get(session_key=there.session.session_key)

    here.post(PAGE, {"device": str(device.pk)})

    assert userinfo(tokens["access_token"]).status_code == 401
    assert userinfo(other["access_token"]).status_code == 200
    assert there.get("/").status_code == 302
    assert third.get("/").status_code == 200


def test_this_device_is_never_among_the_others(signed_in, alice):
    here = signed_in(alice)
    device = UserSession.objects.get(session_key=here.session.session_key)

    for form in ({}, {"device": str(device.pk)}):
        assert here.post(PAGE, form).status_code == 302
        assert here.get("/").status_code == 200


@pytest.mark.parametrize("form", ["portal", "device"])
def test_nobody_ends_what_is_somebody_elses(webmail, signed_in, alice, bob, form):
    browser = signed_in(bob)
    tokens = webmail.tokens(browser)
    value = {
        "portal": PortalSession.objects.get().pk,
        "device": UserSession.objects.get(user=bob).pk,
    }[form]

    signed_in(alice).post(PAGE, {form: str(value)})

    assert userinfo(tokens["access_token"]).status_code == 200
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("form", [{"portal": "x"}, {"device": "x"}, {"portal": "\x00"}])
def test_nonsense_ends_nothing(webmail, signed_in, alice, form):
    browser = signed_in(alice)
    tokens = webmail.tokens(browser)

    assert browser.post(PAGE, form).status_code == 302
    assert userinfo(tokens["access_token"]).status_code == 200


def test_a_portal_that_stays_signed_in_can_be_ended(webmail, signed_in, alice):
    gone, here = signed_in(alice), signed_in(alice)
    tokens = webmail.tokens(gone, scope="openid offline_access")
    UserSession.objects.filter(session_key=gone.session.session_key).delete()
    gone.session.delete()

    page = here.get(PAGE)
    (session,) = page.context["others"]
    here.post(PAGE, {"portal": str(session.pk)})

    assert userinfo(tokens["access_token"]).status_code == 401


def test_a_consent_is_withdrawn(webmail, domains, signed_in, alice):
    """ASVS 10.7.3."""
    Portal.objects.update(ask_consent=True)
    for portal in (webmail, domains):
        give_consent(actor=alice, client=Portal.objects.get(pk=portal.portal.pk).client, scopes=ALL)
    browser = signed_in(alice)
    mail, names = webmail.tokens(browser), domains.tokens(browser)
    consent = PortalConsent.objects.get(client__portal__slug="webmail")
    assert "Your email address" in browser.get(PAGE).content.decode()

    page = browser.post(PAGE, {"consent": str(consent.pk)}, follow=True)

    assert "Webmail will ask you again" in page.content.decode()
    assert userinfo(mail["access_token"]).status_code == 401
    assert userinfo(names["access_token"]).status_code == 200
    assert read_redirect(webmail.ask(browser, prompt="none"))["error"] == "consent_required"
    assert AuditEvent.objects.get(kind="portal.consent_withdrawn").person == alice


@pytest.mark.parametrize("value", ["{}", "x", "-1", "9" * 40, "\x00"])
def test_nobody_withdraws_what_somebody_else_agreed_to(webmail, signed_in, alice, bob, value):
    client = Portal.objects.get(pk=webmail.portal.pk).client
    give_consent(actor=bob, client=client, scopes=ALL)
    value = value.format(PortalConsent.objects.get().pk)

    assert signed_in(alice).post(PAGE, {"consent": value}).status_code == 302

    assert PortalConsent.objects.exists()


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Firefox/140.0", "Firefox", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605",
            "Safari",
            "macOS",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140", "Chrome", "iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140 Mobile Safari/5",
            "Chrome",
            "Android",
        ),
        ("curl/8.5", "", ""),
    ],
)
def test_browsers_are_named(agent, browser, system):
    device = Device(UserSession(user_agent=agent), is_current=False)

    assert (device.browser, device.system) == (browser, system)
