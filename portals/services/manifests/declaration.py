"""The contents of a manifest, and the rules between its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from django.core.exceptions import ValidationError

from portals.choices import ROOT_TYPE


class ManifestRefused(ValidationError):
    """A manifest that cannot be applied; the message names the file, the key and the reason."""


def refuse(file: str, key: str, reason: str) -> NoReturn:
    """Raise ManifestRefused with the file, the key and the reason."""
    raise ManifestRefused(f"{file}: {key}: {reason}" if key else f"{file}: {reason}")


@dataclass(frozen=True)
class DeclaredPrivilege:
    """One privilege; `includes` names others of the same portal as `type.privilege`."""

    codename: str
    label_en: str
    label_fr: str
    phrase_en: str = ""  # for sentences: "renew {resource}"
    phrase_fr: str = ""
    includes: tuple[str, ...] = ()
    held_by_super_user: bool = False
    held_by_owner: bool = False
    sensitive: bool = False

    @property
    def type_code(self) -> str:
        """The code of its resource type."""
        return self.codename.partition(".")[0]

    @property
    def code(self) -> str:
        """Its own code, without the type."""
        return self.codename.partition(".")[2]

    @property
    def key(self) -> str:
        """Its key in the file."""
        return f"types.{self.type_code}.privileges.{self.code}"


@dataclass(frozen=True)
class DeclaredType:
    """One resource type; only the root has no parent."""

    code: str
    label_en: str
    label_fr: str
    parent: str | None
    privileges: tuple[DeclaredPrivilege, ...]


@dataclass(frozen=True)
class DeclaredSignIn:
    """How the portal signs people in; see docs/portals.md."""

    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    pkce: bool = True
    ask_consent: bool = False
    refresh_grace: int = 0  # seconds


@dataclass(frozen=True)
class Manifest:
    """One portal as its file declares it; parents come before children."""

    file: str
    slug: str
    kind: str
    label_en: str
    label_fr: str
    home_url: str
    redirect_uris: tuple[str, ...]
    auto_register: bool
    explain: bool
    types: tuple[DeclaredType, ...]
    sign_in: DeclaredSignIn

    def privileges(self) -> Iterator[DeclaredPrivilege]:
        """Yield every privilege of every type, in the order of the file."""
        for declared in self.types:
            yield from declared.privileges

    def closure(self) -> dict[str, frozenset[str]]:
        """Return codename → every privilege it includes, directly or not, itself too.

        Raises ManifestRefused for an unknown or circular `includes`; where a privilege that is not
        sensitive includes a sensitive one; where a privilege that Super Users have by role includes
        one that they don't have; and where one that owners have includes one that they don't have.
        """
        known = {privilege.codename: privilege for privilege in self.privileges()}
        closed: dict[str, frozenset[str]] = {}
        for codename in known:
            self._close(codename, known, closed, ())
        for codename, included in closed.items():
            privilege = known[codename]
            for other in sorted(included):
                self._check_inclusion(privilege, known[other])
        return closed

    def _close(
        self,
        codename: str,
        known: Mapping[str, DeclaredPrivilege],
        closed: dict[str, frozenset[str]],
        path: tuple[str, ...],
    ) -> frozenset[str]:
        privilege = known[codename]
        if codename in path:
            circle = " → ".join([*path[path.index(codename) :], codename])
            refuse(self.file, f"{privilege.key}.includes", f"goes in a circle: {circle}")
        if codename not in closed:
            included = {codename}
            for other in privilege.includes:
                if other not in known:
                    refuse(self.file, f"{privilege.key}.includes", f"no such privilege: {other}")
                included |= self._close(other, known, closed, (*path, codename))
            closed[codename] = frozenset(included)
        return closed[codename]

    def _check_inclusion(self, privilege: DeclaredPrivilege, other: DeclaredPrivilege) -> None:
        if other.sensitive and not privilege.sensitive:
            refuse(
                self.file,
                f"{privilege.key}.includes",
                f"{other.codename} is sensitive, so this one must be sensitive too",
            )
        if privilege.held_by_super_user and not other.held_by_super_user:
            refuse(
                self.file,
                f"{privilege.key}.held_by_super_user",
                f"it includes {other.codename}, which a Super User does not hold by role",
            )
        if privilege.held_by_owner:
            self._check_ownership(privilege, other)

    def _check_ownership(self, privilege: DeclaredPrivilege, other: DeclaredPrivilege) -> None:
        """Refuse what an owner would have only in part, for ownership reaches no other resource."""
        key = f"{privilege.key}.held_by_owner"
        if privilege.type_code == ROOT_TYPE:
            refuse(self.file, key, "a subscription has no owner")
        if other.type_code != privilege.type_code:
            refuse(self.file, key, f"it includes {other.codename}, of another type")
        if not other.held_by_owner:
            refuse(self.file, key, f"it includes {other.codename}, which an owner does not hold")


def parents_first(file: str, types: Mapping[str, DeclaredType]) -> tuple[DeclaredType, ...]:
    """Return the types with parents before children. Raises ManifestRefused for a circle."""
    ordered: dict[str, DeclaredType] = {ROOT_TYPE: types[ROOT_TYPE]}
    waiting = {code: declared for code, declared in types.items() if code != ROOT_TYPE}
    while waiting:
        ready = [code for code, declared in waiting.items() if declared.parent in ordered]
        if not ready:
            code = next(iter(waiting))
            refuse(file, f"types.{code}.parent", "the parents go in a circle")
        for code in ready:
            ordered[code] = waiting.pop(code)
    return tuple(ordered.values())
