"""Manifests: read strictly from TOML, then applied."""

from portals.services.manifests.application import RemovalRefused, apply_manifest
from portals.services.manifests.declaration import (
    DeclaredPrivilege,
    DeclaredType,
    Manifest,
    ManifestRefused,
)
from portals.services.manifests.parsing import read_manifest

__all__ = [
    "DeclaredPrivilege",
    "DeclaredType",
    "Manifest",
    "ManifestRefused",
    "RemovalRefused",
    "apply_manifest",
    "read_manifest",
]
