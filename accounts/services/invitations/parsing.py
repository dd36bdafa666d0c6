"""Reading the people to invite from pasted text, or from a table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.choices import Language, Role
from accounts.search import search_key
from accounts.spreadsheets import Line, has_heading

# column → the headings it may have, as search_key writes them
COLUMNS: Mapping[str, frozenset[str]] = {
    "address": frozenset(
        {
            "address", "mail", "email", "e-mail", "e mail", "email address", "e-mail address",
            "adresse", "courriel", "adresse courriel", "adresse de courriel", "adresse e-mail",
            "adresse electronique",
        }
    ),
    "name": frozenset({"name", "full name", "nom", "nom complet", "prenom et nom"}),
    "role": frozenset({"role"}),
    "work_phone": frozenset(
        {"phone", "telephone", "work phone", "phone at work", "telephone au travail", "tel"}
    ),
    "team": frozenset({"team", "equipe"}),
}  # fmt: skip


@dataclass(frozen=True)
class Invitee:
    """One person to invite, as written and not yet checked."""

    address: str
    name: str = ""
    role: str = ""  # empty: the role for all
    work_phone: str = ""
    team: str = ""


def invitees_in_text(text: str) -> list[Invitee]:
    """Return the people of a text: `address` or `Name <address>`, by lines or commas."""
    return [invitee for line in text.splitlines() for invitee in _invitees_in_line(line)]


def _invitees_in_line(line: str) -> Iterator[Invitee]:
    """Yield the people of a line. A name may hold a comma: “Côté, Gina <gina@…>”."""
    pending: list[str] = []  # parts that may be the beginning of a name
    for piece in (part.strip() for part in line.replace(";", ",").split(",")):
        match = re.fullmatch(r"([^<>]*)<([^<>]*)>", piece)
        if match:
            name = ", ".join([*pending, match[1]]).strip().strip("\"'").strip()
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


def columns_of(lines: Sequence[Line]) -> list[str] | None:
    """Return the key of COLUMNS of each column, or an empty string, by the heading.

    None if the heading does not say which column holds the addresses.
    """
    if not has_heading(lines):
        return None
    headings = [search_key(cell) for cell in lines[0].cells]
    columns: list[str] = []
    for heading in headings:
        name = next((name for name, known in COLUMNS.items() if heading in known), "")
        columns.append("" if name in columns else name)
    return columns if "address" in columns else None


def invitees_in_table(lines: Sequence[Line], columns: Sequence[str]) -> list[Invitee]:
    """Return the people of a table; `columns` has the key of COLUMNS of each column.

    Raises ValidationError unless one column holds the addresses and no key is there twice.
    """
    names = [name for name in columns if name]
    if "address" not in names:
        raise ValidationError(_("Say which column holds the e-mail addresses."))
    if len(set(names)) < len(names) or not set(names) <= COLUMNS.keys():
        raise ValidationError(_("Two columns cannot hold the same."))
    return [
        Invitee(**{name: cell for name, cell in zip(columns, line.cells, strict=False) if name})
        for line in (lines[1:] if has_heading(lines) else lines)
    ]


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
