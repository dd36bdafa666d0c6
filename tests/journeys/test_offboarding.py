"""Revoking with undo, and offboarding a member, with and without JavaScript."""

import datetime
import re

import pytest
from playwright.sync_api import Page, expect

VIEW = "See the domain and its records"


def open_bob(page: Page) -> None:
    page.goto("/c/alder/people/")
    page.get_by_role("link", name="Bob Tremblay").click()


def keep_his_mailbox_out(page: Page) -> None:
    """Drop Bob's own mailbox, whose sensitive grant would need a fresh sign-in."""
    page.get_by_role("checkbox", name=re.compile("^Drop .*bob@alder.example")).check()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_revoke_and_undo(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    open_bob(alice)

    alice.get_by_role("button", name=f"Revoke “{VIEW}” on alder.example").click()
    expect(alice.get_by_text("Bob Tremblay no longer has")).to_be_visible()
    expect(alice.get_by_role("button", name=f"Revoke “{VIEW}” on alder.example")).to_have_count(0)
    alice.get_by_role("button", name="Undo").click()

    expect(alice.get_by_text("Undone: what was removed is back.")).to_be_visible()
    expect(alice.get_by_role("button", name=f"Revoke “{VIEW}” on alder.example")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_planned_offboarding_is_cancelled(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    day = datetime.date.today() + datetime.timedelta(days=30)
    open_bob(alice)
    alice.get_by_role("link", name="Leaving…").click()

    alice.get_by_label("Who takes over “See the domain").fill("emma@alder.example")
    keep_his_mailbox_out(alice)
    alice.get_by_role("radio", name="At the end of a day").check()
    alice.get_by_label("Last day").fill(day.isoformat())
    alice.get_by_role("button", name="Review").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text("Is this right?")
    expect(alice.get_by_role("region", name="Handed on")).to_contain_text("Emma Roy")
    alice.get_by_role("button", name="Change something").click()
    expect(alice.get_by_label("Last day")).to_have_value(day.isoformat())
    alice.get_by_role("button", name="Review").click()
    alice.get_by_role("button", name="Plan it").click()
    expect(alice.get_by_text("You can cancel until then.")).to_be_visible()

    alice.get_by_role("link", name="Leaving…").click()
    expect(alice.get_by_text("Emma Roy")).to_be_visible()
    alice.get_by_role("button", name="Cancel this leaving").click()
    expect(alice.get_by_text("Bob Tremblay stays")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_immediate_offboarding_is_undone(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    open_bob(alice)
    alice.get_by_role("link", name="Leaving…").click()
    alice.get_by_label("Hand everything to").fill("emma@alder.example")
    keep_his_mailbox_out(alice)
    alice.get_by_role("button", name="Review").click()
    alice.get_by_role("button", name="Bob Tremblay leaves now").click()
    expect(alice.get_by_text("Bob Tremblay has left the company.")).to_be_visible()
    expect(alice.get_by_role("link", name="Bob Tremblay")).to_have_count(0)

    alice.get_by_role("button", name="Undo").click()
    expect(alice.get_by_text("Undone")).to_be_visible()
    expect(alice.get_by_role("link", name="Bob Tremblay")).to_have_count(1)
