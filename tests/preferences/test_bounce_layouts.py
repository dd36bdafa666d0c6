"""Reports in the layouts of many mail systems find their message, and say no more than they know.

Layouts of which flufl.bounce and sisimai keep samples; every mail here is written by ourselves.
"""

import base64
from time import process_time

import pytest

from preferences.gate.bounce_parsing import read_reports, record_reports
from preferences.gate.return_path import return_path, token_of
from preferences.models import ConsentRecord, DeliveryEvent, Escalation, Message, Recipient
from tests.preferences.test_delivery_events import dsn, reader


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


def plain(message, text, *, sender="MAILER-DAEMON@mx.alder.example", to="", **headers):
    """A report of one part, which goes to the return path unless it says otherwise."""
    to = to or return_path(token_of(message))
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    subject = "" if "Subject" in headers else "Subject: failure notice\n"
    head = f"From: {sender}\nTo: {to}\n{subject}{more}\n"
    return f"{head}{text}".encode()


def mixed(message, *parts, kind="mixed", subject="Undeliverable", sender="postmaster@x.example"):
    """A report of several (content type, text) parts that does not go to the return path."""
    body = "".join(f"--B\nContent-Type: {name}\n\n{text}\n" for name, text in parts)
    return (
        f"From: {sender}\nTo: no-reply@harbour.example\nSubject: {subject}\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/{kind}; boundary="B"\n\n{body}--B--\n'
    ).encode()


def original(message):
    """What a server returns of our email."""
    return (
        f"Return-Path: <no-reply@harbour.example>\nMessage-ID: {message.message_id}\n"
        f"To: {message.address}\nSubject: Mailbox full? User unknown?\n\nOur words.\n"
    )


def test_a_quoted_subject_is_no_reason(sent):
    """Lotus Domino and some lists repeat our headers, in their spelling, between their words."""
    words = "Your message could not be delivered.\n\n> SUBJECT: Mailbox full?\n  objet : plein\n"
    record_reports(plain(sent, words + f"{sent.address}: 550 5.1.1 User unknown"))

    event = DeliveryEvent.objects.get(message=sent)
    assert event.kind == "hard"
    assert "full" not in event.diagnostic


def test_a_detector_that_fails_on_a_hostile_report_stops_nothing(sent, monkeypatch):
    def fail(_mail):
        raise LookupError("unknown encoding: x-hostile")

    monkeypatch.setattr("preferences.gate.bounce_layouts.all_failures", fail)
    record_reports(exim(sent))

    assert DeliveryEvent.objects.get(message=sent).kind == "hard"


def exim(m):
    return plain(
        m,
        "This message was created automatically by mail delivery software.\n\n"
        f"A message that you sent could not be delivered.\n\n  {m.address}\n"
        "    host mx.alder.example [192.0.2.1]\n"
        "    SMTP error from remote mail server after RCPT TO: 550 no such user here\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{original(m)}",
        Subject="Mail delivery failed: returning message to sender",
        X_Failed_Recipients=m.address,
        to="no-reply@harbour.example",
    )


def qmail(m):
    return plain(
        m,
        "Hi. This is the qmail-send program at mx.alder.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{m.address}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\n{original(m)}",
        to="no-reply@harbour.example",
    )


def gmail(m):
    """The old form: no status fields, and a part of the header below."""
    return plain(
        m,
        "Delivery to the following recipient failed permanently:\n\n"
        f"     {m.address}\n\nTechnical details of permanent failure:\n"
        "The account does not exist. 550-5.1.1 Please check the address for typos.\n\n"
        f"----- Original message -----\n\n{original(m)}",
        sender="Mail Delivery Subsystem <mailer-daemon@gmail.example>",
        Subject="Delivery Status Notification (Failure)",
        to="no-reply@harbour.example",
    )


def yahoo(m):
    return plain(
        m,
        "Message from yahoo.example.\nUnable to deliver message to the following address(es).\n\n"
        f"<{m.address}>:\nThis user doesn't have a yahoo.example account ({m.address}) [0]\n\n"
        f"--- Original message follows.\n\n{original(m)}",
        sender="MAILER-DAEMON@yahoo.example",
        Subject="Delivery failure",
        to="no-reply@harbour.example",
    )


def opensmtpd(m):
    """Its action is "error", which RFC 3464 does not know."""
    fields = f"Final-Recipient: rfc822; {m.address}\nAction: error\nStatus: 5.0.0"
    status = f"Reporting-MTA: dns; x\n\n{fields}"
    return mixed(
        m,
        ("text/plain", f"An error has occurred:\n\n{m.address}: 550 Invalid recipient\n"),
        ("message/delivery-status", status),
        ("message/rfc822", original(m)),
        kind='report; report-type="delivery-status"',
        subject="Delivery status notification: error",
        sender="Mailer Daemon <MAILER-DAEMON@x.example>",
    )


def dragonfly(m):
    return plain(
        m,
        "This is the DragonFly Mail Agent at x.example.\n\nThere was an error delivering your mail "
        f"to <{m.address}>.\n\nmx.alder.example [192.0.2.1] did not like our RCPT TO:\n"
        f"550 5.1.1 User unknown\n\nMessage headers follow.\n\n{original(m)}",
        Subject="Mail delivery failed",
        to="no-reply@harbour.example",
    )


def domino(m):
    return mixed(
        m,
        (
            "text/plain",
            f"Your message\n\n  Subject: News\n\nwas not delivered to:\n\n  {m.address}\n\n"
            "because:\n\n"
            f"  User bob ({m.address}) not listed in Domino Directory\n",
        ),
        ("message/rfc822", original(m)),
        kind="report; report-type=delivery-status",
        subject="DELIVERY FAILURE: User bob not listed in Domino Directory",
    )


def exchange(m):
    """A non-delivery report without its parts, as an old gateway strips it; base64 besides."""
    text = (
        f"Your message did not reach the following recipient(s):\n\n{m.address} on Friday\n"
        f"    The recipient name is not recognized\n\n{original(m)}"
    )
    return plain(
        m,
        base64.encodebytes(text.encode()).decode(),
        sender="System Administrator <postmaster@alder.example>",
        Subject="Undeliverable: News",
        Content_Transfer_Encoding="base64",
        to="no-reply@harbour.example",
    )


def wrapped(m):
    """A report that a virus scanner put into another container."""
    raw = dsn(m).decode("latin-1").replace("\r\n", "\n")
    inner = raw[raw.index("Content-Type") :].replace('"B"', '"C"').replace("--B", "--C")
    return (
        "From: postmaster@x.example\nTo: no-reply@harbour.example\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="B"\n\n--B\n{inner}\n--B\n\nScanned.\n--B--\n'
    ).encode("latin-1")


LAYOUTS = [exim, qmail, gmail, yahoo, opensmtpd, dragonfly, domino, exchange, wrapped]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_tied_by_our_message_id_and_read(sent, bob, layout):
    assert record_reports(layout(sent)) == 1
    assert record_reports(layout(sent)) == 0  # known
    assert sent.reports.get().kind == "hard"
    assert reader(bob).unreachable_since


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_marks_a_colleague(sent, notice, alice, layout):
    """It names our email and somebody else's address (Mailman keeps to the same rule)."""
    raw = layout(sent).replace(sent.address.encode(), alice.email.encode())
    if layout is exchange:
        text = base64.b64decode(layout(sent).partition(b"\n\n")[2]).decode()
        raw = raw.partition(b"\n\n")[0] + b"\n\n"
        raw += base64.encodebytes(text.replace(sent.address, alice.email).encode())
    assert record_reports(raw) == 0
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("<{to}>:\nSorry, no mailbox here by that name. (#5.1.1)", "hard"),
        ("<{to}>:\nThe user's mailfolder is full.", "soft"),
        ("There was a problem with your mail.", "soft"),
        ("Your mail has not yet been delivered. We will continue trying.", "delayed"),
    ],
)
def test_the_return_path_is_enough(sent, said, kind):
    """No Message-ID, no address, no original: it came to bounces+token (VERP, Mailman)."""
    text = f"I wasn't able to deliver your message.\n\n{said.format(to=sent.address)}\n"
    assert record_reports(plain(sent, text)) == 1
    assert sent.reports.get().kind == kind


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda path: path.replace("+", "=2B")])
def test_servers_that_rewrite_a_return_path_are_understood(sent, change):
    raw = plain(sent, "550 5.1.1 User unknown", to=change(return_path(token_of(sent))))
    assert record_reports(raw) == 1


def test_an_envelope_id_ties_a_report_without_its_email(sent):
    """RFC 3461: what we gave as ENVID comes back, to whatever address."""
    block = (
        f"Reporting-MTA: dns; x\nOriginal-Envelope-Id: {token_of(sent)}\n\n"
        "Final-Recipient: rfc822; undisclosed\nAction: failed\nStatus: 5.1.1"
    )
    raw = mixed(sent, ("text/plain", "Sorry"), ("message/delivery-status", block), kind="report")
    assert record_reports(raw) == 1
    assert sent.reports.get().kind == "hard"


def test_a_dead_address_behind_an_alias_does_not_mark_the_alias(sent, bob):
    """It forwards to several; one of them is gone, and its server writes to our return path."""
    raw = dsn(sent, to="gone@elsewhere.example", inner="Subject: x\r\n\r\nx").replace(
        b"From: anybody", f"To: {return_path(token_of(sent))}\r\nFrom: anybody".encode()
    )
    assert record_reports(raw) == 1
    assert sent.reports.get().kind == "soft"
    assert reader(bob).unreachable_since is None
    delivered = raw.replace(b"Action: failed", b"Action: delivered")
    assert record_reports(delivered) == 0  # says nothing of ours


@pytest.mark.parametrize(
    "token",
    ["{key}-aaaaaaaaaaaaaaaa", "{other}-{signature}", "{key}", "-{signature}", "9" * 5000 + "-a"],
)
def test_a_made_up_token_ties_nothing(sent, notice, token):
    key, _dash, signature = token_of(sent).partition("-")
    forged = token.format(key=key, other=notice.pk, signature=signature)
    assert record_reports(plain(sent, "550 5.1.1 User unknown", to=return_path(forged))) == 0


def test_tokens_outlive_a_change_of_the_secret_key(sent, settings):
    raw = plain(sent, "550 5.1.1 User unknown")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of at least thirty-two letters"
    assert return_path(token_of(sent)).encode() not in raw
    assert record_reports(raw) == 1


# --- What comes to the return path and is no report (R10) ---


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (
            "I am away. My mailbox is full, the account is closed, no such user.",
            {
                "Subject": "Out of office",
                "Auto_Submitted": "auto-replied",
                "sender": "bob@x.example",
            },
        ),
        ("Please stop. User unknown.", {"Subject": "Re: News", "sender": "Bob <bob@x.example>"}),
        ("Buy now", {"Subject": "An offer", "sender": "seller@spam.example"}),
    ],
)
def test_an_absence_notice_or_a_person_is_no_report_R10(sent, text, headers):
    records = ConsentRecord.objects.count()
    assert record_reports(plain(sent, text, **headers)) == 0
    assert (DeliveryEvent.objects.count(), ConsentRecord.objects.count()) == (0, records)


@pytest.mark.parametrize(
    ("type_", "part"),
    [
        ("disposition-notification", "message/disposition-notification"),
        ("feedback-report", "message/feedback-report"),
    ],
)
def test_a_read_receipt_or_a_dmarc_report_is_no_bounce(sent, type_, part):
    """RFC 8098 and RFC 6591: it was read, deleted, or failed somebody's policy."""
    fields = "Disposition: manual-action/MDN-sent-manually; deleted\nFeedback-Type: auth-failure"
    raw = mixed(
        sent,
        ("text/plain", "Your message was deleted without being read: user unknown."),
        (part, fields),
        ("message/rfc822", original(sent)),
        kind=f"report; report-type={type_}",
    )
    assert record_reports(raw) == 0


def test_a_rejection_by_sieve_is_soft(sent):
    """RFC 5429: a reader's own filter refused the message; it is told like a read receipt."""
    raw = mixed(
        sent,
        ("text/plain", f"Your message to <{sent.address}> was automatically rejected:\nToo big"),
        ("message/rfc822", original(sent)),
        kind="report; report-type=disposition-notification",
    ).replace(b"MIME-Version", b"Auto-Submitted: auto-replied (rejected)\nMIME-Version")
    assert record_reports(raw) == 1
    assert sent.reports.get().kind == "soft"


def test_the_returned_email_is_no_reason(sent):
    """Its subject says “Mailbox full? User unknown?”; the report itself gives no reason."""
    raw = plain(sent, f"Delivery failed.\n\n--- Below this line is a copy.\n\n{original(sent)}")
    assert record_reports(raw) == 1
    assert sent.reports.get().kind == "soft"


def test_another_email_quoted_in_the_returned_one_is_not_meant(sent, notice):
    inner = f"From: x@x.example\r\nSubject: Fwd\r\n\r\nMessage-ID: {sent.message_id}\r\n"
    assert record_reports(dsn(notice, to=sent.address, inner=inner)) == 0


# --- Complaints that hide the address (RFC 5965, 6650) ---


def arf(m, redacted, provider):
    fields = f"Feedback-Type: abuse\nUser-Agent: {provider}\nOriginal-Rcpt-To: {redacted}"
    returned = original(m).replace(m.address, redacted)
    return mixed(
        m,
        ("text/plain", "This is an email abuse report."),
        ("message/feedback-report", fields),
        ("message/rfc822", returned),
        kind="report; report-type=feedback-report",
        subject="Abuse report",
    )


def aol(m):
    return arf(m, "redacted", "AOL SComp")


def comcast(m):
    return arf(m, "9f86d081884c7d65@comcast.example", "Comcast-FBL")


def hotmail(m):
    """No report part: the email itself, with the address in a header of theirs or taken out."""
    return mixed(
        m,
        ("message/rfc822", original(m).replace(m.address, "undisclosed recipients:;")),
        subject="complaint about message from 192.0.2.1",
        sender="staff@hotmail.example",
    )


@pytest.mark.parametrize("complaint", [aol, comcast, hotmail])
def test_a_complaint_that_hides_the_address_counts(sent, bob, complaint):
    assert record_reports(complaint(sent)) == 1
    assert sent.reports.get().kind == "complaint"
    assert reader(bob).is_stopped
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("complaint", [aol, comcast, hotmail])
def test_a_complaint_tied_by_the_return_path_counts(sent, bob, complaint):
    """The provider took our Message-ID out and left the Return-Path."""
    path = return_path(token_of(sent))
    raw = complaint(sent).replace(sent.message_id.encode(), b"<removed@x.example>")
    assert record_reports(raw) == 0
    assert record_reports(raw.replace(b"no-reply@harbour.example>", f"{path}>".encode())) == 1
    assert reader(bob).is_stopped


def test_a_complaint_about_nothing_of_ours_is_ignored(sent):
    for complaint in (aol, comcast, hotmail):
        raw = complaint(sent).replace(sent.message_id.encode(), b"<guess@harbour.example>")
        assert record_reports(raw) == 0
    assert not Recipient.objects.exclude(stopped=None).exists()


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 900_000,
        "- \n" * 300_000,
        "<a@b.example> " * 60_000,
        "copy of " * 100_000,
        "a" * 900_000,
        "Subject: x\n" * 80_000,
        "550 5.1.1 user " * 60_000,
    ],
    ids=["lines", "dashes", "addresses", "copies", "word", "fields", "codes"],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_hostile_report_about_a_real_email_is_read_quickly(sent, text, kind):
    start = process_time()
    record_reports(plain(sent, text, Content_Type=f"text/{kind}"))
    assert process_time() - start < 10


def test_markup_without_end_raises_no_error(sent):
    raw = plain(sent, "<a>" * 3 + "<a" * 4000 + "&" + "<" * 4000, Content_Type="text/html")
    assert record_reports(raw) in (0, 1)


def status_of(*addresses):
    """The part of a report that names these addresses, all refused."""
    blocks = [
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n"
        for address in addresses
    ]
    return ("message/delivery-status", "\n".join(["Reporting-MTA: dns; mx.example\n", *blocks]))


def test_a_report_is_read_up_to_its_hundredth_block(sent):
    """The two before the third part are about its server, and the third of them is the last."""
    others = [f"r{number}@x.example" for number in range(147)]
    parts = [status_of(*others[at : at + 49]) for at in (0, 49, 98)]
    raw = mixed(sent, *parts, ("message/rfc822", original(sent)), kind="report")

    named = [bounce.report.addresses for bounce in read_reports(raw)]

    assert named == [(address,) for address in others[:98]]


def test_returned_headers_say_which_email_is_meant(sent, notice):
    """Postfix returns only headers of a large email; those name the emails that it answers, too."""
    headers = f"References: {notice.message_id}\n{original(sent)}"
    raw = mixed(sent, status_of(sent.address), ("text/rfc822-headers", headers), kind="report")

    [bounce] = read_reports(raw)

    assert bounce.message_ids == (sent.message_id,)


def test_reading_needs_no_message_of_ours_in_the_database(sent):
    """Reports are read before they are tied: a mailbox shared with others stays unharmed."""
    raw = plain(sent, "550 5.1.1 User unknown", to="somebody@harbour.example")
    assert read_reports(raw) == []
