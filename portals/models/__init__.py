"""The tables of this app: portals, resources, grants, presets and reviews."""

from portals.models.grants import (
    OfferedGrant,
    PersonGrant,
    ReassignedGrant,
    RequestedGrant,
    TeamGrant,
)
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.presets import Preset, PresetLine
from portals.models.resources import Resource, ResourceAncestor, ResourceSearchEntry, Subscription
from portals.models.reviews import AccessReview, ReviewItem, ReviewQuarter
from portals.models.uses import PrivilegeUse

__all__ = [
    "AccessReview",
    "OfferedGrant",
    "PersonGrant",
    "Portal",
    "Preset",
    "PresetLine",
    "Privilege",
    "PrivilegeInclusion",
    "PrivilegeUse",
    "ReassignedGrant",
    "RequestedGrant",
    "Resource",
    "ResourceAncestor",
    "ResourceSearchEntry",
    "ResourceType",
    "ReviewItem",
    "ReviewQuarter",
    "Subscription",
    "TeamGrant",
]
