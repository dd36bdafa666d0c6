"""Read a portal's manifest from TOML, and apply it to the database."""

from portals.services.manifests.application import RemovalRefused, apply_manifest
from portals.services.manifests.declaration import (
    DeclaredPrivilege,
    DeclaredSignIn,
    DeclaredType,
    Manifest,
    ManifestRefused,
)
from portals.services.manifests.parsing import read_manifest

__all__ = [
    "DeclaredPrivilege",
    "DeclaredSignIn",
    "DeclaredType",
    "Manifest",
    "ManifestRefused",
    "RemovalRefused",
    "apply_manifest",
    "read_manifest",
]
