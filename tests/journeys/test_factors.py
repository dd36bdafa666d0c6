"""Passkeys and codes in a browser, with Chromium's virtual authenticator, at a host with a name."""

import re
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from hub.example import PASSWORD
from tests.journeys.accessibility import faults_of

PHONE = {"width": 320, "height": 700}


class Authenticator:
    """A device that holds passkeys; its owner touches it where `present`."""

    def __init__(self, page, *, present=True):
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        options = {
            **{"protocol": "ctap2", "transport": "internal", "hasResidentKey": True},
            **{"hasUserVerification": True, "isUserVerified": True},
            "automaticPresenceSimulation": present,
        }
        answer = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = answer["authenticatorId"]

    def passkeys(self):
        return self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]

    def take(self, passkeys):
        """Hold these passkeys as well, as a synchronised device does."""
        for passkey in passkeys:
            self._cdp.send(
                "WebAuthn.addCredential", {"authenticatorId": self._id, "credential": passkey}
            )

    def verify(self, right):
        self._cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": right}
        )

    def press(self):
        self._cdp.send(
            "WebAuthn.setAutomaticPresenceSimulation",
            {"authenticatorId": self._id, "enabled": True},
        )


def open_factors(page):
    page.goto("/profile/")
    page.get_by_role("link", name="Passkeys and codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Passkeys and codes")


def test_a_passkey_from_profile_to_sign_in(open_browser):
    bob = open_browser("Bob", viewport=PHONE)
    device = Authenticator(bob)
    open_factors(bob)
    assert faults_of(bob) == []
    bob.get_by_role("link", name="Add a passkey").click()
    assert faults_of(bob) == []
    bob.get_by_label("Name of this passkey").fill("Work laptop")
    bob.keyboard.press("Enter")  # by keyboard alone

    expect(bob.get_by_text("Save these codes now")).to_be_visible()
    assert faults_of(bob) == []
    expect(bob.get_by_role("button", name="Print the codes")).to_be_visible()
    codes = bob.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    bob.get_by_role("link", name="I have saved the codes").click()
    expect(bob.get_by_text("Work laptop").first).to_be_visible()
    kept = device.passkeys()
    assert len(kept) == 1 and kept[0]["isResidentCredential"] and kept[0]["rpId"] == "localhost"

    # A new browser on which the passkey is synchronised: nothing to type.
    fresh = open_browser(viewport=PHONE)
    phone = Authenticator(fresh, present=False)
    phone.take(kept)
    fresh.goto("/accounts/login/?next=/preferences/")
    assert fresh.get_by_label("Email").get_attribute("autocomplete") == "username webauthn"
    button = fresh.get_by_role("button", name="Sign in with a passkey")
    expect(button).to_be_visible()
    assert faults_of(fresh) == []
    phone.press()
    if "/accounts/login/" in fresh.url:
        button.click()
    fresh.wait_for_url("/preferences/")

    # After the password, the passkey is the second step; refused, it says so and codes work.
    other = open_browser(viewport=PHONE)
    other.goto("/accounts/login/")
    other.get_by_label("Email").fill("bob@alder.example")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_role("heading", name="Second factor needed")).to_be_visible()
    assert faults_of(other) == []
    wrong = Authenticator(other)
    wrong.take(phone.passkeys())  # whose counter has grown: an older copy is refused
    wrong.verify(False)
    other.get_by_role("button", name="Use a passkey").click()
    expect(other.get_by_text("Sign-in with the passkey failed.")).to_be_visible()
    wrong.verify(True)
    other.get_by_role("button", name="Use a passkey").click()
    other.wait_for_url("/")

    third = open_browser(javascript=False)
    third.goto("/accounts/login/")
    expect(third.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    third.get_by_label("Email").fill("bob@alder.example")
    third.get_by_label("Password").fill(PASSWORD)
    third.get_by_role("button", name="Sign in", exact=True).click()
    third.get_by_label("Code").fill(codes[0])
    third.get_by_role("button", name="Sign in", exact=True).click()
    third.wait_for_url("/")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_app_from_profile_to_sign_in(open_browser, javascript):
    name, address = (
        ("Charlie", "charlie@birch.example") if javascript else ("Frank", "frank@cedar.example")
    )
    page = open_browser(name, javascript=javascript, viewport=PHONE)
    open_factors(page)
    page.get_by_role("link", name="Set up an app").click()
    assert faults_of(page) == []
    expect(page.locator(".qr svg path")).to_have_count(1)
    seed = page.locator(".key").inner_text()

    def code(ahead=0):
        """Return the code of now or of the next half-minute; the last one runs out on the way."""
        return format_hotp_value(hotp_value(seed, int(time.time()) // 30 + ahead))

    page.get_by_label("Code from the app").fill(code())
    page.get_by_role("button", name="Set up the app").click()
    expect(page.get_by_text("Save these codes now")).to_be_visible()

    again = open_browser(javascript=javascript)
    again.goto("/accounts/login/")
    again.get_by_label("Email").fill(address)
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in", exact=True).click()
    again.get_by_label("Code").fill(re.sub(r"(...)(...)", r"\1 \2", code(ahead=1)))
    again.get_by_role("button", name="Sign in", exact=True).click()
    again.wait_for_url("/")
    open_factors(again)
    assert faults_of(again) == []
    again.get_by_role("link", name="Remove the app").click()
    again.get_by_role("button", name="Remove the app").click()
    expect(again.get_by_role("link", name="Set up an app")).to_be_visible()
    page.goto("/profile/")  # the other session has ended
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_the_browser_suggests_a_passkey_without_a_press(open_browser):
    emma = open_browser("Emma")
    device = Authenticator(emma)
    emma.goto("/accounts/2fa/passkeys/add/")
    emma.get_by_role("button", name="Add a passkey").click()
    expect(emma.get_by_text("Save these codes now")).to_be_visible()

    fresh = open_browser()
    fresh.goto("/healthz")
    Authenticator(fresh).take(device.passkeys())
    fresh.goto("/accounts/login/")

    fresh.wait_for_url("/")


def test_no_challenge_arrives_after_another_way_to_sign_in_was_taken(open_browser):
    """On a slow line its answer replaced the new session, and the next page asked to sign in."""
    page = open_browser()
    page.goto("/healthz")
    Authenticator(page)
    page.add_init_script("""
        window.fetch = (_address, { signal }) => {
          window.asked = signal;
          return new Promise(() => {});
        };
        document.addEventListener("submit", (event) => event.preventDefault(), true);
    """)
    page.goto("/accounts/login/")
    page.wait_for_function("window.asked && !window.asked.aborted")

    page.get_by_role("button", name=re.compile("^Alice")).click()

    page.wait_for_function("window.asked.aborted")


def test_a_company_demands_it_and_its_own_super_user_is_led_to_set_it_up(open_browser):
    frank = open_browser("Frank", viewport=PHONE)
    frank.goto("/c/cedar/company/")
    today = datetime.now(ZoneInfo("America/Toronto")).date()
    frank.get_by_label("Required from").fill(today.isoformat())
    frank.get_by_role("button", name="Require second factor").click()

    expect(frank.get_by_text("Cedar Books requires a second factor.")).to_be_visible()
    frank.goto("/c/cedar/people/")
    expect(frank.get_by_role("heading", level=1)).to_have_text("Passkeys and codes")
    assert faults_of(frank) == []
    frank.get_by_role("link", name="Set up an app").click()
    seed = frank.locator(".key").inner_text()
    code = format_hotp_value(hotp_value(seed, int(time.time()) // 30))
    frank.get_by_label("Code from the app").fill(code)
    frank.get_by_role("button", name="Set up the app").click()
    frank.get_by_role("link", name="I have saved the codes").click()
    assert faults_of(frank) == []
    frank.get_by_role("link", name="Continue").click()
    frank.wait_for_url("/c/cedar/people/")
