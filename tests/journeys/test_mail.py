"""Unsubscribing and undoing from an email's footer, and subscribing without an account."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.accessibility import faults_of

BOTH = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)


@BOTH
def test_subscribe_confirm_unsubscribe_undo(open_browser, read_mail, javascript):
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
    expect(page.get_by_text(f"{address} is now subscribed to: Newsletter.")).to_be_visible()


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
    expect(bob.get_by_text("All optional mail").first).to_be_visible()
    assert faults_of(bob) == []
    bob.get_by_role("link", name="Check a receipt").click()
    bob.wait_for_url("**/receipts/verify/")
    assert faults_of(bob) == []
    bob.get_by_label("Receipt").set_input_files(file)
    bob.get_by_role("button", name="Check", exact=True).click()
    expect(bob.get_by_text("Genuine: unchanged")).to_be_visible()


@BOTH
def test_the_footer_link_works_without_a_sign_in(open_browser, read_mail, javascript):
    name = "emma" if javascript else "alice"
    options = {"javascript": javascript, "viewport": {"width": 375, "height": 800}}
    page = open_browser(**options, color_scheme="dark", reduced_motion="reduce")
    read_mail(page, f"{name}@alder.example", "What is new this month")
    mail = page.inner_text("main")
    choices = re.search(r"All your choices: (http\S+)", mail)[1]
    stop = re.search(r"Stop it: (http\S+)", mail)[1]

    page.goto(choices)
    expect(page.get_by_text(f"For {name[0]}…@alder.example.")).to_be_visible()
    assert f"{name}@" not in page.content()
    assert faults_of(page) == []
    expect(page.get_by_role("switch")).to_have_count(0)  # nothing here turns mail on

    page.get_by_role("button", name="Stop Newsletter").click()
    expect(page.get_by_text("Off: Newsletter.")).to_be_visible()
    assert faults_of(page) == []
    elsewhere = open_browser(**options)
    elsewhere.goto(choices)
    expect(elsewhere.get_by_role("button", name="Undo")).to_have_count(0)
    page.goto(choices)  # the same browser still can
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: it is as it was before.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop Newsletter")).to_be_visible()

    page.get_by_role("button", name="Once a day").click()
    expect(page.get_by_text("Optional mail now comes once a day.")).to_be_visible()
    page.get_by_role("button", name="Pause for 30 days").click()
    expect(page.get_by_text("Optional mail is paused.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Paused", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Pause for 90 days").click()
    expect(page.get_by_text("Optional mail is paused.")).to_be_visible()

    expect(page.get_by_text("leaves only the mail below that nobody can refuse")).to_be_visible()
    page.get_by_role("button", name="Stop all optional mail").click()
    expect(page.get_by_text("What the law or your security needs still comes.")).to_be_visible()
    assert faults_of(page) == []
    page.goto(choices)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Stop Newsletter")).to_be_visible()

    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_text("Infolettre").first).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="English").click()
    page.get_by_role("link", name="Sign in and choose").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))  # more is asked for signed in

    page.goto(stop)
    expect(page.get_by_role("heading", name="Stop “Newsletter”?")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Stop this mail").click()
    expect(
        page.get_by_text(f"{name[0]}…@alder.example no longer gets “Newsletter”.")
    ).to_be_visible()
    assert faults_of(page) == []


@BOTH
def test_one_person_gets_email_in_french(open_browser, javascript):
    emma = open_browser("Emma", javascript=javascript)
    emma.goto("/preferences/")
    emma.get_by_label("Français", exact=True).check()
    if not javascript:
        emma.get_by_role("button", name="Save the language").click()
    expect(emma.locator("html")).to_have_attribute("lang", "fr")
    expect(emma.get_by_text("Infolettre").first).to_be_visible()
    emma.get_by_label("English", exact=True).check()
    if not javascript:
        emma.locator("form", has=emma.get_by_label("English", exact=True)).get_by_role(
            "button"
        ).click()
    expect(emma.locator("html")).to_have_attribute("lang", "en")


PUBLIC = [
    "/subscribe/",
    "/subscribe/newsletter/",
    "/mandatory-mail/",
    "/preferences/receipts/verify/",
]
STAFF = [
    "/provider/topics/",
    "/provider/topics/newsletter/",
    "/provider/topics/newsletter/edit/",
    "/provider/topics/new/",
    "/provider/topics/import/",
    "/provider/notice-classes/",
    "/provider/messages/",
    "/provider/messages/new/",
    "/provider/messages/1/",
    "/provider/messages/1/people/",
    "/provider/evidence/",
]


@pytest.mark.parametrize("locale", ["en", "fr"])
@pytest.mark.parametrize(("name", "paths"), [(None, PUBLIC), ("Olive", STAFF)])
def test_every_email_page_is_accessible(open_browser, name, paths, locale):
    page = open_browser(name)
    page.goto(paths[0])
    if locale == "fr":
        page.get_by_role("button", name="Français").click()
    faults = []
    for path in paths:
        assert page.goto(path).status == 200, path
        assert page.locator("html").get_attribute("lang") == locale
        for scheme, width in (("light", 1280), ("dark", 375)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            faults += [f"{path} ({scheme}, {width} px): {fault}" for fault in faults_of(page)]
    assert faults == []
