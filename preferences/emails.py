"""Mail about a topic. The gate reads and strips the header that names it."""

from django.core.mail import EmailMessage
from django.utils import translation

from accounts.models import User
from preferences.models import Topic

TOPIC_HEADER = "X-Hub-Topic"


def send_topic_mail(*, topic: Topic, person: User, subject: str, text: str) -> None:
    """Offer one person one mail of a topic; the worker sends it only if they want it then.

    The gate adds how to stop it. Raises MailRefused when the subject cannot stand in a header.
    """
    with translation.override(person.language):
        EmailMessage(subject, text, to=[person.email], headers={TOPIC_HEADER: topic.slug}).send()
