"""Parsing delivery reports (RFC 3464) and complaints (RFC 5965) that arrive by email.

Anybody can write to the mailbox, so only such reports are read, and their sender is ignored. A
reply, an absence notice or a request written by hand changes nothing here (R10).
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

MAX_MAIL_BYTES = 1024 * 1024  # a report has a few thousand
MAX_PARTS = 50
MAX_RECIPIENTS = 100  # an email of ours has one


@dataclass(frozen=True)
class ParsedBounce:
    """A report about one address."""

    kind: DeliveryEventKind
    message_id: str
    address: str
    diagnostic: str


def record_reports(raw: bytes) -> int:
    """Record what an email from the mailbox reports. Return how many reports were new.

    No content of the email raises an error.
    """
    recorded = 0
    for bounce in read_reports(raw):
        message = find_reported_message(message_id=bounce.message_id, address=bounce.address)
        if message is None:
            continue
        content = f"{message.pk}/{bounce.kind}/{bounce.diagnostic}"
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
        report = record_delivery_event(
            message=message,
            kind=bounce.kind,
            event=f"mail:{digest}",
            diagnostic=bounce.diagnostic,
        )
        recorded += report is not None
    return recorded


def read_reports(raw: bytes) -> list[ParsedBounce]:
    """Return the reports in an email; none where it is no report or cannot be parsed."""
    if len(raw) > MAX_MAIL_BYTES:
        raw = raw[:MAX_MAIL_BYTES]  # the report comes before the email it returns
    try:
        mail = message_from_bytes(raw)
        if mail.get_content_type() != "multipart/report":
            return []
        return list(_reports_in(mail))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []  # hostile nesting, unknown charsets, broken headers


def _reports_in(mail: Mail) -> Iterator[ParsedBounce]:
    payload = mail.get_payload()
    # Only its own parts: a returned email may itself contain a report, about another email.
    first_parts = payload[:MAX_PARTS] if isinstance(payload, list) else []
    parts = [part for part in first_parts if isinstance(part, Mail)]
    message_id = _returned_id(parts)
    if not message_id:
        return
    for part in parts:
        kind = part.get_content_type()
        blocks = part.get_payload()
        if kind == "message/delivery-status" and isinstance(blocks, list):
            for block in blocks[: MAX_RECIPIENTS + 1]:
                if isinstance(block, Mail):
                    yield from _failure(block, message_id)
        elif kind == "message/feedback-report":
            yield from _complaint(part, parts, message_id)


def _failure(block: Mail, message_id: str) -> Iterator[ParsedBounce]:
    action = _text(block, "Action").lower()
    address = _address(_text(block, "Original-Recipient") or _text(block, "Final-Recipient"))
    status, diagnostic = _text(block, "Status"), _text(block, "Diagnostic-Code")
    kinds = {"delayed": DeliveryEventKind.DELAYED, "delivered": DeliveryEventKind.DELIVERED}
    if action == "failed":
        kinds["failed"] = classify_failure(status=status, text=diagnostic)
    if address and action in kinds:
        yield ParsedBounce(kinds[action], message_id, address, f"{status} {diagnostic}".strip())


def _complaint(part: Mail, parts: list[Mail], message_id: str) -> Iterator[ParsedBounce]:
    """Read an abuse report. It names the recipient, or returns our email, which does."""
    fields = _fields(part)
    if _text(fields, "Feedback-Type").lower() != "abuse":
        return
    named = _address(_text(fields, "Original-Rcpt-To"))
    returned = [_text(mail, "To") for mail in _returned_mails(parts)]
    for _name, address in getaddresses([named, *returned]):
        if address:
            yield ParsedBounce(DeliveryEventKind.COMPLAINT, message_id, address, "abuse report")
            return


def _returned_mails(parts: list[Mail]) -> Iterator[Mail]:
    """Yield the emails, or only their headers, that the report returns to us."""
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Mail):
                yield inner[0]
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield _fields(part)


def _returned_id(parts: list[Mail]) -> str:
    message_ids = (_text(mail, "Message-ID") for mail in _returned_mails(parts))
    return next(filter(None, message_ids), "")


def _fields(part: Mail) -> Mail:
    """Return the header fields in a part's content, whichever way the parser stored it."""
    content = part.get_payload()
    if isinstance(content, list) and content and isinstance(content[0], Mail):
        return content[0]
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded if isinstance(decoded, bytes) else b"")


def _text(mail: Mail, name: str) -> str:
    value = mail.get(name)
    return " ".join(str(value).split())[:500] if value is not None else ""


def _address(value: str) -> str:
    """Return the address in `rfc822; name@host`."""
    return value.rpartition(";")[2].strip().strip("<>").lower()
