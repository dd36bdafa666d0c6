"""The role of main Super User is handed over and back, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

COMPANY = "/c/alder/company/"


def offer(page: Page, to: str) -> None:
    """Offer role on the company page."""
    page.goto(COMPANY)
    page.get_by_text("Hand over to another Super User").click()
    page.get_by_role("combobox", name="New main Super User").fill(to)
    page.get_by_label("Company name to confirm").fill("alder dental")
    page.get_by_role("button", name="Offer role").click()
    expect(page.get_by_text(f"You offered the role to {to}")).to_be_visible()


def accept(page: Page) -> None:
    """Accept it: the company page says that it waits."""
    page.goto(COMPANY)
    page.get_by_role("link", name="See offer").click()
    expect(page.get_by_role("button", name="Accept role")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Accept role").click()
    expect(page.get_by_text("You are now the main Super User of Alder Dental.")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "javascript"),
    [("Gwen Stone", True), ("Gus Stone", False)],
    ids=["with JavaScript", "without JavaScript"],
)
def test_the_main_role_is_handed_over_and_back(open_browser, read_mail, name, javascript):
    address = f"{name.split()[0].lower()}@handover.example"
    alice = open_browser("Alice", javascript=javascript)
    alice.goto("/c/alder/people/invite/")
    alice.get_by_label("Email addresses").fill(f"{name} <{address}>")
    alice.get_by_role("radio", name="Super User").check()
    alice.get_by_role("button", name="Check list").click()
    alice.get_by_role("button", name="Send 1 invitation").click()
    other = open_browser(javascript=javascript)
    read_mail(other, address, "Alder Dental")
    other.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    other.get_by_label("Choose a password").fill("a-long-and-quiet-harbour")
    other.get_by_role("main").get_by_role("button").last.click()
    other.wait_for_url("/")

    offer(alice, name)
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Withdraw offer").click()
    expect(alice.get_by_text("The offer is withdrawn")).to_be_visible()
    offer(alice, name)
    accept(other)
    alice.goto(COMPANY)
    expect(alice.get_by_text(f"{name} ({address}) is the main Super User")).to_be_visible()

    # As it was, for whoever comes next.
    offer(other, "Alice Martin")
    accept(alice)
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name=name).click()
    alice.get_by_role("main").get_by_role("link", name="Details").click()
    alice.get_by_role("button", name="Make user").click()
