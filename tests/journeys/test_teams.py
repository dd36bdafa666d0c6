"""A team from creation to deletion, with and without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.journeys.test_permission_matrix import assert_sound, level, make_changes

MANAGE = "Manage everything but a transfer"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_team_is_created_filled_given_access_and_deleted(open_browser, javascript):
    name = "Web team" if javascript else "Plain team"
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})

    alice.goto("/c/alder/teams/")
    alice.get_by_label("Team name").fill(name)
    alice.get_by_role("button", name="Create the team").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text(name)

    alice.get_by_label("Add a person").select_option(label="Bob Tremblay (bob@alder.example)")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text(f"Bob Tremblay is in the team {name}.")).to_be_visible()

    # A level is chosen in its row, reviewed once, and counts.
    assert_sound(alice, javascript)
    level(alice, name, "alderdental.example").select_option(label=f"Manage – {MANAGE}")
    if javascript:
        expect(alice.get_by_text("1 change not made yet")).to_be_visible()
    alice.get_by_role("button", name="Review changes").click()
    expect(alice.get_by_text(f"{name} gets “{MANAGE}” on alderdental.example.")).to_be_visible()
    make_changes(alice, 1)

    # Bob's page says through which team, and leads there.
    alice.get_by_role("link", name="Bob Tremblay").click()
    alice.get_by_role("link", name=f"via team {name}").first.click()
    alice.get_by_role("button", name=f"Revoke “{MANAGE}” on alderdental.example").click()
    expect(alice.get_by_text(f"{name} no longer has “{MANAGE}”")).to_be_visible()

    alice.get_by_role("link", name="Rename").click()
    alice.get_by_label("Team name").fill(f"Old {name}")
    alice.get_by_role("button", name="Save").click()
    alice.get_by_role("link", name="Delete…").click()
    expect(alice.get_by_text("1 person is no longer in this team")).to_be_visible()
    alice.get_by_role("button", name="Delete the team").click()
    expect(alice.get_by_text(f"The team Old {name} is deleted")).to_be_visible()
    expect(alice.get_by_role("link", name=f"Old {name}")).to_have_count(0)
