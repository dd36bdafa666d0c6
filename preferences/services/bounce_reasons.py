"""Why an email came back: reading a server's reply by its words first, then by its codes.

Only what a reply says about the address makes a hard bounce. What is about the sender, the message
or the moment is soft, and so is what nobody can tell.
"""

import re

from accounts.choices import BounceReason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.bounce_words import (
    ABOUT_SENDER,
    HARD_WORDS,
    HARD_WORDS_OF_5XX,
    SOFT_WORDS,
)

HARD_REASONS = {BounceReason.NO_ADDRESS, BounceReason.NO_DOMAIN, BounceReason.CLOSED}
MAX_TEXT = 4000  # characters that are read; a reply has a few hundred

_ADDRESS_LIKE = re.compile(
    r"[^\s<>()\"']{1,254}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}|\bhttps?://\S{1,500}", re.I
)
_HOST_LIKE = re.compile(r"\b(?:[a-z0-9-]{1,63}\.){1,9}[a-z]{2,24}\b(?=\W{0,3}\[|\s+said\b)", re.I)
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")  # RFC 3463
_BASIC = re.compile(r"(?<![\d.:])([245])[0-5]\d(?![\d.:])")  # RFC 5321, 4.2


# By subject and detail of an enhanced status code (RFC 3463, RFC 7505, and the registry of IANA).
_CODES = {
    **dict.fromkeys(["1.0", "1.1", "1.3", "1.6"], BounceReason.NO_ADDRESS),
    **dict.fromkeys(["1.2", "1.10"], BounceReason.NO_DOMAIN),
    "2.1": BounceReason.CLOSED,
    **dict.fromkeys(["2.2", "3.1"], BounceReason.FULL),
    **dict.fromkeys(["1.7", "1.8", "2.3", "3.4"], BounceReason.REFUSED),
}
_EXACT_SOFT = {BounceReason.FULL}
_SUBJECTS = {
    "3": BounceReason.NETWORK, "4": BounceReason.NETWORK, "5": BounceReason.REFUSED,
    "6": BounceReason.REFUSED, "7": BounceReason.REFUSED,
}  # fmt: skip
# Its first digit says "for now", and these say no more than that: a domain may be looked up again.
_HARD_FOR_GOOD_ONLY = {BounceReason.NO_DOMAIN, BounceReason.CLOSED}


def classify_failure(*, status: str = "", text: str = "") -> DeliveryEventKind:
    """Return whether a failure is a hard bounce (the address takes no email) or a soft one."""
    hard = read_reason(status=status, text=text) in HARD_REASONS
    return DeliveryEventKind.HARD if hard else DeliveryEventKind.SOFT


def read_reason(*, status: str = "", text: str = "") -> BounceReason:
    """Return why an email came back.

    `text` is the server's reply, `status` the report's own status field (RFC 3464), which is often
    less exact: a code or word in the reply wins over it.
    """
    reply = _HOST_LIKE.sub(" ", _ADDRESS_LIKE.sub(" ", text[:MAX_TEXT]))
    reply = " ".join(reply.split())
    code = _ENHANCED.search(reply) or _ENHANCED.search(status)
    by_code = _reason_of_code(code)
    digit = _first_digit(reply, code)
    in_words = _reason_in_words(reply, by_code, for_good=digit == "5")
    reason = in_words or by_code or BounceReason.UNKNOWN
    if digit == "4" and reason in _HARD_FOR_GOOD_ONLY and "null" not in reply.lower():
        return BounceReason.NETWORK
    return reason


def _reason_in_words(
    reply: str, by_code: BounceReason | None, *, for_good: bool
) -> BounceReason | None:
    if ABOUT_SENDER.pattern.search(reply):
        return ABOUT_SENDER.reason
    hard_words = (*HARD_WORDS, HARD_WORDS_OF_5XX) if for_good else HARD_WORDS
    hard = next((row.reason for row in hard_words if row.pattern.search(reply)), None)
    if hard is not None and by_code in HARD_REASONS:
        return hard  # word and code agree, whatever else the reply mentions
    if hard is not None and by_code in _EXACT_SOFT:
        return None  # an exact code that says otherwise, such as 4.2.2: in doubt, the softer
    soft = next((row.reason for row in SOFT_WORDS if row.pattern.search(reply)), None)
    return soft or hard


def _reason_of_code(code: re.Match[str] | None) -> BounceReason | None:
    if code is None or code[1] == "2":
        return None
    exact = f"{code[2]}.{code[3]}"
    reason = _CODES.get(exact) or _SUBJECTS.get(code[2])
    if code[1] == "4" and reason in HARD_REASONS and exact != "1.1":
        return BounceReason.NETWORK  # for now; only 4.1.1 is about an address that isn't there
    return reason


def _first_digit(reply: str, code: re.Match[str] | None) -> str:
    """Return 4 for a failure for now, 5 for one for good, or an empty string."""
    basic = _BASIC.search(reply)
    return code[1] if code else basic[1] if basic else ""
