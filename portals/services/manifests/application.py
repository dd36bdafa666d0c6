"""Making the tables say what the manifest declares."""

from collections.abc import Iterable
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

_PORTAL_FIELDS = ("kind", "label_en", "label_fr", "home_url", "redirect_uris", "auto_register")
_TYPE_FIELDS = ("label_en", "label_fr", "parent")
_PRIVILEGE_FIELDS = ("label_en", "label_fr", "held_by_super_user", "sensitive", "position")
_SILENT = frozenset({"position"})  # the order on pages; not worth a line


class RemovalRefused(Exception):
    """Applying would remove something, and nobody said yes to that; nothing was changed."""

    def __init__(self, changes: list[str], removals: list[str]) -> None:
        """`changes` and `removals` in words, one line each."""
        super().__init__("; ".join(removals))
        self.changes = changes
        self.removals = removals


@transaction.atomic
def apply_manifest(*, actor: User | None, manifest: Manifest, remove: bool = False) -> list[str]:
    """Make the portal what its manifest declares; doing it again changes nothing.

    In: `actor` None means the hub itself; `remove` agrees to the loss of what the manifest no
    longer declares, with its resources and grants. Out: what changed, in words, one line each.
    Raises RemovalRefused before anything is removed without that agreement, ManifestRefused where
    a type that has resources would move.
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
    return changes


class _Application:
    """One run: writes as it goes and remembers in words what it did."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.changes: list[str] = []
        self.removals: list[str] = []
        self.counts: dict[str, int] = {}
        self.added: set[str] = set()  # codenames of new privileges
        self.portal = Portal(slug=manifest.slug)

    def run(self) -> None:
        """Portal, types, privileges, inclusions, in this order."""
        self._apply_portal()
        self._apply_types()
        self._apply_privileges()
        self._remove_types()
        self._apply_inclusions()

    def summary(self) -> str:
        """The changes in one short line, for the trail."""
        return ", ".join(f"{count} {what}" for what, count in self.counts.items())

    def _note(self, what: str, line: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        (self.removals if what.endswith("removed") else self.changes).append(line)

    def _update(self, row: models.Model, wanted: dict[str, Any], name: str) -> None:
        """Save the fields that differ, and say so."""
        differing = {key: value for key, value in wanted.items() if getattr(row, key) != value}
        for key, value in differing.items():
            if key not in _SILENT:
                self._note("values changed", f"{name}: {key}: {getattr(row, key)} → {value}")
            setattr(row, key, value)
        if differing:
            row.save(update_fields=list(differing))

    def _apply_portal(self) -> None:
        wanted = {name: getattr(self.manifest, name) for name in _PORTAL_FIELDS}
        wanted["redirect_uris"] = list(self.manifest.redirect_uris)
        found = Portal.objects.select_for_update().filter(slug=self.manifest.slug).first()
        if found is not None:
            self.portal = found
            self._update(found, wanted, f"portal {found.slug}")
            return
        for name, value in wanted.items():
            setattr(self.portal, name, value)
        self.portal.save()
        self._note("portal added", f"portal {self.portal.slug}: added")

    def _apply_types(self) -> None:
        self.types = {found.code: found for found in self.portal.resource_types.all()}
        for declared in self.manifest.types:
            parent = self.types[declared.parent] if declared.parent else None
            wanted: dict[str, Any] = {
                "label_en": declared.label_en,
                "label_fr": declared.label_fr,
                "parent": parent,
            }
            found = self.types.get(declared.code)
            if found is None:
                self.types[declared.code] = ResourceType.objects.create(
                    portal=self.portal, code=declared.code, **wanted
                )
                self._note("types added", f"type {declared.code}: added")
                continue
            if found.parent_id != (parent.pk if parent else None):
                self._check_may_move(declared, found)
            self._update(found, wanted, f"type {declared.code}")

    def _check_may_move(self, declared: DeclaredType, found: ResourceType) -> None:
        count = found.resources.count()
        if count:
            refuse(
                self.manifest.file,
                f"types.{declared.code}.parent",
                f"cannot change while {count} resources of this type stand below the former parent",
            )

    def _apply_privileges(self) -> None:
        found = {privilege.codename: privilege for privilege in self.portal.privileges.all()}
        declared = {privilege.codename: privilege for privilege in self.manifest.privileges()}
        positions = {codename: place for place, codename in enumerate(declared)}
        self._remove_privileges([found[name] for name in found if name not in declared])
        new = [privilege for name, privilege in declared.items() if name not in found]
        self._add_privileges(new, positions)
        for codename, privilege in found.items():
            if codename in declared:
                wanted = self._privilege_values(declared[codename], positions[codename])
                self._update(privilege, wanted, f"privilege {codename}")

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
                    codename=f"{self.portal.slug}.{privilege.codename}",
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

    def _remove_privileges(self, gone: list[Privilege]) -> None:
        for privilege in gone:
            grants = sum(
                rows.filter(permission_id=privilege.pk).count()
                for rows in (PersonGrant.objects, TeamGrant.objects)
            )
            offered = OfferedGrant.objects.filter(privilege=privilege).count()
            self._note(
                "privileges removed",
                f"privilege {privilege.codename}: removed,"
                f" with {grants} grants and {offered} offered grants",
            )
            privilege.permission.delete()

    def _remove_types(self) -> None:
        """What is no longer declared, children before parents."""
        declared = {entry.code for entry in self.manifest.types}
        gone = {code: entry for code, entry in self.types.items() if code not in declared}
        while gone:
            parents = {entry.parent_id for entry in gone.values()}
            for code, entry in list(gone.items()):
                if entry.pk in parents:
                    continue
                count = entry.resources.count()
                grants = sum(
                    rows.filter(content_object__resource_type=entry).count()
                    for rows in (PersonGrant.objects, TeamGrant.objects)
                )
                self._note(
                    "types removed",
                    f"type {code}: removed, with {count} resources and {grants} grants on them",
                )
                entry.resources.all().delete()
                entry.delete()
                del gone[code], self.types[code]

    def _apply_inclusions(self) -> None:
        privileges = {privilege.codename: privilege for privilege in self.portal.privileges.all()}
        names = {privilege.pk: name for name, privilege in privileges.items()}
        found = {
            (names[row.privilege_id], names[row.included_id]): row.pk
            for row in PrivilegeInclusion.objects.filter(privilege__portal=self.portal)
        }
        wanted = set(
            chain.from_iterable(
                ((name, other) for other in reached)
                for name, reached in self.manifest.closure().items()
            )
        )
        missing = sorted(wanted - found.keys())
        over = sorted(found.keys() - wanted)
        PrivilegeInclusion.objects.filter(pk__in=[found[pair] for pair in over]).delete()
        PrivilegeInclusion.objects.bulk_create(
            PrivilegeInclusion(privilege=privileges[name], included=privileges[other])
            for name, other in missing
        )
        for name, other in missing:
            if name not in self.added:
                self._note("inclusions changed", f"privilege {name}: now includes {other}")
        for name, other in over:
            self._note("inclusions changed", f"privilege {name}: no longer includes {other}")
