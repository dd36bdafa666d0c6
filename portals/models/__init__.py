"""Where a person may act, as tables."""

from portals.models.grants import OfferedGrant, PersonGrant, RequestedGrant, TeamGrant
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.presets import Preset, PresetLine
from portals.models.resources import Resource, ResourceAncestor, Subscription

__all__ = [
    "OfferedGrant",
    "PersonGrant",
    "Portal",
    "Preset",
    "PresetLine",
    "Privilege",
    "PrivilegeInclusion",
    "RequestedGrant",
    "Resource",
    "ResourceAncestor",
    "ResourceType",
    "Subscription",
    "TeamGrant",
]
