"""The tables of this app."""

from accounts.models.audit import AuditChain, AuditEvent, AuditEventPerson, AuditEventResource
from accounts.models.customers import (
    Customer,
    CustomerSearchEntry,
    Membership,
    MembershipSearchEntry,
)
from accounts.models.hand_overs import HandOver
from accounts.models.invitations import Invitation, InvitationSearchEntry
from accounts.models.offboarding import Offboarding, ReassignedTeam
from accounts.models.people import User, UserSearchEntry
from accounts.models.requests import AccessRequest
from accounts.models.teams import Team, TeamMembership
from accounts.models.undo import Undo

__all__ = [
    "AccessRequest",
    "AuditChain",
    "AuditEvent",
    "AuditEventPerson",
    "AuditEventResource",
    "Customer",
    "CustomerSearchEntry",
    "HandOver",
    "Invitation",
    "InvitationSearchEntry",
    "Membership",
    "MembershipSearchEntry",
    "Offboarding",
    "ReassignedTeam",
    "Team",
    "TeamMembership",
    "Undo",
    "User",
    "UserSearchEntry",
]
