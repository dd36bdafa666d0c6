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
    page.get_by_label("Your email address").fill(address)
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()

    read_mail(page, address, "Confirm your subscription")
    page.goto(re.search(r"http\S+/subscribe/confirm/\S+", page.inner_text("main"))[0])
    assert faults_of(page) == []
    page.get_by_role("button", name="Confirm my subscription").click()
    expect(page.get_by_text(f"{address} is now subscribed to: Newsletter.")).to_be_visible()


@BOTH
def test_choose_pause_and_keep_a_receipt(open_browser, tmp_path, javascript):
    bob = open_browser("Bob", javascript=javascript, viewport={"width": 375, "height": 800})

    bob.goto("/preferences/")
    bob.get_by_label("Once a week").check()
    if not javascript:
        bob.get_by_role("button", name="Save the frequency").click()
    expect(bob.get_by_text("You now get optional email once a week.")).to_be_visible()
    bob.get_by_role("button", name="Undo").click()
    expect(bob.get_by_label("At once")).to_be_checked()

    bob.get_by_role("button", name="Pause for 30 days").click()
    expect(bob.get_by_text("Optional email is paused.")).to_be_visible()
    bob.get_by_role("button", name="End the pause").click()
    expect(bob.get_by_text("The pause is over.")).to_be_visible()

    bob.get_by_role("button", name="Unsubscribe from all optional email").click()
    expect(bob.get_by_text("You get no optional email any more.")).to_be_visible()
    bob.get_by_role("button", name="Undo").click()
    if javascript:
        expect(bob.get_by_role("switch", name=re.compile("^Newsletter"))).to_be_checked()
    else:
        expect(bob.get_by_role("button", name="Unsubscribe from Newsletter")).to_be_visible()

    with bob.expect_download() as download:
        bob.get_by_role("link", name="Download a receipt").click()
    file = tmp_path / "receipt.json"
    download.value.save_as(file)
    bob.get_by_role("link", name="All choices with their text").click()
    expect(bob.get_by_text("All optional email").first).to_be_visible()
    assert faults_of(bob) == []
    bob.get_by_role("link", name="Check a receipt").click()
    bob.wait_for_url("**/receipts/verify/")
    assert faults_of(bob) == []
    bob.get_by_label("Receipt").set_input_files(file)
    bob.get_by_role("button", name="Check", exact=True).click()
    expect(bob.get_by_text("This receipt is genuine")).to_be_visible()


@BOTH
def test_unsubscribe_and_undo_on_the_preference_page_take_two_presses(open_browser, javascript):
    emma = open_browser("Emma", javascript=javascript)
    emma.goto("/preferences/")
    loads: list[str] = []
    emma.on("framenavigated", lambda frame: loads.append(frame.url))
    if javascript:
        emma.get_by_role("switch", name=re.compile("^Product updates")).click()
    else:
        expect(emma.get_by_role("switch")).to_have_count(0)
        emma.get_by_role("button", name="Unsubscribe from Product updates").click()
    expect(emma.get_by_text("Unsubscribed from: Product updates.")).to_be_visible()
    emma.get_by_role("button", name="Undo").click()
    expect(emma.get_by_text("Undone: your preferences are as before.")).to_be_visible()
    if javascript:
        switch = emma.get_by_role("switch", name=re.compile("^Product updates"))
        expect(switch).to_be_checked()
    else:
        button = emma.get_by_role("button", name="Unsubscribe from Product updates")
        expect(button).to_be_visible()
    assert len(loads) <= 2
    assert faults_of(emma) == []


@BOTH
def test_the_footer_link_works_without_a_sign_in(open_browser, read_mail, javascript):
    name = "emma" if javascript else "alice"
    options = {"javascript": javascript, "viewport": {"width": 375, "height": 800}}
    page = open_browser(**options, color_scheme="dark", reduced_motion="reduce")
    read_mail(page, f"{name}@alder.example", "What is new this month")
    mail = page.inner_text("main")
    choices = re.search(r"Email preferences: (http\S+)", mail)[1]
    stop = re.search(r"Unsubscribe: (http\S+)", mail)[1]

    page.goto(choices)
    expect(page.get_by_text(f"For {name[0]}…@alder.example.")).to_be_visible()
    assert f"{name}@" not in page.content()
    assert faults_of(page) == []
    expect(page.get_by_role("switch")).to_have_count(0)  # nothing here turns mail on

    page.get_by_role("button", name="Unsubscribe Newsletter").click()
    expect(page.get_by_text("Unsubscribed from: Newsletter.")).to_be_visible()
    assert faults_of(page) == []
    elsewhere = open_browser(**options)
    elsewhere.goto(choices)
    expect(elsewhere.get_by_role("button", name="Undo")).to_have_count(0)
    page.goto(choices)  # the same browser still can
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: your preferences are as before.")).to_be_visible()
    expect(page.get_by_role("button", name="Unsubscribe Newsletter")).to_be_visible()

    page.get_by_role("button", name="Once a day").click()
    expect(page.get_by_text("You now get optional email once a day.")).to_be_visible()
    page.get_by_role("button", name="Pause for 30 days").click()
    expect(page.get_by_text("Optional email is paused.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Paused", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Pause for 90 days").click()
    expect(page.get_by_text("Optional email is paused.")).to_be_visible()

    expect(page.get_by_text("you still get the required notices below")).to_be_visible()
    page.get_by_role("button", name="Unsubscribe from all optional email").click()
    expect(page.get_by_text("Required notices still come.")).to_be_visible()
    assert faults_of(page) == []
    page.goto(choices)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Unsubscribe Newsletter")).to_be_visible()

    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_text("Infolettre").first).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="English").click()
    page.get_by_role("link", name="Sign in and choose").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))  # more is asked for signed in

    page.goto(stop)
    expect(page.get_by_role("heading", name="Unsubscribe from “Newsletter”?")).to_be_visible()
    assert faults_of(page) == []
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.get_by_role("button", name="Unsubscribe").click()  # 1 click, 1 load
    expect(
        page.get_by_text(f"{name[0]}…@alder.example no longer gets “Newsletter”.")
    ).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Undo").click()  # 2 clicks, 2 loads
    expect(page.get_by_text(f"{name[0]}…@alder.example gets “Newsletter” again.")).to_be_visible()
    assert len(loads) == 2
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
