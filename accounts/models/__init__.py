"""The tables of this app."""

from accounts.models.audit import AuditChain, AuditEvent, AuditEventPerson, AuditEventResource
from accounts.models.customers import Customer, Membership
from accounts.models.hand_overs import HandOver
from accounts.models.invitations import Invitation
from accounts.models.offboarding import Offboarding, ReassignedTeam
from accounts.models.people import User
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
    "HandOver",
    "Invitation",
    "Membership",
    "Offboarding",
    "ReassignedTeam",
    "Team",
    "TeamMembership",
    "Undo",
    "User",
]
