"""Giving, changing and finding access, with and without JavaScript; presses and loads counted."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

WITH_AND_WITHOUT = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)
PHONE = {"width": 320, "height": 740}
DNS = "Change DNS records"
YEAR_END = re.compile(r"^31 Dec")


class Counted:
    """A page whose presses and loads are counted; typing is no press."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses, self._loads = page, 0, 0
        page.on("load", lambda _page: self._loaded())

    def _loaded(self) -> None:
        self._loads += 1

    @property
    def loads(self) -> int:
        """Wait until the page has loaded, then return how many have."""
        self.page.wait_for_load_state()
        return self._loads

    def press(self, role: str, name: str | re.Pattern[str], exact: bool = False) -> None:
        self.presses += 1
        self.page.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]


def choose(page: Page, field: str, text: str) -> None:
    """Type into a type-ahead field and take its first option, by keyboard."""
    box = page.get_by_role("combobox", name=field)
    box.fill(text)
    expect(page.get_by_role("option", name=text).first).to_be_visible()
    box.press("Enter")


def undo(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Undo")).first.click()
    expect(page.get_by_text("The change is undone.")).to_be_visible()


def test_dns_of_one_domain_until_the_end_of_the_year_from_home(open_browser):
    alice = open_browser("Alice")
    counted = Counted(alice)
    counted.press("link", "Give access at Alder Dental")
    dialog = alice.get_by_role("dialog", name="Give access")
    expect(dialog).to_be_visible()
    choose(alice, "Who", "Bob Tremblay")
    choose(alice, "Resources", "alder.example")
    expect(dialog.get_by_role("checkbox", name=DNS)).to_be_visible()
    counted.press("checkbox", DNS)
    counted.press("radio", YEAR_END)
    said = re.compile(r"Bob Tremblay will be able to change DNS of alder\.example until 31 Dec")
    expect(dialog.get_by_text(said)).to_be_visible()
    assert faults_of(alice) == []
    counted.press("button", "Give access", exact=True)

    done = re.compile(r"Bob Tremblay can change DNS of alder\.example until 31 Dec \d{4}\.")
    expect(alice.get_by_text(done).first).to_be_visible()
    assert (counted.presses, counted.loads) == (4, 1), "at most 5 and 2"
    undo(alice)


def test_without_javascript_it_is_a_page_of_its_own(open_browser):
    alice = open_browser("Alice", javascript=False, viewport=PHONE)
    counted = Counted(alice)
    counted.press("link", "Give access at Alder Dental")
    alice.get_by_label("Who").fill("Bob Tremblay")
    alice.get_by_label("Resources").fill("alderdental.example")
    counted.press("button", "Show permissions")
    counted.press("checkbox", DNS)
    counted.press("radio", YEAR_END)
    assert faults_of(alice) == []
    counted.press("button", "Give access", exact=True)
    done = re.compile(r"Bob Tremblay can change DNS of alderdental\.example until 31 Dec \d{4}\.")
    expect(alice.get_by_text(done).first).to_be_visible()
    assert (counted.presses, counted.loads) == (5, 3)
    undo(alice)


def test_give_access_by_keyboard_alone(open_browser):
    alice = open_browser("Alice")
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").focus()
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", level=1)).to_have_text("Bob Tremblay")
    alice.wait_for_load_state()  # before the script runs, the link leads to a page of its own
    alice.get_by_role("link", name="Give access").focus()
    alice.keyboard.press("Enter")
    dialog = alice.get_by_role("dialog", name="Give Bob Tremblay access")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("combobox", name="Resources")).to_be_focused()
    alice.keyboard.type("alderdental")
    expect(alice.get_by_role("option", name="alderdental.example").first).to_be_visible()
    alice.keyboard.press("Enter")
    box = dialog.get_by_role("checkbox", name=DNS)
    expect(box).to_be_visible()
    for _step in range(12):  # the chip, then the permissions
        if box.evaluate("box => box === document.activeElement"):
            break
        alice.keyboard.press("Tab")
    alice.keyboard.press("Space")
    expect(dialog.get_by_text("will be able to change DNS")).to_be_visible()
    expect(box).to_be_focused()
    alice.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(alice.get_by_role("link", name="Give access")).to_be_focused()

    alice.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("combobox", name="Resources")).to_be_focused()
    alice.keyboard.type("alderdental")
    expect(alice.get_by_role("option", name="alderdental.example").first).to_be_visible()
    alice.keyboard.press("Enter")
    expect(box).to_be_visible()
    box.focus()
    alice.keyboard.press("Space")
    dialog.get_by_role("button", name="Give access").focus()
    alice.keyboard.press("Enter")
    expect(alice.get_by_text("Bob Tremblay can change DNS of alderdental.example.")).to_be_visible()
    undo(alice)


def test_who_can_do_what_to_a_domain(open_browser):
    alice = open_browser("Alice")
    counted = Counted(alice)
    alice.get_by_role("combobox", name=re.compile("Search")).first.fill("alderdental")
    counted.press("option", "alderdental.example")
    expect(alice.get_by_role("heading", level=1)).to_have_text("alderdental.example")
    expect(alice.get_by_role("row").filter(has_text="Alice Martin").first).to_contain_text(
        "Super User"
    )
    assert (counted.presses, counted.loads) == (1, 1), "at most 2 and 2"

    plain = open_browser("Alice", javascript=False)
    counted = Counted(plain)
    counted.press("link", "Resources")
    counted.press("link", "alderdental.example")
    expect(plain.get_by_role("row").filter(has_text="Alice Martin").first).to_contain_text(
        "Super User"
    )
    assert (counted.presses, counted.loads) == (2, 2)


@WITH_AND_WITHOUT
def test_a_row_is_changed_then_removed(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    row = alice.get_by_role("row").filter(has_text="alder.example").first
    assert faults_of(alice) == []
    row.get_by_role("link", name=re.compile("^Change")).click()
    expect(alice.get_by_role("heading", name="Change access to alder.example")).to_be_visible()
    alice.get_by_role("checkbox", name="Renew domain").check()
    alice.get_by_role("radio", name="30 days").check()
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Change access").click()
    expect(alice.get_by_text("Bob Tremblay can renew alder.example until").first).to_be_visible()
    changed = alice.locator("tr.changed")
    expect(changed).to_contain_text("Renew domain")
    undo(alice)

    row = alice.get_by_role("row").filter(has_text="alder.example").first
    row.get_by_role("button", name=re.compile("^Remove")).click()
    expect(alice.get_by_text("Bob Tremblay no longer has").first).to_be_visible()
    undo(alice)


@WITH_AND_WITHOUT
def test_a_preset_is_applied(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Emma Roy").click()
    alice.get_by_text("More", exact=True).click()
    alice.get_by_role("link", name="Apply a preset").click()
    alice.get_by_role("link", name="Apply Webmaster").click()
    manage = re.compile("Manage domain, except transfer")
    expect(alice.get_by_role("checkbox", name=manage)).to_be_checked()
    for name in ("See report", "Open a ticket"):  # each would want a resource of its own
        alice.get_by_role("checkbox", name=re.compile(name)).uncheck()
    field = alice.get_by_role("combobox", name="Resources")
    if javascript:
        choose(alice, "Resources", "alderdental.example")
    else:
        field.fill("alderdental.example")
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Give access").click()
    expect(alice.locator("tr.changed").first).to_be_visible()
    undo(alice)


@WITH_AND_WITHOUT
def test_access_is_copied_from_emma(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    alice.get_by_text("More", exact=True).click()
    alice.get_by_role("link", name="Copy from a colleague").click()
    alice.get_by_role("radio", name="Emma Roy").check()
    alice.get_by_role("checkbox", name="Also copy teams").uncheck()
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Show changes").click()
    expect(alice.get_by_role("heading", name="Bob Tremblay gets")).to_be_visible()
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Copy access").click()
    expect(alice.get_by_text("Bob Tremblay now has the access of Emma Roy.")).to_be_visible()
    undo(alice)


@WITH_AND_WITHOUT
def test_the_tabs_of_a_person(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Emma Roy").click()
    tabs = alice.get_by_role("navigation", name="Emma Roy")
    for tab in ("Teams", "Details", "Activity", "Access"):
        tabs.get_by_role("link", name=tab).click()
        expect(tabs.get_by_role("link", name=tab)).to_have_attribute("aria-current", "page")
        assert faults_of(alice) == []


def test_the_first_row_is_near_the_top(open_browser):
    alice = open_browser("Alice", viewport={"width": 1280, "height": 800})
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").click()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Bob Tremblay")
    alice.wait_for_load_state()  # with its styles
    box = alice.locator("table.access tbody tr").first.bounding_box()
    assert box
    assert box["y"] < 300
