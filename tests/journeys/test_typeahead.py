"""The search of every page and the type-ahead fields, by keyboard, and without JavaScript."""

import pytest
from playwright.sync_api import expect


def test_the_search_is_used_by_keyboard_alone(open_browser):
    alice = open_browser("Alice")
    search = alice.get_by_role("combobox", name="Search everything")

    alice.keyboard.press("/")
    expect(search).to_be_focused()
    alice.keyboard.type("bob")
    option = alice.get_by_role("option", name="Bob Tremblay")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(search).to_have_attribute("aria-expanded", "true")
    alice.keyboard.press("Escape")
    expect(search).to_have_attribute("aria-expanded", "false")
    alice.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    alice.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "false")
    alice.keyboard.press("ArrowUp")
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Bob Tremblay")

    alice.wait_for_load_state()
    alice.keyboard.press("Control+k")
    alice.keyboard.type("invite")
    expect(alice.get_by_role("option", name="Invite people")).to_be_visible()
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", level=1)).to_have_text("Invite people")


@pytest.mark.parametrize(
    ("path", "field", "role"),
    [
        ("/profile/", "#search", "option"),
        ("/c/alder/people/", "#id_q", "link"),
    ],
)
def test_what_is_typed_before_the_scripts_run_is_searched_for(open_browser, path, field, role):
    alice = open_browser("Alice")
    held, typed = [], False
    alice.route("**/*.js", lambda script: script.continue_() if typed else held.append(script))
    alice.goto(path, wait_until="commit")
    alice.locator(field).press_sequentially("bob trem")
    typed = True
    for script in held:
        script.continue_()

    expect(alice.get_by_role(role, name="Bob Tremblay")).to_be_visible()
    expect(alice.get_by_role("link", name="Emma Roy")).to_have_count(0)


def test_the_slash_can_be_turned_off(open_browser):
    """WCAG 2.1.4: a shortcut of one character can be turned off."""
    alice = open_browser("Alice")
    alice.goto("/profile/")
    search = alice.get_by_role("combobox", name="Search everything")
    alice.get_by_label("Press / to search").uncheck()
    alice.get_by_role("button", name="Save").click()
    expect(alice.get_by_role("status").first).to_be_visible()
    alice.wait_for_load_state()
    alice.keyboard.press("/")
    expect(search).not_to_be_focused()
    alice.keyboard.press("Control+k")
    expect(search).to_be_focused()


def test_a_slash_in_a_text_is_a_slash(open_browser):
    alice = open_browser("Alice")
    alice.goto("/c/alder/teams/")
    name = alice.get_by_label("Team name")
    name.fill("Web")
    name.press("/")
    expect(name).to_have_value("Web/")


def test_a_phone_has_the_search_as_a_page(open_browser):
    alice = open_browser("Alice", viewport={"width": 375, "height": 740})
    alice.get_by_role("banner").get_by_role("link", name="Search").click()
    alice.get_by_label("Names, addresses, resources, pages").fill("emma")
    alice.get_by_role("main").get_by_role("button", name="Search").click()
    alice.get_by_role("link", name="Emma Roy").click()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Emma Roy")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_resources_are_chosen_for_an_invitation(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript)
    alice.goto("/c/alder/people/invite/")
    field = alice.get_by_role("combobox", name="Resources")
    chips = alice.locator(".typeahead[data-multiple] .chip")

    if javascript:
        field.press_sequentially("alderd")
        expect(alice.get_by_role("option", name="alderdental.example").first).to_be_visible()
        field.press("Enter")
        expect(chips).to_have_count(1)
        expect(field).to_have_value("")
        field.press_sequentially("info@")
        alice.get_by_role("option", name="info@alder.example").click()
        expect(chips).to_have_count(2)
        field.press("Backspace")
        expect(chips).to_have_count(1)
        chips.get_by_role("checkbox").click()
        expect(chips).to_have_count(0)
        field.press_sequentially("zzzz")
        expect(alice.get_by_text("No match for “zzzz”.").first).to_be_visible()
        field.fill("")
    field.fill("alder.example")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text("Several matches for “alder.example”")).to_be_visible()
    alice.get_by_role("checkbox", name="info@alder.example").check()
    alice.get_by_role("combobox", name="Resources").fill("")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_role("group", name="info@alder.example")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_selection_is_counted_and_answered(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript)
    alice.goto("/c/alder/teams/")
    for name in ("East", "West"):
        alice.get_by_label("Team name").fill(f"{name} {javascript}")
        alice.get_by_role("button", name="Create team").click()
        alice.goto("/c/alder/teams/")
    delete = alice.get_by_role("button", name="Delete…")
    if javascript:
        expect(delete).to_be_hidden()
    alice.get_by_role("checkbox", name=f"Select East {javascript}").check()
    if javascript:
        expect(alice.get_by_text("1 selected")).to_be_visible()
    alice.get_by_role("checkbox", name=f"Select West {javascript}").check()
    if javascript:
        expect(alice.get_by_text("2 selected")).to_be_visible()
    delete.click()
    alice.get_by_role("button", name="Delete teams").click()
    expect(alice.get_by_text("2 teams are deleted")).to_be_visible()
