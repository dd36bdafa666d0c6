"""An account closed on its page and erased by the clock; then a look at the whole database."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.demo import Demo, manage
from tests.journeys.accessibility import faults_of

# A portal named a mailbox by the address; it is the portal's to remove.
OF_PORTALS = {
    "portals_resource", "portals_resourcesearchentry", "portals_resourcetenure",
    "portals_reviewitem",
}  # fmt: skip
ADDRESS = "bob@alder.example"
A_WEEK_LATER = """
import django; django.setup()
from datetime import timedelta
import time_machine
from django.core.management import call_command
from django.utils import timezone
from compliance.services.closings import do_due_closings
from compliance.services.erasures import go_on_with_erasures
with time_machine.travel(timezone.now() + timedelta(days=8)):
    assert do_due_closings() == 1
    for _round in range(3):
        call_command("worker", once=True)
        go_on_with_erasures()
"""


def database_of(demo: Demo) -> Path:
    return Path(demo.environment["HUB_DATABASE_URL"].partition("sqlite:///")[2])


def found(database: Path, word: str) -> set[str]:
    """Return the tables of a dump whose rows have a word."""
    with sqlite3.connect(database) as connection:
        lines = [line.lower() for line in connection.iterdump() if line.startswith("INSERT")]
    return {line.split('"')[1] for line in lines if word in line}


def test_an_account_is_closed_and_erased(open_browser, demo, read_mail, tmp_path):
    before = tmp_path / "before.jsonl"
    before.write_text(manage("audit", "export", **demo.environment).stdout)
    bob = open_browser("Bob", javascript=False, viewport={"width": 375, "height": 800})
    bob.goto("/profile/")
    bob.get_by_role("link", name="Close my account…").click()
    assert faults_of(bob) == []
    expect(bob.get_by_text("For 7 days, you can still sign in")).to_be_visible()
    bob.get_by_role("button", name="Close my account").click()
    expect(bob.get_by_text("Your account closes in 7 days.")).to_be_visible()
    assert faults_of(bob) == []
    read_mail(bob, "bob@alder.example", "account closes on")
    bob.goto("/profile/close/")
    bob.get_by_role("button", name="Keep my account").click()
    expect(bob.get_by_text("Your account stays open.")).to_be_visible()
    bob.get_by_role("button", name="Close my account").click()
    assert min(len(found(database_of(demo), word)) for word in ("tremblay", ADDRESS)) > 5

    result = subprocess.run(
        [sys.executable, "-c", A_WEEK_LATER],
        env={**demo.environment, "DJANGO_SETTINGS_MODULE": "hub.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]

    bob.goto("/profile/")
    expect(bob).to_have_url(f"{demo.url}/accounts/login/?next=/profile/")
    assert found(database_of(demo), "tremblay") == set()
    assert found(database_of(demo), ADDRESS) <= OF_PORTALS
    verified = manage("audit", "verify", "--against", str(before), **demo.environment)
    assert "is still there" in verified.stdout, verified.stderr
    alice = open_browser("Alice")
    alice.goto("/c/alder/activity/")
    expect(alice.get_by_text("a former member").first).to_be_visible()
    assert faults_of(alice) == []
