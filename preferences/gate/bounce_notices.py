"""Mail about mail that came back: the notice by another way, word to Super Users, a trial."""

from typing import Any

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation

from accounts.emails import NOTICE_CLASS_HEADER, absolute, compose_notice, send_notice
from accounts.models import Membership, User
from preferences.gate.intake import take_in
from preferences.models import Message, Recipient


def send_bounce_notice(original: Message, *, recipient: Recipient, address: str) -> Message:
    """The notice to another address of its reader; out: the new message.

    A campaign's goes out in full. What a single mail said is gone, or may hold a secret: its reader
    learns that it came back, of which class it was, and where to look.
    """
    language = recipient.reads
    campaign = original.campaign
    with translation.override(language):
        if campaign is not None:
            subject, body = campaign.subject(language), campaign.body(language)
            headers = {NOTICE_CLASS_HEADER: str(original.notice_class_id)}
            return take_in(EmailMessage(subject, body, to=[address], headers=headers))
        return _take_notice(
            template="preferences/emails/bounce_notice",
            notice_class=str(original.notice_class_id),
            address=address,
            language=language,
            reader=recipient.user,
            original=original,
            link=absolute(reverse("preferences:bounced-mail")),
        )


def send_address_probe(*, person: User) -> Message:
    """A mail that only tries whether an address takes mail; out: its message."""
    return _take_notice(
        template="preferences/emails/address_probe",
        notice_class="security",
        address=person.email,
        language=person.language,
        reader=person,
    )


def send_unreachable(*, reader: User, membership: Membership, address: str) -> None:
    """Tell a Super User that mail to somebody comes back; never what it says."""
    person = membership.user
    send_notice(
        template="preferences/emails/unreachable",
        notice_class="security",
        address=reader.email,
        language=reader.language,
        reader=reader,
        person=membership,
        failing=address,
        company=membership.customer,
        link=absolute(reverse("portals:person", args=[membership.customer.slug, person.sub])),
    )


def _take_notice(*, language: str, **words: Any) -> Message:
    with translation.override(language):
        return take_in(compose_notice(language=language, **words))
