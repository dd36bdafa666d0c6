"""A team from creation to deletion, with and without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.journeys.accessibility import faults_of

MANAGE = "Manage domain, except transfer"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_team_is_created_filled_given_access_and_deleted(open_browser, javascript):
    name = "Web team" if javascript else "Plain team"
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})

    alice.goto("/c/alder/teams/")
    alice.get_by_label("Team name").fill(name)
    alice.get_by_role("button", name="Create team").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text(name)

    alice.get_by_role("combobox", name="Add a person").fill("bob")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text(f"Bob Tremblay is now in the team {name}.")).to_be_visible()

    assert faults_of(alice) == []
    alice.get_by_role("link", name="Give access").click()
    resources = alice.get_by_role("combobox", name="Resources")
    resources.fill("alderdental.example")
    if javascript:
        alice.get_by_role("option", name="alderdental.example").first.click()
    else:
        alice.get_by_role("button", name="Show permissions").click()
    alice.get_by_role("checkbox", name=MANAGE).check()
    alice.get_by_role("button", name="Give access").click()
    can = f"Everyone in the team {name} can manage alderdental.example, except a transfer."
    expect(alice.get_by_text(can)).to_be_visible()

    # Bob's page says through which team, and leads there.
    alice.get_by_role("link", name="Bob Tremblay").click()
    alice.get_by_role("link", name=name).first.click()
    row = alice.get_by_role("row").filter(has_text="alderdental.example")
    row.get_by_role("button", name="Remove").click()
    expect(alice.get_by_text(f"Everyone in the team {name} no longer has")).to_be_visible()

    alice.get_by_role("link", name="Rename").click()
    alice.get_by_label("Team name").fill(f"Old {name}")
    alice.get_by_role("button", name="Save").click()
    alice.get_by_role("link", name="Delete…").click()
    expect(alice.get_by_text("1 person is no longer in this team")).to_be_visible()
    alice.get_by_role("button", name="Delete team").click()
    expect(alice.get_by_text(f"The team Old {name} is deleted")).to_be_visible()
    expect(alice.get_by_role("link", name=f"Old {name}")).to_have_count(0)
