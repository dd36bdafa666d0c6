"""A mail taken apart for keeping, and put together again for the transport."""

import base64
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import get_language

from preferences.gate.footer import footer_of
from preferences.gate.sealing import unseal
from preferences.gate.signing import SignedMail
from preferences.models import Message
from preferences.tokens import unsubscribe_url


class UnkeepableMail(TypeError):
    """An attachment that is neither text nor bytes cannot be kept."""


def mail_domain() -> str:
    """The domain we send from: stable across hosts, so lists and message ids live under it."""
    return str(settings.HUB_MAIL_FROM).rpartition("@")[2]


def topic_sender() -> str:
    """Who optional mail is from: complaints about it must not harm notices (R12)."""
    return f"{settings.HUB_BRAND_NAME} <{settings.HUB_MAIL_FROM_TOPICS}>"


def _attachment(attachment: Any) -> dict[str, Any]:
    if not isinstance(attachment, tuple) or not isinstance(attachment[1], str | bytes):
        raise UnkeepableMail("attach text or bytes with a file name")
    name, content, mimetype = attachment
    is_text = isinstance(content, str)
    return {
        "name": name,
        "mimetype": mimetype,
        "text": content if is_text else None,
        "bytes": None if is_text else base64.b64encode(content).decode(),
    }


def content_of(mail: EmailMessage, headers: dict[str, str]) -> dict[str, Any]:
    """Everything of a mail but its reader, as plain data. Raises UnkeepableMail."""
    return {
        "language": (get_language() or "en")[:2],
        "subject": str(mail.subject),
        "body": str(mail.body),
        "subtype": mail.content_subtype,
        "from": str(mail.from_email),
        "reply_to": [str(address) for address in mail.reply_to],
        "alternatives": [
            [str(content), mimetype] for content, mimetype in getattr(mail, "alternatives", [])
        ],
        "attachments": [_attachment(attachment) for attachment in mail.attachments],
        "headers": headers,
    }


def list_headers(name: str, stop_url: str) -> dict[str, str]:
    """What optional mail says of its list, and of the one click that ends it (R1, R9)."""
    return {
        "List-Id": f"<{name}.{mail_domain()}>",
        "List-Unsubscribe": f"<{stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _gate_headers(message: Message) -> dict[str, str]:
    """What the gate alone may say about a mail (R1, R8, R9, R10)."""
    headers = {"Message-ID": message.message_id}
    if message.topic is None:
        return headers | {"Auto-Submitted": "auto-generated"}
    if message.recipient is None:
        return headers | {"List-Id": f"<{message.topic.slug}.{mail_domain()}>"}
    url = unsubscribe_url(message.recipient, message.topic)
    return headers | list_headers(message.topic.slug, url)


def _content(message: Message) -> dict[str, Any]:
    """What the mail says: its own content, or its campaign's in the reader's language."""
    reader = message.recipient.reads if message.recipient else None
    if message.campaign is None:
        content = unseal(bytes(message.sealed_content or b""))
        spoken = content["headers"].get("Content-Language") or reader
        return content | {"language": spoken or content.get("language", "en")}
    language = reader or "en"
    return {
        "language": language,
        "subject": message.campaign.subject(language),
        "body": message.campaign.body(language),
        "subtype": "plain",
        "from": settings.DEFAULT_FROM_EMAIL,
        "reply_to": [],
        "alternatives": [],
        "attachments": [],
        "headers": {},
    }


def rebuild(message: Message) -> SignedMail:
    """The mail as the transport gets it. Raises InvalidToken when it cannot be decrypted."""
    content = _content(message)
    body = content["body"]
    if content["subtype"] == "plain":
        body = f"{body.rstrip()}\n{footer_of(message, content['language'])}"
    mail = SignedMail(
        content["subject"],
        body,
        content["from"] if message.topic is None else topic_sender(),
        to=[message.address],
        reply_to=content["reply_to"],
        headers=content["headers"] | _gate_headers(message),
    )
    mail.content_subtype = content["subtype"]
    for alternative, mimetype in content["alternatives"]:
        mail.attach_alternative(alternative, mimetype)
    for part in content["attachments"]:
        data = part["text"] if part["bytes"] is None else base64.b64decode(part["bytes"])
        mail.attach(part["name"], data, part["mimetype"])
    return mail
