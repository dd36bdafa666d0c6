"""Requests from a refused portal, renewals, services, and requests passed to the provider."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

DNS, SEE = "Change DNS records", "See domain and DNS records"
BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])


@BOTH
def test_a_request_from_a_portal_is_reduced_approved_then_renewed(open_browser, javascript):
    resource = "alderdental.example" if javascript else "alder.example"
    emma = open_browser("Emma", javascript=javascript, viewport={"width": 375, "height": 800})
    alice = open_browser("Alice", javascript=javascript)

    emma.goto(
        f"/ask/?portal=domains&type=domain&resource={resource}&privilege=manage_dns"
        "&return=https://domains.harbour.example/"
    )
    privileges = emma.get_by_role("group", name=f"{resource}, Domains")
    expect(privileges.get_by_label(DNS)).to_be_checked()
    privileges.get_by_label(SEE).check()
    emma.get_by_label("Reason", exact=True).fill("The new website moves.")
    emma.get_by_role("button", name="Send request").click()
    expect(emma.get_by_role("link", name="Back to the portal")).to_be_visible()
    asked = emma.url

    alice.goto(asked.split("?")[0])
    alice.get_by_label(f"“{DNS}” on {resource}").uncheck()
    end = datetime.now() + timedelta(days=5)
    alice.get_by_label("Until").fill(end.strftime("%Y-%m-%dT%H:%M"))
    alice.get_by_role("button", name="Approve").click()
    expect(alice.get_by_text("The request is approved. We told Emma Roy by email.")).to_be_visible()

    emma.goto(asked)
    row = emma.get_by_role("listitem").filter(has_text=SEE)
    expect(row.get_by_text("given", exact=True)).to_be_visible()
    expect(emma.get_by_text("not given")).to_be_visible()
    emma.goto("/my-access/")
    keep = f"Ask to keep “{SEE}” on {resource}"
    expect(emma.get_by_role("link", name=keep)).to_be_visible()

    alice.get_by_role("link", name="Ending soon").click()
    row = alice.get_by_role("row").filter(has_text="Emma Roy").filter(has_text=resource)
    row.get_by_label("New end date").select_option(label="90 days")
    row.get_by_role("button", name="Renew").click()
    expect(alice.get_by_text(f"“{SEE}” on {resource} now")).to_be_visible()
    emma.reload()
    expect(emma.get_by_role("link", name=keep)).to_have_count(0)


@BOTH
def test_one_service_is_requested_and_ending_another_is_refused(open_browser, javascript):
    asker = open_browser("Charlie" if javascript else "Frank", javascript=javascript)
    alice = open_browser("Alice", javascript=javascript)
    olive = open_browser("Olive", javascript=javascript)
    company = "birch" if javascript else "cedar"

    asker.goto(f"/c/{company}/requests/")
    asker.get_by_role("link", name="Ask Harbour").click()
    asker.get_by_role("link", name="Ask for Usage statistics").click()
    asker.get_by_role("textbox", name="Reason").fill("For the yearly report.")
    asker.get_by_role("button", name="Send request").click()
    expect(asker.get_by_text("Harbour answers this request.")).to_be_visible()

    alice.goto("/c/alder/company/")
    alice.get_by_role("link", name="See services").click()
    alice.get_by_role("link", name="Ask to end Support tickets").click()
    expect(alice.get_by_text("can no longer use the portal")).to_be_visible()
    alice.get_by_label("Portal name to confirm").fill("support tickets")
    alice.get_by_role("button", name="Send request").click()

    for name, answer in (("add Usage statistics", "Approve"), ("end Support tickets", "Refuse")):
        olive.goto("/provider/requests/")
        olive.get_by_role("link", name="Answer").filter(has_text="Answer").and_(
            olive.get_by_role("link", name=name)
        ).click()
        if answer == "Refuse":
            expect(olive.get_by_text("can no longer use the portal")).to_be_visible()
            olive.get_by_label("Reason").fill("Notice is a month.")
        olive.get_by_role("button", name=answer).click()
        said = "The request is approved." if answer == "Approve" else "The request is refused."
        expect(olive.get_by_text(said)).to_be_visible()

    asker.goto(f"/c/{company}/services/")
    expect(asker.get_by_role("link", name="Ask to end Usage statistics")).to_be_visible()
    alice.goto("/c/alder/requests/")
    alice.get_by_role("link", name="You asked to end Support tickets").first.click()
    expect(alice.get_by_text("Notice is a month.")).to_be_visible()


@BOTH
def test_a_request_is_passed_on_and_sent_back(open_browser, javascript):
    bob = open_browser("Bob", javascript=javascript)
    alice = open_browser("Alice", javascript=javascript)
    dana = open_browser("Dana", javascript=javascript, viewport={"width": 375, "height": 800})
    text = f"A question about the contract, {'first' if javascript else 'second'}."

    bob.goto("/c/alder/requests/new/?kind=other")
    bob.get_by_role("textbox", name="What do you need?").fill(text)
    bob.get_by_role("button", name="Send request").click()
    path = bob.url
    alice.goto(path)
    alice.get_by_role("button", name="Pass on to Harbour").click()
    expect(alice.get_by_text("The request is now with Harbour.")).to_be_visible()

    dana.goto("/provider/requests/")
    row = dana.get_by_role("listitem").filter(has_text=text)
    row.get_by_role("link", name="Answer").click()
    dana.get_by_label("Message to the Super Users").fill("You signed it, so you know.")
    dana.get_by_role("button", name="Send request back").click()
    expect(dana.get_by_text("The request is with the Super Users")).to_be_visible()
    alice.goto(path)
    alice.get_by_role("button", name="Approve").click()
    bob.goto(path)
    expect(bob.get_by_text("Approved by Alice Martin")).to_be_visible()
