"""Email about email that bounced: the notice to another address, and word to the Super Users."""

from typing import Any

from django.urls import reverse
from django.utils import translation

from accounts.choices import BounceReason
from accounts.emails import (
    NOTICE_CLASS_HEADER,
    Address,
    Block,
    Content,
    HubEmail,
    Kind,
    Reader,
    absolute,
    compose_notice,
    person_page,
    send_to,
)
from accounts.models import Membership, User
from preferences.gate.intake import queue_mail
from preferences.models import DeliveryEvent, Message, Recipient


def send_bounce_notice(original: Message, *, recipient: Recipient, address: str) -> Message:
    """Send a notice that bounced to another address of its recipient. Return the new message.

    A campaign's notice is sent again in full. The content of a single email is erased, or may hold
    a secret: the recipient is told that it bounced, of which class it was, and where to look.
    """
    language = recipient.reads
    campaign = original.campaign
    with translation.override(language):
        if campaign is not None:
            body = Block(Kind.MARKDOWN, campaign.body(language).strip())
            headers = {NOTICE_CLASS_HEADER: str(original.notice_class_id)}
            return queue_mail(
                HubEmail(Content(campaign.subject(language), (body,)), address, headers)
            )
        return _queue_notice(
            Address(address, language),
            "preferences/emails/bounce_notice",
            notice_class=str(original.notice_class_id),
            reader=recipient.user,
            original=original,
            link=absolute(reverse("preferences:bounced-mail")),
        )


def send_address_probe(*, person: User) -> Message:
    """Send a person an email that only tests whether their address works. Return its message."""
    return _queue_notice(person, "preferences/emails/address_probe", notice_class="security")


def send_unreachable(
    *, super_user: User, membership: Membership, address: str, why: DeliveryEvent | None
) -> None:
    """Tell a Super User that email to a member bounces and why, but not what it says.

    Why is told in our words: a server's own text is a stranger's.
    """
    send_to(
        super_user,
        "preferences/emails/unreachable",
        notice_class="security",
        path=person_page(membership),
        person=membership,
        failing=address,
        reason=BounceReason(why.reason).label if why and why.reason else "",
        company=membership.customer,
    )


def _queue_notice(to: Reader, template: str, *, notice_class: str, **context: Any) -> Message:
    with translation.override(to.language):
        return queue_mail(compose_notice(to, template, notice_class=notice_class, **context))
