"""The models of this app."""

from compliance.models.affected import Affected, AffectedEnd, Letter, NoticeReading
from compliance.models.answers import Acceptance
from compliance.models.authorisations import Authorisation
from compliance.models.breach_holds import Hold
from compliance.models.breaches import Breach
from compliance.models.charges import Charge, Payment, RefusedPayment, Waiver
from compliance.models.closings import Closing
from compliance.models.due import DueAlarm
from compliance.models.holds import LegalHold
from compliance.models.log_requests import LogPart, LogRequest, LogResource
from compliance.models.notes import DataNote
from compliance.models.policies import Announcement, Policy, PolicyReminder, PolicyVersion
from compliance.models.privacy_requests import PrivacyRequest
from compliance.models.rates import Rate
from compliance.models.referrals import Referral
from compliance.models.reports import CustomerNotice, Report, ReportFiling
from compliance.models.representatives import Representative
from compliance.models.reseller_requests import ResellerRequest
from compliance.models.retention import RetentionApproval, RetentionRun
from compliance.models.sealed_files import Download, SealedChunk, SealedFile
from compliance.models.waves import Wave

__all__ = [
    "Acceptance",
    "Affected",
    "AffectedEnd",
    "Announcement",
    "Authorisation",
    "Breach",
    "Charge",
    "Closing",
    "CustomerNotice",
    "DataNote",
    "Download",
    "DueAlarm",
    "Hold",
    "LegalHold",
    "Letter",
    "LogPart",
    "LogRequest",
    "LogResource",
    "NoticeReading",
    "Payment",
    "Policy",
    "PolicyReminder",
    "PolicyVersion",
    "PrivacyRequest",
    "Rate",
    "Referral",
    "RefusedPayment",
    "Report",
    "ReportFiling",
    "Representative",
    "ResellerRequest",
    "RetentionApproval",
    "RetentionRun",
    "SealedChunk",
    "SealedFile",
    "Waiver",
    "Wave",
]
