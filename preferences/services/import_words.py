"""The words of other tools' exports: yes, no, refusals and dates, in English and French.

Headings and values are compared as `normalise` writes them.
"""

import re
from enum import StrEnum

from accounts.search import search_key
from preferences.services.import_dates import parse_moment

MAX_CELL = 1000  # characters of a cell that are compared; a longer one that decides is refused


class Meaning(StrEnum):
    """The meaning of a value for a subscription."""

    WANTS = "wants"
    REFUSES = "refuses"
    NOT_REFUSED = "not_refused"  # a "no" under "opted out"
    LEAVE_OUT = "leave_out"  # no yes, and no refusal either
    UNKNOWN = "unknown"


TRUE_WORDS = {"1", "y", "yes", "t", "true", "on", "x", "o", "oui", "v", "vrai", "checked", "✓", "✔"}
FALSE_WORDS = {"", "0", "n", "no", "f", "false", "off", "-", "non", "faux"}
WANTS_WORDS = TRUE_WORDS | {
    "subscribed", "confirmed", "enabled", "active", "opted in", "opt in", "optin", "joined",
    "actif", "inscrit", "inscrite", "abonne", "abonnee", "confirme", "confirmee",
}  # fmt: skip
# Parts of words that tell of a refusal, a suppression, a bounce or a complaint.
REFUSAL = (
    r"un ?sub|opt(ed|s|ing)? ?out|(black|block|deny) ?list|\bblocked|suppress|bounc|complain|spam"
    r"|\bjunk|\bcleaned|desinscri|desabonn|\bretire|refus|\binvalid|\bdo ?not\b|\bno ?e? ?mail"
    r"|\bdnc\b|quarantin|unjoin|disabled|deactivat|desactiv|rebond|plainte|pourriel|liste noire"
    r"|\bexclu(s|e|es)?\b|\bexclu(ded|sion)|bloque|revoked|withdr[ae]w|deleted|\bremoved|supprime"
    r"|opposition|reject|rejete|undeliver|unreachable|\bdead\b|\bfailed|\bstop|ne pas|\bbarred"
    r"|abuse|abgemeldet|abmeld|gesperrt|\bbaja\b|cancelad|uitgeschreven|disiscritt"
)
_REFUSAL_VALUE = re.compile(REFUSAL)
NEGATED = re.compile(r"^(not|never|non|pas|jamais|soft)\b|\bsoft\b|\bnot (un|bl|bo|op|su)")
# Those that name a column of refusals, but decide nothing as a value: it is asked about.
DOUBT = (
    r"retrait|\bretir|\bradi(e|ee|es|ation)?\b|resili|\bannul|revo[qc]|desouscri|desabo|ne plus"
    r"|ne veut|aucun courriel|(sans|pas de) courriel|\bnpai\b|injoignable|hors service"
    r"|indesirable|\bbanni(e|s|es)?\b|\bbanned|on hold|do ?not ?(bulk ?)?(e?mail|contact)"
    r"|\bexclu|suspend|cancel+ed|unsus|supres|\bremove|delivery (failure|error)|\bobjected"
    r"|\boppos"
)
_DOUBT_VALUE = re.compile(REFUSAL + "|" + DOUBT)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+|[^<>]*<[^<>\s]+@[^<>\s]+>")
# An empty value as databases and programs write it; also a date of zeros, and a number below 0.
_NOTHING = re.compile(
    r"null|none|nil|nan|n/?a|n\.a\.|undefined|\\n|\[\]|\{\}|-\s*\d+|[0 :.,/t-]*0[0 :.,/tz-]*"
)
_SHORT_DATE = re.compile(
    r"(19|20)\d{6}|(\d{1,2}([-./])\d{1,2}\3\d{2}|\d{1,2}-[a-z]{3}-\d\d)( \d{1,2}:\d\d(:\d\d)?)?",
    re.IGNORECASE,
)
_OLD_DATE = re.compile(r"(0\d|1[0-8]|19[0-6])\d+ \d\d \d\d")  # such as 0001-01-01
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def normalise(text: str) -> str:
    """Return a heading or a value as it is compared ("UNSUB_TIME", "HasOptedOut" → words).

    A hyphen between words becomes a space; that of -1 stays.
    """
    text = _INVISIBLE.sub("", text[:MAX_CELL]).translate(_HYPHENS)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    key = search_key(words.replace("_", " ").replace("’", "'"))
    return search_key(re.sub(r"(?<=\w)\s*-\s*(?=[a-z])|(?<=\w)-(?=\w)", " ", key))


def is_date(text: str) -> bool:
    """Return whether a whole value is a date, perhaps with a time."""
    text = text.strip()
    return bool(
        parse_moment(text) or parse_moment(text, day_first=False) or _SHORT_DATE.fullmatch(text)
    )


def is_nothing(value: str) -> bool:
    """Return whether a value is another program's way to write that there is none."""
    key = normalise(value)
    if _OLD_DATE.match(key) and not is_date(value):
        return True
    return key not in FALSE_WORDS and bool(_NOTHING.fullmatch(key))


def tells_refusal(value: str) -> bool:
    """Return whether a value surely tells of a refusal, a suppression, a bounce or a complaint."""
    key = normalise(value)
    return bool(_REFUSAL_VALUE.search(key)) and not NEGATED.search(key)


def may_tell_refusal(value: str) -> bool:
    """Return whether any part of a value, however long, may tell of a refusal.

    An address may not; the name beside it may.
    """
    if _ADDRESS.fullmatch(value):
        value = value.partition("<")[0] if "<" in value else ""
    pieces = (value[at : at + MAX_CELL] for at in range(0, len(value), MAX_CELL - 50))
    return any(_DOUBT_VALUE.search(normalise(piece)) for piece in pieces)


def status_meaning(value: str) -> Meaning:
    """Return what a status says. An empty one says nothing."""
    key = normalise(value)
    if key in WANTS_WORDS:
        return Meaning.WANTS
    if key and key in FALSE_WORDS:
        return Meaning.REFUSES
    return Meaning.REFUSES if tells_refusal(value) else Meaning.UNKNOWN


def opted_out_meaning(value: str) -> Meaning:
    """Return what a cell under "opted out" says: anything but a word for no is a refusal."""
    if normalise(value) in FALSE_WORDS:
        return Meaning.NOT_REFUSED
    return Meaning.UNKNOWN if is_nothing(value) else Meaning.REFUSES


def confirmed_meaning(value: str) -> Meaning:
    """Return what a cell under "confirmed" says: a yes, a date, or else no yes."""
    if normalise(value) in FALSE_WORDS:
        return Meaning.LEAVE_OUT
    meaning = status_meaning(value)
    if meaning == Meaning.UNKNOWN:
        return Meaning.WANTS if is_date(value) else Meaning.LEAVE_OUT
    return meaning
