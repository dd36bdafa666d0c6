"""A bounced notice, and a company's choices about email, with and without JavaScript."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo, manage
from tests.journeys.accessibility import faults_of

EITHER = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)
PHONE = {"width": 375, "height": 800}
DSN = """From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

Sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--B--
"""


def on_the_hub(demo: Demo, *command: str) -> str:
    """Run a command beside the running demo, on its database."""
    ours = {name: value for name, value in demo.environment.items() if name.startswith("HUB_")}
    done = manage(*command, **ours)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def bounce(demo: Demo, read_mail: Callable[..., None], tmp_path: Path) -> Callable[..., None]:
    """Have the newest mail to this address, with this subject, come back."""

    def come_back(page: Page, address: str, subject: str) -> None:
        read_mail(page, address, subject)
        found = re.search(r"<\d[^<>@\s]+@harbour\.example>", page.locator("main").text_content())
        file = tmp_path / "returned.eml"
        file.write_text(DSN.format(address=address, message_id=found[0]))
        assert on_the_hub(demo, "bounces", str(file)) == "1 read, 1 new reports"
        assert on_the_hub(demo, "bounces", str(file)) == "1 read, 0 new reports"

    return come_back


@pytest.fixture
def clock(demo: Demo) -> Callable[[], None]:
    """The worker's clock follows what came back once a minute; here it does so now."""
    follow = "from preferences.gate.escalation_steps import run_escalations as run; run()"
    return lambda: on_the_hub(demo, "shell", "--no-imports", "-c", follow)


def send_notice(olive: Page, subject: str) -> None:
    """A legal notice to everybody."""
    olive.goto("/provider/messages/new/")
    olive.get_by_label("Topic or notice").select_option(label="Legal notices")
    olive.get_by_label("Subject in English").fill(subject)
    olive.get_by_label("Subject in French").fill(f"{subject} (fr)")
    olive.get_by_label("Text in English").fill("From May on, other terms hold.")
    olive.get_by_label("Text in French").fill("Dès mai, d'autres conditions valent.")
    olive.get_by_role("button", name="Save the draft and check it").click()
    said = olive.get_by_role("heading", name=re.compile(r"\d+ people get it")).inner_text()
    olive.get_by_label("How many people get it?").fill(re.findall(r"\d+", said)[0])
    olive.get_by_role("checkbox").check()
    olive.get_by_role("button", name="Send the message", exact=True).click()
    expect(olive.get_by_role("heading", level=1)).to_have_text(subject)


@EITHER
def test_a_notice_bounces_until_its_recipient_confirms(
    open_browser, read_mail, demo, bounce, clock, javascript
):
    name, address, full = (
        ("Bob", "bob@alder.example", "Bob Tremblay")
        if javascript
        else ("Emma", "emma@alder.example", "Emma Roy")
    )
    subject, second = f"New terms for {name}", f"{name.lower()}@home.example"
    add = (
        "from allauth.account.models import EmailAddress as E; from accounts.models import User;"
        f"E.objects.create(user=User.objects.get(email='{address}'), email='{second}',"
        " verified=True, primary=False)"
    )
    on_the_hub(demo, "shell", "--no-imports", "-c", add)  # before the worker's clock needs it
    olive = open_browser("Olive", javascript=javascript)
    send_notice(olive, subject)
    bounce(olive, address, subject)

    reader = open_browser(name, javascript=javascript, viewport=PHONE, color_scheme="dark")
    banner = reader.get_by_text(f"Our emails to {address} bounce.")
    expect(banner).to_be_visible()
    assert faults_of(reader) == []
    reader.goto("/preferences/")
    expect(reader.get_by_text("Until this is fixed, you get no optional email.")).to_be_visible()
    assert faults_of(reader) == []

    # An address that is theirs too is tried, in full; then their Super User hears, without it.
    clock()
    bounce(olive, second, subject)
    assert "From May on, other terms hold." in olive.inner_text("main")
    clock()
    read_mail(olive, "alice@alder.example", f"Email to {full} bounces")
    assert "terms" not in olive.inner_text("main")
    olive.goto("/provider/unreachable/")
    expect(olive.get_by_text(full)).to_have_count(0)  # nobody calls while they can still see it

    reader.get_by_role("link", name="See bounced emails").first.click()
    expect(reader.get_by_role("heading", name=subject)).to_be_visible()
    expect(reader.get_by_text("From May on, other terms hold.")).to_be_visible()
    assert faults_of(reader) == []
    reader.get_by_role("button", name="I have read them; my address is correct").click()
    expect(reader.get_by_text("We will use this address again")).to_be_visible()
    expect(reader.get_by_role("heading", name="No bounced email")).to_be_visible()
    expect(banner).to_have_count(0)
    assert faults_of(reader) == []
    read_mail(olive, address, f"Email to {address} works again")

    olive.goto("/provider/unreachable/")
    ended = (
        olive.get_by_role("region", name="Settled").get_by_role("listitem").filter(has_text=full)
    )
    expect(ended.first.get_by_text("Read in the hub")).to_be_visible()
    assert faults_of(olive) == []


@EITHER
def test_staff_call_a_person_whom_no_email_reaches(open_browser, bounce, clock, javascript):
    """Frank is his company's only Super User: nobody else can help, so staff call."""
    subject = f"New prices, {'one' if javascript else 'two'}"
    olive = open_browser("Olive", javascript=javascript, viewport=PHONE, color_scheme="dark")
    send_notice(olive, subject)
    bounce(olive, "frank@cedar.example", subject)
    clock()
    olive.goto("/provider/unreachable/")
    expect(olive.get_by_role("region", name="People to call or write to")).to_contain_text("Frank")
    assert faults_of(olive) == []
    olive.get_by_role("link", name=re.compile("^Record the result: Frank")).click()
    expect(olive.get_by_text(subject)).to_be_visible()
    assert faults_of(olive) == []
    olive.get_by_label("Result", exact=True).select_option(label="Reached by phone")
    olive.get_by_label("What did you do, and when?").fill(f"Called about {subject}")
    olive.get_by_role("button", name="Save").click()
    ended = olive.get_by_role("region", name="Settled").get_by_role("listitem")
    settled = ended.filter(has_text=f"Called about {subject}")
    expect(settled.get_by_text("Reached by phone")).to_be_visible()
    expect(settled.get_by_text("Olive Bergeron")).to_be_visible()
    assert faults_of(olive) == []


@EITHER
def test_a_company_denies_a_topic_and_adds_recipients(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE, color_scheme="dark")
    bob = open_browser("Bob", javascript=javascript, viewport={"width": 1280, "height": 900})
    alice.goto("/c/alder/company/")
    alice.get_by_role("link", name="Edit contacts and email").click()
    alice.wait_for_url("**/mail/")
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Turn off Newsletter").click()
    expect(alice.get_by_text("Your people no longer get “Newsletter”")).to_be_visible()
    alice.get_by_label("Email address of one of your people").last.fill("bob@alder.example")
    alice.get_by_label("Topic or notice", exact=True).select_option(label="Product updates")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text("Bob Tremblay now gets “Product updates”.")).to_be_visible()
    assert faults_of(alice) == []

    bob.goto("/preferences/")
    expect(bob.get_by_text("Alder Dental turned this topic off (Alice")).to_be_visible()
    assert faults_of(bob) == []

    alice.get_by_role("button", name="Turn on Newsletter").click()
    expect(alice.get_by_text("Subscribers of your company get “Newsletter” again.")).to_be_visible()
    alice.get_by_role("button", name=re.compile(r"^Remove Bob Tremblay \(Product")).click()
    expect(
        alice.get_by_text("no longer gets “Product updates” through the company")
    ).to_be_visible()
    bob.goto("/preferences/")
    expect(bob.get_by_text("Alder Dental turned this topic off")).to_have_count(0)


@EITHER
def test_contacts_get_copies_of_their_kind(open_browser, read_mail, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport=PHONE)
    kinds = ["Billing", "Technical", "Security", "Legal"]
    alice.goto("/c/alder/mail/")
    for kind in kinds:
        alice.get_by_label("Email address of one of your people").first.fill("emma@alder.example")
        alice.get_by_label("Contact for").select_option(label=kind)
        alice.get_by_role("button", name="Add the contact").click()
        expect(alice.get_by_text("Emma Roy is now a contact.")).to_be_visible()
    assert faults_of(alice) == []

    emma = open_browser("Emma", javascript=javascript, viewport=PHONE)
    emma.goto("/preferences/")
    copies = emma.get_by_role("region", name="Copies for your company")
    expect(copies.get_by_text("Security of your account")).to_be_visible()
    assert faults_of(emma) == []

    # What happens to Bob's place is told to Bob, and to the contact for security.
    act, word = ("Suspend", "suspended") if javascript else ("Restore", "ended the suspension")
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name="Bob Tremblay").first.click()
    alice.get_by_text("More", exact=True).click()
    alice.get_by_role("button", name=act, exact=True).click()
    for address, is_copy in (("bob@alder.example", False), ("emma@alder.example", True)):
        said = ""
        until = time.monotonic() + 20
        while word not in said:  # the newest may still be that of the other journey
            assert time.monotonic() < until, said
            read_mail(alice, address, "Alder Dental")
            said = alice.inner_text("main")
        assert ("This is a copy, because you are a contact of Alder Dental" in said) == is_copy

    alice.goto("/c/alder/mail/")
    for kind in kinds:
        alice.get_by_role("button", name=f"Remove Emma Roy ({kind})").click()
        expect(alice.get_by_text("Emma Roy is no longer a contact.")).to_be_visible()
