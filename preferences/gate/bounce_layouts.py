"""The layouts of reports: RFC 3464 and 5965, and what servers send that follow neither.

Each reader takes a parsed email and yields what it reports. Which of our messages it is about is
found by bounce_parsing.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Mail
from email.utils import parseaddr

from django.utils.html import strip_tags
from flufl.bounce import Recipients, all_failures

from accounts.choices import BounceReason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.bounce_reasons import classify_failure, read_reason

MAX_PARTS = 50
MAX_RECIPIENTS = 100  # an email of ours has one
MAX_DETECTED = 32 * 1024  # bytes; flufl.bounce tries many patterns on each line
MAX_EXPLANATION = 4000  # characters of a report's own words

_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/partial")
# Where the email that a report returns begins, in a report of one part.
_RETURNED_BELOW = re.compile(
    r"^[^\w\n]{0,40}(?:(?:return-path|received|message-id|mime-version|dkim-signature|x-\w[\w-]*): "
    r"|.{0,100}\b(?:copy of|below this line|original (?:message|mail)|returned (?:message|mail)"
    r"|unsent message|message headers?|header of the source|mensaje original"
    r"|text of the message)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_DAEMON = re.compile(
    r"mailer.?daemon|mail.?daemon|postmaster|mail delivery|mdaemon|^bounces?@", re.I
)
_FAILURE_SUBJECT = re.compile(
    r"(?:mail|message|delivery|e-?mail)? ?(?:system )?(?:error|failure)\b|undeliver|returned mail"
    r"|failure notice|non.?(?:delivery|remis)|(?:mail|message)? ?(?:could )?not (?:be )?delivered"
    r"|(?:mail|message|e-?mail)? ?deliver\w* (?:has )?(?:fail|error|problem|status)|unzustellbar"
    r"|failed mail|rejected mail|automatically rejected|.{0,3}chec de (?:la )?(?:remise|livraison)",
    re.IGNORECASE,
)
_QUOTED_FIELD = re.compile(
    r"^\W{0,9}(?:subject|objet|to|cc|from|sent|date)\s{0,3}:.*$", re.I | re.M
)
_DELAYED = re.compile(
    r"\bdelayed\b|still being retried|not yet been delivered|will (?:be|continue) (?:retr|try)"
    r"|warning only|delivery attempts will continue|\(delay\)|has been postponed",
    re.IGNORECASE,
)
_OUTLOOK_COMPLAINT = re.compile(r"^complaint about message from\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
_PLAIN_CODE = re.compile(r"^\s*[245]\.\d{1,3}\.\d{1,3}\s*$")


@dataclass(frozen=True)
class ParsedReport:
    """A report's statement about one address, or about one that it doesn't name."""

    kind: DeliveryEventKind
    addresses: tuple[str, ...]  # those that it names; empty where it hides them
    diagnostic: str


def read_layouts(mail: Mail) -> list[ParsedReport]:
    """Return what an email reports, by the first layout that fits; nothing if it is no report."""
    kind = str(mail.get_param("report-type", "delivery-status")).lower()
    rejected = "(rejected)" in header(mail, "Auto-Submitted").lower()  # by Sieve (RFC 5429)
    if kind not in ("delivery-status", "feedback-report") and not rejected:
        return []  # somebody read our email, or deleted it
    parts = own_parts(mail)
    for reader in (_complaints, _delivery_status, _other_failures):
        reports = list(reader(mail, parts))
        if reports:
            return reports
    return []


def own_parts(mail: Mail) -> list[Mail]:
    """Return the report's own parts, also where a virus scanner or a list wrapped it.

    The parts of an email that it returns are not its own: that may itself hold a report.
    """
    parts: list[Mail] = []
    for part in children(mail):
        is_container = part.get_content_maintype() == "multipart" and part.is_multipart()
        parts += own_parts(part) if is_container else [part]
    return parts[:MAX_PARTS]


def children(mail: Mail) -> list[Mail]:
    """Return the parts of an email, or the email or status blocks inside a part."""
    payload = mail.get_payload()
    children = payload[:MAX_PARTS] if isinstance(payload, list) else []
    return [part for part in children if isinstance(part, Mail)]


def returned_mails(parts: list[Mail]) -> Iterator[Mail]:
    """Yield the emails, or only their headers, that the report returns to us."""
    for part in parts:
        if part.get_content_type() in _RETURNED:
            yield _fields(part)


def header(mail: Mail, name: str) -> str:
    """Return a header as one line of up to 500 characters; empty without it."""
    value = mail.get(name)
    return " ".join(str(value).split())[:500] if value is not None else ""


def address_in(value: str) -> str:
    """Return the address in `rfc822; name@host`; empty for what is no address."""
    address = value.rpartition(";")[2].strip().strip("<>").lower()
    return address if "@" in address else ""


# --- Complaints ---


def _complaints(mail: Mail, parts: list[Mail]) -> Iterator[ParsedReport]:
    """Read an abuse report (RFC 5965), which may hide its recipient, or one by Outlook.com."""
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            fields = _fields(part)
            if header(fields, "Feedback-Type").lower() == "abuse":
                named = address_in(header(fields, "Original-Rcpt-To"))
                yield _complaint(named)
                return
    if _OUTLOOK_COMPLAINT.match(header(mail, "Subject")):
        for returned in returned_mails(parts):
            yield _complaint(address_in(header(returned, "X-HmXmrOriginalRecipient")))
            return


def _complaint(address: str) -> ParsedReport:
    return ParsedReport(DeliveryEventKind.COMPLAINT, (address,) if address else (), "abuse report")


# --- Delivery reports by the standard, and nearly ---


def _delivery_status(mail: Mail, parts: list[Mail]) -> Iterator[ParsedReport]:
    """Read the status fields of RFC 3464, also where the email around them is of another type."""
    blocks = [block for part in parts for block in _status_blocks(part)]
    words = explanation(mail, parts) if blocks else ""
    for block in blocks[: MAX_RECIPIENTS + 1]:
        yield from _status_block(block, words)


def _status_blocks(part: Mail) -> list[Mail]:
    return children(part) if part.get_content_type() == "message/delivery-status" else []


def _status_block(block: Mail, words: str) -> Iterator[ParsedReport]:
    action = header(block, "Action").lower()
    named = header(block, "Original-Recipient") or header(block, "Final-Recipient")
    status, diagnostic = header(block, "Status"), header(block, "Diagnostic-Code")
    address = address_in(named)
    said = f"{status} {diagnostic}".strip()
    if action.startswith(("fail", "error")):  # OpenSMTPD writes "error", others a comment behind
        text = diagnostic if _PLAIN_CODE.match(status) else said
        if read_reason(status=status, text=text) == BounceReason.UNKNOWN:
            text = said = (
                f"{said} {words}".strip()
            )  # the fields say nothing: the report's words may
        kind = classify_failure(status=status, text=text)
    elif action.startswith("delay"):
        kind = DeliveryEventKind.DELAYED
    elif action == "delivered":
        kind = DeliveryEventKind.DELIVERED
    else:
        return
    yield ParsedReport(kind, (address,) if address else (), said)


# --- Everything else ---


def _other_failures(mail: Mail, parts: list[Mail]) -> Iterator[ParsedReport]:
    """Read a report without status fields: by flufl.bounce, or because a mail system sent it.

    An absence notice is none, although it comes to the return path as well (RFC 3834).
    """
    blocks = [block for part in parts for block in _status_blocks(part)]
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds or any("Action" in block for block in blocks):
        return  # a report of the standard, of which nothing failed
    later, failed = _failed_addresses(mail)
    if not later and not failed and not _is_from_mail_system(mail):
        return
    words = explanation(mail, parts)
    found = [address.decode("ascii", "replace").lower() for address in [*failed, *later]]
    addresses = tuple((found or _addresses_in(words))[:MAX_RECIPIENTS])
    if (later and not failed) or (
        not failed and _DELAYED.search(f"{header(mail, 'Subject')} {words}")
    ):
        yield ParsedReport(DeliveryEventKind.DELAYED, addresses, words[:300])
        return
    said = _telling_lines(words) or f"{header(mail, 'Subject')} {words}"
    yield ParsedReport(classify_failure(text=said), addresses, said)


def _addresses_in(words: str) -> list[str]:
    """Return the addresses in a report's own words, but not whom it says to ask for help."""
    return [address.lower() for address in _ADDRESS.findall(words) if not _DAEMON.search(address)]


def _failed_addresses(mail: Mail) -> tuple[Recipients, Recipients]:
    """Return the addresses that are delayed, and those that failed, as flufl.bounce finds them."""
    if "From" not in mail:
        return frozenset(), frozenset()  # its detectors take one for granted
    try:
        return all_failures(message_from_bytes(mail.as_bytes()[:MAX_DETECTED]))
    except Exception:  # a detector may raise anything for a hostile email, and logs it
        return frozenset(), frozenset()


def _is_from_mail_system(mail: Mail) -> bool:
    """Return whether a mail system wrote this, by its type, its sender or its subject."""
    name, address = parseaddr(header(mail, "From"))
    if mail.get_content_type() == "multipart/report" and mail.is_multipart():
        return True
    if _DAEMON.search(name) or _DAEMON.search(address):
        return True
    return bool(_FAILURE_SUBJECT.match(header(mail, "Subject")))


def explanation(mail: Mail, parts: list[Mail]) -> str:
    """Return a report's own words, without the email that it returns."""
    texts = []
    for part in parts or [mail]:
        kind = part.get_content_type()
        if kind in _RETURNED:
            break
        if kind in ("text/plain", "text/html"):
            texts.append(_decoded(part))
    text = "\n".join(texts)[: MAX_EXPLANATION * 4]
    cut = _RETURNED_BELOW.search(text)
    own = text[: cut.start()] if cut else text
    return _QUOTED_FIELD.sub("", own)[:MAX_EXPLANATION].strip()  # our subject is no reason


def _telling_lines(words: str) -> str:
    """Return the lines that hold a reason, where some do: the rest is a form letter."""
    paragraphs = [" ".join(lines.split()) for lines in re.split(r"\n\s*\n", words)]
    telling = [text for text in paragraphs if read_reason(text=text) != BounceReason.UNKNOWN]
    with_code = [text for text in telling if re.search(r"(?<!\d)[45]\d\d\b|[45]\.\d\.\d", text)]
    return " ".join(with_code or telling)


def _decoded(part: Mail) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    raw = raw[: MAX_EXPLANATION * 4]
    charset = part.get_content_charset() or "utf-8"
    try:
        text = raw.decode(charset, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return strip_tags(text) if part.get_content_type() == "text/html" else text


def _fields(part: Mail) -> Mail:
    """Return the header fields in a part's content, whichever way the parser stored it."""
    content = part.get_payload()
    if isinstance(content, list) and content and isinstance(content[0], Mail):
        return content[0]
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded if isinstance(decoded, bytes) else b"")
