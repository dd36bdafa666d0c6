"""A breach from its note to its end, with a hold that ends by itself while the worker stands still.

Covers L24: nobody ends the hold, and no worker is there at its second.
"""

import os
import re
import signal
import time
from datetime import datetime, timedelta

from playwright.sync_api import expect

from compliance.choices.breaches import PARTS
from tests.demo import manage
from tests.journeys.accessibility import faults_of

HOLD_LASTS = 25  # seconds; the notice is released meanwhile
MAIN = "main"


def check(page):
    assert faults_of(page) == []


def shell(demo, code):
    """Run code in the hub of the demo, with Olive and her colleague Pascal at hand."""
    variables = {name: value for name, value in demo.environment.items() if name.startswith("HUB_")}
    people = (
        "from hub.example import acts; from compliance.models import Breach\n"
        "from accounts.models import User\n"
        "from datetime import timedelta; from django.utils import timezone\n"
        "olive = acts.person('olive@harbour.example')\n"
        "breach = Breach.objects.get(exercise=False)\n"
        "pascal = User.objects.filter(email__startswith='pascal').first()"
        " or acts.hire('pascal', 'Pascal Côté', 'Privacy')\n"
    )
    done = manage("shell", "-c", people + code, **variables)
    assert done.returncode == 0, done.stderr


def note_and_assess(olive):
    """Note a breach, decide that its risk is real, and return its address."""
    olive.goto("/provider/breaches/")
    check(olive)
    olive.get_by_role("link", name="New breach").click()
    check(olive)
    olive.get_by_label("Controller: it is our own data").check()
    aware = (datetime.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    olive.get_by_label("When did we become aware?").fill(aware)
    olive.get_by_label("Circumstances").fill("A copy of the address book was public.")
    olive.get_by_role("button", name="Note breach").click()
    expect(olive.get_by_text("Decide on the risk next.")).to_be_visible()
    check(olive)
    breach = olive.url
    olive.get_by_role("link", name="Decide on the risk").click()
    check(olive)
    olive.get_by_label("Yes: people and regulators are told").check()
    olive.get_by_label("How sensitive is the information?").fill("Names and addresses.")
    olive.get_by_label("How probable is its misuse?").fill("It was public for a day.")
    olive.get_by_label("Reasons for the decision").fill("Fraud by email is likely.")
    olive.get_by_role("button", name="Record decision").click()
    expect(olive.get_by_text("Notice needed")).to_be_visible()
    return breach


def add_people(olive, breach):
    olive.goto(f"{breach}people/add/filter/")
    check(olive)
    olive.get_by_label("Company (short name)").fill("alder")
    olive.get_by_role("button", name="Check").click()
    expect(olive.get_by_text("3 people found")).to_be_visible()
    check(olive)
    olive.get_by_role("button", name="Add to the list").click()
    expect(olive.get_by_text("3 people are in the list now.")).to_be_visible()
    olive.goto(f"{breach}people/add/hand/")
    check(olive)
    olive.get_by_label("Or the name of somebody").fill("Nora Okafor")
    olive.get_by_label("Postal address").fill("1 Main Street\nHalifax")
    olive.get_by_role("button", name="Add to the list").click()
    expect(olive.get_by_text("4 people are in the list now.")).to_be_visible()
    check(olive)


def write_notice(olive, breach):
    olive.goto(f"{breach}wording/")
    check(olive)
    for part in PARTS:
        for code in ("en", "fr"):
            olive.locator(f"[name={part}_{code}]").fill(f"Our text about {part} ({code}).")
    olive.get_by_role("button", name="Save draft").click()
    expect(olive.get_by_text("Nobody has been told.").first).to_be_visible()


def release(olive, breach):
    olive.goto(f"{breach}release/")
    check(olive)
    olive.get_by_label("The text and the list are final").check()
    olive.get_by_label("Why you release it alone").fill("Nobody else is on call.")
    olive.get_by_role("button", name="Release notice").click()
    expect(olive.get_by_text("The emails wait for the end of the hold.")).to_be_visible()
    check(olive)


def test_from_a_note_to_the_end_L24(open_browser, read_mail, demo):
    olive = open_browser("Olive")
    breach = note_and_assess(olive)
    add_people(olive, breach)
    write_notice(olive, breach)

    worker = demo.children()[1]
    os.kill(worker, signal.SIGSTOP)
    try:
        shell(
            demo,
            "from compliance.services.holds import place_hold\n"
            "place_hold(actor=pascal, breach=breach, authority='SQ', officer='Sgt. Roy',"
            " legal_reference='SQ-17', reason='An arrest is planned.',"
            f" until=timezone.now() + timedelta(seconds={HOLD_LASTS}))\n",
        )
        placed = time.monotonic()
        olive.goto(breach)
        check(olive)
        expect(olive.get_by_text("On hold").first).to_be_visible()
        olive.get_by_role("button", name="Confirm hold").click()
        expect(olive.get_by_text("The hold is reviewed.")).to_be_visible()
        release(olive, breach)
        time.sleep(max(0.0, placed + HOLD_LASTS + 1 - time.monotonic()))
        olive.goto(breach)
        expect(olive.get_by_text("On hold")).to_have_count(0)
    finally:
        os.kill(worker, signal.SIGCONT)

    bob = open_browser("Bob", viewport={"width": 375, "height": 800})
    read_mail(bob, "bob@alder.example", "Notice of data breach")
    bob.goto("/profile/notices/")
    check(bob)
    bob.get_by_role("button", name="Read notice").click()
    expect(bob.get_by_text("Our text about circumstances (en).")).to_be_visible()
    check(bob)
    visitor = open_browser()
    visitor.goto(bob.url)
    expect(visitor.get_by_text("This notice is ours.")).to_be_visible()
    check(visitor)
    follow_up_and_close(olive, breach, demo)


def follow_up_and_close(olive, breach, demo):
    olive.goto(f"{breach}people/")
    check(olive)
    expect(olive.get_by_role("row").filter(has_text="Bob").get_by_text("Proved")).to_be_visible()
    olive.get_by_role("link", name="Nora Okafor").click()
    check(olive)
    olive.get_by_role("button", name="Make the letter").click()
    expect(olive.get_by_text("Our text about advice (en).")).to_be_visible()
    check(olive)
    day = olive.evaluate("new Date().toLocaleDateString('en-CA', {timeZone: 'America/Toronto'})")
    olive.get_by_label("Day").fill(day)
    olive.get_by_role("button", name="Record as posted").click()
    expect(olive.get_by_text(re.compile("posted on"))).to_be_visible()
    olive.goto(f"{breach}reports/opc/")
    check(olive)
    shell(
        demo,
        "from compliance.services.reports import decide_report\n"
        "for report in breach.reports.all():\n"
        "    decide_report(actor=olive, report=report, needed='not_needed', why='A test')\n",
    )
    olive.goto(f"{breach}people/end/")
    check(olive)
    olive.get_by_label("Exhausted: every address was tried").check()
    olive.get_by_label("Attempts to reach them").fill("Email and phone.")
    olive.get_by_role(MAIN).get_by_role("button", name="End cases").click()
    expect(olive.get_by_text("2 cases have ended.")).to_be_visible()
    olive.goto(breach)
    olive.get_by_role("button", name="Close breach").click()
    expect(olive.get_by_text("Its record is kept.")).to_be_visible()
    check(olive)
