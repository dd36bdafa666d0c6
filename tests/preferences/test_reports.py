"""What servers say of our mail (R10, R12, R48): bounces, complaints, forgeries; never a silence."""

from email.message import EmailMessage as Mail
from io import BytesIO, StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.models import AuditEvent
from preferences.choices import Reason
from preferences.choices.reports import ReportKind
from preferences.gate.incoming import LARGEST, read_reports, take_mail
from preferences.models import (
    Campaign,
    ConsentRecord,
    DeliveryReport,
    Escalation,
    Message,
    Recipient,
)
from preferences.selectors import answer_for
from preferences.services.reports import kind_of_failure, note_report


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
        ("5.1.1", "", ReportKind.HARD),
        ("", "550 5.1.1 no such user", ReportKind.HARD),
        ("5.2.1", "", ReportKind.HARD),
        ("5.2.2", "", ReportKind.SOFT),
        ("5.7.1", "", ReportKind.SOFT),
        ("5.3.4", "", ReportKind.SOFT),
        ("4.4.7", "", ReportKind.SOFT),
        ("", "452 too many", ReportKind.SOFT),
        ("", "550 no", ReportKind.HARD),
        ("nonsense", "", ReportKind.HARD),
    ],
)
def test_what_a_failure_says_of_the_address(status, text, kind):
    assert kind_of_failure(status=status, text=text) == kind


def test_accepted_is_not_delivered_R48(sent):
    assert sent.get_state_display() == "Accepted by the mail server"
    assert not sent.reports.exists()
    note_report(message=sent, kind="delivered", event="x:1")
    assert sent.reports.get().kind == ReportKind.DELIVERED


def test_reports_are_append_only(sent):
    report = note_report(message=sent, kind="delivered", event="x:1")
    for attempt in (report.delete, lambda: DeliveryReport.objects.update(kind="hard")):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


# --- Delivery reports by mail ---


def test_a_hard_bounce_marks_the_address_once(sent, bob, newsletter):
    assert take_mail(dsn(sent)) == 1
    assert take_mail(dsn(sent)) == 0
    marked = reader(bob)
    assert marked.unreachable_since
    assert "550 no such user" in marked.unreachable_reason
    assert answer_for(marked, newsletter).reason == Reason.UNREACHABLE
    assert AuditEvent.objects.filter(kind="address.unreachable", person=bob).count() == 1
    assert not Escalation.objects.exists()  # optional mail


def test_soft_bounces_mark_only_when_repeated(bob, deliver, newsletter, send_topic):
    for number in range(1, 6):
        assert reader(bob).unreachable_since is None
        send_topic(newsletter, bob)
        deliver()
        take_mail(dsn(Message.objects.latest("pk"), status="4.2.2"))
        assert DeliveryReport.objects.filter(kind="soft").count() == number
    assert reader(bob).unreachable_since


def test_delays_and_deliveries_are_written_and_mark_nothing(sent, bob):
    take_mail(dsn(sent, action="delayed", status="4.4.1"))
    take_mail(dsn(sent, action="delivered", status="2.0.0"))
    take_mail(dsn(sent, action="relayed", status="2.0.0"))
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
def test_forged_reports_count_for_nothing(sent, alice, bob, forged):
    assert take_mail(dsn(sent, **forged)) == 0
    assert not DeliveryReport.objects.exists()
    assert not Recipient.objects.filter(unreachable_since__isnull=False).exists()


def test_a_message_that_has_not_left_cannot_come_back(bob, send_legal):
    send_legal(bob)
    assert take_mail(dsn(Message.objects.get())) == 0


@pytest.mark.parametrize("submitted", ["auto-replied", "no", None])
def test_mail_by_people_and_machines_means_nothing_R10(sent, bob, submitted):
    mail = Mail()
    mail["From"], mail["Subject"] = bob.email, "Re: News: unsubscribe, I confirm, stop"
    mail["In-Reply-To"] = sent.message_id
    if submitted:
        mail["Auto-Submitted"] = submitted
    mail.set_content("unsubscribe")
    records, events = ConsentRecord.objects.count(), AuditEvent.objects.count()
    assert take_mail(bytes(mail)) == 0
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
def test_hostile_mail_is_read_and_forgotten(raw):
    assert read_reports(raw) == []


def test_a_report_before_a_huge_returned_mail_is_read(sent, bob):
    raw = dsn(sent, inner=f"Message-ID: {sent.message_id}\r\n\r\n" + "x" * 2 * LARGEST)
    assert take_mail(raw) == 1


def test_a_complaint_by_mail_stops_all_optional_mail(sent, bob):
    raw = (
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: x\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\n"
        f"To: {bob.email}\r\nMessage-ID: {sent.message_id}\r\n\r\nx\r\n--B--\r\n"
    ).encode()
    assert take_mail(raw) == 1
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
    for wrong in (str(tmp_path / "missing"), "", "imap://127.0.0.1:1/"):
        with pytest.raises(CommandError):
            run(wrong)


# --- Complaints (R12) ---


def complain(message, number):
    return note_report(message=message, kind="complaint", event=f"x:{number}")


def test_a_complaint_stops_optional_mail_and_no_notice(sent, bob, send_legal, deliver):
    complain(sent, 1)
    complain(sent, 2)
    assert ConsentRecord.objects.filter(source="complaint").count() == 1
    assert AuditEvent.objects.filter(kind="optional_mail.complained", person=bob).count() == 1
    send_legal(bob)
    assert deliver()[-1].subject == "Our terms change"


def test_a_complaint_about_a_notice_is_about_optional_mail_too(notice, bob):
    complain(notice, 1)
    assert reader(bob).is_stopped


@pytest.fixture
def campaign(olive, newsletter):
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}

    def create(**values):
        return Campaign.objects.create(
            created_by=olive, state="running", **{"topic": newsletter, **words, **values}
        )

    return create


def mails(campaign, people, monkeypatch, sent):
    """One message for each of these people; `sent` is how many left as far as the alarm knows."""
    monkeypatch.setattr("preferences.services.complaints._sent", lambda _campaign: sent)
    return [
        Message.objects.create(
            campaign=campaign,
            recipient=person.recipient,
            address=person.email,
            topic=campaign.topic,
            notice_class=campaign.notice_class,
            subject="News",
            message_id=f"<{person.pk}@x>",
        )
        for person in people
    ]


def test_complaints_warn_then_hold_R12(campaign, alice, bob, emma, olive, deliver, monkeypatch):
    running = campaign()
    one, two, three = mails(running, (alice, bob, emma), monkeypatch, sent=1000)
    for number, message in enumerate((one, two)):
        complain(message, number)
        running.refresh_from_db()
        assert running.state == "running"
    assert AuditEvent.objects.filter(kind="campaign.complaints").count() == 1
    complain(three, 3)
    running.refresh_from_db()
    assert running.state == "paused"
    assert AuditEvent.objects.get(kind="campaign.held").data["complaints"] == 3
    assert [mail.to for mail in deliver()].count([olive.email]) == 2


def test_few_complaints_say_nothing_R12(campaign, alice, monkeypatch):
    running = campaign()
    [one] = mails(running, [alice], monkeypatch, sent=1001)
    complain(one, 1)
    assert not AuditEvent.objects.filter(kind__startswith="campaign.").exists()


def test_a_notice_is_never_held_R12(campaign, alice, monkeypatch):
    running = campaign(topic=None, notice_class_id="legal")
    [one] = mails(running, [alice], monkeypatch, sent=1)
    complain(one, 1)
    running.refresh_from_db()
    assert running.state == "running"
