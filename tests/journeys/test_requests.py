"""Requesting a closed portal and getting an answer, with and without JavaScript."""

import pytest
from playwright.sync_api import expect


def ask(bob):
    bob.goto("/")
    bob.get_by_role("button", name="Ask for Usage statistics").click()
    expect(bob.get_by_text("Your Super User has been asked")).to_be_visible()
    bob.goto("/")
    expect(bob.get_by_role("link", name="You have asked for it")).to_be_visible()


@pytest.mark.parametrize("javascript", [False, True])
def test_a_request_is_refused_and_another_approved(open_browser, javascript):
    bob = open_browser("Bob", javascript=javascript)
    alice = open_browser("Alice", javascript=javascript)
    ask(bob)
    alice.goto("/c/alder/requests/")
    alice.get_by_role("link", name="Refuse Bob Tremblay: Access").click()
    alice.get_by_label("Reason").fill("Emma prepares the report.")
    alice.get_by_role("button", name="Refuse").click()
    expect(alice.get_by_text("Bob Tremblay has been told why")).to_be_visible()
    bob.get_by_role("link", name="Requests").click()
    bob.get_by_role("link", name="Access").first.click()
    expect(bob.get_by_text("Emma prepares the report.")).to_be_visible()

    ask(bob)
    alice.goto("/c/alder/requests/")
    alice.get_by_role("link", name="Approve for Bob Tremblay: Access").click()
    alice.get_by_label("Until").fill("2090-01-01T12:00")
    alice.get_by_role("button", name="Approve").click()
    bob.goto("/")
    expect(bob.get_by_role("link", name="Usage statistics")).to_be_visible()

    # As it was, for whoever comes next.
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    statistics = alice.get_by_role("group", name="Usage statistics")
    statistics.get_by_role("button", name="Revoke “Open the portal” on Alder Dental").click()
    expect(alice.get_by_text("Bob Tremblay no longer has")).to_be_visible()
