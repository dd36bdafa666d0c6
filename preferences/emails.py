"""Mail whose words staff write. The gate reads and strips the header that names its category."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation

from accounts.emails import NOTICE_CLASS_HEADER, send_notice
from accounts.models import User
from preferences.models import NoticeClass, Topic

TOPIC_HEADER = "X-Hub-Topic"


def send_topic_mail(*, topic: Topic, person: User, subject: str, text: str) -> None:
    """Offer one person one mail of a topic; the worker sends it only if they want it then.

    The gate adds how to stop it. Raises MailRefused when the subject cannot stand in a header.
    """
    with translation.override(person.language):
        EmailMessage(subject, text, to=[person.email], headers={TOPIC_HEADER: topic.slug}).send()


def send_confirmation(*, address: str, language: str, topics: Sequence[Topic], link: str) -> None:
    """Ask whoever reads at an address to confirm a subscription: a notice, not the mail itself.

    It answers what was asked for here, and carries no header that would unsubscribe (R8).
    """
    send_notice(
        template="preferences/emails/confirmation",
        notice_class="transactional",
        address=address,
        language=language,
        topics=topics,
        link=link,
        postal_address=settings.HUB_BRAND_ADDRESS,
    )


def send_subscribed(*, address: str, language: str, topics: Sequence[Topic], link: str) -> None:
    """Tell an address what it gets from now on, and how to stop it: a notice like the other."""
    send_notice(
        template="preferences/emails/subscribed",
        notice_class="transactional",
        address=address,
        language=language,
        topics=topics,
        link=link,
        postal_address=settings.HUB_BRAND_ADDRESS,
    )


def send_notice_text(*, notice_class: NoticeClass, person: User, subject: str, text: str) -> None:
    """Send one person a mandatory mail whose words somebody typed; the gate says why it comes.

    Raises MailRefused when the subject cannot stand in a header.
    """
    with translation.override(person.language):
        headers = {NOTICE_CLASS_HEADER: notice_class.code}
        EmailMessage(subject, text, to=[person.email], headers=headers).send()
