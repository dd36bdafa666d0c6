"""Where a person may act, as tables."""

from portals.models.grants import (
    OfferedGrant,
    PersonGrant,
    ReassignedGrant,
    RequestedGrant,
    TeamGrant,
)
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.presets import Preset, PresetLine
from portals.models.resources import Resource, ResourceAncestor, Subscription
from portals.models.reviews import AccessReview, ReviewItem, ReviewQuarter
from portals.models.uses import Use

__all__ = [
    "AccessReview",
    "OfferedGrant",
    "PersonGrant",
    "Portal",
    "Preset",
    "PresetLine",
    "Privilege",
    "PrivilegeInclusion",
    "ReassignedGrant",
    "RequestedGrant",
    "Resource",
    "ResourceAncestor",
    "ResourceType",
    "ReviewItem",
    "ReviewQuarter",
    "Subscription",
    "TeamGrant",
    "Use",
]
