"""Requesting a closed portal and getting an answer, with and without JavaScript."""

import pytest
from playwright.sync_api import expect


def ask(bob):
    bob.goto("/")
    bob.get_by_role("button", name="Ask for access to Usage statistics").click()
    expect(bob.get_by_text("We asked your Super User")).to_be_visible()
    bob.goto("/")
    expect(bob.get_by_role("link", name="Requested, not answered yet")).to_be_visible()


@pytest.mark.parametrize("javascript", [False, True])
def test_a_request_is_refused_and_another_approved(open_browser, javascript):
    bob = open_browser("Bob", javascript=javascript)
    alice = open_browser("Alice", javascript=javascript)
    ask(bob)
    alice.goto("/c/alder/requests/")
    alice.get_by_role(
        "link", name="Refuse: Bob Tremblay asks to open the Usage statistics portal"
    ).click()
    alice.get_by_label("Reason").fill("Emma prepares the report.")
    alice.get_by_role("button", name="Refuse").click()
    expect(alice.get_by_text("We sent Bob Tremblay your reason by email")).to_be_visible()
    bob.get_by_role("link", name="Requests").click()
    bob.get_by_role("link", name="You asked to open the Usage").first.click()
    expect(bob.get_by_text("Emma prepares the report.")).to_be_visible()

    ask(bob)
    # Two clicks at most, and one page load.
    alice.goto("/")
    request = "Bob Tremblay asks to open the Usage statistics portal"
    alice.get_by_role("button", name=f"Approve: {request}").click()
    expect(alice.get_by_text("Bob Tremblay can open the Usage statistics portal.")).to_be_visible()
    expect(alice.get_by_text(request)).to_have_count(0)
    bob.goto("/")
    expect(bob.get_by_role("link", name="Usage statistics", exact=True)).to_be_visible()

    # As it was, for whoever comes next.
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    portal = alice.get_by_role("row").filter(has_text="Usage statistics")
    portal.get_by_role("button", name="Remove").click()
    expect(alice.get_by_text("Bob Tremblay no longer has")).to_be_visible()
