"""Super Users and staff are told what the server said, in plain words (R47)."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.utils import timezone

from preferences.gate.escalation_steps import (
    WAIT_FOR_ADDRESS,
    WAIT_FOR_SUPER_USERS,
    run_escalations,
)
from preferences.models import DeliveryEvent, Escalation, Message
from preferences.selectors.bounces import bounce_reason_of
from preferences.selectors.evidence import evidence_of
from preferences.services.delivery_events import record_delivery_event

SAID = [
    ("soft", "552 5.2.2 mailbox is full", "The mailbox is full."),
    ("soft", "550 5.7.26 SPF did not pass", "refused our email. The address may be right."),
    ("hard", "550 5.1.1 no such user", "There is no such address."),
    ("soft", "550 answer 47", "gave no clear reason."),
    # About the address that Bob's forwards to: nobody is told that his is wrong.
    ("soft", "550 5.1.1 no such user", "gave no clear reason."),
]


@pytest.fixture
def tell(bob, send_legal, deliver, olive):
    """Return a function that takes a bounced notice to the Super Users. Returns their email."""

    def go(kind, diagnostic):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            send_legal(bob)
            deliver()
            message = Message.objects.get(notice_class="legal")
            record_delivery_event(message=message, kind=kind, event="x:1", diagnostic=diagnostic)
            for wait in (WAIT_FOR_ADDRESS, WAIT_FOR_SUPER_USERS):
                run_escalations()
                clock.shift(wait + timedelta(seconds=1))
            told = [mail for mail in deliver() if "bounces" in mail.subject][-1]
            run_escalations()
        return told

    return go


@pytest.mark.parametrize(("kind", "diagnostic", "reason"), SAID)
def test_a_super_user_is_told_why_in_our_words_R47(tell, alice, bob, kind, diagnostic, reason):
    mail = tell(kind, diagnostic)
    assert mail.to == [alice.email]
    assert reason in mail.body
    assert bob.email in mail.body
    assert diagnostic not in mail.body  # a server's own words are a stranger's
    wrong = {other for _kind, _said, other in SAID if other != reason}
    assert not [other for other in wrong if other in mail.body]


OWN = [
    ("soft", "552 5.2.2 mailbox is full", "Your mailbox is full. Delete some emails"),
    ("hard", "550 5.2.1 account disabled", "Your mailbox is closed or turned off. Change"),
    ("soft", "550 5.7.26 SPF did not pass", "refused our email. Ask the people who run"),
    ("hard", "550 5.1.1 no such user", "there is no such address. Check the spelling"),
    ("hard", "556 5.1.10 null MX", "The domain in your address doesn't accept email."),
    ("soft", "450 4.4.1 connection timed out", "was unreachable or too busy."),
    ("soft", "550 answer 47", "gave no clear reason. Check the spelling"),
]


@pytest.mark.parametrize(("kind", "diagnostic", "reason"), OWN)
def test_the_person_is_told_why_on_their_own_page_R47(
    bob, alice, as_, send_legal, deliver, kind, diagnostic, reason
):
    """Exim's and Postfix's answers for a full mailbox never tell its owner of a wrong address."""
    send_legal(bob)
    send_legal(alice)
    deliver()
    message = Message.objects.get(notice_class="legal", address=bob.email)
    record_delivery_event(message=message, kind=kind, event="x:1", diagnostic=diagnostic)
    page = unescape(as_(bob).get("/preferences/bounces/").text)
    assert reason.casefold() in page.casefold()
    assert diagnostic not in page  # a server's own words are a stranger's
    wrong = {other for _kind, _said, other in OWN if other != reason}
    assert not [other for other in wrong if other.casefold() in page.casefold()]
    nobody_else = as_(alice).get("/preferences/bounces/").text
    assert not [other for _kind, _said, other in OWN if other.casefold() in nobody_else.casefold()]


def test_the_newest_answer_counts_and_none_about_a_former_address(bob, send_legal, deliver):
    send_legal(bob)
    deliver()
    message = Message.objects.get(notice_class="legal")
    for number, said in enumerate(["552 5.2.2 mailbox is full", "550 5.7.26 SPF did not pass"]):
        record_delivery_event(message=message, kind="soft", event=f"x:{number}", diagnostic=said)
    record_delivery_event(message=message, kind="delayed", event="x:9", diagnostic="450 later")
    assert bounce_reason_of(bob) == "refused"
    bob.email = "bob@new.example"
    assert bounce_reason_of(bob) is None


def test_staff_see_the_reason_and_the_servers_words(tell, as_, olive):
    tell("soft", "552 5.2.2 mailbox is full <b>now</b>")
    page = as_(olive).get(f"/provider/unreachable/{Escalation.objects.get().pk}/").text
    assert "The mailbox is full." in page
    assert "552 5.2.2 mailbox is full &lt;b&gt;now&lt;/b&gt;" in page


def test_the_evidence_holds_the_reason_R48(tell, bob):
    tell("soft", "552 5.2.2 mailbox is full")
    report = DeliveryEvent.objects.get()
    assert report.reason == "full"
    assert '"reason": "full"' in str(evidence_of(bob.recipient)).replace("'", '"')


def test_what_did_not_come_back_has_no_reason(bob, send_legal, deliver):
    send_legal(bob)
    deliver()
    for kind in ("delivered", "delayed", "complaint"):
        event = record_delivery_event(
            message=Message.objects.get(), kind=kind, event=f"x:{kind}", diagnostic="mailbox full"
        )
        assert event.reason == ""
