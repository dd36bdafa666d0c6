"""The bounce mailbox over IMAP: each message is handled once (R10, R47, R48)."""

from contextlib import nullcontext
from io import StringIO
from urllib.parse import quote

import pytest
from django.core import mail as mail_box
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import AuditEvent
from preferences.gate import mailboxes
from preferences.management.commands import bounces
from preferences.models import (
    ConsentRecord,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
    Recipient,
)
from tests.preferences.imap_server import PASSWORD, USER, imap_server, new_certificate
from tests.preferences.test_delivery_events import dsn

HUMAN = b"From: bob@alder.example\r\nSubject: Re: News\r\n\r\nPlease stop.\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return new_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def mailbox(certificate, monkeypatch, settings):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with imap_server(certificate) as (account, port):
        user, password = quote(USER, safe=""), quote(PASSWORD, safe="")
        settings.HUB_BOUNCE_MAILBOX = f"imaps://{user}:{password}@127.0.0.1:{port}/INBOX"
        yield account


@pytest.fixture
def notice(bob, deliver, send_legal):
    send_legal(bob)
    deliver()
    return Message.objects.get(notice_class="legal")


def read(*source):
    said = StringIO()
    call_command("bounces", *source, stdout=said)
    return said.getvalue().strip()


def state():
    """What a mail from outside must not change."""
    return (
        DeliveryEvent.objects.count(),
        Escalation.objects.count(),
        Message.objects.count(),
        ConsentRecord.objects.count(),
        AuditEvent.objects.count(),
        list(Recipient.objects.exclude(unreachable_since=None)),
        len(mail_box.outbox),
    )


def test_each_message_is_handled_once_and_kept(mailbox, notice, bob):
    report, reply = mailbox.add(dsn(notice)), mailbox.add(HUMAN)
    read_before = mailbox.add(dsn(notice, status="5.1.2"), "\\Seen")
    assert read() == "2 read, 1 new reports"
    assert Escalation.objects.get().recipient.user == bob
    assert report.flags == {"\\Seen", "HubTaken"}
    assert reply.flags == {"HubTaken"}  # unread still: it is for people
    assert read_before.flags == {"\\Seen"}
    assert read() == "0 read, 0 new reports"
    assert len(mailbox.mails) == 3
    assert not any("EXPUNGE" in asked or "Deleted" in asked for asked in mailbox.asked)


def test_a_server_without_keywords_repeats_nothing(mailbox, notice):
    mailbox.keywords = False
    mailbox.add(dsn(notice))
    mailbox.add(HUMAN)
    assert read() == "2 read, 1 new reports"
    before = state()
    assert read() == "1 read, 0 new reports"
    assert state() == before


@pytest.mark.parametrize("moment", ["STORE 1", "FETCH 2", "STORE 2", "LOGOUT", "SEARCH", "LOGIN"])
def test_a_connection_lost_anywhere_repeats_harmlessly(mailbox, notice, moment):
    mailbox.add(dsn(notice))
    mailbox.add(dsn(notice, status="5.1.2"))
    mailbox.break_at = moment
    with nullcontext() if moment == "LOGOUT" else pytest.raises(CommandError, match="127"):
        read()
    read()
    assert DeliveryEvent.objects.count() == 2
    assert AuditEvent.objects.filter(kind="address.unreachable").count() == 1
    assert Escalation.objects.count() == 1
    assert all("\\Seen" in mail.flags for mail in mailbox.mails.values())


def test_a_crash_between_report_and_mark_repeats_harmlessly(mailbox, notice, monkeypatch):
    mailbox.add(dsn(notice))
    with monkeypatch.context() as patch:
        patch.setattr(mailboxes, "_flag", die)
        with pytest.raises(KeyboardInterrupt):
            read()
    assert DeliveryEvent.objects.count() == 1
    before = state()
    assert read() == "1 read, 0 new reports"
    assert state() == before


def die(*_words):
    raise KeyboardInterrupt


def test_an_unreadable_message_is_set_aside_and_blocks_nothing(mailbox, notice, monkeypatch):
    poison = mailbox.add(b"poison")
    report = mailbox.add(dsn(notice))
    take = bounces.take_mail

    def choke(raw):
        if raw == b"poison":
            raise ValueError("a mail like no other")
        return take(raw)

    monkeypatch.setattr(bounces, "take_mail", choke)
    said = StringIO()
    with pytest.raises(CommandError, match="1 could not be digested"):
        call_command("bounces", stdout=said)
    assert said.getvalue().strip() == "2 read, 1 new reports"
    assert poison.flags == {"\\Flagged", "HubTaken"}
    assert report.flags == {"\\Seen", "HubTaken"}
    assert read() == "0 read, 0 new reports"


def test_an_unreachable_database_sets_nothing_aside(mailbox, notice, monkeypatch):
    report = mailbox.add(dsn(notice))

    def away(raw):
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(bounces, "take_mail", away)
        with pytest.raises(OperationalError):
            read()
    assert report.flags == set()
    assert read() == "1 read, 1 new reports"


def test_forgeries_and_loops_change_nothing(mailbox, notice, alice, deliver):
    """Not ours, for another reader, a report about a report, our own mail coming round."""
    mailbox.add(dsn(notice, message_id="<guess@harbour.example>"))
    mailbox.add(dsn(notice, to=alice.email))
    mailbox.add(dsn(notice, inner=dsn(notice).decode("latin-1").replace("B", "C")))
    mailbox.add(mail_box.outbox[-1].message().as_bytes())
    mailbox.add(b"Auto-Submitted: auto-replied\r\nIn-Reply-To: " + notice.message_id.encode())
    for hostile in (b"", b"\x00" * 5000, b"A: b\r\n" * 200_000, b")\r\nx BAD {5}\r\n"):
        mailbox.add(hostile)
    before = state()
    assert read() == f"{len(mailbox.mails)} read, 0 new reports"
    deliver()
    assert state() == before
    assert not any("\\Seen" in kept.flags for kept in list(mailbox.mails.values())[2:])


def test_two_addresses_that_bounce_to_each_other_do_not_loop(mailbox, notice, bob, deliver):
    """The mail about a bounce bounces, and its bounce: each address is tried once (R47)."""
    from allauth.account.models import EmailAddress

    from preferences.services.escalations import run_escalations

    EmailAddress.objects.create(user=bob, email="bob@home.example", verified=True, primary=False)
    for _round in range(6):
        for message in Message.objects.filter(recipient__user=bob, state="sent"):
            mailbox.add(dsn(message))
        for message in Message.objects.filter(address="bob@home.example", state="sent"):
            mailbox.add(dsn(message))
        read()
        run_escalations()
        deliver()
    assert DeliveryProbe.objects.count() == 1
    assert Escalation.objects.get().state == "told"
    assert Message.objects.exclude(address__startswith="bob@").count() == 1  # to the Super User


def test_a_message_deleted_meanwhile_is_skipped(mailbox, notice, monkeypatch):
    mailbox.add(HUMAN)
    mailbox.add(dsn(notice))
    trouble = mailboxes._flag

    def delete_the_next(host, server, number, mark):
        trouble(host, server, number, mark)
        mailbox.mails.pop(2, None)

    monkeypatch.setattr(mailboxes, "_flag", delete_the_next)
    assert read() == "1 read, 0 new reports"


# --- Who the server is ---


def test_a_folder_of_its_own_and_starttls(certificate, monkeypatch, notice):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with imap_server(certificate, secure_at_once=False) as (account, port):
        account.add(dsn(notice))
        source = f"imap://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/Came%20back"
        assert read(source) == "1 read, 1 new reports"
        assert account.asked.index("STARTTLS") < next(
            place for place, asked in enumerate(account.asked) if asked.startswith("LOGIN")
        )


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_a_server_with_an_untrusted_certificate_gets_no_password(certificate, monkeypatch, scheme):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with imap_server(certificate, secure_at_once=scheme == "imaps") as (account, port):
        with pytest.raises(CommandError, match="certificate"):
            read(f"{scheme}://{quote(USER)}:x@127.0.0.1:{port}/")
        assert not any(asked.startswith("LOGIN") for asked in account.asked)


@pytest.mark.parametrize(
    ("user", "path", "said"), [(USER, "Nowhere", "no such folder"), ("eve", "", "who are you")]
)
def test_a_mailbox_that_does_not_open_is_one_clear_line(mailbox, settings, user, path, said):
    port = settings.HUB_BOUNCE_MAILBOX.rpartition(":")[2].partition("/")[0]
    with pytest.raises(CommandError, match=said) as refusal:
        read(f"imaps://{quote(user)}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{path}")
    assert PASSWORD not in str(refusal.value)


def test_a_silent_server_times_out(mailbox, monkeypatch):
    monkeypatch.setattr(mailboxes, "TIMEOUT", 0.3)
    mailbox.silent_at = "SEARCH"
    with pytest.raises(CommandError, match="timed out"):
        read()
