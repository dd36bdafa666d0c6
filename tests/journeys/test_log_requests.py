"""A log request from the representative to the download, with the reference portal's command."""

import json
import os
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests import log_scene
from tests.demo import ROOT, Demo
from tests.journeys.accessibility import faults_of

REPORT = log_scene.REPORT
# The company has had a report for 60 days, there is a price, and Bob has the second key.
PREPARE = """
from accounts.models import Membership
from tests import log_scene
log_scene.price()
bob = Membership.objects.get(user__email="bob@alder.example")
log_scene.give_key(bob, log_scene.report())
"""


def manage(demo: Demo, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=demo.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def put_logs_together(demo: Demo, folder: Path, days: list[date]) -> str:
    """Let the portal do the work that waits, from a log with one line a day."""
    zone = ZoneInfo("America/Toronto")
    lines = [
        f'{datetime(day.year, day.month, day.day, 12, tzinfo=zone).isoformat()} "GET /{day}" 200\n'
        for day in days
    ]
    (folder / f"{REPORT}.log").write_text("".join(lines))
    own = json.loads(manage(demo, "portal", "credentials", "statistics", "--json"))
    environment = {
        **os.environ,
        "HUB_URL": demo.url,
        "PORTAL_LOGS": str(folder),
        "PORTAL_CLIENT_ID": own["client_id"],
        "PORTAL_CLIENT_SECRET": own["client_secret"],
    }
    done = subprocess.run(
        [sys.executable, "examples/portal/logs.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def put_on_file(open_browser: Any) -> None:
    """Let Alice propose Bob, and Olive confirm him."""
    alice = open_browser("Alice")
    alice.goto("/c/alder/logs/")
    assert faults_of(alice) == []
    alice.get_by_role("link", name="Representatives").click()
    alice.get_by_label("Person").fill("Bob Tremblay")
    alice.get_by_label("Capacity").select_option("officer")
    alice.get_by_label("Evidence").fill("Decision of the board")
    alice.get_by_label("Last day").fill((date.today() + timedelta(days=90)).isoformat())
    alice.get_by_role("button", name="Propose representative").click()
    expect(alice.get_by_text("To be confirmed")).to_be_visible()
    assert faults_of(alice) == []
    olive = open_browser("Olive")
    olive.goto("/provider/representatives/")
    assert faults_of(olive) == []
    olive.get_by_role("button", name="Confirm Bob").click()
    expect(olive.get_by_text("may now act for Alder Dental")).to_be_visible()


def test_from_asking_to_the_download(open_browser, read_mail, demo, tmp_path):
    put_on_file(open_browser)
    manage(demo, "shell", "-c", PREPARE)
    first, last = (date.today() - timedelta(days=ago) for ago in (12, 8))

    bob = open_browser("Bob", javascript=False, viewport={"width": 375, "height": 800})
    bob.goto("/c/alder/logs/")
    bob.get_by_role("link", name="Ask for logs").click()
    assert faults_of(bob) == []
    bob.get_by_role("checkbox").first.check()
    bob.get_by_label("First day").fill(first.isoformat())
    bob.get_by_label("Last day").fill(last.isoformat())
    bob.get_by_role("button", name=re.compile("^Ask for logs")).click()
    expect(bob.get_by_text("With the provider")).to_be_visible()
    assert faults_of(bob) == []

    olive = open_browser("Olive")
    olive.goto("/provider/log-requests/")
    assert faults_of(olive) == []
    olive.get_by_role("link", name="Alder Dental").click()
    olive.get_by_label("Approve").check()
    olive.get_by_label("Invoice number").fill("H-3000")
    olive.get_by_label("How to pay (English)").fill("By bank transfer.")
    olive.get_by_label("How to pay (français)").fill("Par virement.")
    olive.get_by_role("button", name="Send the decision").click()
    expect(olive.get_by_text("The request is approved.")).to_be_visible()
    read_mail(open_browser(), "bob@alder.example", "To pay for your log request")
    assert put_logs_together(demo, tmp_path, []) == ""  # nothing is paid yet

    olive.get_by_role("link", name="Open charge").click()
    assert faults_of(olive) == []
    olive.get_by_label("Amount").fill("137.97")
    olive.get_by_role("button", name="Record payment").click()
    expect(olive.get_by_text("The payment is recorded.")).to_be_visible()

    days = [first + timedelta(days=number) for number in range(-3, 9)]
    assert ": 5 lines" in put_logs_together(demo, tmp_path, days)
    olive.goto("/provider/log-requests/")
    olive.get_by_role("link", name="Alder Dental").click()
    expect(olive.get_by_text(f"GET /{first}")).to_be_visible()
    assert faults_of(olive) == []
    olive.get_by_label("I checked the file").check()
    olive.get_by_role("button", name="Release logs").click()
    expect(olive.get_by_text("The logs are released to Bob Tremblay.")).to_be_visible()

    read_mail(open_browser(), "alice@alder.example", "Bob Tremblay can download logs")
    bob.reload()
    assert faults_of(bob) == []
    with bob.expect_download() as download:
        bob.get_by_role("button", name="Download logs").click()
    text = Path(download.value.path()).read_text()
    assert [line.split('"')[1] for line in text.splitlines()] == [
        f"GET /{day}" for day in days[3:8]
    ]
    with bob.expect_download() as receipt:
        bob.get_by_role("link", name="Download receipt").click()
    assert (
        json.loads(Path(receipt.value.path()).read_text())["receipt"]["resources"][0]["lines"] == 5
    )
    read_mail(open_browser(), "alice@alder.example", "Bob Tremblay downloaded logs")
