"""Reading what comes back by mail: delivery reports (RFC 3464) and complaints (RFC 5965).

Anybody can write to the mailbox, so nothing but such a report is looked at, and its sender never. A
reply, an absence notice or a demand written by hand changes nothing here (R10).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Mail
from email.utils import getaddresses

from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.delivery_events import (
    classify_failure,
    find_reported_message,
    record_delivery_event,
)

LARGEST = 1024 * 1024  # bytes of one mail; a report is a few thousand
MOST_PARTS = 50
MOST_READERS = 100  # one mail of ours has one reader


@dataclass(frozen=True)
class ParsedBounce:
    """What one report says of one address."""

    kind: DeliveryEventKind
    message_id: str
    address: str
    diagnostic: str


def take_mail(raw: bytes) -> int:
    """Write down what a mail from the mailbox reports; out: how many reports were new to us.

    Whatever the bytes are, nothing is raised for them.
    """
    noted = 0
    for one in read_reports(raw):
        message = find_reported_message(message_id=one.message_id, address=one.address)
        if message is None:
            continue
        said = f"{message.pk}/{one.kind}/{one.diagnostic}"
        name = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
        report = record_delivery_event(
            message=message, kind=one.kind, event=f"mail:{name}", diagnostic=one.diagnostic
        )
        noted += report is not None
    return noted


def read_reports(raw: bytes) -> list[ParsedBounce]:
    """What a mail reports of mails of ours; nothing for any other mail, or one we cannot read."""
    if len(raw) > LARGEST:
        raw = raw[:LARGEST]  # the report comes before the mail it returns
    try:
        mail = message_from_bytes(raw)
        if mail.get_content_type() != "multipart/report":
            return []
        return list(_reports_in(mail))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []  # hostile nesting, charsets that do not exist, headers that are none


def _reports_in(mail: Mail) -> Iterator[ParsedBounce]:
    held = mail.get_payload()
    # Its own parts: what a mail it returns may itself return is another report's business.
    several = held[:MOST_PARTS] if isinstance(held, list) else []
    parts = [part for part in several if isinstance(part, Mail)]
    message_id = _returned_id(parts)
    if not message_id:
        return
    for part in parts:
        kind = part.get_content_type()
        blocks = part.get_payload()
        if kind == "message/delivery-status" and isinstance(blocks, list):
            for block in blocks[: MOST_READERS + 1]:
                if isinstance(block, Mail):
                    yield from _failure(block, message_id)
        elif kind == "message/feedback-report":
            yield from _complaint(part, parts, message_id)


def _failure(block: Mail, message_id: str) -> Iterator[ParsedBounce]:
    action = _text(block, "Action").lower()
    address = _address(_text(block, "Original-Recipient") or _text(block, "Final-Recipient"))
    status, words = _text(block, "Status"), _text(block, "Diagnostic-Code")
    kinds = {"delayed": DeliveryEventKind.DELAYED, "delivered": DeliveryEventKind.DELIVERED}
    if action == "failed":
        kinds["failed"] = classify_failure(status=status, text=words)
    if address and action in kinds:
        yield ParsedBounce(kinds[action], message_id, address, f"{status} {words}".strip())


def _complaint(part: Mail, parts: list[Mail], message_id: str) -> Iterator[ParsedBounce]:
    """An abuse report names the reader, or returns our mail, which does."""
    fields = _fields(part)
    if _text(fields, "Feedback-Type").lower() != "abuse":
        return
    named = _address(_text(fields, "Original-Rcpt-To"))
    returned = [_text(one, "To") for one in _parsed_bounce(parts)]
    for _name, address in getaddresses([named, *returned]):
        if address:
            yield ParsedBounce(DeliveryEventKind.COMPLAINT, message_id, address, "abuse report")
            return


def _parsed_bounce(parts: list[Mail]) -> Iterator[Mail]:
    """Our own mail, or its headers, as the report returns it."""
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Mail):
                yield inner[0]
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield _fields(part)


def _returned_id(parts: list[Mail]) -> str:
    return next((found for one in _parsed_bounce(parts) if (found := _text(one, "Message-ID"))), "")


def _fields(part: Mail) -> Mail:
    """The fields in a part's text, whatever way the parser kept it."""
    content = part.get_payload()
    if isinstance(content, list) and content and isinstance(content[0], Mail):
        return content[0]
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded if isinstance(decoded, bytes) else b"")


def _text(mail: Mail, name: str) -> str:
    value = mail.get(name)
    return " ".join(str(value).split())[:500] if value is not None else ""


def _address(value: str) -> str:
    """The address of `rfc822; name@host`."""
    return value.rpartition(";")[2].strip().strip("<>").lower()
