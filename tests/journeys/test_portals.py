"""The demo's four portals: one sign-in, acts allowed or refused, sign-out everywhere."""

import re
import sqlite3
import time
import uuid
from collections import Counter

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import Page, expect

from tests.demo import SLUGS, Demo
from tests.journeys.accessibility import faults_of

PORTALS = True  # tests/journeys/conftest.py runs them
NAMES = {
    "webmail": "Webmail",
    "statistics": "Usage statistics",
    "ticketing": "Support tickets",
    "domains": "Domains",
}
DNS, SEE = "Change DNS records", "See domain and DNS records"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
SIGN_IN = re.compile(r"/accounts/login/")
BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])


def open_portal(page: Page, demo: Demo, slug: str) -> None:
    """Open a portal from Home, signed in without typing anything."""
    page.goto("/")
    page.get_by_role("link", name=NAMES[slug], exact=True).click()
    page.wait_for_url(f"{demo.portal(slug)}/")


def do(page: Page, act: str) -> None:
    page.get_by_role("button", name=act, exact=True).click()


def expect_done(page: Page) -> None:
    expect(page.get_by_role("status")).to_contain_text("Done.")


def expect_refused(page: Page, act: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text(f"You have no permission for “{act}”")


def query(demo: Demo, sql: str) -> list[tuple]:
    file = demo.environment["HUB_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(sql).fetchall()


def told(demo: Demo) -> Counter:
    """How many logouts each portal was told of, and took."""
    return Counter(
        slug
        for (slug,) in query(
            demo,
            "SELECT p.slug FROM portals_logoutnotice n"
            " JOIN portals_portalsession s ON s.id = n.session_id"
            " JOIN portals_portal p ON p.client_id = s.client_id WHERE n.sent_at IS NOT NULL",
        )
    )


def expect_told(demo: Demo, before: Counter) -> None:
    """Wait until each portal took one more logout."""
    until = time.monotonic() + 20
    while told(demo) - before != Counter(SLUGS):
        assert time.monotonic() < until, told(demo) - before
        time.sleep(0.2)


@BOTH
def test_one_sign_in_opens_all_four_portals(demo, open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript)
    pages = {
        "webmail": ["alice@alder.example", "info@alder.example"],
        "statistics": ["Website traffic, month by month"],
        "ticketing": ["Website and hosting", "Invoices"],
        "domains": ["alder.example", "alderdental.example"],
    }

    for slug, resources in pages.items():
        open_portal(alice, demo, slug)
        expect(alice.get_by_role("banner")).to_contain_text("Alice Martin")
        expect(alice.get_by_role("heading", level=1)).to_have_text("Alder Dental")
        for name in resources:
            expect(alice.get_by_role("main").get_by_role("link", name=name)).to_be_visible()
        assert "birch" not in alice.content()
        assert faults_of(alice) == []

    alice.get_by_role("link", name="alderdental.example").click()
    do(alice, "Renew domain")
    expect_done(alice)
    assert faults_of(alice) == []
    open_portal(alice, demo, "webmail")
    alice.get_by_role("link", name="bob@alder.example").click()
    do(alice, "Read messages")  # a Super User doesn't read people's mailboxes
    expect_refused(alice, "Read messages")
    assert faults_of(alice) == []


@BOTH
def test_access_that_changes_is_felt_at_the_next_click(demo, open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript)
    bob = open_browser("Bob", javascript=javascript)
    open_portal(bob, demo, "domains")
    assert "alderdental.example" not in bob.content()
    bob.get_by_role("link", name="alder.example").click()
    do(bob, SEE)
    expect_done(bob)
    do(bob, DNS)
    expect_refused(bob, DNS)

    # He asks; the link names the permission.
    bob.get_by_role("link", name="Ask for access").click()
    expect(
        bob.get_by_role("group", name="alder.example, Domains").get_by_label(DNS)
    ).to_be_checked()
    bob.get_by_label("Reason", exact=True).fill("The new website moves.")
    bob.get_by_role("button", name="Send request").click()
    asked = bob.url.split("?")[0]
    alice.goto(asked)
    alice.get_by_role("button", name="Approve").click()
    expect(
        alice.get_by_text("The request is approved. We told Bob Tremblay by email.")
    ).to_be_visible()

    bob.get_by_role("link", name="Back to the portal").click()
    bob.wait_for_url(f"{demo.portal('domains')}/domain/alder.example/")
    do(bob, DNS)
    expect_done(bob)

    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    row = alice.get_by_role("row").filter(has_text="alder.example").filter(has_text=DNS)
    row.get_by_role("button", name="Remove").click()
    expect(alice.get_by_text("no longer has")).to_be_visible()
    do(bob, DNS)
    expect_refused(bob, DNS)


def test_who_has_no_access_reads_whom_to_ask_and_asks(demo, open_browser):
    bob = open_browser("Bob")
    bob.goto(f"{demo.portal('statistics')}/")

    expect(bob.get_by_role("heading", level=1)).to_have_text("You can't open Usage statistics")
    expect(bob.get_by_role("main")).to_contain_text("Ask Alice Martin, Super User of Alder Dental")
    bob.get_by_role("button", name="Ask for Usage statistics").click()
    bob.wait_for_url(re.compile(r"^http://localhost:\d+/(c|$)"))

    bob.goto(f"{demo.portal('statistics')}/")
    expect(bob.get_by_role("main")).to_contain_text("You have already asked for access.")
    bob.goto(f"{demo.portal('domains')}/domain/birch.example/")
    expect(bob.get_by_role("heading", level=1)).to_have_text("You can't see this")


def test_a_form_for_a_resource_out_of_reach_is_refused_and_tells_nothing(demo, open_browser):
    bob = open_browser("Bob")
    open_portal(bob, demo, "ticketing")
    bob.get_by_role("link", name="Website and hosting").click()
    bob.evaluate("document.querySelector('.acts').action = '/queue/alder-billing/'")
    do(bob, "Read tickets")

    expect_refused(bob, "Read tickets")
    expect(bob.get_by_role("heading", level=1)).to_have_text("alder-billing")
    assert "Invoices" not in bob.content()  # the name of that queue


@BOTH
def test_a_portal_leads_the_signed_out_to_the_hub_and_back(demo, open_browser, javascript):
    """The sign-in's form ends at the portal: browsers hold `form-action` to redirections too."""
    page = open_browser(javascript=javascript)
    page.goto(f"{demo.portal('domains')}/domain/alder.example/")
    page.wait_for_url(SIGN_IN)
    if javascript:
        page.get_by_role("button", name=re.compile("^Alice")).click()
    else:
        page.get_by_label("Email").fill("alice@alder.example")
        page.get_by_label("Password").fill("harbour-example-2026")
        page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(f"{demo.portal('domains')}/domain/alder.example/")
    expect(page.get_by_role("banner")).to_contain_text("Alice Martin")


@BOTH
def test_who_belongs_to_two_companies_chooses_one(demo, open_browser, read_mail, javascript):
    name, address = ("Charlie", "charlie@birch.example")
    if not javascript:
        name, address = ("Frank", "frank@cedar.example")
    alice, person = open_browser("Alice"), open_browser(name, javascript=javascript)
    alice.goto("/c/alder/people/")
    alice.get_by_role("main").get_by_role("link", name="Invite").first.click()
    alice.get_by_label("Email addresses").fill(address)
    alice.get_by_role("button", name="Check list").click()
    alice.get_by_role("button", name="Send 1 invitation").click()
    expect(alice.get_by_role("row").filter(has_text=address)).to_contain_text("Invited")
    read_mail(person, address, "Alder Dental")
    person.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    person.get_by_role("main").get_by_role("button").first.click()
    expect(person.get_by_text("You are now a member of Alder Dental.")).to_be_visible()

    person.goto("/")
    person.get_by_role("link", name="Webmail", exact=True).first.click()
    person.get_by_role("button", name="Continue for Alder Dental").click()

    person.wait_for_url(f"{demo.portal('webmail')}/")
    expect(person.get_by_role("heading", level=1)).to_have_text("Alder Dental")
    expect(person.get_by_role("main")).to_contain_text("You have no access in this portal yet")


@BOTH
def test_the_page_that_asks_before_a_sign_out_leads_back_to_the_portal(
    demo, open_browser, javascript
):
    """A portal that lost its ID token may still ask; then a form ends at the portal."""
    alice = open_browser("Alice", javascript=javascript)
    [(client,)] = query(demo, "SELECT client_id FROM portals_portal WHERE slug = 'webmail'")
    back = f"{demo.portal('webmail')}/signed-out"
    alice.goto(f"/identity/o/logout?client_id={client}&post_logout_redirect_uri={back}")
    alice.get_by_role("main").get_by_role("button", name="Sign out").click()

    alice.wait_for_url(back)


def test_signing_out_at_the_hub_ends_every_portal(demo, open_browser):
    alice = open_browser("Alice")
    for slug in SLUGS:
        open_portal(alice, demo, slug)
    before = told(demo)
    alice.goto("/accounts/logout/")
    alice.get_by_role("main").get_by_role("button", name="Sign out").click()
    alice.wait_for_url(SIGN_IN)

    expect_told(demo, before)
    for slug in SLUGS:
        alice.goto(f"{demo.portal(slug)}/")
        alice.wait_for_url(SIGN_IN)


def test_signing_out_in_one_portal_ends_the_others(demo, open_browser):
    alice, elsewhere = open_browser("Alice"), open_browser("Alice")
    open_portal(elsewhere, demo, "domains")
    for slug in SLUGS:
        open_portal(alice, demo, slug)
    before = told(demo)

    alice.get_by_role("button", name="Sign out").click()

    alice.wait_for_url(re.compile(f"^{demo.portal('domains')}/signed-out"))
    expect(alice.get_by_role("heading", level=1)).to_have_text("You're signed out")
    expect_told(demo, before)
    for slug in SLUGS:
        alice.goto(f"{demo.portal(slug)}/")
        alice.wait_for_url(SIGN_IN)
    elsewhere.reload()  # another browser stays signed in
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Alder Dental")


def test_a_suspended_person_is_refused_by_an_open_portal(demo, open_browser):
    alice, emma = open_browser("Alice"), open_browser("Emma")
    open_portal(emma, demo, "ticketing")
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Emma Roy").click()
    alice.get_by_text("More", exact=True).click()
    alice.get_by_role("button", name="Suspend").first.click()
    emma.reload()

    assert not emma.url.startswith(demo.portal("ticketing"))


# --- Back-channel logout: each token that a portal must refuse (its specification, 2.6) ---
@pytest.fixture
def live(demo: Demo, open_browser) -> tuple[Page, dict[str, object]]:
    """Return a page in the domains portal, and the claims that end its session."""
    page = open_browser("Alice")
    open_portal(page, demo, "domains")
    [(session, client, sub)] = query(
        demo,
        "SELECT s.id, s.client_id, u.sub FROM portals_portalsession s"
        " JOIN accounts_user u ON u.id = s.user_id"
        " JOIN portals_portal p ON p.client_id = s.client_id"
        " WHERE p.slug = 'domains' AND s.ended_at IS NULL ORDER BY s.started_at DESC LIMIT 1",
    )
    now = int(time.time())
    return page, {
        "iss": demo.url,
        "aud": client,
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
        "sub": str(uuid.UUID(sub)),
        "sid": str(uuid.UUID(session)),
        "events": {EVENT: {}},
    }


def send_logout_token(demo: Demo, claims: dict[str, object], key: object = None) -> int:
    """Send claims as the hub does, or signed by another key; return the portal's status."""
    [public] = requests.get(f"{demo.url}/.well-known/jwks.json", timeout=5).json()["keys"]
    key = key or demo.environment["HUB_OIDC_PRIVATE_KEY"].replace("\\n", "\n")
    token = jwt.encode(claims, key, "RS256", {"kid": public["kid"], "typ": "logout+jwt"})
    address = f"http://localhost:{demo.port + 1 + SLUGS.index('domains')}/back-channel-logout"
    return requests.post(address, data={"logout_token": token}, timeout=10).status_code


def test_a_portal_ends_a_session_by_a_true_logout_token_alone(demo, live):
    page, claims = live
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def goes_on() -> bool:
        """Whether the portal shows its page without asking the hub for a new session."""
        asked.clear()
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Alder Dental")
        return not any("/identity/o/authorize" in url for url in asked)

    refused = {
        "issuer": {**claims, "iss": "http://localhost:1"},
        "audience": {**claims, "aud": "another-portal"},
        "expired": {**claims, "exp": claims["iat"] - 10},
        "nonce": {**claims, "nonce": "of-an-id-token"},
        "event": {**claims, "events": {"http://schemas.openid.net/event/other": {}}},
        **{f"no {name}": {k: v for k, v in claims.items() if k != name} for name in claims},
    }
    statuses = {name: send_logout_token(demo, token) for name, token in refused.items()}
    another_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    statuses["key"] = send_logout_token(demo, claims, another_key)
    assert {name: status for name, status in statuses.items() if status != 400} == {}
    another = {**claims, "sid": str(uuid.uuid4()), "jti": uuid.uuid4().hex}
    assert send_logout_token(demo, another) == 200
    assert goes_on()

    assert send_logout_token(demo, claims) == 200
    assert not goes_on()
    assert send_logout_token(demo, claims) == 400  # seen before
