"""Levels, presets and “Same as Bob” through the review, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

WITH_AND_WITHOUT = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)
PHONE = {"width": 375, "height": 800}


def open_person(page: Page, name: str) -> None:
    page.goto("/c/alder/people/")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def assert_sound(page: Page, javascript: bool) -> None:
    """No fault of axe's, nothing wider than the phone; axe itself needs JavaScript."""
    if javascript:
        assert faults_of(page) == []


def level(page: Page, who: str, resource: str, nth: int = 0):
    return page.get_by_label(f"What may {who} do to {resource}?", exact=True).nth(nth)


def make_changes(page: Page, count: int) -> None:
    made = "1 change is made." if count == 1 else f"{count} changes are made."
    page.get_by_role("button", name=re.compile("^Make th")).click()
    expect(page.get_by_text(made)).to_be_visible()


@WITH_AND_WITHOUT
def test_two_levels_are_given_and_one_removed(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    open_person(alice, "Emma Roy")

    level(alice, "Emma Roy", "alderdental.example").select_option(
        label="View – See the domain and its records"
    )
    if javascript:
        expect(alice.get_by_text("1 change not made yet")).to_be_visible()
    level(alice, "Emma Roy", "Invoices").select_option(label="View – Read its tickets")
    if javascript:
        expect(alice.get_by_text("2 changes not made yet")).to_be_visible()
    else:
        alice.get_by_role("button", name="Collect changes").click()
        expect(alice.get_by_text("2 changes not made yet")).to_be_visible()
    level(alice, "Emma Roy", "E-mail").select_option(label="None")
    alice.get_by_role("button", name="Review changes").click()

    expect(alice.get_by_text("Emma Roy loses “Answer its tickets” on E-mail.")).to_be_visible()
    expect(alice.get_by_text("Emma Roy gets “Read its tickets” on Invoices.")).to_be_visible()
    assert_sound(alice, javascript)
    alice.get_by_label(re.compile("^Reason")).fill("New work")
    make_changes(alice, 3)
    expect(level(alice, "Emma Roy", "Invoices")).to_have_value(re.compile("=given$"))

    # And back, so that the next browser finds the example as it was.
    level(alice, "Emma Roy", "alderdental.example").select_option(label="None")
    level(alice, "Emma Roy", "Invoices").select_option(label="None")
    level(alice, "Emma Roy", "E-mail").select_option(label="Reply – Answer its tickets")
    alice.get_by_role("button", name="Review changes").click()
    make_changes(alice, 3)


@WITH_AND_WITHOUT
def test_a_preset_is_applied_then_discarded(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    open_person(alice, "Emma Roy")

    alice.get_by_role("link", name="Apply a preset").click()
    alice.get_by_role("link", name="Apply Webmaster").click()
    alice.get_by_role("checkbox", name="alder.example", exact=True).check()
    assert_sound(alice, javascript)
    alice.get_by_role("button", name="Review changes").click()
    gets = "Emma Roy gets “Manage everything but a transfer” on alder.example."
    expect(alice.get_by_text(gets)).to_be_visible()

    alice.get_by_role("link", name="Back, change something").click()
    expect(alice.get_by_text("not made yet")).to_be_visible()
    alice.get_by_role("button", name="Discard").click()
    expect(alice.get_by_text("Nothing changes before that.")).to_be_visible()


@WITH_AND_WITHOUT
def test_access_is_copied_from_emma(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    open_person(alice, "Bob Tremblay")

    alice.get_by_role("link", name="Same as…").click()
    alice.get_by_role("radio", name="Emma Roy").check()
    alice.get_by_role("checkbox", name="Teams too").uncheck()
    assert_sound(alice, javascript)
    alice.get_by_role("button", name="Review changes").click()
    expect(alice.get_by_text("sensitive right was left out")).to_be_visible()
    given = alice.get_by_text("given", exact=True).count()
    assert given >= 3
    make_changes(alice, given)
    expect(alice.get_by_text("Prepares the yearly report").first).to_be_hidden()

    for resource, place in (
        ("Website traffic, month by month", 0),
        ("E-mail", 0),
        ("Alder Dental", 1),
    ):
        level(alice, "Bob Tremblay", resource, place).select_option(index=0)
    alice.get_by_role("button", name="Review changes").click()
    make_changes(alice, given)


@WITH_AND_WITHOUT
def test_the_same_matrix_from_the_resources_page(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    alice.goto("/c/alder/resources/?q=storage")
    alice.get_by_role("link", name="Storage used, month by month").click()

    resource = "Storage used, month by month"
    level(alice, "Bob Tremblay", resource).select_option(label="View – See the figures")
    level(alice, "Reception", resource).select_option(label="Export – Download the figures")
    assert_sound(alice, javascript)
    alice.get_by_role("button", name="Review changes").click()
    expect(
        alice.get_by_text(f"Reception gets “Download the figures” on {resource}.")
    ).to_be_visible()
    make_changes(alice, 2)
    expect(alice.get_by_role("link", name="via team Reception")).to_be_visible()

    level(alice, "Reception", resource).select_option(label="None")
    alice.get_by_role("button", name="Review changes").click()
    make_changes(alice, 1)
    alice.get_by_role("button", name=f"Revoke “See the figures” on {resource}").click()
    expect(alice.get_by_text("Bob Tremblay no longer has")).to_be_visible()


def test_the_url_keeps_collapsed_sections(open_browser):
    alice = open_browser("Alice")
    open_person(alice, "Emma Roy")
    alice.get_by_role("heading", name="Webmail").click()
    expect(alice).to_have_url(re.compile(r"shut=webmail"))
    alice.reload()
    expect(level(alice, "Emma Roy", "info@alder.example")).to_be_hidden()
    alice.get_by_role("heading", name="Webmail").click()
    expect(alice).not_to_have_url(re.compile("shut="))
