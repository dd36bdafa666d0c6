"""The columns of another tool's export, by their headings and their values.

An import must never take a refusal for a yes. So a column is `SUSPICIOUS`, and the page asks what
it holds, if it may tell of refusals, bounces or complaints and is not surely understood, or has
only values such as yes and no under a heading that the hub does not know. Headings
and values are compared as `normalise` writes them.
"""

import re
from collections.abc import Collection, Sequence

from accounts.services.invitations.layouts import ADDRESS_HEADINGS
from accounts.spreadsheets import Line, has_heading, readable
from preferences.services.import_words import (
    DOUBT,
    FALSE_WORDS,
    NEGATED,
    REFUSAL,
    TRUE_WORDS,
    WANTS_WORDS,
    Meaning,
    is_date,
    is_nothing,
    may_tell_refusal,
    normalise,
    status_meaning,
    tells_refusal,
)

ADDRESS, STATUS, OPTED_OUT, CONFIRMED = "address", "status", "opted_out", "confirmed"
DATE, LANGUAGE, UNRELATED, SUSPICIOUS = "date", "language", "unrelated", "suspicious"
SINGLE = (ADDRESS, DATE, LANGUAGE)  # at most one column each

_REFUSAL_HEADING = re.compile(
    rf"{REFUSAL}|{DOUBT}|\bhard|\bclean\b|\bglobal\b|\bobjection|\binacti[fv]"
    r"|(subscri|consent|abonnement).*\b(end(ed)?\b|expir|fin\b)"
    r"|\b(end(ed)?\b|expir|fin\b).*(subscri|consent|abonnement)"
)
_CONSENT_HEADING = re.compile(r"\bsubscri|\babonne|\binscri|opt(ed)? ?in\b|consent|\bpermission")
# A "no" under such a heading may be a refusal.
_PERMISSION_HEADING = re.compile(
    _CONSENT_HEADING.pattern
    + r"|accept|marketing|news ?letter|info ?lettre|mailing|casl|lcap|deliverab|reachab|\bvalid\b"
    r"|\bacti(ve|f)\b|contactable|\ballow|verified|may we|\bgdpr\b|\brgpd\b"
)
_NO_PERMISSION = re.compile(r"\b(aucun|none|expir|not|non|never|denied|withheld|pending|attente)")
_STATUS_HEADING = re.compile(
    r"(?<!marketing )\b(e?mail|courriel|subscri\w+|member|contact|address|delivery)"
    r" (status|state|statut|etat)$|^(statut|etat) (d'|du |de )\w+$"
)
# Beside a word of refusal: any text in the column says that there was a refusal.
_DETAIL = re.compile(r"\b(reason|source|campaign|title|date|time|at|on|raison|motif|le)\b")
_UNRELATED_HEADING = re.compile(
    r"((first|last|full|middle|given|family|display|company|user|nick|sur) ?)?name"
    r"|nom|prenom|nom (de famille|complet)|prenom et nom|gecos"
    r"|(work |home |mobile )?phone( number)?"
    r"|tel(ephone)?( au travail)?|mobile|cell|cellulaire|fax|company|societe|entreprise"
    r"|organi[sz]ation|(job )?title|titre|poste|role|city|ville|town|country|pays|province|region"
    r"|(postal|zip) ?code|zip|code postal|street|rue|((record|contact|customer|member|user"
    r"|subscriber) )?id|uuid|guid|euid|leid|member rating"
    r"|source url|website|web site|site web|url|tags?|((optin|opt in|confirm) )?ip( address)?"
    r"|lat(itude)?|long(itude)?|lng|gmtoff|dstoff|time ?zone|cc|birthday|date of birth"
    r"|anniversaire|date de naissance|gender|sexe?|genre|age"
    r"|created( at| on)?|updated( at| on)?|modified|entered|last (changed|updated|activity)"
    r"|added time|date added|html ?email|digest|reception|visibility"
)
# "No bounce", "Spam-free": a yes there is good.
_INVERTED = re.compile(
    r"\bno\b(?! ?e? ?mail)|(?<!do )\bnot\b|(?<!ne )\bpas\b|\b(never|non|jamais|without|sans|free"
    r"|aucune?|zero|pass(ed)?|check(ed)?|verified|safe|ok|exempt|absent|absence)\b"
    r"|\bclean\b(?! (time|date|campaign))"
)
_SHORT_ANSWER = re.compile(r"-?\d([.,]0+)?|en|fr")
_SAYS_YES = re.compile(
    r"(subscribed|confirmed|confirm|abonnee?|inscrite?|confirmee?) (at|on|time|le)$"
)
_URL = re.compile(r"https?://")

_HEADINGS = {
    ADDRESS: ADDRESS_HEADINGS
    | {
        "address", "adresse",
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


def classify(heading: str, values: Collection[str]) -> str:
    """Return what a column holds, by its heading and its different values; "" if neither says.

    What is neither surely understood nor surely about something else, and may be a yes or a no, is
    suspicious.
    """
    key = normalise(heading)
    filled = {value.strip() for value in values} - {""}
    has_blank = any(not value.strip() for value in values)
    texts = {normalise(value) for value in filled}
    name = next((name for name, known in _HEADINGS.items() if key in known), "")
    name = name or (STATUS if _STATUS_HEADING.search(key) else "")
    if name == ADDRESS and key.startswith("abonne") and not any("@" in text for text in texts):
        name = STATUS
    if name in (STATUS, CONFIRMED):
        if not texts:
            return ""
        dated = {value for value in filled if is_date(value)}
        return DATE if dated and all(map(is_nothing, filled - dated)) else name
    if name:
        return name
    if _REFUSAL_HEADING.search(key):
        return _classify_refusal(key, filled, texts)
    if any(map(may_tell_refusal, filled)):
        return SUSPICIOUS
    if _UNRELATED_HEADING.fullmatch(key):
        return ""
    if any(map(_URL.match, texts)) and (has_blank or not all(map(_URL.match, texts))):
        return SUSPICIOUS
    if _PERMISSION_HEADING.search(key) and texts and not any(map(is_date, filled)):
        has_no = texts & FALSE_WORDS or (has_blank and texts <= TRUE_WORDS)
        if has_no or any(map(_NO_PERMISSION.search, texts)):
            return SUSPICIOUS
    if _CONSENT_HEADING.search(key) and not _INVERTED.search(key) and texts <= TRUE_WORDS:
        return ""  # a yes of all, and no blank
    known = any(status_meaning(text) != Meaning.UNKNOWN for text in texts)
    if key.split()[-1:] in (["status"], ["statut"], ["state"], ["etat"]) and known:
        return STATUS if key in ("state", "etat") else SUSPICIOUS
    return SUSPICIOUS if _may_answer(filled, has_blank=has_blank or not key) else ""


def _may_answer(filled: Collection[str], *, has_blank: bool) -> bool:
    """Return whether values may say yes or no in words, small numbers, or dates beside blanks."""
    answers = [
        value
        for value in filled
        if not is_nothing(value) or _SHORT_ANSWER.fullmatch(normalise(value))
    ]
    if all(map(is_date, answers)):
        return bool(answers) and (has_blank or len(answers) < len(filled))
    return all(
        is_date(value)
        or normalise(value) in WANTS_WORDS | FALSE_WORDS
        or _SHORT_ANSWER.fullmatch(normalise(value))
        for value in answers
    )


def _classify_refusal(key: str, filled: Collection[str], texts: Collection[str]) -> str:
    """Return whether a heading with a word of refusal is surely understood with these values."""
    unclear = NEGATED.search(key) or _INVERTED.search(key) or _CONSENT_HEADING.search(key)
    if filled and (unclear or any(map(_URL.match, texts))):
        return SUSPICIOUS
    understood = all(
        normalise(value) in TRUE_WORDS | FALSE_WORDS
        or is_date(value)
        or is_nothing(value)
        or tells_refusal(value)
        for value in filled
    )
    says_subscribed = any(text in WANTS_WORDS - TRUE_WORDS for text in texts)
    if understood or (_DETAIL.search(key) and not says_subscribed):
        return OPTED_OUT
    return SUSPICIOUS


def width_of(lines: Sequence[Line]) -> int:
    """Return the number of columns of the widest line."""
    return max((len(line.cells) for line in readable(lines)), default=0)


def classify_columns(lines: Sequence[Line]) -> list[str]:
    """Return what each column of a table holds, with at most one of each of `SINGLE`."""
    lines = readable(lines)
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
            if number != best:
                heading = lines[0].cell(number) if first else ""
                columns[number] = _classify_other(name, heading, set(cells[number]))
    return columns


def _classify_other(name: str, heading: str, values: Collection[str]) -> str:
    """Return what a second column of dates, addresses or languages holds."""
    filled = [value for value in values if value.strip()]
    if any(map(may_tell_refusal, filled)) or (
        name == ADDRESS and any("@" not in v for v in filled)
    ):
        return SUSPICIOUS
    if name != DATE or not filled:
        return SUSPICIOUS if filled and _may_answer(filled, has_blank="" in values) else ""
    if not all(map(is_date, filled)):
        return SUSPICIOUS
    is_opt_in = re.search(r"opt ?in", normalise(heading))
    return SUSPICIOUS if "" in values and not is_opt_in else ""


def blank_may_refuse(heading: str) -> bool:
    """Return whether a blank beside dates may be a no: "Subscribed", "Confirmed at"."""
    key = normalise(heading)
    return key in _HEADINGS[STATUS] | _HEADINGS[CONFIRMED] or bool(_SAYS_YES.match(key))


def names_refusal(heading: str) -> bool:
    """Return whether a heading has a word of refusal: its dates are of no consent."""
    return bool(_REFUSAL_HEADING.search(normalise(heading)))
