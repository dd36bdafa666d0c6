"""A new version of a policy, from its draft to an answer and its receipt."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.accessibility import faults_of


def write_next_version(olive):
    """Write the draft of the next version, publish and announce it."""
    olive.goto("/provider/policies/")
    assert faults_of(olive) == []
    olive.get_by_role("main").get_by_role("link", name="Terms of service").click()
    olive.get_by_role("link", name="Version 2").click()
    assert faults_of(olive) == []
    olive.get_by_role("link", name="Change", exact=True).click()
    assert faults_of(olive) == []
    olive.get_by_label("Summary of the changes, in English").fill("Support answers on Saturdays.")
    olive.get_by_label("Summary of the changes, in French").fill("Assistance le samedi.")
    olive.get_by_label("Text in English").fill("# Support\n\nWe answer on Saturdays too.")
    olive.get_by_label("Text in French").fill("# Assistance\n\nNous répondons aussi le samedi.")
    olive.get_by_label("Yes: everybody is told by email, and answers again").check()
    later = date.today() + timedelta(days=45)
    olive.get_by_label("Takes effect on").fill(later.isoformat())
    olive.get_by_role("button", name="Save draft").click()
    assert faults_of(olive) == []

    olive.get_by_label("The text is final").check()
    olive.get_by_role("button", name="Publish version").click()
    expect(olive.get_by_text("It is not announced yet.")).to_be_visible()
    olive.get_by_label("Why you announce it alone").fill("I am the only privacy officer.")
    olive.get_by_role("button", name="Announce version").click()
    expect(olive.get_by_text("Version 2 is announced.")).to_be_visible()


def test_from_a_draft_to_an_answer(open_browser, read_mail):
    write_next_version(open_browser("Olive"))
    bob = open_browser("Bob", javascript=False, viewport={"width": 375, "height": 800})
    read_mail(bob, "bob@alder.example", "Terms of service changes on ")

    bob.goto("/profile/")
    expect(bob.get_by_text("Please read it and answer by then.")).to_be_visible()
    bob.get_by_role("link", name="Read and answer").click()
    assert faults_of(bob) == []
    expect(bob.get_by_text("We answer on Saturdays too.")).to_be_visible()
    bob.get_by_role("link", name="Versions and changes").click()
    assert faults_of(bob) == []
    bob.get_by_role("link", name="See the changes").click()
    expect(bob.locator("ins", has_text="Saturdays").first).to_be_visible()
    assert faults_of(bob) == []

    bob.goto("/agree/")
    bob.get_by_role("button", name="Accept policy").click()
    expect(bob.get_by_text("You accepted Terms of service.")).to_be_visible()
    assert faults_of(bob) == []
    with bob.expect_download() as download:
        bob.get_by_role("link", name="Download receipt").first.click()
    assert download.value.suggested_filename == "receipt-terms-2.json"
    bob.goto("/profile/")
    expect(bob.get_by_text("Please read it and answer by then.")).not_to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_policies_are_public(open_browser, javascript):
    page = open_browser(javascript=javascript, viewport={"width": 320, "height": 800})
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Policies").click()
    assert faults_of(page) == []
    page.get_by_role("link", name="Terms of service").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert faults_of(page) == []
