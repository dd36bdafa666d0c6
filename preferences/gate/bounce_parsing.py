"""Reports that arrive by email: which message of ours each is about, and what it says of it.

Anybody can write to the mailbox, so a report's sender is ignored. It must hold what only the email
itself and those it passed through know: its return path or its Message-ID. A reply, an absence
notice or a request written by hand changes nothing here (R10).
"""

import hashlib
import re
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message as Mail

from django.core.exceptions import SuspiciousOperation

from preferences.choices.delivery_events import DeliveryEventKind
from preferences.gate.bounce_layouts import (
    ParsedReport,
    children,
    header,
    own_parts,
    read_layouts,
    returned_mails,
)
from preferences.gate.envelope import mail_domain
from preferences.gate.return_path import messages_named_in
from preferences.models import Message
from preferences.services.delivery_events import find_sent_messages, record_delivery_event

MAX_MAIL_BYTES = 1024 * 1024  # a report has a few thousand
MAX_IDS = 50

_ID_FIELD = re.compile(r"^[ \t>]{0,10}Message-ID:\s{0,5}(<[^<>\s]{1,250}>)", re.I | re.M)


@dataclass(frozen=True)
class ParsedBounce:
    """A report, and what it holds of the email that it is about."""

    report: ParsedReport
    messages: tuple[int, ...]  # named by our own return path
    message_ids: tuple[str, ...]


def record_reports(raw: bytes) -> int:
    """Record what an email from the mailbox reports. Return how many reports were new.

    No content of the email raises an error.
    """
    recorded = 0
    for bounce in read_reports(raw):
        message = _message_about(bounce)
        report = _as_of(message, bounce.report) if message is not None else None
        if message is None or report is None:
            continue
        content = f"{message.pk}/{report.kind}/{report.diagnostic}"
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
        event = record_delivery_event(
            message=message,
            kind=report.kind,
            event=f"mail:{digest}",
            diagnostic=report.diagnostic,
        )
        recorded += event is not None
    return recorded


def read_reports(raw: bytes) -> list[ParsedBounce]:
    """Return the reports in an email about mail of ours; none where it is no report."""
    if len(raw) > MAX_MAIL_BYTES:
        raw = raw[:MAX_MAIL_BYTES]  # the report comes before the email it returns
    try:
        mail = message_from_bytes(raw)
        text = _own_text(mail)
        messages, message_ids = tuple(messages_named_in(text)), tuple(_message_ids(mail, text))
        if not messages and not message_ids:
            return []
        return [ParsedBounce(report, messages, message_ids) for report in read_layouts(mail)]
    except (
        ValueError, LookupError, TypeError, AttributeError, RecursionError, SuspiciousOperation,
    ):  # fmt: skip
        return []  # hostile nesting, unknown charsets, broken headers, markup without end


def _message_about(bounce: ParsedBounce) -> Message | None:
    """Return the message that a report is about; None where it is none of ours, or unclear which.

    Its own return path is enough. A Message-ID counts where the report names the address as well,
    or no address at all: one that names only another address is about another email.
    """
    found = find_sent_messages(keys=bounce.messages)
    if len(found) == 1:
        return found[0]
    known = find_sent_messages(message_ids=bounce.message_ids) or found
    complaint = bounce.report.kind == DeliveryEventKind.COMPLAINT
    named = [
        message
        for message in known
        if complaint or not bounce.report.addresses or message.address in bounce.report.addresses
    ]
    return named[0] if len(named) == 1 else None


def _as_of(message: Message, report: ParsedReport) -> ParsedReport | None:
    """Return what a report says of the message's own address.

    One about another address, to which ours forwards, never says that ours is dead.
    """
    if not report.addresses or message.address in report.addresses:
        return report
    if report.kind == DeliveryEventKind.HARD:
        return replace(report, kind=DeliveryEventKind.SOFT)
    return None if report.kind == DeliveryEventKind.DELIVERED else report


def _message_ids(mail: Mail, text: str) -> list[str]:
    """Return the Message-IDs that a report holds, that of the returned email first."""
    returned = [header(inner, "Message-ID") for inner in returned_mails(own_parts(mail))]
    if any(returned):
        return [name for name in returned if name]
    ours = re.compile(rf"<[^<>\s@]{{1,250}}@{re.escape(mail_domain())}>", re.IGNORECASE)
    found = [*_ID_FIELD.findall(text)[:MAX_IDS], *ours.findall(text)[:MAX_IDS]]
    own = header(mail, "Message-ID")
    return [name for name in dict.fromkeys(found) if name != own]


def _own_text(mail: Mail) -> str:
    """Return the text of a report: its header, its parts, and the header of what it returns.

    The text of an email that it returns is left out: that may quote another email of ours.
    """
    texts = [_header_lines(mail)]
    for part in own_parts(mail):
        if part.get_content_maintype() == "message" and part.is_multipart():
            texts += [_header_lines(inner) or inner.as_string() for inner in children(part)]
        else:
            texts.append(_content(part))
    if not mail.is_multipart():
        texts.append(_content(mail))
    return "\n".join(texts)


def _header_lines(mail: Mail) -> str:
    return "\n".join(f"{name}: {' '.join(str(value).split())}" for name, value in mail.items())


def _content(part: Mail) -> str:
    """Return what a part holds, as it came and decoded."""
    decoded = part.get_payload(decode=True)
    texts = [_header_lines(part), decoded.decode("latin-1") if isinstance(decoded, bytes) else ""]
    return "\n".join(texts)
