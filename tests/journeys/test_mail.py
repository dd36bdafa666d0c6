"""From the foot of a mail to less of it, and back; and a newsletter without an account."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.accessibility import faults_of

BOTH = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)


@BOTH
def test_subscribe_confirm_reduce_undo(open_browser, read_mail, javascript):
    address = f"sam-{'js' if javascript else 'plain'}@elsewhere.example"
    page = open_browser(javascript=javascript, viewport={"width": 375, "height": 800})

    page.goto("/accounts/login/")
    page.get_by_role("link", name="Get our news without an account").click()
    page.get_by_label(re.compile("Newsletter")).check()
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    read_mail(page, address, "Please confirm")
    page.goto(re.search(r"http\S+/subscribe/confirm/\S+", page.inner_text("main"))[0])
    assert faults_of(page) == []
    page.get_by_role("button", name="Yes, send me this").click()
    expect(page.get_by_text(f"{address} now gets: Newsletter.")).to_be_visible()


@BOTH
def test_choose_pause_and_keep_a_receipt(open_browser, tmp_path, javascript):
    bob = open_browser("Bob", javascript=javascript, viewport={"width": 375, "height": 800})

    bob.goto("/preferences/")
    bob.get_by_label("Once a week").check()
    if not javascript:
        bob.get_by_role("button", name="Save how often").click()
    expect(bob.get_by_text("Optional mail now comes once a week.")).to_be_visible()
    bob.get_by_role("button", name="Undo").click()
    expect(bob.get_by_label("At once")).to_be_checked()

    bob.get_by_role("button", name="Pause for 30 days").click()
    expect(bob.get_by_text("Optional mail is paused.")).to_be_visible()
    bob.get_by_role("button", name="End the pause").click()
    expect(bob.get_by_text("The pause is over.")).to_be_visible()

    bob.get_by_role("button", name="Stop all optional mail").click()
    expect(bob.get_by_text("All optional mail is stopped.")).to_be_visible()
    bob.get_by_role("button", name="Undo").click()
    expect(bob.get_by_role("switch", name=re.compile("^Newsletter"))).to_be_checked()

    with bob.expect_download() as download:
        bob.get_by_role("link", name="Download a receipt").click()
    file = tmp_path / "receipt.json"
    download.value.save_as(file)
    bob.get_by_role("link", name="All of it, with the words").click()
    bob.get_by_role("link", name="Check a receipt").click()
    bob.get_by_label("Receipt").set_input_files(file)
    bob.get_by_role("button", name="Check", exact=True).click()
    expect(bob.get_by_text("Genuine: unchanged")).to_be_visible()
