"""Where a person may act, as tables."""

from portals.models.grants import (
    HandedGrant,
    OfferedGrant,
    PersonGrant,
    RequestedGrant,
    TeamGrant,
)
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.resources import Resource, ResourceAncestor, Subscription

__all__ = [
    "HandedGrant",
    "OfferedGrant",
    "PersonGrant",
    "Portal",
    "Privilege",
    "PrivilegeInclusion",
    "RequestedGrant",
    "Resource",
    "ResourceAncestor",
    "ResourceType",
    "Subscription",
    "TeamGrant",
]
