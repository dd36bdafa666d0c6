"""The intake: each email is checked, encrypted and queued in the caller's transaction."""

import hashlib
import json
from collections.abc import Sequence
from email.utils import getaddresses, make_msgid

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.validators import normalise_address
from preferences.emails import TOPIC_HEADER
from preferences.gate.envelope import MailRefused, content_of, mail_domain
from preferences.gate.sealing import seal
from preferences.gate.tasks import enqueue_delivery
from preferences.models import Message, NoticeClass, Topic
from preferences.models.messages import SUBJECT_LENGTH
from preferences.selectors import find_recipient

PRIVATE_HEADERS = {NOTICE_CLASS_HEADER.lower(), TOPIC_HEADER.lower()}
# The address is in `to` alone, and the gate itself writes the headers about a mailing.
FORBIDDEN_HEADERS = {
    "to", "cc", "bcc", "sender", "message-id", "auto-submitted", "precedence",
    "list-id", "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip


class UnclassifiedMail(MailRefused):
    """The email does not name exactly one known category, so it is never sent (R39)."""


def _category(mail: EmailMessage) -> NoticeClass | Topic:
    named = [(k.lower(), v) for k, v in mail.extra_headers.items() if k.lower() in PRIVATE_HEADERS]
    if len(named) != 1:
        raise UnclassifiedMail(f"a mail names one notice class or one topic, not {len(named)}")
    [(header, value)] = named
    category: NoticeClass | Topic | None
    if header == NOTICE_CLASS_HEADER.lower():
        category = NoticeClass.objects.filter(code=value).first()
    else:
        category = Topic.objects.filter(slug=value).first()
    if category is None:
        raise UnclassifiedMail(f"no such category: {value!r}")
    return category


def _address(mail: EmailMessage) -> str:
    recipients = mail.recipients()
    if len(recipients) != 1 or len(mail.to) != 1:
        raise MailRefused("one mail has one recipient, in To")
    parsed = getaddresses(recipients)
    try:
        return normalise_address(parsed[0][1] if len(parsed) == 1 else "")
    except ValidationError as error:
        raise MailRefused("the recipient is not an e-mail address") from error


def _headers(mail: EmailMessage) -> dict[str, str]:
    kept = {k: str(v) for k, v in mail.extra_headers.items() if k.lower() not in PRIVATE_HEADERS}
    for name in kept:
        if name.lower() in FORBIDDEN_HEADERS:
            raise MailRefused(f"the gate alone writes {name}")
    return kept


def _check_subject(subject: str) -> None:
    if len(subject) > SUBJECT_LENGTH or "\x00" in subject:
        raise MailRefused("the subject is too long, or holds a zero byte")


def _build_message(mail: EmailMessage) -> Message:
    category, address, headers = _category(mail), _address(mail), _headers(mail)
    try:
        mail.message()  # builds every header: a line break in one is refused here
    except ValueError as error:
        raise MailRefused(str(error)) from error
    content = content_of(mail, headers)
    _check_subject(content["subject"])
    topic = category if isinstance(category, Topic) else None
    return Message(
        recipient=find_recipient(address),
        address=address,
        topic=topic,
        notice_class=category if isinstance(category, NoticeClass) else None,
        subject=content["subject"],
        sealed_content=seal(content),
        content_hash=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        message_id=make_msgid(domain=mail_domain()),
    )


def queue_mail(mail: EmailMessage) -> Message:
    """Check one email, and write its message and its job. Return the message.

    Raises UnclassifiedMail or MailRefused.
    """
    message = _build_message(mail)
    with transaction.atomic():
        message.save(force_insert=True)
        enqueue_delivery(message)
    return message


class GateBackend(BaseEmailBackend):
    """Django's mail backend: it writes messages and their jobs, and sends nothing itself."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue all of these emails or none; they are sent once the caller's transaction commits.

        Raises UnclassifiedMail or MailRefused; `fail_silently` does not silence the gate.
        """
        with transaction.atomic():
            return len([queue_mail(mail) for mail in email_messages])
