"""The tables of this app: portals, resources, grants, presets, reviews and sign-ins."""

from portals.models.grants import (
    OfferedGrant,
    PersonGrant,
    ReassignedGrant,
    RequestedGrant,
    TeamGrant,
)
from portals.models.keys import SigningKey
from portals.models.manifest import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.models.presets import Preset, PresetLine
from portals.models.resources import Resource, ResourceAncestor, ResourceSearchEntry, Subscription
from portals.models.reviews import AccessReview, ReviewItem, ReviewQuarter
from portals.models.sign_ins import (
    AuthorizationCode,
    LogoutNotice,
    PortalConsent,
    PortalSession,
    SessionToken,
)
from portals.models.tenure import ResourceTenure
from portals.models.uses import PrivilegeUse

__all__ = [
    "AccessReview",
    "AuthorizationCode",
    "LogoutNotice",
    "OfferedGrant",
    "PersonGrant",
    "Portal",
    "PortalConsent",
    "PortalSession",
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
    "ResourceTenure",
    "ResourceType",
    "ReviewItem",
    "ReviewQuarter",
    "SessionToken",
    "SigningKey",
    "Subscription",
    "TeamGrant",
]
