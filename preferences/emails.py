"""Mail about a topic. The gate reads and strips the header that names it."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.emails import absolute
from accounts.models import User
from preferences.models import Topic
from preferences.tokens import unsubscribe_url

TOPIC_HEADER = "X-Hub-Topic"


def send_topic_mail(*, topic: Topic, person: User, subject: str, text: str) -> None:
    """Offer one person one mail of a topic; the worker sends it only if they want it then.

    Raises MailRefused when the subject cannot stand in a header.
    """
    with translation.override(person.language):
        body = render_to_string(
            "preferences/emails/topic_message.txt",
            {
                "topic": topic,
                "text": text,
                "brand": settings.HUB_BRAND_NAME,
                "unsubscribe_url": unsubscribe_url(person.recipient, topic),
                "preferences_url": absolute("/preferences/"),
            },
        )
    EmailMessage(subject, body, to=[person.email], headers={TOPIC_HEADER: topic.slug}).send()
