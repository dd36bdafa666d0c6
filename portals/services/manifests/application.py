"""Apply a manifest: portal, resource types, privileges and inclusions."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from accounts.models import User
from accounts.services.audit import record_event
from portals.models import (
    OfferedGrant,
    PersonGrant,
    Portal,
    Privilege,
    PrivilegeInclusion,
    Resource,
    ResourceType,
    TeamGrant,
)
from portals.services.manifests.declaration import DeclaredPrivilege, DeclaredType, Manifest, refuse
from portals.services.manifests.effects import Effects

_PORTAL_FIELDS = (
    "kind",
    "label_en",
    "label_fr",
    "home_url",
    "redirect_uris",
    "auto_register",
    "explain",
)
_PRIVILEGE_FIELDS = (
    "label_en",
    "label_fr",
    "phrase_en",
    "phrase_fr",
    "held_by_super_user",
    "held_by_owner",
    "sensitive",
    "position",
)
_SILENT = frozenset({"position"})  # the order on pages; changes of it are not reported


class RemovalRefused(Exception):
    """The manifest would remove something and nobody agreed to that; nothing was changed."""

    def __init__(self, changes: list[str], removals: list[str]) -> None:
        """Keep `changes` and `removals`, one line of text each."""
        super().__init__("; ".join(removals))
        self.changes = changes
        self.removals = removals


@transaction.atomic
def apply_manifest(*, actor: User | None, manifest: Manifest, remove: bool = False) -> list[str]:
    """Make the portal what its manifest declares, and return the changes as lines of text.

    Applying the same manifest again changes nothing. `actor` is None where the hub itself acts.
    `remove` agrees to delete what the manifest no longer declares, with its resources and grants.
    Raises RemovalRefused where that would be needed and was not agreed to; ManifestRefused where
    the parent of a type that has resources would change.
    """
    application = _Application(manifest)
    application.run()
    if application.removals and not remove:
        raise RemovalRefused(application.changes, application.removals)
    changes = application.changes + application.removals
    if changes:
        record_event(
            kind="portal.applied",
            actor=actor,
            portal=application.portal.labels,
            slug=manifest.slug,
            changes=application.summary(),
            details=changes,
        )
        application.effects.record(actor)
    return changes


def _permission_codename(portal: str, codename: str) -> str:
    """Return a name for Django's table of permissions, whose column takes 100 characters.

    Nothing reads it: the decision and the pages go by the privilege's own codename.
    """
    name = f"{portal}.{codename}"
    if len(name) <= 100:
        return name
    return f"{portal}.{hashlib.sha256(codename.encode()).hexdigest()[:40]}"


class _Application:
    """One run over a manifest, with a line of text for each change it makes."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.changes: list[str] = []
        self.removals: list[str] = []
        self.counts: dict[str, int] = {}
        self.added: set[str] = set()  # codenames of new privileges
        self.portal = Portal(slug=manifest.slug)
        self.effects = Effects(self.portal)

    def run(self) -> None:
        """Apply the portal, its types, privileges and inclusions, in this order."""
        self._apply_portal()
        self._apply_types()
        self._apply_privileges()
        self._remove_types()
        self._apply_inclusions()

    def summary(self) -> str:
        """Return the number of changes of each kind in one line, for the audit event."""
        return ", ".join(f"{count} {kind}" for kind, count in self.counts.items())

    def _note(self, kind: str, line: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        (self.removals if kind.endswith("removed") else self.changes).append(line)

    def _update(self, row: models.Model, values: dict[str, Any], name: str) -> None:
        """Save the fields that differ, and note each change."""
        differing = {key: value for key, value in values.items() if getattr(row, key) != value}
        for key, value in differing.items():
            if key not in _SILENT:
                self._note("values changed", f"{name}: {key}: {getattr(row, key)} → {value}")
            setattr(row, key, value)
        if differing:
            row.save(update_fields=list(differing))

    def _apply_portal(self) -> None:
        values = {name: getattr(self.manifest, name) for name in _PORTAL_FIELDS}
        values |= asdict(self.manifest.sign_in)
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            values[name] = list(values[name])
        portal = Portal.objects.select_for_update().filter(slug=self.manifest.slug).first()
        if portal is not None:
            self.portal = self.effects.portal = portal
            self._update(portal, values, f"portal {portal.slug}")
            return
        for name, value in values.items():
            setattr(self.portal, name, value)
        self.portal.save()
        self._note("portal added", f"portal {self.portal.slug}: added")

    def _apply_types(self) -> None:
        self.types = {existing.code: existing for existing in self.portal.resource_types.all()}
        for declared in self.manifest.types:
            parent = self.types[declared.parent] if declared.parent else None
            values: dict[str, Any] = {
                "label_en": declared.label_en,
                "label_fr": declared.label_fr,
                "parent": parent,
            }
            existing = self.types.get(declared.code)
            if existing is None:
                self.types[declared.code] = ResourceType.objects.create(
                    portal=self.portal, code=declared.code, **values
                )
                self._note("types added", f"type {declared.code}: added")
                continue
            if existing.parent_id != (parent.pk if parent else None):
                self._check_has_no_resources(declared, existing)
            self._update(existing, values, f"type {declared.code}")

    def _check_has_no_resources(self, declared: DeclaredType, existing: ResourceType) -> None:
        count = Resource.with_removed.filter(resource_type=existing).count()
        if count:
            refuse(
                self.manifest.file,
                f"types.{declared.code}.parent",
                f"cannot change while {count} resources of this type stand below the former parent",
            )

    def _apply_privileges(self) -> None:
        existing = {privilege.codename: privilege for privilege in self.portal.privileges.all()}
        declared = {privilege.codename: privilege for privilege in self.manifest.privileges()}
        positions = {codename: position for position, codename in enumerate(declared)}
        self._remove_privileges(
            [privilege for name, privilege in existing.items() if name not in declared]
        )
        new = [privilege for name, privilege in declared.items() if name not in existing]
        self._add_privileges(new, positions)
        for codename, privilege in existing.items():
            if codename in declared:
                values = self._privilege_values(declared[codename], positions[codename])
                if privilege.held_by_super_user != values["held_by_super_user"]:
                    self.effects.role_changes(privilege, held=values["held_by_super_user"])
                self._update(privilege, values, f"privilege {codename}")

    def _privilege_values(self, declared: DeclaredPrivilege, position: int) -> dict[str, Any]:
        return {"position": position} | {
            name: getattr(declared, name) for name in _PRIVILEGE_FIELDS if name != "position"
        }

    def _add_privileges(
        self, declared: Iterable[DeclaredPrivilege], positions: dict[str, int]
    ) -> None:
        content_type = ContentType.objects.get_for_model(Resource)
        pairs = [
            (
                privilege,
                Permission(
                    content_type=content_type,
                    codename=_permission_codename(self.portal.slug, privilege.codename),
                    name=f"{self.portal.slug}.{privilege.codename}",
                ),
            )
            for privilege in declared
        ]
        Permission.objects.bulk_create([permission for _, permission in pairs])
        for privilege, permission in pairs:
            Privilege.objects.create(
                permission=permission,
                portal=self.portal,
                resource_type=self.types[privilege.type_code],
                code=privilege.code,
                codename=privilege.codename,
                **self._privilege_values(privilege, positions[privilege.codename]),
            )
            self.added.add(privilege.codename)
            self._note("privileges added", f"privilege {privilege.codename}: added")

    def _remove_privileges(self, privileges: list[Privilege]) -> None:
        for privilege in privileges:
            grants = sum(
                rows.filter(permission_id=privilege.pk).count()
                for rows in (PersonGrant.with_removed, TeamGrant.with_removed)
            )
            offered = OfferedGrant.with_removed.filter(privilege=privilege).count()
            self._note(
                "privileges removed",
                f"privilege {privilege.codename}: removed,"
                f" with {grants} grants and {offered} offered grants",
            )
            self.effects.privilege_goes(privilege)
            privilege.permission.delete()

    def _remove_types(self) -> None:
        """Remove the types that are no longer declared, children before parents."""
        declared = {entry.code for entry in self.manifest.types}
        undeclared = {code: entry for code, entry in self.types.items() if code not in declared}
        while undeclared:
            parents = {entry.parent_id for entry in undeclared.values()}
            for code, entry in list(undeclared.items()):
                if entry.pk in parents:
                    continue
                resources = Resource.with_removed.filter(resource_type=entry)
                count = resources.count()
                grants = sum(
                    rows.filter(content_object__resource_type=entry).count()
                    for rows in (PersonGrant.with_removed, TeamGrant.with_removed)
                )
                self._note(
                    "types removed",
                    f"type {code}: removed, with {count} resources and {grants} grants on them",
                )
                self.effects.type_goes(entry)
                resources.delete()
                entry.delete()
                del undeclared[code], self.types[code]

    def _apply_inclusions(self) -> None:
        privileges = {privilege.codename: privilege for privilege in self.portal.privileges.all()}
        names = {privilege.pk: name for name, privilege in privileges.items()}
        existing = {
            (names[row.privilege_id], names[row.included_id]): row.pk
            for row in PrivilegeInclusion.objects.filter(privilege__portal=self.portal)
        }
        declared = set(
            chain.from_iterable(
                ((name, other) for other in included)
                for name, included in self.manifest.closure().items()
            )
        )
        missing = sorted(declared - existing.keys())
        surplus = sorted(existing.keys() - declared)
        PrivilegeInclusion.objects.filter(pk__in=[existing[pair] for pair in surplus]).delete()
        PrivilegeInclusion.objects.bulk_create(
            PrivilegeInclusion(privilege=privileges[name], included=privileges[other])
            for name, other in missing
        )
        for name, other in missing:
            if name not in self.added:
                self._note("inclusions changed", f"privilege {name}: now includes {other}")
                self.effects.inclusion_changes(privileges[name], privileges[other], included=True)
        for name, other in surplus:
            self.effects.inclusion_changes(privileges[name], privileges[other], included=False)
            self._note("inclusions changed", f"privilege {name}: no longer includes {other}")
