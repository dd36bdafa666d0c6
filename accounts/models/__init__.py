"""The tables of this app."""

from accounts.models.audit import AuditChain, AuditEvent, AuditEventPerson, AuditEventResource
from accounts.models.case_checks import CallerCode, CaseConfirmation
from accounts.models.cases import CaseAct, CaseReference, SupportCase
from accounts.models.company_sign_in import CompanyDomain, CompanyIdentity, CompanySignIn
from accounts.models.customers import (
    Customer,
    CustomerSearchEntry,
    Membership,
    MembershipSearchEntry,
)
from accounts.models.delays import DelayedAct
from accounts.models.erasures import Erasure, ErasureStep
from accounts.models.hand_overs import HandOver
from accounts.models.invitations import Invitation, InvitationSearchEntry
from accounts.models.offboarding import Offboarding, ReassignedTeam
from accounts.models.people import User, UserSearchEntry
from accounts.models.recoveries import SuperUserRecovery
from accounts.models.requests import AccessRequest
from accounts.models.setup import SkippedStep
from accounts.models.sign_in_codes import SignInCode
from accounts.models.subjects import SubjectKey
from accounts.models.teams import Team, TeamMembership, TeamSearchEntry
from accounts.models.undo import Undo
from accounts.models.viewings import Viewing

__all__ = [
    "AccessRequest",
    "AuditChain",
    "AuditEvent",
    "AuditEventPerson",
    "AuditEventResource",
    "CallerCode",
    "CaseAct",
    "CaseConfirmation",
    "CaseReference",
    "CompanyDomain",
    "CompanyIdentity",
    "CompanySignIn",
    "Customer",
    "CustomerSearchEntry",
    "DelayedAct",
    "Erasure",
    "ErasureStep",
    "HandOver",
    "Invitation",
    "InvitationSearchEntry",
    "Membership",
    "MembershipSearchEntry",
    "Offboarding",
    "ReassignedTeam",
    "SignInCode",
    "SkippedStep",
    "SubjectKey",
    "SuperUserRecovery",
    "SupportCase",
    "Team",
    "TeamMembership",
    "TeamSearchEntry",
    "Undo",
    "User",
    "UserSearchEntry",
    "Viewing",
]
