"""Filtering, exporting and verifying the activity log, with and without JavaScript."""

import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.test_every_page import faults_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "activity.md"


def checked(file):
    """What the program in docs/activity.md says of a file: its exit code and its words."""
    [program] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_search_export_and_verify(open_browser, tmp_path, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    entries = alice.locator(".timeline li")

    # By person: from Bob's page, then by name.
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").first.click()
    alice.get_by_role("main").get_by_role("link", name="Activity").click()
    alice.get_by_role("link", name="Filter and export").click()
    expect(alice.locator("main .badge")).to_have_text("Bob Tremblay")
    expect(entries.first).to_be_visible()
    about_bob = entries.all_inner_texts()
    alice.get_by_label("About").select_option("Invitations")
    alice.get_by_role("button", name="Show", exact=True).click()
    expect(alice.locator("main .badge")).to_have_text("Bob Tremblay")
    expect(alice.get_by_text("Bob Tremblay accepted the invitation")).to_be_visible()
    expect(alice.get_by_text("Emma Roy accepted the invitation")).to_have_count(0)
    assert not javascript or faults_of(alice) == []
    alice.get_by_role("link", name="Clear filters").click()
    alice.get_by_label("Person").fill("Bob")
    alice.get_by_role("button", name="Show", exact=True).click()
    expect(entries).to_have_text(about_bob, use_inner_text=True)

    # By kind, beside the person; by day; the address keeps it all.
    alice.get_by_label("About").select_option("Invitations")
    alice.get_by_role("button", name="Show", exact=True).click()
    expect(alice.get_by_text("Bob Tremblay accepted the invitation")).to_be_visible()
    expect(entries.filter(has_text="gave Bob")).to_have_count(0)
    assert "group=invitations" in alice.url
    alice.get_by_label("From").fill(str(date.today() + timedelta(days=2)))
    alice.get_by_role("button", name="Show", exact=True).click()
    expect(alice.get_by_role("heading", name="No results")).to_be_visible()
    alice.get_by_label("From").fill("")
    alice.get_by_label("Until").fill(str(date.today() + timedelta(days=2)))
    alice.get_by_role("button", name="Show", exact=True).click()
    expect(alice.get_by_text("Bob Tremblay accepted the invitation")).to_be_visible()
    with alice.expect_download() as download:
        alice.get_by_role("button", name="Export as spreadsheet").click()
    table = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert table.startswith("When,Who,Event")
    assert "Bob Tremblay accepted the invitation" in table
    assert "Emma Roy accepted the invitation" not in table

    # By resource: from its page.
    alice.goto("/c/alder/resources/")
    domain = alice.get_by_role("row", name=re.compile(r"^\W*(Name )?alder\.example .*Domains"))
    domain.first.get_by_role("link").click()
    alice.get_by_role("main").get_by_role("link", name="Activity").click()
    expect(alice.locator("main .badge")).to_have_text("alder.example")
    expect(entries.first).to_be_visible()
    for text in entries.all_inner_texts():
        assert "alder.example" in text
    assert entries.count() > 0

    # The file with proof: shown in part, whole in its chain, for anyone to check.
    with alice.expect_download() as download:
        alice.get_by_role("button", name="Export with proof").click()
    file = tmp_path / "activity.jsonl"
    download.value.save_as(file)
    code, said = checked(file)
    assert code == 0, said
    assert "the chain is whole" in said
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:3] + lines[4:]), encoding="utf-8")
    assert checked(file) == (1, "line 4: an event is missing or moved\n")
    file.write_text("".join(lines).replace("Alice Martin", "Alan Martin"), encoding="utf-8")
    assert checked(file)[0] == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_person_reads_their_own_history(open_browser, javascript):
    bob = open_browser("Bob", javascript=javascript)

    bob.goto("/profile/")
    bob.get_by_role("link", name="See and export my history").click()
    expect(bob.locator(".timeline li").filter(has_text="signed in").first).to_be_visible()
    with bob.expect_download() as download:
        bob.get_by_role("button", name="Export with proof").click()
    assert '"kind": "history.exported"' in Path(download.value.path()).read_text(encoding="utf-8")
