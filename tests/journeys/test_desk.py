"""A call at the support desk: from the search to a sent reset link, and a lost phone."""

import pytest
from playwright.sync_api import expect

BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])


@BOTH
def test_from_the_search_to_a_sent_reset_link_in_four_pages(open_browser, read_mail, javascript):
    caller = "Bob" if javascript else "Emma"
    person = open_browser(caller, javascript=javascript)
    dana = open_browser("Dana", javascript=javascript)
    person.goto("/profile/")
    person.get_by_role("link", name="Support code").click()
    person.get_by_role("button", name="Get a code").click()
    code = person.locator(".figure").inner_text()

    dana.goto("/desk/")
    loads = []
    dana.on("load", lambda page: loads.append(page.url))
    dana.get_by_label("Find a person").fill(f"{caller} alder")
    dana.get_by_role("button", name="Search", exact=True).last.click()
    dana.get_by_role("link", name=caller).click()
    dana.get_by_label("Ticket").fill("T-1042")
    dana.get_by_label("Reason").fill("Forgot the password")
    dana.get_by_label("Support code").fill(code)
    dana.get_by_role("button", name="Open the case").click()
    expect(dana.get_by_text("The caller is verified by the code.")).to_be_visible()
    dana.get_by_role("button", name="Send a reset link").click()
    expect(dana.get_by_text("The link is on its way to")).to_be_visible()

    assert len(loads) <= 4
    read_mail(person, f"{caller.lower()}@alder.example", "support sent you a password reset link")
    dana.get_by_role("button", name="Close the case").click()
    expect(dana.get_by_text("The case is closed.")).to_be_visible()
