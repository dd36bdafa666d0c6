"""A permanent bounce marks its invitation; a temporary one does not."""

import smtplib

import pytest
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import AuditEvent
from accounts.services.invitations import invite_person, resend_invitation
from preferences.models import Message


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
