"""The facts of this app's events that their sentences leave to lists (accounts.selectors)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.choices.event_words import (
    ACTOR,
    CONCERNED,
    INVITED,
    ITSELF,
    OF_A_PERSON,
    PERSON,
    PUBLIC,
    Declared,
    Personal,
    Word,
)
from accounts.languages import in_readers_language
from accounts.selectors.event_details import EventDetail, moment_text
from portals.choices import PermissionChange, ReviewDecision
from portals.selectors.losses import describe_privileges


def _removed(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{in_readers_language(part['type'])} {part['resource']} ({part['external_id']})"
        for part in parts
    ]


def _names(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(part["resource"]) for part in parts]


def _renamed(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{part['before']} → {part['resource']}" for part in parts]


def _moved(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        _("%(resource)s: from %(before)s to %(after)s")
        % {"resource": part["resource"], "before": part["before"] or "—", "after": part["after"]}
        for part in parts
    ]


def _moment(value: str | None) -> list[str]:
    return [moment_text(value)] if value else []


def _terms(value: Mapping[str, Any]) -> list[str]:
    """Return the start, end and reason of a grant that was replaced; at least that it had none."""
    start, end = value["starts_at"], value["expires_at"]
    lines = [_("from %(when)s") % {"when": moment_text(start)}] if start else []
    lines.append(_("until %(when)s") % {"when": moment_text(end)} if end else _("no end date"))
    if value["reason"]:
        lines.append(_("reason: %(reason)s") % {"reason": value["reason"]})
    return lines


def _decisions(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{ReviewDecision(part['decision']).label}: "
        + " · ".join(
            str(in_readers_language(text)) for text in (part["privilege"], part["resource"]) if text
        )
        for part in parts
    ]


def _permission_changes(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        str(PermissionChange(part["change"]).label)
        % {
            "privilege": in_readers_language(part["privilege"]),
            "other": in_readers_language(part.get("other", "")),
        }
        for part in parts
    ]


DETAILS = {
    "permission_changes": EventDetail(gettext_lazy("Permissions changed"), _permission_changes),
    "removed_resources": EventDetail(gettext_lazy("Resources removed"), _removed),
    "returned_resources": EventDetail(gettext_lazy("Resources restored"), _removed),
    "grants_returned": EventDetail(gettext_lazy("Access restored"), describe_privileges),
    "renamed": EventDetail(gettext_lazy("Resources renamed"), _renamed),
    "owned": EventDetail(gettext_lazy("Resources previously owned"), _names),
    "moved": EventDetail(gettext_lazy("Resources moved"), _moved),
    "grants": EventDetail(gettext_lazy("Access ended"), describe_privileges),
    "offers": EventDetail(gettext_lazy("Offers to invited people ended"), describe_privileges),
    "requested": EventDetail(gettext_lazy("Requested access ended"), describe_privileges),
    "decisions": EventDetail(gettext_lazy("Decisions"), _decisions),
    "role_privileges": EventDetail(gettext_lazy("Permissions of every Super User")),
    "privileges": EventDetail(gettext_lazy("Permissions")),
    "privileges_before": EventDetail(gettext_lazy("Previous permissions")),
    "grantee": EventDetail(gettext_lazy("Person or team")),
    "portal": EventDetail(pgettext_lazy("activity", "Portal")),
    "starts_at": EventDetail(gettext_lazy("Starts"), _moment),
    "expires_at": EventDetail(gettext_lazy("Ends"), _moment),
    "before": EventDetail(gettext_lazy("Before this change"), _terms),
    "granted_by_name": EventDetail(gettext_lazy("Given by")),
    "granted_at": EventDetail(gettext_lazy("Given on"), _moment),
    "previous_status": EventDetail(gettext_lazy("Previous status")),
    "details": EventDetail(gettext_lazy("Changes to the manifest")),
    "client_id": EventDetail(gettext_lazy("Client ID")),
    "total": EventDetail(gettext_lazy("Total lines")),
    "decided": EventDetail(gettext_lazy("Lines reviewed")),
}

IDENTITIES = {
    "codename": ("privilege",),
    "resource_id": ("resource",),
    "granted_by": ("granted_by_name",),
    "reassigned_grants": ("reassigned",),
    "review": (),
}

_GRANTER = Personal(Word.NAME, ("granted_by",))
_GRANT_REASON = Personal(Word.TEXT, ("grantee_sub", PERSON, CONCERNED, "granted_by"))
_GRANTEE = Personal(Word.NAME, ("grantee_sub",), unless="team_uuid")
_GRANTS: dict[str, Declared] = {
    "": PUBLIC,
    ".grantee": _GRANTEE,
    ".reason": _GRANT_REASON,
    ".granted_by_name": _GRANTER,
}

# Personal words in this app's events (accounts.choices.event_words).
WORDS: dict[str, Declared] = {
    "grantee": Personal(Word.NAME, (PERSON, "membership"), unless="team_uuid"),
    "granted_by_name": _GRANTER,
    "reviewers": Personal(Word.TEXT, (ACTOR,)),
    "offers.grantee": Personal(Word.ADDRESS, (ITSELF,)),
    "grant.offered:address": Personal(Word.ADDRESS, (INVITED,)),
    "reassigned_grants.given.reason": Personal(Word.TEXT, OF_A_PERSON),
    **{
        f"{name}{part}": declared
        for name in ("grants", "grants_returned", "requested", "before", "reassigned_grants.before")
        for part, declared in _GRANTS.items()
    },
}
PUBLIC_FACTS = (
    "added", "changed", "changes", "client_id", "codename", "decided", "decisions", "details",
    "ended", "expires_at", "granted_at", "granted_by", "kept", "kid", "moved", "offers",
    "overtaken", "owned", "percent", "permission_changes", "portal", "portal_name", "preset",
    "preset.changed:previous", "previous_status", "privilege", "reassigned_grants", "reduced",
    "removed", "removed_resources", "renamed", "resource", "resource_id",
    "resources.renamed:previous", "returned_resources", "review", "privileges_before",
    "role_privileges", "starts_at", "status", "total", "type",
)  # fmt: skip
