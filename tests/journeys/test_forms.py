"""Forms that meet trouble: a session that ends while one types, and two people in one form."""

import re

import pytest
from playwright.sync_api import Page, expect

from hub.example import PASSWORD
from tests.journeys.accessibility import faults_of

PHONE = {"width": 375, "height": 800}


def open_work_details(page: Page) -> None:
    """Open the work details of Bob, from the list of people."""
    page.goto("/c/alder/people/")
    page.get_by_role("link", name="Bob Tremblay").first.click()
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Edit details").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work details")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_session_that_ends_in_mid_form(open_browser, javascript):
    phone = "555 0177" if javascript else "555 0178"
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    open_work_details(alice)
    alice.get_by_label("Work phone").fill(phone)
    alice.context.clear_cookies(name="hub_session")
    alice.get_by_role("button", name="Save").click()

    expect(alice.get_by_text("You were signed out before you sent this form.")).to_be_visible()
    alice.get_by_label("Email").fill("alice@alder.example")
    alice.get_by_label("Password").fill(PASSWORD)
    alice.get_by_role("button", name="Sign in", exact=True).click()

    expect(alice.get_by_role("heading", name="Your form was not sent")).to_be_visible()
    expect(alice.get_by_label("Work phone")).to_have_value(phone)
    if javascript:
        assert faults_of(alice) == []
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_text("Saved.")).to_be_visible()
    open_work_details(alice)
    expect(alice.get_by_label("Work phone")).to_have_value(phone)
    expect(alice.get_by_role("heading", name="Your form was not sent")).to_have_count(0)


def test_two_tabs_in_one_form(open_browser):
    first = open_browser("Alice", viewport=PHONE)
    open_work_details(first)
    second = first.context.new_page()
    second.goto(first.url)
    second.get_by_label("Work phone").fill("555 0142")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("Saved.")).to_be_visible()

    first.get_by_label("Work phone").fill("555 0143")
    first.get_by_role("button", name="Save").click()

    expect(first.get_by_role("heading", name=re.compile("Saved by Alice"))).to_be_visible()
    conflict = first.get_by_role("region", name=re.compile("Saved by Alice"))
    expect(conflict).to_contain_text("555 0142")
    expect(conflict).to_contain_text("555 0143")
    expect(first.get_by_label("Work phone")).to_have_value("555 0143")
    assert faults_of(first) == []
    first.get_by_role("link", name="Discard my changes").click()
    expect(first.get_by_label("Work phone")).to_have_value("555 0142")
