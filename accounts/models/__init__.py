"""Who a person is, as tables."""

from accounts.models.audit import AuditChain, AuditEvent, AuditEventThing
from accounts.models.customers import Customer, Membership
from accounts.models.hand_overs import HandOver
from accounts.models.invitations import Invitation
from accounts.models.leavings import HandedTeam, Leaving
from accounts.models.people import User
from accounts.models.requests import Request
from accounts.models.teams import Team, TeamMembership
from accounts.models.undo import Undo

__all__ = [
    "AuditChain",
    "AuditEvent",
    "AuditEventThing",
    "Customer",
    "HandOver",
    "HandedTeam",
    "Invitation",
    "Leaving",
    "Membership",
    "Request",
    "Team",
    "TeamMembership",
    "Undo",
    "User",
]
