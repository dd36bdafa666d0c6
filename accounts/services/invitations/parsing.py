"""Reading the people to invite from pasted text, or from a table."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.choices import Language, Role
from accounts.search import search_key
from accounts.services.invitations.layouts import (
    ADDRESS,
    BLOCKED,
    COLUMNS,
    DOMAIN,
    ENABLED,
    FIRST_NAME,
    LAST_NAME,
    MULTIPLE,
    NAME,
    OTHER_ADDRESS,
    ROLE,
    STATUS,
    TEAM,
    WORK_PHONE,
)
from accounts.spreadsheets import Line, has_heading, readable

_YES = {"1", "y", "yes", "t", "true", "on", "x", "oui", "o", "vrai", "v"}
_NO = {"", "0", "n", "no", "f", "false", "off", "non", "faux", "-"}
# A status that says anything else may be one of an account that is not used any more.
_ACTIVE = _YES | {
    "active", "actif", "activee", "enabled", "in use", "ok", "normal", "user", "utilisateur",
    "member", "membre", "full member", "regular member", "admin", "administrator",
    "administrateur", "owner", "primary owner", "workspace owner", "workspace primary owner",
    "workspace admin", "org owner", "org primary owner", "org admin", "proprietaire", "guest",
    "single channel guest", "multi channel guest", "invited", "invited member", "invite",
    "pending", "en attente", "in cloud", "cloud", "licensed", "synced with active directory",
    "confirmed", "verified",
}  # fmt: skip
_NAMED_ADDRESS = re.compile(r"([^<>]*)<([^<>]*)>")
_MAX_CELL = 1000  # characters of a cell whose spaces are tidied
_SEVERAL = " ::: "  # Google Contacts parts the values of a cell so
_PROXY = re.compile(r"[+,;]\s*(?=(?:smtp|sip|x500|spo|eum):)|^(?=smtp:)", re.IGNORECASE)
_EXAMPLE = re.compile(r"(example|exemple) ?:", re.IGNORECASE)  # a line of Microsoft's templates


@dataclass(frozen=True)
class Invitee:
    """One person to invite, as written and not yet checked."""

    address: str
    name: str = ""
    role: str = ""  # empty: the role for all
    work_phone: str = ""
    team: str = ""
    line: int | None = None  # its number in the file or the text
    inactive: str = ""  # what says that the account is suspended, blocked or deactivated
    inactive_column: str = ""  # where it says so
    unreadable: str = ""  # the text of a line that can't be read, which then has no address


def invitees_in_text(text: str) -> list[Invitee]:
    """Return the people of a text: `address` or `Name <address>`, by lines, commas or tabs."""
    return [
        replace(invitee, line=number)
        for number, line in enumerate(text.splitlines(), start=1)
        for invitee in _invitees_in_line(line)
    ]


def _invitees_in_line(line: str) -> Iterator[Invitee]:
    """Yield the people of a line. A name may hold a comma: “Côté, Gina <gina@…>”."""
    cells = [cell.strip() for cell in line.split("\t") if cell.strip()]
    names = [cell for cell in cells if "@" not in cell]
    if len(cells) == 2 and len(names) == 1:  # two columns of a spreadsheet: a name, an address
        address = next(cell for cell in cells if "@" in cell)
        for invitee in _invitees_in_line(address):
            yield replace(invitee, name=invitee.name or _unquoted(names[0]))
        return
    pending: list[str] = []  # parts that may be the beginning of a name
    for piece in (part.strip() for part in line.replace(";", ",").split(",")):
        match = _NAMED_ADDRESS.fullmatch(piece)
        if match:
            name = _unquoted(", ".join([*pending, match[1]]))
            pending = []
            yield Invitee(address=match[2].strip(), name=name)
        elif "@" in piece:
            yield from (Invitee(address=part) for part in pending)
            pending = []
            words = piece.split()
            addresses = words if all("@" in word for word in words) else [piece]
            yield from (Invitee(address=address) for address in addresses)
        elif piece:
            pending.append(piece)
    yield from (Invitee(address=part) for part in pending)


def _unquoted(name: str) -> str:
    return name.strip().strip("\"'").strip()


def invitees_in_table(lines: Sequence[Line], columns: Sequence[str]) -> list[Invitee]:
    """Return the people of a table; `columns` has the key of COLUMNS of each column.

    Raises ValidationError unless one column holds the addresses, and only those of MULTIPLE are
    there twice.
    """
    single = [name for name in columns if name and name not in MULTIPLE]
    if ADDRESS not in single:
        raise ValidationError(_("Choose the column with the email addresses."))
    if len(set(single)) < len(single) or not set(columns) <= {"", *COLUMNS}:
        raise ValidationError(_("Two columns can't have the same content. Change one of them."))
    heading = lines[0].cells if has_heading(lines) else None
    body = lines[1:] if heading else lines
    is_ours = _has_our_roles(body, columns)
    return [_invitee_of(line, columns, heading, is_ours) for line in body]


def _has_our_roles(body: Iterable[Line], columns: Sequence[str]) -> bool:
    """Return whether the column of roles names any of ours: else it is another tool's."""
    if ROLE not in columns:
        return True
    words = {line.cell(columns.index(ROLE)) for line in readable(body)} - {""}
    return not words or any(map(role_called, words))


def _invitee_of(
    line: Line, columns: Sequence[str], heading: Sequence[str] | None, is_ours: bool
) -> Invitee:
    """Return the person of a line. A role of another tool is a user's."""
    if line.is_broken or (heading and len(line.cells) > len(heading)):
        return Invitee("", line=line.number, unreadable=" | ".join(line.cells))

    def cell(kind: str) -> str:
        text = line.cell(columns.index(kind)) if kind in columns else ""
        return " ".join(text.split()) if len(text) < _MAX_CELL else text

    address, name = _address_of(line, columns)
    if address and "@" not in address and cell(DOMAIN):  # cPanel
        address = f"{address}@{cell(DOMAIN)}"
    column, value = _inactive(line, columns, heading)
    role = cell(ROLE) if is_ours else cell(ROLE) and Role.USER.value
    full_name = _name_of(cell(FIRST_NAME), cell(LAST_NAME), cell(NAME)) or name
    return Invitee(
        address=address,
        name="" if search_key(full_name) == search_key(address) else full_name,
        role=role,
        work_phone=cell(WORK_PHONE).split(_SEVERAL)[0],
        team=cell(TEAM),
        line=line.number,
        inactive=value,
        inactive_column=column,
    )


def _address_of(line: Line, columns: Sequence[str]) -> tuple[str, str]:
    """Return the address of a line, with the name beside it: the first that its columns have."""
    order = sorted(
        (number for number, kind in enumerate(columns) if kind in (ADDRESS, OTHER_ADDRESS)),
        key=lambda number: columns[number] != ADDRESS,
    )
    cells = [cell for number in order if (cell := line.cell(number))]
    text = next((cell for cell in cells if "@" in cell), cells[0] if cells else "")
    text = text.split(_SEVERAL)[0].strip()
    proxies = [piece for piece in _PROXY.split(text) if piece.lower().startswith("smtp:")]
    if proxies:  # Microsoft 365: the one in capitals is the address that mail is sent from
        text = next((piece for piece in proxies if piece.startswith("SMTP:")), proxies[0])[5:]
    found = list(_invitees_in_line(text.replace("\n", " ")))
    if len(found) != 1:
        return text, ""
    return found[0].address, found[0].name


def _name_of(first: str, last: str, full: str) -> str:
    """Return the name of a person: both parts joined, or else the full name, or else the part."""
    if first and last:
        is_full = search_key(last).startswith(f"{search_key(first)} ")
        return last if is_full else f"{first} {last}"
    return full or first or last


def _inactive(line: Line, columns: Sequence[str], heading: Sequence[str] | None) -> tuple[str, str]:
    """Return the column and the value that say that an account is not in use; empty if none."""
    for number, kind in enumerate(columns):
        value = line.cell(number)
        key = search_key(value.replace("-", " ")) if len(value) > 1 else search_key(value)
        is_inactive = (
            (kind == STATUS and key and key not in _ACTIVE)
            or (kind == BLOCKED and key not in _NO)
            or (kind == ENABLED and key and key not in _ACTIVE)
            or (kind in (NAME, ADDRESS) and _EXAMPLE.match(value))
        )
        if is_inactive:
            named = heading[number][:80] if heading and number < len(heading) else ""
            return named or _("Column %(number)s") % {"number": number + 1}, value[:200]
    return "", ""


def role_called(word: str) -> str | None:
    """Return the role of this name in any of our languages; None if there is none."""
    key = search_key(word)
    for role in Role:
        names = {search_key(role.value.replace("_", " ")), search_key(role.value)}
        for language in Language.values:
            with translation.override(language):
                names.add(search_key(str(role.label)))
        if key in names:
            return str(role.value)
    return None
