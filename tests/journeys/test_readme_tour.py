"""README's five-minute tour, step by step, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.documents import section

PORTALS = True  # tests/journeys/conftest.py runs them
TOUR = "The five-minute tour"
OPEN, DNS, RENEW = "Open the portal", "Change DNS records", "Renew domain"


def offer(page: Page, resource: str, privilege: str) -> None:
    """Add a resource of the domains portal to the first privileges, and tick one of them."""
    field = page.get_by_role("combobox", name="Resources")
    field.fill(resource)
    page.get_by_role("button", name="Add", exact=True).click()
    named_alike = page.get_by_role("checkbox", name=f"{resource} Domain · Domains")
    expect(named_alike.or_(page.get_by_role("group", name=resource))).to_be_visible()
    if named_alike.count():
        named_alike.check()
        field.fill("")
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("checkbox", name=privilege, exact=True).check()


def open_domain(page: Page, portal: str) -> None:
    """Open the domains portal from Home, and alder.example there."""
    page.goto("/")
    page.get_by_role("link", name="Domains", exact=True).click()
    page.wait_for_url(f"{portal}/")
    page.get_by_role("link", name="alder.example", exact=True).click()


def press(page: Page, act: str, answer: str) -> None:
    page.get_by_role("button", name=act, exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(answer)


@pytest.mark.parametrize(
    ("address", "javascript"),
    [("gina@alder.example", True), ("gerd@alder.example", False)],
    ids=["with JavaScript", "without JavaScript"],
)
def test_invite_accept_use_revoke(demo, open_browser, read_mail, address, javascript):
    first_name = address.split("@")[0].title()
    domains = demo.portal("domains")

    # Alice uses a portal.
    alice = open_browser("Alice", javascript=javascript)
    open_domain(alice, domains)
    press(alice, RENEW, f"Done. {RENEW}")

    # She invites somebody with two offers.
    alice.goto("/c/alder/people/")
    alice.get_by_role("main").get_by_role("link", name="Invite").first.click()
    alice.get_by_label("Email addresses").fill(f"{first_name} Stone <{address}>")
    offer(alice, "Domains portal", OPEN)
    offer(alice, "alder.example", DNS)
    alice.get_by_role("button", name="Check list").click()
    alice.get_by_role("button", name="Send 1 invitation").click()
    expect(alice.get_by_role("row").filter(has_text=address)).to_contain_text("Invited")

    # The new person accepts from the email the demo shows.
    gina = open_browser(javascript=javascript)
    read_mail(gina, address, "Alder Dental")
    gina.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    expect(gina.get_by_role("main")).to_contain_text(DNS)
    gina.get_by_label("Your name").fill(f"{first_name} Stone")
    gina.get_by_label("Choose a password").fill("a-long-and-quiet-harbour")
    gina.get_by_role("main").get_by_role("button").last.click()
    gina.wait_for_url("/")
    expect(gina.get_by_text("You are now a member of Alder Dental.")).to_be_visible()

    # The portal does one act and refuses the other.
    open_domain(gina, domains)
    press(gina, DNS, f"Done. {DNS}")
    press(gina, RENEW, "Not done.")
    expect(gina.get_by_role("link", name="Ask for access")).to_be_visible()

    # Alice revokes; the very next click is refused.
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name=f"{first_name} Stone").click()
    row = alice.get_by_role("row").filter(has_text="alder.example").filter(has_text=DNS)
    row.get_by_role("button", name="Remove").click()
    expect(alice.get_by_text("no longer has")).to_be_visible()
    press(gina, DNS, "Not done.")

    gina.get_by_role("button", name="Sign out").click()
    gina.wait_for_url(re.compile(f"^{domains}/signed-out"))
    gina.goto("/")
    gina.wait_for_url(re.compile("/accounts/login/"))


def test_the_tour_uses_the_words_of_the_pages():
    tour = section("README.md", TOUR)

    for words in ("Alice", "gina@alder.example", OPEN, DNS, RENEW, "/demo/mail/", "Remove"):
        assert words in tour
