"""What the columns of another tool's export hold, by their headings and their values.

An import must never take a refusal for a yes. So a column that may tell of refusals, bounces or
complaints, and is not surely understood, is `SUSPICIOUS`: the page asks what it holds. Headings
and values are compared as `normalise` writes them.
"""

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

from accounts.services.invitations.parsing import COLUMNS as INVITATION_COLUMNS
from accounts.spreadsheets import Line, has_heading
from accounts.validators import search_key

ADDRESS, STATUS, OPTED_OUT, CONFIRMED = "address", "status", "opted_out", "confirmed"
DATE, LANGUAGE, UNRELATED, SUSPICIOUS = "date", "language", "unrelated", "suspicious"
SINGLE = (ADDRESS, DATE, LANGUAGE)  # at most one column each


class Meaning(StrEnum):
    """What a value says about a subscription."""

    WANTS = "wants"
    REFUSES = "refuses"
    NOT_REFUSED = "not_refused"  # a "no" under "opted out"
    LEAVE_OUT = "leave_out"  # no yes, and no refusal either
    UNKNOWN = "unknown"


TRUE_WORDS = {"1", "y", "yes", "t", "true", "on", "x", "o", "oui", "v", "vrai", "checked", "✓", "✔"}
FALSE_WORDS = {"", "0", "n", "no", "f", "false", "off", "-", "non", "faux", "null", r"\n"}
_WANTS_WORDS = TRUE_WORDS | {
    "subscribed", "confirmed", "enabled", "active", "opted in", "opt in", "optin", "joined",
    "actif", "inscrit", "inscrite", "abonne", "abonnee", "confirme", "confirmee",
}  # fmt: skip
# Parts of words that tell of a refusal, a suppression, a bounce or a complaint.
_REFUSAL = (
    r"unsub|opt(ed|s|ing)? ?out|(black|block|deny) ?list|\bblocked|suppress|bounc|complain|spam"
    r"|\bjunk|\bcleaned|desinscri|desabonn|\bretire|refus|\binvalid|\bdo ?not\b|\bno ?e? ?mail"
    r"|\bdnc\b|quarantin|unjoin|disabled|deactivat|desactiv|rebond|plainte|pourriel|liste noire"
    r"|\bexclu(s|e|es)?\b|\bexclu(ded|sion)|bloque|revoked|withdr[ae]w|deleted|\bremoved|supprime"
    r"|opposition|reject|rejete|undeliver|unreachable|\bdead\b|\bfailed|\bstop|ne pas|\bbarred"
    r"|abuse|abgemeldet|abmeld|gesperrt|\bbaja\b|cancelad|uitgeschreven|disiscritt"
)
_REFUSAL_VALUE = re.compile(_REFUSAL)
_REFUSAL_HEADING = re.compile(
    _REFUSAL + r"|\bhard|\bclean\b|\bclean (time|date)|\bretir|\bglobal\b|\bopposed|\bobjection"
    r"|\binacti[fv]"
)
_NEGATED = re.compile(r"^(not|never|non|pas|jamais|soft)\b|\bsoft\b|\bnot (un|bl|bo|op|su)")
_CONSENT_HEADING = re.compile(r"\bsubscri|\babonne|\binscri|opt(ed)? ?in\b|consent|\bpermission")
# A "no" under such a heading may be a refusal.
_PERMISSION_HEADING = re.compile(
    _CONSENT_HEADING.pattern
    + r"|accept|marketing|news ?letter|info ?lettre|mailing|deliverab|reachab|\bvalid\b"
    r"|\bacti(ve|f)\b|contactable|\ballow|verified|may we|\bgdpr\b|\brgpd\b"
)
_NO_PERMISSION = re.compile(r"\b(aucun|none|expir|not|non|never|denied|withheld|pending|attente)")
_STATUS_HEADING = re.compile(
    r"(?<!marketing )\b(e?mail|courriel|subscri\w+|member|contact|address|delivery)"
    r" (status|state|statut|etat)$|^(statut|etat) (d'|du |de )\w+$"
)
# Beside a word of refusal: any text in the column says that there was a refusal.
_DETAIL = re.compile(r"\b(reason|source|campaign|title|date|time|at|on|raison|motif|le)\b")
_DATE = re.compile(
    r"\d{4}([-./ ])\d{1,2}\1\d{1,2}|\d{8}\b|\d{1,2}([-./ ])\d{1,2}\2\d{2,4}"
    r"|\d{1,2}[ -][a-z]{3,9}\.?[ -]\d{2,4}|[a-z]{3,9}\.? \d{1,2},? \d{4}",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://")

_HEADINGS = {
    ADDRESS: INVITATION_COLUMNS["address"]
    | {
        "subscriber", "abonne", "abonnee", "contact email", "email id", "email address other",
        "primary email", "e mail address", "adresse e mail", "e mail 1",
    },
    STATUS: {
        "status", "subscription status", "subscribed", "statut", "inscrit", "email status",
        "member status", "subscriber status", "contact status", "statut d'abonnement",
        "statut du courriel", "delivery status", "email permission status",
    },
    CONFIRMED: {
        "confirmed", "opted in", "optedin", "opt in", "optin", "email opt in", "confirme",
    },
    DATE: {
        "date", "consent date", "date of consent", "subscribed at", "subscribed on",
        "subscription date", "opt in date", "optin date", "optin time", "opt in time",
        "confirm time", "date de consentement", "date du consentement", "date d'inscription",
        "date d'abonnement", "inscrit le", "abonne le", "email opt in date", "confirmed at",
    },
    LANGUAGE: {"language", "lang", "locale", "langue", "preferred language"},
}  # fmt: skip


def normalise(text: str) -> str:
    """Return a heading or a value as it is compared ("UNSUB_TIME", "HasOptedOut" → words)."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    key = search_key(words.replace("_", " ").replace("’", "'"))
    return key if key in FALSE_WORDS else search_key(key.replace("-", " "))


def is_date_like(text: str) -> bool:
    """Return whether a value begins as a date in figures does; it may still be no date."""
    return bool(_DATE.match(text.strip()))


def status_meaning(value: str) -> Meaning:
    """Return what a status says. An empty one says nothing."""
    key = normalise(value)
    if key in _WANTS_WORDS:
        return Meaning.WANTS
    if key and key in FALSE_WORDS:
        return Meaning.REFUSES
    return Meaning.REFUSES if _tells_refusal(key) else Meaning.UNKNOWN


def is_opted_out(value: str) -> bool:
    """Return whether a cell under "opted out" says so: anything but a word for no."""
    return normalise(value) not in FALSE_WORDS


def _tells_refusal(key: str) -> bool:
    return bool(_REFUSAL_VALUE.search(key)) and not _NEGATED.search(key)


def classify(heading: str, values: Collection[str]) -> str:
    """Return what a column holds, by its heading and its different values; "" if neither says."""
    key = normalise(heading)
    texts = {text for value in values if (text := normalise(value))}
    name = next((name for name, known in _HEADINGS.items() if key in known), "")
    name = name or (STATUS if _STATUS_HEADING.search(key) else "")
    if name == ADDRESS and key.startswith("abonne") and not any("@" in text for text in texts):
        name = STATUS
    if name in (STATUS, CONFIRMED):
        if not texts:
            return ""
        return DATE if all(map(is_date_like, texts)) else name
    if name:
        return name
    if _REFUSAL_HEADING.search(key):
        return _classify_refusal(key, texts)
    if texts and all(map(_URL.match, texts)):
        return ""
    if _PERMISSION_HEADING.search(key) and texts and not any(map(is_date_like, texts)):
        has_no = texts & FALSE_WORDS or ("" in values and texts <= TRUE_WORDS)
        if has_no or any(map(_NO_PERMISSION.search, texts)):
            return SUSPICIOUS
    known = any(status_meaning(text) != Meaning.UNKNOWN for text in texts)
    if key.split()[-1:] in (["status"], ["statut"], ["state"], ["etat"]) and known:
        return STATUS if key in ("state", "etat") else SUSPICIOUS
    told = any(_REFUSAL_VALUE.search(text) and "@" not in text for text in texts)
    return SUSPICIOUS if told else ""


def _classify_refusal(key: str, texts: Collection[str]) -> str:
    """Return whether a heading with a word of refusal is surely understood with these values."""
    if texts and all(map(_URL.match, texts)):
        return ""  # links to unsubscribe
    unclear = _NEGATED.search(key) or _CONSENT_HEADING.search(key)
    if unclear and texts:
        return SUSPICIOUS
    understood = all(
        text in TRUE_WORDS | FALSE_WORDS or is_date_like(text) or _tells_refusal(text)
        for text in texts
    )
    says_subscribed = any(text in _WANTS_WORDS - TRUE_WORDS for text in texts)
    if understood or (_DETAIL.search(key) and not says_subscribed):
        return OPTED_OUT
    return SUSPICIOUS


def width_of(lines: Sequence[Line]) -> int:
    """Return the number of columns of the widest line."""
    return max((len(line.cells) for line in lines), default=0)


def classify_columns(lines: Sequence[Line]) -> list[str]:
    """Return what each column of a table holds, with at most one of each of `SINGLE`."""
    first = int(has_heading(lines))
    cells = [[line.cell(column) for line in lines[first:]] for column in range(width_of(lines))]
    columns = [
        classify(lines[0].cell(number) if first else "", set(values))
        for number, values in enumerate(cells)
    ]
    if first:  # a cell too many: the line may have slipped past the column of its refusal
        past = len(lines[0].cells)
        columns[past:] = [SUSPICIOUS] * len(columns[past:])
    for name in SINGLE:
        found = [number for number, column in enumerate(columns) if column == name]
        # Of several dates, the one most lines have; else the first column.
        best = max(found, key=lambda n: sum(map(bool, cells[n])) if name == DATE else 0, default=0)
        for number in found:
            columns[number] = name if number == best else ""
    return columns
