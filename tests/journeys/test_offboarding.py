"""Revoking with undo, and offboarding a member, with and without JavaScript."""

import datetime
import re

import pytest
from playwright.sync_api import Page, expect

VIEW = "See domain and DNS records"


def open_bob(page: Page) -> None:
    page.goto("/c/alder/people/")
    page.get_by_role("link", name="Bob Tremblay").click()


def keep_his_mailbox_out(page: Page) -> None:
    """Drop Bob's own mailbox, whose sensitive grant would need a fresh sign-in."""
    page.get_by_role("checkbox", name=re.compile("^End access .*bob@alder.example")).check()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_revoke_and_undo(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    open_bob(alice)

    row = alice.get_by_role("row").filter(has_text="alder.example").filter(has_text=VIEW)
    row.get_by_role("button", name="Remove").click()
    expect(alice.get_by_text("Bob Tremblay no longer has")).to_be_visible()
    expect(row).to_have_count(0)
    alice.get_by_role("button", name="Undo").click()

    expect(alice.get_by_text("The change is undone.")).to_be_visible()
    expect(row).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_planned_offboarding_is_cancelled(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    day = datetime.date.today() + datetime.timedelta(days=30)
    open_bob(alice)
    alice.get_by_role("link", name="Details").click()
    alice.get_by_role("link", name="Plan offboarding…").click()

    alice.get_by_label("New person for “See domain").fill("emma@alder.example")
    keep_his_mailbox_out(alice)
    alice.get_by_role("radio", name="At the end of a day").check()
    alice.get_by_role("textbox", name="Last day").fill(day.isoformat())
    alice.get_by_role("button", name="Check offboarding").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text("Check the offboarding")
    expect(alice.get_by_role("region", name="Handed over")).to_contain_text("Emma Roy")
    alice.get_by_role("button", name="Make changes").click()
    expect(alice.get_by_role("textbox", name="Last day")).to_have_value(day.isoformat())
    alice.get_by_role("button", name="Check offboarding").click()
    alice.get_by_role("button", name="Plan offboarding", exact=True).click()
    expect(alice.get_by_text("You can cancel until then.")).to_be_visible()

    alice.get_by_role("link", name="Details").click()
    alice.get_by_role("link", name="Plan offboarding…").click()
    expect(alice.get_by_text("Emma Roy")).to_be_visible()
    alice.get_by_role("button", name="Cancel offboarding").click()
    expect(alice.get_by_text("Bob Tremblay stays")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_immediate_offboarding_is_undone(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    open_bob(alice)
    alice.get_by_role("link", name="Details").click()
    alice.get_by_role("link", name="Plan offboarding…").click()
    alice.get_by_label("Hand over all access to").fill("emma@alder.example")
    keep_his_mailbox_out(alice)
    alice.get_by_role("button", name="Check offboarding").click()
    alice.get_by_role("button", name="Remove Bob Tremblay now").click()
    expect(alice.get_by_text("Bob Tremblay has left the company.")).to_be_visible()
    expect(alice.get_by_role("link", name="Bob Tremblay")).to_have_count(0)

    alice.get_by_role("button", name="Undo").click()
    expect(alice.get_by_text("The change is undone.")).to_be_visible()
    expect(alice.get_by_role("link", name="Bob Tremblay")).to_have_count(1)
