"""A team from its first day to its last, in a browser with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

DNS = "Change its DNS records"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_create_fill_give_revoke_delete(open_browser, javascript):
    name = "Web team" if javascript else "Plain team"
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})

    alice.goto("/c/alder/teams/")
    alice.get_by_label("Team name").fill(name)
    alice.get_by_role("button", name="Create the team").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text(name)

    alice.get_by_label("Add a person").select_option(label="Bob Tremblay (bob@alder.example)")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text(f"Bob Tremblay is in the team {name}.")).to_be_visible()

    domains = alice.locator('optgroup[label^="Domains"] option')
    option = domains.filter(has_text=re.compile("^alderdental.example$"))
    alice.get_by_label("On what?").select_option(value=option.get_attribute("value"))
    alice.get_by_role("button", name="Choose", exact=True).click()
    alice.get_by_role("radio", name=DNS).check()
    alice.get_by_role("button", name="Give this right").click()
    expect(alice.get_by_text(f"{name} now has “{DNS}”")).to_be_visible()

    # Bob's page says through which team, and leads there.
    alice.get_by_role("link", name="Bob Tremblay").click()
    alice.get_by_role("link", name=f"via team {name}").first.click()
    alice.get_by_role("button", name=f"Revoke “{DNS}” on alderdental.example").click()
    expect(alice.get_by_text(f"{name} no longer has “{DNS}”")).to_be_visible()

    alice.get_by_role("link", name="Rename").click()
    alice.get_by_label("Team name").fill(f"Old {name}")
    alice.get_by_role("button", name="Save").click()
    alice.get_by_role("link", name="Delete…").click()
    expect(alice.get_by_text("1 person is no longer in this team")).to_be_visible()
    alice.get_by_role("button", name="Delete the team").click()
    expect(alice.get_by_text(f"The team Old {name} is deleted")).to_be_visible()
    expect(alice.get_by_role("link", name=f"Old {name}")).to_have_count(0)
