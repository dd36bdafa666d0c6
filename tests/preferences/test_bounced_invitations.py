"""A permanent bounce marks its invitation; a temporary one does not."""

import smtplib
from html import unescape

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Invitation
from accounts.services.invitations import invite_person, resend_invitation
from preferences.models import DeliveryEvent, Message


@pytest.fixture
def offer(alice, alder):
    return invite_person(actor=alice, customer=alder, address="gina@alder.example")


def refusing(patch, address, code):
    """A transport that takes no mail to this address."""
    send = EmailBackend.send_messages

    def refuse(self, messages):
        if messages[0].to == [address]:
            raise smtplib.SMTPRecipientsRefused({address: (code, b"no")})
        return send(self, messages)

    patch.setattr(EmailBackend, "send_messages", refuse)


def test_an_invitation_bounces_permanently(offer, alice, deliver, monkeypatch):
    with monkeypatch.context() as patch:
        refusing(patch, offer.address, 550)
        assert [mail.to for mail in deliver()][-1] == [alice.email]

    offer.refresh_from_db()
    assert offer.bounced_at
    assert Message.objects.get(address=offer.address).state == "failed"
    assert AuditEvent.objects.filter(kind="invitation.bounced").count() == 1

    resend_invitation(actor=alice, invitation=offer)
    assert deliver()[-1].to == [offer.address]
    offer.refresh_from_db()
    assert offer.bounced_at is None


def test_an_invitation_bounces_temporarily(offer, deliver, monkeypatch):
    refusing(monkeypatch, offer.address, 450)
    deliver()

    offer.refresh_from_db()
    assert offer.bounced_at is None


# --- What the people who invited are told: what the server said, in plain words ---


def replying(patch, address, reply):
    send = EmailBackend.send_messages

    def refuse(self, messages):
        if messages[0].to == [address]:
            raise smtplib.SMTPRecipientsRefused({address: (int(reply[:3]), reply[4:].encode())})
        return send(self, messages)

    patch.setattr(EmailBackend, "send_messages", refuse)


SAYINGS = [
    ("550 5.1.1 no such user", "There is no such address.", "Check the spelling"),
    ("552 5.2.2 mailbox is full", "The mailbox is full.", "Ask them to delete some emails"),
    ("550 5.7.1 blocked by our policy", "refused our email. The address may be right.", "later"),
    ("550 5.2.1 account disabled", "The mailbox is closed or turned off.", "another address"),
    ("556 5.1.10 null MX", "The domain in the address doesn't accept email.", "Check the spelling"),
    ("550 5.4.7 delivery time expired", "was unreachable or too busy.", "later"),
    ("550 answer 47", "gave no clear reason.", "Check the spelling, or send it again later."),
]


@pytest.mark.parametrize(("reply", "reason", "advice"), SAYINGS)
def test_the_sender_is_told_what_the_server_said(
    offer, alice, as_, deliver, monkeypatch, reply, reason, advice
):
    """A full mailbox is never told as an address that isn't there."""
    with monkeypatch.context() as patch:
        replying(patch, offer.address, reply)
        mail = deliver()[-1]
    assert mail.to == [alice.email]
    assert reason in mail.body
    assert advice in mail.body
    assert reply[4:] not in mail.body  # a server's own words are a stranger's
    page = unescape(as_(alice).get("/c/alder/people/invitations/").text)
    assert reason in page
    for other in SAYINGS:
        if other[1] != reason:
            assert other[1] not in mail.body + page
    assert DeliveryEvent.objects.get().diagnostic == reply


def test_the_database_wants_a_reason_for_each_bounced_invitation(offer):
    for values in ({"bounced_at": timezone.now()}, {"bounce_reason": "full"},
                   {"bounced_at": timezone.now(), "bounce_reason": "odd"}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.filter(pk=offer.pk).update(**values)


def test_the_database_wants_a_reason_for_each_bounce(offer, deliver):
    deliver()
    message = Message.objects.get(address=offer.address)
    for values in ({"kind": "hard"}, {"kind": "soft", "reason": "odd"},
                   {"kind": "delivered", "reason": "full"}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            DeliveryEvent.objects.create(message=message, event="x:1", **values)
