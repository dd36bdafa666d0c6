"""The only Super User of a company is gone, and a person's pages are seen with them."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

RECOVERY = "/desk/companies/alder/recovery/"


def propose(page: Page) -> None:
    """Propose Bob in place of Alice."""
    page.goto(RECOVERY)
    page.get_by_label("Email address of the new main Super User").fill("bob@alder.example")
    page.get_by_label("Ticket").fill("T-2001")
    page.get_by_label("Evidence").fill("The register names Bob Tremblay as director.")
    page.get_by_label("Reference of the proof").fill("Register extract 311-44")
    assert faults_of(page) == []
    page.get_by_role("button", name="Propose the recovery").click()
    expect(page.get_by_text("A colleague has to approve it.")).to_be_visible()


def approve(page: Page) -> None:
    """Approve it, as a colleague."""
    page.goto(RECOVERY)
    assert faults_of(page) == []
    page.get_by_role("button", name="Approve the recovery").click()
    expect(page.get_by_text("Waiting until")).to_be_visible()


def test_two_of_the_staff_begin_a_recovery_and_the_company_stops_it(open_browser, read_mail):
    dana, olive = open_browser("Dana"), open_browser("Olive")
    propose(dana)
    expect(dana.get_by_role("button", name="Approve the recovery")).to_have_count(0)
    approve(olive)

    # By the link in the email, without a sign-in.
    stranger = open_browser(javascript=False)
    read_mail(stranger, "emma@alder.example", "gets a new main Super User")
    stranger.get_by_role("main").get_by_role("link", name=re.compile("recoveries|Stop")).click()
    assert faults_of(stranger) == []
    stranger.get_by_role("button", name="Stop the recovery").click()
    expect(stranger.get_by_text("The recovery is stopped")).to_be_visible()
    dana.goto(RECOVERY)
    expect(dana.get_by_text("Stopped by the company")).to_be_visible()

    # Again, and the one who was said to be gone is there: one click at the sign-in.
    propose(dana)
    approve(olive)
    alice = open_browser("Alice")
    assert faults_of(alice) == []
    alice.get_by_role("button", name="I can act: stop the recovery").click()
    expect(alice.get_by_text("Alice Martin stays the main Super User")).to_be_visible()


def test_an_agent_sees_a_persons_pages_and_can_do_nothing_there(open_browser, read_mail):
    bob, dana = open_browser("Bob"), open_browser("Dana")
    bob.goto("/profile/")
    bob.get_by_role("link", name="Support code").click()
    bob.get_by_role("button", name="Get a code").click()
    code = bob.get_by_role("main").locator("strong.numeric").inner_text()
    dana.goto("/desk/?q=bob")
    dana.get_by_role("link", name="Bob Tremblay").click()
    dana.get_by_label("Ticket").fill("T-77")
    dana.get_by_label("Reason").fill("Home looks odd to him")
    dana.get_by_label(re.compile("code", re.IGNORECASE)).fill(code)
    dana.get_by_role("button", name="Open the case").click()
    dana.get_by_role("button", name="See their pages").click()

    expect(dana.get_by_text("Read-only, 15 minutes left.")).to_be_visible()
    assert faults_of(dana) == []
    dana.get_by_role("link", name="Email preferences").last.click()
    expect(dana.get_by_role("heading", name="Optional email")).to_be_visible()
    assert faults_of(dana) == []
    assert dana.locator(".viewed").locator("form, a[href], [name], [hx-post]").count() == 0
    assert dana.locator(".viewed").locator("button:not(:disabled)").count() == 0

    read_mail(bob, "bob@alder.example", "is looking at your pages with you")
    dana.get_by_role("button", name="Stop looking").click()
    expect(dana.get_by_text("You no longer see the pages of Bob Tremblay.")).to_be_visible()
