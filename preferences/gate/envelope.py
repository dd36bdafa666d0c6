"""Taking an email apart to store it, and putting it together again for the transport."""

import base64
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation

from accounts.emails import (
    Block,
    Kind,
    blocks_as_data,
    blocks_from_data,
    plain_blocks,
    render_html,
    text_of,
)
from preferences.gate.footer import footer_of
from preferences.gate.return_path import token_of
from preferences.gate.sealing import unseal
from preferences.gate.signing import SignedMail
from preferences.models import Message
from preferences.tokens import unsubscribe_url


class MailRefused(Exception):
    """The gate refuses this email; the text says why. Nothing was written."""


class UnkeepableMail(MailRefused):
    """The email has a part that the gate cannot store or vouch for."""


def mail_domain() -> str:
    """Return the domain we send from.

    It is the same on every host, so List-Id and Message-ID are built with it.
    """
    return str(settings.HUB_MAIL_FROM).rpartition("@")[2]


def topic_sender() -> str:
    """Return the sender of optional email: complaints about it must not harm notices (R12)."""
    return f"{settings.HUB_BRAND_NAME} <{settings.HUB_MAIL_FROM_TOPICS}>"


def provider_reply_to() -> list[str]:
    """Return where answers to email go that names no other address; nowhere unless it is set."""
    return [settings.HUB_MAIL_REPLY_TO] if settings.HUB_MAIL_REPLY_TO else []


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


def _blocks_of(mail: EmailMessage) -> list[Block]:
    """Return the blocks of an email; a library's has none, so its text is taken."""
    if mail.content_subtype != "plain" or getattr(mail, "alternatives", None):
        raise UnkeepableMail("an email is plain text; the gate makes its HTML part")
    return list(getattr(mail, "blocks", [])) or plain_blocks(str(mail.body))


def content_of(mail: EmailMessage, headers: dict[str, str]) -> dict[str, Any]:
    """Return everything of an email but its recipient, as plain data. Raises UnkeepableMail."""
    return {
        "language": (translation.get_language() or "en")[:2],
        "subject": str(mail.subject),
        "blocks": blocks_as_data(_blocks_of(mail)),
        "from": str(mail.from_email),
        "reply_to": [str(address) for address in mail.reply_to],
        "attachments": [_attachment(attachment) for attachment in mail.attachments],
        "headers": headers,
    }


def list_headers(name: str, stop_url: str) -> dict[str, str]:
    """Return the headers that name the list and unsubscribe with one click (R1, R9)."""
    return {
        "List-Id": f"<{name}.{mail_domain()}>",
        "List-Unsubscribe": f"<{stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _gate_headers(message: Message) -> dict[str, str]:
    """Return the headers that only the gate writes (R1, R8, R9, R10)."""
    headers = {"Message-ID": message.message_id}
    if message.topic is None:
        return headers | {"Auto-Submitted": "auto-generated"}
    if message.recipient is None:
        return headers | {"List-Id": f"<{message.topic.slug}.{mail_domain()}>"}
    url = unsubscribe_url(message.recipient, message.topic)
    return headers | list_headers(message.topic.slug, url)


def _content(message: Message) -> dict[str, Any]:
    """Return the content of a message, or of its campaign in the recipient's language."""
    preferred = message.recipient.reads if message.recipient else None
    if message.campaign is None:
        content = unseal(bytes(message.sealed_content or b""))
        language = content["headers"].get("Content-Language") or preferred
        return content | {"language": language or content.get("language", "en")}
    language = preferred or "en"
    return {
        "language": language,
        "subject": message.campaign.subject(language),
        "blocks": blocks_as_data([Block(Kind.MARKDOWN, message.campaign.body(language).strip())]),
        "from": settings.DEFAULT_FROM_EMAIL,
        "reply_to": [],
        "attachments": [],
        "headers": {},
    }


def rebuild(message: Message) -> SignedMail:
    """Return the email for the transport. Raises InvalidToken when it cannot be decrypted."""
    content = _content(message)
    language = content["language"]
    mail = assemble(
        content["subject"],
        blocks_from_data(content["blocks"]),
        footer_of(message, language),
        language=language,
        sender=content["from"] if message.topic is None else topic_sender(),
        to=message.address,
        reply_to=content["reply_to"] or provider_reply_to(),
        headers=content["headers"] | _gate_headers(message),
    )
    mail.return_token = token_of(message)
    for part in content["attachments"]:
        data = part["text"] if part["bytes"] is None else base64.b64decode(part["bytes"])
        mail.attach(part["name"], data, part["mimetype"])
    return mail


def assemble(
    subject: str,
    blocks: list[Block],
    footer: list[Block],
    *,
    language: str,
    sender: str,
    to: str,
    reply_to: list[str],
    headers: dict[str, str],
) -> SignedMail:
    """Return an email with its two parts, text and HTML, which say the same."""
    with translation.override(language):
        lines = "\n".join(block.as_text for block in footer)
        text = f"{text_of(blocks)}\n-- \n{lines}\n"
        html = render_html(subject, blocks, footer, language)
    mail = SignedMail(subject, text, sender, to=[to], reply_to=reply_to, headers=headers)
    mail.attach_alternative(html, "text/html")
    return mail
