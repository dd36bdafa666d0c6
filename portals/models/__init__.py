"""Where a person may act, as tables."""

from portals.models.grants import (
    HandedGrant,
    OfferedGrant,
    PersonGrant,
    RequestedGrant,
    TeamGrant,
)
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.presets import Preset, PresetLine
from portals.models.resources import Resource, ResourceAncestor, Subscription
from portals.models.reviews import AccessReview, ReviewItem, ReviewRound
from portals.models.uses import Use

__all__ = [
    "AccessReview",
    "HandedGrant",
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
    "ReviewItem",
    "ReviewRound",
    "Subscription",
    "TeamGrant",
    "Use",
]
