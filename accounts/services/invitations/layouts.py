"""The columns of a file of people, by the headings of the tools that write such files.

Google Workspace and Contacts, Microsoft 365, Entra, Outlook, Slack, Zoho Mail, HubSpot, cPanel, and
lists typed by hand, in English and French. Headings are compared as `heading_key` writes them.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from accounts.search import search_key
from accounts.spreadsheets import Line, addresses_in, has_heading, readable

ADDRESS, OTHER_ADDRESS, DOMAIN = "address", "other_address", "domain"
NAME, FIRST_NAME, LAST_NAME = "name", "first_name", "last_name"
ROLE, WORK_PHONE, TEAM = "role", "work_phone", "team"
STATUS, BLOCKED, ENABLED = "status", "blocked", "enabled"
COLUMNS = (
    ADDRESS, OTHER_ADDRESS, DOMAIN, NAME, FIRST_NAME, LAST_NAME, ROLE, WORK_PHONE, TEAM, STATUS,
    BLOCKED, ENABLED,
)  # fmt: skip
MULTIPLE = (OTHER_ADDRESS, STATUS, BLOCKED, ENABLED)  # several columns may hold them

ADDRESS_HEADINGS = frozenset(
    {
        "mail", "email", "e mail", "email address", "e mail address", "courriel",
        "adresse courriel", "adresse de courriel", "adresse e mail", "adresse email",
        "adresse electronique", "adresse de messagerie", "adresse de courrier electronique",
        "primary email", "primary email address", "primary smtp address", "proxy addresses",
        "email id", "contact email", "work email", "business email", "mailbox", "mailbox address",
        "e mail 1", "e mail 1 value", "email 1", "email 1 value", "courriel 1",
        "courriel principal",
        "courriel professionnel", "courriel au travail",
    }
)  # fmt: skip
# Where its cells are addresses: else it is where people live, or the name they sign in with.
_PERHAPS_ADDRESS = frozenset(
    {
        "address", "adresse", "user principal name", "upn", "user name", "username", "user",
        "login", "login name", "identifiant", "nom d'utilisateur", "nom d'utilisateur principal",
        "account", "compte",
    }
)  # fmt: skip
_SECOND_ADDRESS = re.compile(
    r"(e ?mail|courriel|adresse de messagerie) [23]( (value|address))?", re.ASCII
)
_NAMES: Sequence[frozenset[str]] = (  # the first that a file has
    frozenset(
        {
            "name", "full name", "fullname", "real name", "nom", "nom complet", "prenom et nom",
            "nom et prenom", "nom, prenom", "contact name", "employee name",
        }
    ),
    frozenset({"display name", "displayname", "nom d'affichage", "nom complet affiche"}),
)  # fmt: skip
_NAMES_BESIDE_FIRST = ("nom", "name")  # beside a first name they are the last name
_HEADINGS: Mapping[str, frozenset[str]] = {
    DOMAIN: frozenset({"domain", "domaine"}),
    FIRST_NAME: frozenset(
        {"first name", "firstname", "given name", "forename", "prenom", "prenoms", "prenom usuel"}
    ),
    LAST_NAME: frozenset(
        {"last name", "lastname", "surname", "family name", "nom de famille", "nom d'usage"}
    ),
    ROLE: frozenset({"role"}),
    WORK_PHONE: frozenset(
        {
            "phone", "phone number", "work phone", "phone at work", "office phone",
            "business phone", "telephone", "telephone au travail", "telephone (bureau)",
            "telephone professionnel", "numero de telephone", "telephone number", "tel",
            "phone 1 value",
        }
    ),
    TEAM: frozenset({"team", "equipe"}),
    STATUS: frozenset(
        {
            "status", "new status", "account status", "user status", "member status",
            "mailbox status", "mail status", "sign in status", "login status", "statut",
            "statut du compte", "etat", "etat du compte",
        }
    ),
}  # fmt: skip
_OF_ACCOUNT = r"(is |account |user |login |mailbox |compte |boite |utilisateur )*"
_ENABLED = re.compile(_OF_ACCOUNT + r"(active|activee|actif|enabled)")
_BLOCKED = re.compile(
    _OF_ACCOUNT
    + r"((un)?licensed and )?(suspended|suspension|deactivated|disabled|blocked|archived|locked"
    r"|deleted|soft deletion|inactive|terminated|block (credential|sign in|login)s?|bloquer la"
    r" connexion|suspendue?|desactivee?|bloquee?|archivee?|supprimee?|inactif|connexion bloquee)"
    r"( (login|incoming|outgoing|account|user|sign in|at|on|date|time|time ?stamp|le))*"
)
# The properties of Microsoft's templates, whatever the language of the heading around them.
_PROPERTIES = {
    "displayName": "display name",
    "userPrincipalName": "user principal name",
    "givenName": "given name",
    "surname": "surname",
    "mail": "mail",
    "telephoneNumber": "office phone",
    "accountEnabled": "block sign in",  # there, a yes blocks
}
_PROPERTY = re.compile(r"\[(\w+)\]")
_REMARK = re.compile(r"\[[^\]]*\]|\((yes/no|oui/non|[^)\w]*)\)", re.IGNORECASE)
_MAX_HEADING = 200  # characters that are compared
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_PASSWORD = re.compile(r"password|mot de passe|passwd|\bpwd\b")


def heading_key(text: str) -> str:
    """Return a heading as it is compared: "First Name [Required]", "givenName" → words."""
    text = text[:_MAX_HEADING]
    found = _PROPERTY.search(text)
    if found and found[1] in _PROPERTIES:
        return _PROPERTIES[found[1]]
    text = _INVISIBLE.sub("", _REMARK.sub(" ", text)).replace("’", "'")
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return search_key(re.sub(r"[\s_.:*\-\u2010-\u2014]+", " ", text))


def columns_of(lines: Sequence[Line]) -> list[str] | None:
    """Return what each column holds (one of COLUMNS, or an empty string), by the heading.

    None if the heading does not say which column holds the addresses.
    """
    if not has_heading(lines):
        return None
    body = readable(lines[1:])
    keys = [heading_key(cell) for cell in lines[0].cells]
    columns = [_kind(key) for key in keys]
    _mark(columns, NAME, _best_name(keys))
    names_beside = [number for number, key in enumerate(keys) if key in _NAMES_BESIDE_FIRST]
    if FIRST_NAME in columns and LAST_NAME not in columns and names_beside:
        columns[names_beside[0]] = LAST_NAME
        _mark(
            columns, NAME, _best_name([*(k if k not in _NAMES_BESIDE_FIRST else "" for k in keys)])
        )
    addresses = _address_columns(keys, body)
    for place, number in enumerate(addresses):
        columns[number] = OTHER_ADDRESS if place else ADDRESS
    return _once(columns) if addresses else None


def _once(columns: Sequence[str]) -> list[str]:
    """Return the columns, of which the first alone holds what only one can."""
    return [
        "" if kind not in MULTIPLE and kind in columns[:number] else kind
        for number, kind in enumerate(columns)
    ]


def _kind(key: str) -> str:
    if _ENABLED.fullmatch(key):
        return ENABLED
    if _BLOCKED.fullmatch(key):
        return BLOCKED
    return next((kind for kind, known in _HEADINGS.items() if key in known), "")


def _mark(columns: list[str], kind: str, number: int | None) -> None:
    if number is not None:
        columns[number] = kind


def _best_name(keys: Sequence[str]) -> int | None:
    """Return the column of full names; those that a tool displays come last."""
    for known in _NAMES:
        for number, key in enumerate(keys):
            if key in known:
                return number
    return None


def _address_columns(keys: Sequence[str], body: Sequence[Line]) -> list[int]:
    """Return the columns of addresses: the one to read first, then those for where it is empty."""

    def holds_addresses(number: int) -> bool:
        return any("@" in line.cell(number) for line in body)

    sure = [number for number, key in enumerate(keys) if key in ADDRESS_HEADINGS]
    sure.sort(key=lambda number: not holds_addresses(number))
    perhaps = [
        number
        for number, key in enumerate(keys)
        if key in _PERHAPS_ADDRESS and (not body or holds_addresses(number))
    ]
    second = [number for number, key in enumerate(keys) if _SECOND_ADDRESS.fullmatch(key)]
    if not sure and not perhaps:
        return []
    return [*sure, *perhaps, *second]


def without_title(lines: Sequence[Line]) -> list[Line]:
    """Return the lines without a title above the heading, such as “Staff list, May 2026”."""
    is_title = (
        len(lines) > 1
        and len(lines[0].cells) < len(lines[1].cells)
        and columns_of(lines) is None
        and columns_of(lines[1:]) is not None
    )
    return list(lines[1:] if is_title else lines)


def without_passwords(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with the columns of passwords emptied: no page may carry them.

    Of a line that can't be read only the addresses are kept, because its password may be anywhere.
    """
    heading = lines[0].cells if has_heading(lines) else []
    secret = {n for n, cell in enumerate(heading) if _PASSWORD.search(heading_key(cell))}
    if not secret:
        return list(lines)
    return [lines[0], *(_without_cells(line, secret, len(heading)) for line in lines[1:])]


def _without_cells(line: Line, secret: Collection[int], width: int) -> Line:
    if line.is_broken or len(line.cells) > width:
        addresses = sorted(addresses_in(" ".join(line.cells)))
        return Line(line.number, [", ".join([*addresses, "…"])], is_broken=True)
    cells = ["" if number in secret else cell for number, cell in enumerate(line.cells)]
    return Line(line.number, cells)
