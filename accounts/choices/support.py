"""The support desk's acts, and how a caller is verified for each."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CaseState(TextChoices):
    """The state of a case; a closed one stays closed."""

    OPEN = "open", pgettext_lazy("case", "Open")
    CLOSED = "closed", pgettext_lazy("case", "Closed")


class CaseOutcome(TextChoices):
    """How a case ended."""

    HELPED = "helped", _("Helped")
    NOT_VERIFIED = "not_verified", _("Caller not verified")
    NOT_NEEDED = "not_needed", _("No help needed")
    PASSED_ON = "passed_on", _("Passed on to somebody else")
    DENIED = "denied", _("A Super User said that the call is not right")
    LAPSED = "lapsed", _("Nobody closed it in time")


CHOSEN_OUTCOMES = [
    CaseOutcome.HELPED, CaseOutcome.NOT_VERIFIED, CaseOutcome.NOT_NEEDED, CaseOutcome.PASSED_ON,
]  # fmt: skip


class Verification(TextChoices):
    """How a caller was verified, the weakest first."""

    EMAIL_CODE = "email_code", _("Code sent to the address on file")
    HUB_CODE = "hub_code", _("Support code from their own page")
    CALL_BACK = "call_back", _("Call to the number on file")
    SUPER_USER = "super_user", _("Confirmed by a Super User")

    @property
    def strength(self) -> int:
        """Its place among the others; a case is only verified again by a stronger one."""
        return list(Verification).index(self)


class PhoneOnFile(TextChoices):
    """The numbers that the desk may call back; a caller never names one."""

    WORK = "work", _("Phone at work")
    COMPANY = "company", _("Phone of the company")


class SupportAct(TextChoices):
    """The acts of the support desk for a person; each hangs on a case."""

    RESET_LINK = "reset_link", _("Send a password reset link")
    END_SESSIONS = "end_sessions", _("Sign out everywhere")
    UNLOCK = "unlock", _("Lift the sign-in limits")
    REMOVE_FACTOR = "remove_factor", _("Remove a lost second factor")
    CORRECT_ADDRESS = "correct_address", _("Correct the address")
    RESEND_INVITATION = "resend_invitation", _("Send an invitation again")
    CORRECT_INVITATION = "fix_invitation", _("Correct the address of an invitation")
    SUSPEND = "suspend", _("Suspend the account")
    RESTORE = "restore", _("Restore the account")
    STOP_COMPANY_SIGN_IN = "stop_sign_in", _("Switch off single sign-on")
    VIEW_PAGES = "view_pages", _("See their pages")


class CaseStep(TextChoices):
    """The steps around the acts, by which the log says what was refused to somebody."""

    OPEN = "open_case", _("Open a case")
    VERIFY = "verify_caller", _("Verify the caller")
    REFER = "add_reference", _("Add a reference")
    CLOSE = "close_case", _("Close the case")
    HURRY = "hurry_delayed", _("Do at once what waits")
    CANCEL = "cancel_delayed", _("Cancel what waits")


_ANY = frozenset(Verification)
# A stolen mailbox or an open session of a stolen device must not get further than a reset link.
_BEYOND_MAILBOX_AND_SESSION = frozenset({Verification.CALL_BACK, Verification.SUPER_USER})

# Act → the verifications that suffice for it.
SUFFICIENT_FOR: dict[SupportAct, frozenset[Verification]] = {
    SupportAct.RESET_LINK: _ANY,
    SupportAct.END_SESSIONS: _ANY,
    SupportAct.UNLOCK: _ANY,
    SupportAct.RESEND_INVITATION: _ANY,
    SupportAct.SUSPEND: _ANY,
    SupportAct.VIEW_PAGES: _ANY,
    SupportAct.REMOVE_FACTOR: _BEYOND_MAILBOX_AND_SESSION,
    SupportAct.CORRECT_ADDRESS: _BEYOND_MAILBOX_AND_SESSION,
    SupportAct.CORRECT_INVITATION: _BEYOND_MAILBOX_AND_SESSION,
    SupportAct.RESTORE: _BEYOND_MAILBOX_AND_SESSION,
    SupportAct.STOP_COMPANY_SIGN_IN: _BEYOND_MAILBOX_AND_SESSION,
}


# By two of these, one agent could hand an account to somebody else (G2).
KEYS_TO_AN_ACCOUNT = [
    SupportAct.RESET_LINK, SupportAct.REMOVE_FACTOR, SupportAct.CORRECT_ADDRESS,
]  # fmt: skip


class ConfirmationAnswer(TextChoices):
    """The answer of a Super User to the desk's question about a caller."""

    CONFIRMED = "confirmed", pgettext_lazy("case", "Confirmed")
    DENIED = "denied", pgettext_lazy("case", "Not right")


class ReferenceKind(TextChoices):
    """The kinds of things elsewhere to which a case refers."""

    TICKET = "ticket", _("Ticket")
    RECORDING = "recording", _("Call recording")
