"""Bounces and deliveries reported by servers, real and forged (R10, R48)."""

from datetime import timedelta
from email.message import EmailMessage as Mail
from io import BytesIO, StringIO
from types import SimpleNamespace

import pytest
import time_machine
from django.core import mail as mail_box
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from preferences.choices import Reason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.gate.bounce_parsing import MAX_MAIL_BYTES, read_reports, record_reports
from preferences.gate.digests import deliver_digest
from preferences.models import (
    ConsentRecord,
    DeliveryEvent,
    Escalation,
    Message,
    Recipient,
)
from preferences.selectors import send_decision_for
from preferences.services.bounce_reasons import classify_failure
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.delivery_events import record_delivery_event


@pytest.fixture
def sent(bob, deliver, newsletter, send_topic):
    """A newsletter that Bob's server accepted."""
    send_topic(newsletter, bob)
    deliver()
    return Message.objects.get(topic=newsletter)


@pytest.fixture
def notice(bob, deliver, send_legal):
    send_legal(bob)
    deliver()
    return Message.objects.get(notice_class="legal")


def dsn(message, *, to=None, message_id=None, action="failed", status="5.1.1", inner=None):
    """A delivery report as a mail server writes it."""
    message_id = message_id or message.message_id
    inner = inner or f"Message-ID: {message_id}\r\nSubject: x\r\n\r\nx"
    return (
        "From: anybody@forged.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain; charset=no-such\r\n\r\nSorry\xff\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {to or message.address}\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--B--\r\n"
    ).encode("latin-1")


def reader(person):
    return Recipient.objects.get(user=person)


# --- Kinds ---


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        ("5.1.1", "", DeliveryEventKind.HARD),
        ("", "550 5.1.1 no such user", DeliveryEventKind.HARD),
        ("5.2.1", "", DeliveryEventKind.HARD),
        ("5.2.2", "", DeliveryEventKind.SOFT),
        ("5.7.1", "", DeliveryEventKind.SOFT),
        ("5.3.4", "", DeliveryEventKind.SOFT),
        ("4.4.7", "", DeliveryEventKind.SOFT),
        ("", "452 too many", DeliveryEventKind.SOFT),
        ("", "550 no", DeliveryEventKind.SOFT),  # says nothing of the address
        ("nonsense", "", DeliveryEventKind.SOFT),
    ],
)
def test_a_failure_is_classified_as_hard_or_soft(status, text, kind):
    assert classify_failure(status=status, text=text) == kind


def test_accepted_is_not_delivered_R48(sent):
    assert sent.get_state_display() == "Accepted by the email server"
    assert not sent.reports.exists()
    record_delivery_event(message=sent, kind="delivered", event="x:1")
    assert sent.reports.get().kind == DeliveryEventKind.DELIVERED


def test_reports_are_append_only(sent):
    report = record_delivery_event(message=sent, kind="delivered", event="x:1")
    for attempt in (report.delete, lambda: DeliveryEvent.objects.update(kind="hard")):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


# --- Delivery reports by mail ---


def test_a_hard_bounce_marks_the_address_once(sent, bob, newsletter):
    assert record_reports(dsn(sent)) == 1
    assert record_reports(dsn(sent)) == 0
    marked = reader(bob)
    assert marked.unreachable_since
    assert "550 no such user" in marked.unreachable_reason
    assert send_decision_for(marked, newsletter).reason == Reason.UNREACHABLE
    assert AuditEvent.objects.filter(kind="address.unreachable", person=bob).count() == 1
    assert not Escalation.objects.exists()  # optional mail


def test_soft_bounces_mark_only_when_repeated(bob, deliver, newsletter, send_topic):
    for number in range(1, 6):
        assert reader(bob).unreachable_since is None
        send_topic(newsletter, bob)
        deliver()
        record_reports(dsn(Message.objects.latest("pk"), status="4.2.2"))
        assert DeliveryEvent.objects.filter(kind="soft").count() == number
    assert reader(bob).unreachable_since


@pytest.mark.parametrize(
    ("said", "marks"),
    [
        ("550 5.7.1 blocked: your server is on our block list", False),
        ("550 5.7.26 DMARC policy", False),
        ("452 4.3.1 try again later", False),
        ("552 5.2.2 mailbox full", True),
    ],
)
def test_what_is_not_about_the_address_never_marks_it(
    bob, deliver, newsletter, send_topic, said, marks
):
    """A week on a blocklist, or of a slow server, stops nobody's email (Spamhaus, Gmail)."""
    for number in range(7):
        send_topic(newsletter, bob)
        deliver()
        record_delivery_event(
            message=Message.objects.latest("pk"), kind="soft", event=f"x:{number}", diagnostic=said
        )
        if reader(bob).unreachable_since:
            break
    assert bool(reader(bob).unreachable_since) == marks


def test_refusals_of_us_add_nothing_to_a_full_mailbox(bob, deliver, newsletter, send_topic):
    sayings = ["552 5.2.2 mailbox full", "550 5.7.1 blocked by policy"] * 4
    for number, said in enumerate(sayings):
        send_topic(newsletter, bob)
        deliver()
        record_delivery_event(
            message=Message.objects.latest("pk"), kind="soft", event=f"x:{number}", diagnostic=said
        )
    assert reader(bob).unreachable_since is None


def test_soft_bounces_between_deliveries_never_mark(bob, deliver, newsletter, send_topic):
    for number in range(12):
        send_topic(newsletter, bob)
        deliver()
        message = Message.objects.latest("pk")
        if number % 4 == 3:
            record_delivery_event(message=message, kind="delivered", event=f"x:{number}")
        else:
            record_delivery_event(message=message, kind="soft", event=f"x:{number}")
    assert DeliveryEvent.objects.filter(kind="soft").count() == 9
    assert reader(bob).unreachable_since is None


def test_old_soft_bounces_and_those_of_another_address_are_not_added(
    bob, deliver, newsletter, send_topic
):
    for number in range(9):
        send_topic(newsletter, bob)
        deliver()
        days = 11 if number < 4 else 1
        at = timezone.now() - timedelta(days=days)
        if number == 4:
            bob.email = "bob@new.example"
            bob.save()
        message = Message.objects.latest("pk")
        record_delivery_event(message=message, kind="soft", event=f"x:{number}", at=at)
    # four too old, one of the former address, four of this one
    assert reader(bob).unreachable_since is None


def test_a_bounce_of_a_former_address_does_not_mark_the_new_one_R44(sent, notice, bob, newsletter):
    bob.email = "bob@new.example"
    bob.save()
    assert record_reports(dsn(sent)) == 1
    assert record_reports(dsn(notice)) == 1
    assert reader(bob).unreachable_since is None
    assert send_decision_for(reader(bob), newsletter).send
    assert Escalation.objects.get().message == notice  # what came back still has to reach him


def test_a_new_address_clears_the_unreachable_mark(sent, bob):
    record_reports(dsn(sent))
    assert reader(bob).unreachable_since
    bob.email = "bob@new.example"
    bob.save()
    assert reader(bob).unreachable_since is None


@pytest.mark.parametrize("late", [False, True])
def test_a_later_delivery_clears_the_mark(sent, bob, deliver, send_legal, newsletter, late):
    """Only a mail that was sent after the mark, and has not come back itself."""
    record_reports(dsn(sent))
    record_delivery_event(message=sent, kind="delivered", event="x:1")
    assert reader(bob).unreachable_since
    send_legal(bob)  # a notice goes out all the same, and is followed up at once (R47)
    deliver()
    notice = Message.objects.get(notice_class="legal")
    assert Escalation.objects.get(message=notice).state == "addresses"
    if late:
        record_reports(dsn(notice))
    record_delivery_event(message=notice, kind="delivered", event="x:2")
    assert bool(reader(bob).unreachable_since) == late
    assert Escalation.objects.get(message=notice).state == ("addresses" if late else "proved")
    assert AuditEvent.objects.filter(kind="address.reachable", person=bob).exists() != late
    assert send_decision_for(reader(bob), newsletter).send != late


def test_a_bounced_digest_marks_once_and_settles_each_message(
    bob, olive, newsletter, promotions, consent, deliver
):
    """It left under the Message-ID of its first message: that one has the report."""
    consent(bob.recipient, promotions)
    Recipient.objects.filter(user=bob).update(digest="daily")
    for topic in (newsletter, promotions):
        words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
        made = create_campaign(actor=olive, topic=topic, **words)
        schedule_campaign(actor=olive, campaign=made)
    deliver()
    gathered = list(Message.objects.filter(recipient=bob.recipient).order_by("pk"))
    assert [message.in_digest for message in gathered] == [True, True]
    with time_machine.travel(timezone.now() + timedelta(days=1, hours=1)):
        deliver_digest(bob.recipient.pk)
        sent = [mail for mail in mail_box.outbox if mail.to == [bob.email]][-1]
        assert sent.extra_headers["Message-ID"] == gathered[0].message_id
        assert record_reports(dsn(gathered[0])) == 1
        assert record_reports(dsn(gathered[0])) == 0
    assert reader(bob).unreachable_since
    assert not Escalation.objects.exists()
    assert {m.state for m in Message.objects.filter(recipient=bob.recipient)} == {"sent"}


def test_delays_and_deliveries_are_recorded_without_a_mark(sent, bob):
    record_reports(dsn(sent, action="delayed", status="4.4.1"))
    record_reports(dsn(sent, action="delivered", status="2.0.0"))
    record_reports(dsn(sent, action="relayed", status="2.0.0"))
    assert set(sent.reports.values_list("kind", flat=True)) == {"delayed", "delivered"}
    assert reader(bob).unreachable_since is None


@pytest.mark.parametrize(
    "forged",
    [
        {"to": "alice@alder.example"},
        {"message_id": "<guess@harbour.example>"},
        {"message_id": "\x00"},
        {"inner": "Subject: nothing of ours\r\n\r\nx"},
        {"action": "sneezed"},
    ],
)
def test_forged_reports_are_ignored(sent, alice, bob, forged):
    assert record_reports(dsn(sent, **forged)) == 0
    assert not DeliveryEvent.objects.exists()
    assert not Recipient.objects.filter(unreachable_since__isnull=False).exists()


def test_an_unsent_message_cannot_bounce(bob, send_legal):
    send_legal(bob)
    assert record_reports(dsn(Message.objects.get())) == 0


@pytest.mark.parametrize("submitted", ["auto-replied", "no", None])
def test_replies_and_automatic_answers_are_not_bounces_R10(sent, bob, submitted):
    mail = Mail()
    mail["From"], mail["Subject"] = bob.email, "Re: News: unsubscribe, I confirm, stop"
    mail["In-Reply-To"] = sent.message_id
    if submitted:
        mail["Auto-Submitted"] = submitted
    mail.set_content("unsubscribe")
    records, events = ConsentRecord.objects.count(), AuditEvent.objects.count()
    assert record_reports(bytes(mail)) == 0
    assert (ConsentRecord.objects.count(), AuditEvent.objects.count()) == (records, events)


def nested(depth):
    parts = [
        f'Content-Type: multipart/report; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    ]
    return "".join(parts).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 5000,
        b"\xff\xfe" * 5000,
        b"Content-Type: multipart/report\r\n\r\n",
        b"Content-Type: multipart/report; boundary=\"\x00\"\r\n\r\n--\x00\r\n",
        b"Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\n"
        b"Content-Type: message/delivery-status\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
        nested(5),
        nested(5000),
        b"A: b\r\n" * 200_000,
        b"Content-Type: multipart/report; boundary=B\r\n\r\n" + b"--B\r\n\r\n" * 100_000,
    ],
)  # fmt: skip
def test_hostile_email_is_read_and_discarded(raw):
    assert read_reports(raw) == []


def test_a_report_with_a_huge_returned_message_is_read(sent, bob):
    raw = dsn(sent, inner=f"Message-ID: {sent.message_id}\r\n\r\n" + "x" * 2 * MAX_MAIL_BYTES)
    assert record_reports(raw) == 1


def test_a_complaint_by_mail_stops_all_optional_mail(sent, bob):
    raw = (
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: x\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\n"
        f"To: {bob.email}\r\nMessage-ID: {sent.message_id}\r\n\r\nx\r\n--B--\r\n"
    ).encode()
    assert record_reports(raw) == 1
    record = reader(bob).stopped
    assert (record.source, record.topic, record.actor) == ("complaint", None, None)


# --- The command ---


def test_the_command_reads_stdin_files_mboxes_and_maildirs(sent, bob, tmp_path, monkeypatch):
    def run(source):
        said = StringIO()
        call_command("bounces", source, stdout=said)
        return said.getvalue().strip()

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(dsn(sent))))
    assert run("-") == "1 read, 1 new reports"
    (tmp_path / "one.eml").write_bytes(dsn(sent))
    assert run(str(tmp_path / "one.eml")) == "1 read, 0 new reports"
    box = b"From x Thu Jan  1 00:00:00 2026\n" + dsn(sent, status="5.1.2").replace(b"\r\n", b"\n")
    (tmp_path / "box").write_bytes(box + b"\n" + box)
    assert run(str(tmp_path / "box")) == "2 read, 1 new reports"
    maildir = tmp_path / "Maildir"
    (maildir / "new").mkdir(parents=True)
    (maildir / "new" / "1.x").write_bytes(dsn(sent, status="5.1.6"))
    assert run(str(maildir)) == "1 read, 1 new reports"
    assert run(str(maildir)) == "0 read, 0 new reports"
    assert (maildir / "cur" / "1.x:2,S").exists()
    (maildir / "new" / "2.x").write_bytes(dsn(sent, status="5.1.3"))
    assert run(str(maildir)) == "1 read, 1 new reports"
    for wrong in (str(tmp_path / "missing"), "", "imap://127.0.0.1:1/"):
        with pytest.raises(CommandError):
            run(wrong)
