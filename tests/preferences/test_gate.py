"""What the gate accepts and refuses (R39, I7)."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.db import IntegrityError, transaction
from django_tasks_db.models import DBTaskResult

from accounts.emails import NOTICE_CLASS_HEADER
from preferences.emails import TOPIC_HEADER
from preferences.gate import MailRefused, UnclassifiedMail
from preferences.models import Message

SECURITY = {NOTICE_CLASS_HEADER: "security"}


def mail_to(*to, subject="Hello", headers=None, **rest):
    return EmailMessage(subject, "Text", to=list(to), headers=headers, **rest)


def refused(mail, error=MailRefused):
    with pytest.raises(error):
        mail.send()
    assert not Message.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_allauths_reset_email_is_a_security_notice(as_, bob, deliver):
    as_(None).post("/accounts/password/reset/", {"email": bob.email})

    [mail] = deliver()
    assert mail.to == [bob.email]
    assert "/accounts/password/reset/key/" in mail.body
    assert Message.objects.get().notice_class_id == "security"
    assert NOTICE_CLASS_HEADER not in mail.message()


def test_unclassified_mail_is_refused_R39(bob):
    refused(mail_to(bob.email), UnclassifiedMail)


def test_send_mail_of_a_library_is_refused_without_a_class_R39(bob):
    with pytest.raises(UnclassifiedMail):
        send_mail("Hi", "Text", None, [bob.email], fail_silently=True)
    assert not Message.objects.exists()


def test_mail_with_both_headers_is_refused_R39(bob):
    refused(mail_to(bob.email, headers=SECURITY | {TOPIC_HEADER: "newsletter"}), UnclassifiedMail)


def test_one_header_in_two_spellings_is_refused_R39(bob):
    headers = SECURITY | {NOTICE_CLASS_HEADER.lower(): "legal"}
    refused(mail_to(bob.email, headers=headers), UnclassifiedMail)


@pytest.mark.parametrize("code", ["", "newsletter", "LEGAL", "legal ", "legal\r\nBcc: x@y.example"])
def test_unknown_class_is_refused_R39(bob, code):
    refused(mail_to(bob.email, headers={NOTICE_CLASS_HEADER: code}), UnclassifiedMail)


def test_notice_class_as_topic_is_refused_R41(bob):
    refused(mail_to(bob.email, headers={TOPIC_HEADER: "legal"}), UnclassifiedMail)


def test_two_recipients_are_refused(bob, alice):
    refused(mail_to(bob.email, alice.email, headers=SECURITY))
    refused(mail_to(bob.email, headers=SECURITY, bcc=[alice.email]))
    refused(mail_to(bob.email, headers=SECURITY, cc=[alice.email]))
    refused(mail_to(headers=SECURITY, bcc=[alice.email]))


@pytest.mark.parametrize("address", ["no address", "a@b", "a@alder.example, b@alder.example"])
def test_an_invalid_address_is_refused(db, address):
    refused(mail_to(address, headers=SECURITY))


def test_line_break_in_subject_or_name_is_refused_I7(bob):
    refused(mail_to(bob.email, subject="Hello\r\nBcc: x@y.example", headers=SECURITY))
    refused(mail_to(bob.email, subject="Hello\nX: y", headers=SECURITY))
    refused(mail_to(bob.email, subject="Hello\x00", headers=SECURITY))
    refused(mail_to(bob.email, subject="x" * 999, headers=SECURITY))
    refused(mail_to(f"Bob\r\nBcc: x@y.example <{bob.email}>", headers=SECURITY))
    refused(mail_to(bob.email, headers=SECURITY, reply_to=["a\nb <a@b.example>"]))
    refused(mail_to(bob.email, headers=SECURITY, from_email="Evil\r\nX: y <a@b.example>"))


@pytest.mark.parametrize(
    "name",
    ["List-Unsubscribe", "list-unsubscribe-post", "List-Id", "To", "Bcc", "Message-ID"],
)
def test_senders_cannot_set_headers_of_the_gate_R8(bob, name):
    refused(mail_to(bob.email, headers=SECURITY | {name: "<https://elsewhere.example>"}))


def test_one_bad_message_refuses_all(bob):
    from django.core.mail import get_connection

    good, bad = mail_to(bob.email, headers=SECURITY), mail_to(bob.email)
    with pytest.raises(UnclassifiedMail):
        get_connection().send_messages([good, bad])
    assert not Message.objects.exists()


def test_rolled_back_transaction_leaves_nothing(bob, deliver, send_legal):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send_legal(bob)
        assert Message.objects.exists()
        raise ZeroDivisionError

    assert deliver() == []
    assert not Message.objects.exists()


def test_a_message_is_sent_completely(bob, deliver):
    mail = EmailMultiAlternatives(
        "Grüße, 世界",
        "Text",
        to=[f"Bob <{bob.email}>"],
        headers=SECURITY | {"X-Kept": "yes"},
        reply_to=["desk@harbour.example"],
    )
    mail.attach("terms.pdf", b"%PDF\xff", "application/pdf")
    mail.send()

    [sent] = deliver()
    wire = sent.message()
    assert sent.subject == "Grüße, 世界"
    [html] = sent.alternatives
    assert html.mimetype == "text/html" and ">Text</p>" in html.content
    assert sent.attachments[0].content == b"%PDF\xff"
    assert wire["X-Kept"] == "yes"
    assert wire["Reply-To"] == "desk@harbour.example"
    assert wire["Auto-Submitted"] == "auto-generated"  # R10


@pytest.mark.parametrize("subtype", ["plain", "html"])
def test_html_of_others_is_refused(bob, subtype):
    """The gate could not say who sends it, nor vouch that it loads nothing."""
    mail = EmailMultiAlternatives("S", "Text", to=[bob.email], headers=SECURITY)
    mail.content_subtype = subtype
    if subtype == "plain":
        mail.attach_alternative("<p>Text</p>", "text/html")
    with pytest.raises(MailRefused):
        mail.send()
    assert not Message.objects.exists()


def test_message_has_exactly_one_category_in_the_database_R39(bob, newsletter):
    common = {"address": bob.email, "subject": "x", "content_hash": "x"}
    for both in ({"notice_class_id": "legal", "topic": newsletter}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.create(message_id="<x@y>", **common, **both)
