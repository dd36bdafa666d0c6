"""The emails of this app: those that staff write, and those that confirm a subscription.

A private header names the topic or the notice class of each; the gate reads and strips it.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation

from accounts.emails import (
    NOTICE_CLASS_HEADER,
    Address,
    Block,
    Content,
    HubEmail,
    Kind,
    greeting,
    render_email,
    send_to,
)
from accounts.models import User
from preferences.models import NoticeClass, Topic

TOPIC_HEADER = "X-Hub-Topic"


def send_topic_mail(*, topic: Topic, person: User, subject: str, text: str) -> None:
    """Offer one person one email of a topic; the worker sends it only if they want it then.

    The gate adds the way to unsubscribe. Raises MailRefused when the subject can't stand in a
    header.
    """
    _send_text(person, {TOPIC_HEADER: topic.slug}, subject, text)


def send_topic_email(*, topic: Topic, to: Address, template: str, **context: object) -> None:
    """Offer an address one email of a topic, written by a template in the address's language."""
    context = {"brand": settings.HUB_BRAND_NAME, "base_url": settings.HUB_BASE_URL, **context}
    with translation.override(to.language):  # the gate adds the footer in it
        content = render_email(f"{template}.txt", context, greeting=greeting(to))
        HubEmail(content, to.email, {TOPIC_HEADER: topic.slug}).send()


def send_notice_text(*, notice_class: NoticeClass, person: User, subject: str, text: str) -> None:
    """Send one person a notice that staff wrote; the gate says why it comes.

    Raises MailRefused when the subject can't stand in a header.
    """
    _send_text(person, {NOTICE_CLASS_HEADER: notice_class.code}, subject, text)


def _send_text(person: User, headers: dict[str, str], subject: str, text: str) -> None:
    content = Content(subject, (Block(Kind.MARKDOWN, text.strip()),))
    with translation.override(person.language):  # the gate adds the footer in it
        HubEmail(content, person.email, headers).send()


def send_confirmation(*, address: str, language: str, topics: Sequence[Topic], link: str) -> None:
    """Ask the reader of an address to confirm a subscription.

    It is a notice that answers a form, so it carries no header that would unsubscribe (R8).
    """
    _send_about_topics("preferences/emails/confirmation", Address(address, language), topics, link)


def send_subscribed(*, address: str, language: str, topics: Sequence[Topic], link: str) -> None:
    """Tell an address which topics it gets from now on, and how to unsubscribe: a notice too."""
    _send_about_topics("preferences/emails/subscribed", Address(address, language), topics, link)


def _send_about_topics(template: str, to: Address, topics: Sequence[Topic], link: str) -> None:
    send_to(
        to,
        template,
        notice_class="transactional",
        topics=topics,
        link=link,
        postal_address=settings.HUB_BRAND_ADDRESS,
    )
