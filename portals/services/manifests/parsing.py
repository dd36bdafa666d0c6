"""Read a manifest file strictly: unknown, missing and wrongly typed keys are refused."""

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from accounts.domains import is_this_machine, url_to_ascii
from accounts.validators import validate_plain_text
from portals.choices import OPEN_PRIVILEGE, RESOURCE, ROOT_TYPE, PortalKind
from portals.services.manifests.declaration import (
    DeclaredPrivilege,
    DeclaredSignIn,
    DeclaredType,
    Manifest,
    parents_first,
    refuse,
)

_SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NAME_LENGTH = 100
_LABEL_LENGTH = 100
_MOST_GRACE = 60  # seconds
_TYPE_NAMES = {
    str: "a text",
    int: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
_OPEN = DeclaredPrivilege(
    codename=f"{ROOT_TYPE}.{OPEN_PRIVILEGE}",
    label_en="Open the portal",
    label_fr="Ouvrir le portail",
    phrase_en="open {resource}",
    phrase_fr="ouvrir {resource}",
    held_by_super_user=True,
)


class _Table:
    """One table of the file; `close` refuses the keys that nobody has taken."""

    def __init__(self, file: str, key: str, data: object) -> None:
        self.file, self.key = file, key
        if not isinstance(data, dict):
            refuse(file, key, "must be a table")
        self.data: dict[str, Any] = dict(data)

    def at(self, name: str) -> str:
        """Return the full key of a name in this table."""
        return f"{self.key}.{name}" if self.key else name

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        """Take a value of this type; without a default, it is required."""
        if name not in self.data:
            if default is None:
                refuse(self.file, self.at(name), "is missing")
            return default
        value = self.data.pop(name)
        if type(value) is not kind:
            refuse(self.file, self.at(name), f"must be {_TYPE_NAMES[kind]}")
        return value

    def take_table(self, name: str, default: dict[str, Any] | None = None) -> "_Table":
        """Take a table inside this one."""
        return _Table(self.file, self.at(name), self.take(name, dict, default))

    def take_label(self, name: str) -> tuple[str, str]:
        """Take a label, and return it in English and in French."""
        return self._in_both_languages(self.take_table(name))

    def take_phrase(self, name: str) -> tuple[str, str]:
        """Take the words of a sentence about a resource, in both languages; "" where it has none.

        `{resource}` is in them once, in the place of the name.
        """
        if name not in self.data:
            return "", ""
        table = self.take_table(name)
        phrases = self._in_both_languages(table)
        for language, phrase in zip(("en", "fr"), phrases, strict=True):
            if phrase.count(RESOURCE) != 1:
                refuse(self.file, table.at(language), f"must have {RESOURCE} in it, once")
        return phrases

    def _in_both_languages(self, table: "_Table") -> tuple[str, str]:
        labels = table.take("en", str), table.take("fr", str)
        table.close()
        for language, label in zip(("en", "fr"), labels, strict=True):
            if not label.strip() or len(label) > _LABEL_LENGTH:
                refuse(table.file, table.at(language), f"must have 1 to {_LABEL_LENGTH} characters")
            try:
                validate_plain_text(label)
            except ValidationError as error:
                refuse(table.file, table.at(language), error.messages[0])
        return labels

    def take_texts(self, name: str) -> list[str]:
        """Take a list of distinct texts; an absent key is an empty list."""
        values: list[str] = self.take(name, list, [])
        for value in values:
            if type(value) is not str:
                refuse(self.file, self.at(name), "must be a list of texts")
            if values.count(value) > 1:
                refuse(self.file, self.at(name), f"names {value} twice")
        return values

    def take_codes(self, refused: str = "") -> dict[str, "_Table"]:
        """Take every remaining key as a code, and return code → its table.

        A code is any name a portal may ask with (AuthZEN 1.0): `GET`, `read_todo`, `Lire tout`.
        `refused` holds characters that it can't have.
        """
        tables = {}
        for code in list(self.data):
            if not 0 < len(code) <= _NAME_LENGTH or not code.isprintable() or code != code.strip():
                refuse(
                    self.file,
                    self.at(code.encode("unicode_escape").decode()),
                    f"a name has 1 to {_NAME_LENGTH} printable characters, none of them a space"
                    " at its beginning or end",
                )
            for character in refused:
                if character in code:
                    refuse(self.file, self.at(code), f"the name of a type has no {character}")
            tables[code] = self.take_table(code)
        return tables

    def close(self) -> None:
        """Raise ManifestRefused for a key that was not taken."""
        for name in self.data:
            refuse(self.file, self.at(name), "is not a key of a manifest")


def read_manifest(path: Path) -> Manifest:
    """Read the manifest in this file, whose name is the portal's slug.

    Raises ManifestRefused naming the file, the key and the reason.
    """
    file = path.name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        refuse(file, "", f"cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        refuse(file, "", f"is not TOML: {error}")
    slug = path.stem
    if path.suffix != ".toml" or not _SLUG.fullmatch(slug):
        refuse(
            file,
            "",
            "the file is named <slug>.toml, the slug with 1 to 40 small letters, digits and -",
        )
    table = _Table(file, "", data)
    label_en, label_fr = table.take_label("name")
    kind = table.take("kind", str)
    if kind not in PortalKind.values:
        refuse(file, "kind", f"must be one of: {', '.join(PortalKind.values)}")
    home_url = table.take("home_url", str)
    home_url = _read_url(file, "home_url", home_url)
    redirect_uris = _read_urls(table, "redirect_uris")
    auto_register = table.take("auto_register", bool, False)
    explain = table.take("explain", bool, False)
    types = _read_types(table.take_table("types", {}))
    sign_in = _read_sign_in(table.take_table("sign_in", {}))
    table.close()
    manifest = Manifest(
        file=file,
        slug=slug,
        kind=kind,
        label_en=label_en,
        label_fr=label_fr,
        home_url=home_url,
        redirect_uris=redirect_uris,
        auto_register=auto_register,
        explain=explain,
        types=types,
        sign_in=sign_in,
    )
    manifest.closure()
    return manifest


def _read_sign_in(table: _Table) -> DeclaredSignIn:
    logout = table.take("backchannel_logout_uri", str, "")
    grace = table.take("refresh_grace", int, 0)
    if not 0 <= grace <= _MOST_GRACE:
        refuse(table.file, table.at("refresh_grace"), f"is 0 to {_MOST_GRACE} seconds")
    declared = DeclaredSignIn(
        post_logout_redirect_uris=_read_urls(table, "post_logout_redirect_uris"),
        backchannel_logout_uri=_read_url(table.file, table.at("backchannel_logout_uri"), logout)
        if logout
        else "",
        pkce=table.take("pkce", bool, True),
        ask_consent=table.take("ask_consent", bool, False),
        refresh_grace=grace,
    )
    table.close()
    return declared


def _read_urls(table: _Table, name: str) -> tuple[str, ...]:
    return tuple(_read_url(table.file, table.at(name), uri) for uri in table.take_texts(name))


def _read_url(file: str, key: str, value: str) -> str:
    """Return an address with its host in ASCII.

    Refuses one that is not https (http for localhost), or has a fragment or a wildcard.
    """
    try:
        validate_plain_text(value)
        value = url_to_ascii(value)
        URLValidator(schemes=["https", "http"])(value)
    except (ValidationError, ValueError):
        refuse(file, key, f"is not a web address: {value}")
    parts = urlsplit(value)
    if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        refuse(file, key, f"must begin with https://: {value}")
    if parts.fragment or parts.username is not None or "*" in value or len(value) > 200:
        refuse(file, key, f"has a fragment, a user, a wildcard or too many characters: {value}")
    return value


def _read_types(table: _Table) -> tuple[DeclaredType, ...]:
    types = {
        ROOT_TYPE: DeclaredType(
            ROOT_TYPE, "Subscription", "Abonnement", parent=None, privileges=(_OPEN,)
        )
    }
    # A dot parts type from privilege, and a slash parts type from id in the address of a resource.
    tables = table.take_codes(refused="./")
    for code, entry in tables.items():
        if code == ROOT_TYPE:
            types[code] = _read_root(entry, types[code])
            continue
        label_en, label_fr = entry.take_label("label")
        parent = entry.take("parent", str, ROOT_TYPE)
        if parent not in tables and parent != ROOT_TYPE:
            refuse(table.file, entry.at("parent"), f"no such type: {parent}")
        privileges = _read_privileges(code, entry)
        entry.close()
        types[code] = DeclaredType(code, label_en, label_fr, parent, privileges)
    return parents_first(table.file, types)


def _read_root(entry: _Table, root: DeclaredType) -> DeclaredType:
    """Read the root type; a manifest can only add privileges to it."""
    privileges = _read_privileges(ROOT_TYPE, entry)
    entry.close()
    if any(privilege.codename == _OPEN.codename for privilege in privileges):
        refuse(entry.file, _OPEN.key, "every portal has this privilege already")
    return DeclaredType(
        root.code, root.label_en, root.label_fr, root.parent, (*root.privileges, *privileges)
    )


def _read_privileges(type_code: str, entry: _Table) -> tuple[DeclaredPrivilege, ...]:
    privileges = []
    tables = entry.take_table("privileges", {}).take_codes()
    for code, table in tables.items():
        label_en, label_fr = table.take_label("label")
        phrase_en, phrase_fr = table.take_phrase("phrase")
        includes = [
            f"{type_code}.{other}" if other in tables or "." not in other else other
            for other in table.take_texts("includes")
        ]
        privileges.append(
            DeclaredPrivilege(
                codename=f"{type_code}.{code}",
                label_en=label_en,
                label_fr=label_fr,
                phrase_en=phrase_en,
                phrase_fr=phrase_fr,
                includes=tuple(includes),
                held_by_super_user=table.take("held_by_super_user", bool, False),
                held_by_owner=table.take("held_by_owner", bool, False),
                sensitive=table.take("sensitive", bool, False),
            )
        )
        table.close()
    return tuple(privileges)
