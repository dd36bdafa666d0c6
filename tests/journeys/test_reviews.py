"""A complete access review, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_alice_completes_an_access_review(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    alice.goto("/c/alder/reviews/")
    begin = alice.get_by_role("button", name="Start review now")
    if begin.count():
        begin.click()
    else:
        alice.get_by_role("link", name="Start review").click()

    # Alice's own part is open first. Nothing is marked Remove, whether it was used or not.
    expect(alice.get_by_text("You are the only Super User")).to_be_visible()
    alice.get_by_role("link", name="Review Bob Tremblay").click()
    bob = alice.get_by_role("region", name="Bob Tremblay")
    mailbox = bob.get_by_role("group", name="“Use this mailbox” on bob@alder.example")
    expect(mailbox.get_by_role("radio", name="Keep")).to_be_checked()
    domain = bob.get_by_role("group", name="“See domain and DNS records” on alder.example")
    expect(domain.get_by_role("radio", name="Keep")).to_be_checked()
    ticket = bob.get_by_role("group", name="“Open a ticket” on Website and hosting")
    ticket.get_by_role("radio", name="Reduce").check()
    ticket.get_by_label("Last day").fill("2090-05-01" if javascript else "2089-05-01")
    bob.get_by_role("button", name="Save the choices for Bob Tremblay").click()
    expect(alice.get_by_text("Bob Tremblay: 6 kept, 1 reduced, 0 removed.")).to_be_visible()
    expect(alice.get_by_role("region", name="Bob Tremblay")).to_have_count(0)

    for name in ("Alice Martin", "Emma Roy", "Reception"):
        alice.get_by_role("button", name=f"Keep all access of {name}").click()
        expect(alice.get_by_text(re.compile(f"{name}: \\d+ kept"))).to_be_visible()
    expect(alice.get_by_text("finished by Alice Martin").first).to_be_visible()

    alice.goto("/c/alder/activity/")
    expect(alice.get_by_text("Alice Martin finished the access review").first).to_be_visible()
    alice.goto("/c/alder/reviews/")
    expect(alice.get_by_role("heading", name="No open review")).to_be_visible()
