"""People to invite, as they were pasted or stand in a table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.choices import Language, Role
from accounts.spreadsheets import Line, has_heading
from accounts.validators import search_key

# column → how a heading may call it, as search_key spells it
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
    """One person to invite, as written; nothing of it is checked."""

    address: str
    name: str = ""
    role: str = ""  # empty: as all the others
    work_phone: str = ""
    team: str = ""


def invitees_in_text(text: str) -> list[Invitee]:
    """People pasted, one per line or separated by commas: `address`, or `Name <address>`."""
    return [found for line in text.splitlines() for found in _in_line(line)]


def _in_line(line: str) -> Iterator[Invitee]:
    """A name before an address may hold a comma (“Côté, Gina <gina@…>”)."""
    begun: list[str] = []
    for piece in (part.strip() for part in line.replace(";", ",").split(",")):
        named = re.fullmatch(r"([^<>]*)<([^<>]*)>", piece)
        if named:
            name = ", ".join([*begun, named[1]]).strip().strip("\"'").strip()
            begun = []
            yield Invitee(address=named[2].strip(), name=name)
        elif "@" in piece:
            yield from (Invitee(address=word) for word in begun)
            begun = []
            words = piece.split()
            together = words if all("@" in word for word in words) else [piece]
            yield from (Invitee(address=word) for word in together)
        elif piece:
            begun.append(piece)
    yield from (Invitee(address=word) for word in begun)


def columns_of(lines: Sequence[Line]) -> list[str] | None:
    """What each column holds (a key of COLUMNS, or empty), by the heading; None if it does not say
    where the addresses are.
    """
    if not has_heading(lines):
        return None
    headings = [search_key(cell) for cell in lines[0].cells]
    found: list[str] = []
    for heading in headings:
        known = next((name for name, words in COLUMNS.items() if heading in words), "")
        found.append("" if known in found else known)
    return found if "address" in found else None


def invitees_in_table(lines: Sequence[Line], columns: Sequence[str]) -> list[Invitee]:
    """The people of a table whose columns hold this, without its heading.

    Raises ValidationError unless one column holds the addresses and none is named twice.
    """
    named = [name for name in columns if name]
    if "address" not in named:
        raise ValidationError(_("Say which column holds the e-mail addresses."))
    if len(set(named)) < len(named) or not set(named) <= COLUMNS.keys():
        raise ValidationError(_("Two columns cannot hold the same."))
    return [
        Invitee(**{name: cell for name, cell in zip(columns, line.cells, strict=False) if name})
        for line in (lines[1:] if has_heading(lines) else lines)
    ]


def role_called(word: str) -> str | None:
    """The role a table means by this word, in any of our languages; None for none."""
    wanted = search_key(word)
    for role in Role:
        words = {search_key(role.value.replace("_", " ")), search_key(role.value)}
        for language in Language.values:
            with translation.override(language):
                words.add(search_key(str(role.label)))
        if wanted in words:
            return str(role.value)
    return None
