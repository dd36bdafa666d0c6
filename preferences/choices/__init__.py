"""The choices of this app: notice classes, consent, reasons, campaigns, audit events."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class NoticeCode(TextChoices):
    """Email nobody can refuse. The list is closed: a new class needs new code and a migration."""

    TRANSACTIONAL = "transactional", _("Orders and changes")
    CRITICAL = "critical", _("Service interruptions")
    LEGAL = "legal", _("Legal notices")
    MAINTENANCE = "maintenance", _("Planned maintenance")
    SECURITY = "security", _("Security of your account")


# These are active from the start. A later class waits until two staff activate it (R41).
FOUNDING_CLASSES = [
    NoticeCode.TRANSACTIONAL,
    NoticeCode.CRITICAL,
    NoticeCode.LEGAL,
    NoticeCode.MAINTENANCE,
    NoticeCode.SECURITY,
]


class LegalBasis(TextChoices):
    """The rule of law that allows mandatory email (R23). A notice class has exactly one."""

    NOT_COMMERCIAL = "not_commercial", _("Not a commercial message")
    CASL_6_6_A = "6(6)(a)", _("Canada's anti-spam law (CASL), paragraph 6(6)(a)")
    CASL_6_6_B = "6(6)(b)", _("Canada's anti-spam law (CASL), paragraph 6(6)(b)")
    CASL_6_6_C = "6(6)(c)", _("Canada's anti-spam law (CASL), paragraph 6(6)(c)")
    CASL_6_6_D = "6(6)(d)", _("Canada's anti-spam law (CASL), paragraph 6(6)(d)")
    CASL_6_6_E = "6(6)(e)", _("Canada's anti-spam law (CASL), paragraph 6(6)(e)")
    CASL_6_6_F = "6(6)(f)", _("Canada's anti-spam law (CASL), paragraph 6(6)(f)")
    CASL_6_6_G = "6(6)(g)", _("Canada's anti-spam law (CASL), paragraph 6(6)(g)")
    SOR_3_A_II = "3(a)(ii)", _("Electronic Commerce Protection Regulations, paragraph 3(a)(ii)")
    SOR_3_B = "3(b)", _("Electronic Commerce Protection Regulations, paragraph 3(b)")
    SOR_3_C = "3(c)", _("Electronic Commerce Protection Regulations, paragraph 3(c)")
    SOR_3_E = "3(e)", _("Electronic Commerce Protection Regulations, paragraph 3(e)")

    @property
    def is_commercial(self) -> bool:
        """Whether such email, sent without consent, still has to offer an opt-out."""
        return self.value.startswith("6(6)")


@dataclass(frozen=True)
class Ground:
    """Why a notice class is mandatory: its rule of law, and the reason told to the person."""

    basis: LegalBasis
    reason: Promise


GROUNDS = {
    NoticeCode.TRANSACTIONAL: Ground(
        basis=LegalBasis.CASL_6_6_B,
        reason=_("Confirms what you, or your company, ordered, changed or asked for."),
    ),
    NoticeCode.CRITICAL: Ground(
        basis=LegalBasis.CASL_6_6_C,
        reason=_("Tells you at once when a service you rely on is down or unsafe to use."),
    ),
    NoticeCode.LEGAL: Ground(
        basis=LegalBasis.SOR_3_C,
        reason=_("Tells you about changes to terms or privacy. The law requires these notices."),
    ),
    NoticeCode.MAINTENANCE: Ground(
        basis=LegalBasis.CASL_6_6_D,
        reason=_("Tells you in advance when planned work may interrupt a service you use."),
    ),
    NoticeCode.SECURITY: Ground(
        basis=LegalBasis.CASL_6_6_C,
        reason=_("Protects your account: sign-in changes, address changes, help from support."),
    ),
}


class ContactKind(TextChoices):
    """The subjects about which a contact of a company is told, like the people concerned."""

    BILLING = "billing", _("Billing")
    TECHNICAL = "technical", _("Technical")
    SECURITY = "security", _("Security")
    LEGAL = "legal", _("Legal")


# The notices that each contact gets copies of.
CONTACT_CLASSES = {
    ContactKind.BILLING: [NoticeCode.TRANSACTIONAL],
    ContactKind.TECHNICAL: [NoticeCode.CRITICAL, NoticeCode.MAINTENANCE],
    ContactKind.SECURITY: [NoticeCode.SECURITY],
    ContactKind.LEGAL: [NoticeCode.LEGAL],
}


class TopicBasis(TextChoices):
    """The consent that a topic needs (CASL, section 10)."""

    EXPRESS = "express", _("Only people who subscribed")
    IMPLIED = "implied", _("Also people with implied consent")
    REFERRAL = "referral", _("People somebody referred, once")


# Of the topics that staff make; the hub makes that of referrals itself.
STAFF_BASES = [TopicBasis.EXPRESS, TopicBasis.IMPLIED]


class ConsentBasis(TextChoices):
    """The basis of a yes (R17). All but the first are implied, and most expire (R18)."""

    EXPRESS = "express", _("Express consent")
    PURCHASE = "purchase", _("Purchase or lease")
    CONTRACT = "contract", _("Contract")
    INQUIRY = "inquiry", _("Inquiry or application")
    PUBLICATION = "publication", _("Address published for such email")
    DISCLOSURE = "disclosure", _("Address given to us for such email")
    REFERRAL = "referral", _("One email after a referral")


# A list from another tool holds none of the hub's own referrals.
IMPORTED_BASES = [basis for basis in ConsentBasis if basis != ConsentBasis.REFERRAL]


class Digest(TextChoices):
    """How often optional email is sent."""

    IMMEDIATE = "immediate", _("At once")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week")


class ConsentSource(TextChoices):
    """The way a choice was made."""

    PAGE = "page", _("Preference page")
    API = "api", _("Program (API)")
    ONE_CLICK = "one_click", _("Unsubscribe button of an email program")
    MAIL_LINK = "mail_link", _("Unsubscribe link in an email")
    SUBSCRIBE = "subscribe", _("Public subscription page, confirmed by email")
    FORM = "form", _("Public subscription page, not confirmed")
    IMPORT = "import", _("Import from another list")
    ADDRESS = "address", _("Earlier choice for the same address")
    COMPLAINT = "complaint", _("Reported as spam by the email service")
    STAFF = "staff", _("Recorded by the provider's staff")
    REFERRAL = "referral", _("Referred by somebody they know")
    PROGRAMME = "programme", _("The company left the reseller programme")
    UNDO = "undo", _("Undone within ten minutes, in the same browser")


# These ways do not prove who acts, or copy an earlier choice: they can only opt out (R6, R44).
OPT_OUT_SOURCES = [
    ConsentSource.ONE_CLICK.value,
    ConsentSource.MAIL_LINK.value,
    ConsentSource.ADDRESS.value,
    ConsentSource.COMPLAINT.value,
    ConsentSource.PROGRAMME.value,
]

# An opt-out in one of these ways can be undone for ten minutes.
UNDOABLE_SOURCES = [ConsentSource.PAGE.value, ConsentSource.MAIL_LINK.value]


class ImportOutcome(TextChoices):
    """The outcome of one line of an import."""

    ADDED = "added", _("Added")
    OPTED_OUT = "opted_out", _("Unsubscribing recorded")
    UNCHANGED = "unchanged", _("Already recorded")
    KEPT_OUT = "kept_out", _("Not added: this person had unsubscribed")
    NO_ACCOUNT = "no_account", _("Not added: this topic is for people with an account")
    REPEATED = "repeated", _("Left out: another line has this address")
    BAD_ADDRESS = "bad_address", _("Left out: this is not an email address")
    BAD_STATUS = "bad_status", _("Left out: neither subscribed nor unsubscribed")
    NOT_CONFIRMED = "not_confirmed", _("Left out: the subscription is not confirmed")
    BAD_DATE = "bad_date", _("Left out: the date is missing, in the future or not a date")
    NO_DATE = "no_date", _("Left out: no date of consent")
    UNREADABLE = "unreadable", _("Left out: this line can't be read")
    IN_DOUBT = "in_doubt", _("Left out: another line with this address can't be read")


class MessageState(TextChoices):
    """The state of a message. The last four are final."""

    QUEUED = "queued", _("Waiting to be sent")
    CLAIMED = "claimed", _("Sending")
    WAITING = "waiting", _("Will be tried again")
    SENT = "sent", _("Accepted by the email server")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Could not be sent")
    WITHDRAWN = "withdrawn", _("Withdrawn before it was sent")


UNFINISHED = [
    MessageState.QUEUED.value,
    MessageState.CLAIMED.value,
    MessageState.WAITING.value,
]


class Outcome(TextChoices):
    """The final outcome of a message."""

    SENT = "sent", _("Sent")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Reason(TextChoices):
    """The reason why a message was sent, skipped or given up."""

    MANDATORY = "mandatory", _("Required notice")
    CHOSE_YES = "chose_yes", _("The person subscribed")
    DEFAULT_ON = "default_on", _("Subscribed by default")
    CHOSE_NO = "chose_no", _("The person unsubscribed")
    STOPPED_ALL = "stopped_all", _("The person unsubscribed from all optional email")
    DEFAULT_OFF = "default_off", _("The person has not subscribed")
    TOPIC_CLOSED = "topic_closed", _("The topic is closed")
    NOT_THEIRS = "not_theirs", _("The topic is not offered to this person")
    NOT_TOLD = "not_told", _("The person was not told of this use of their data yet")
    SUSPENDED = "suspended", _("The person's company is suspended")
    UNREACHABLE = "unreachable", _("Email to this address bounces")
    DENIED = "denied", _("The person's company turned the topic off")
    ADDED_BY_CUSTOMER = "added_by_customer", _("The person's company added them")
    IMPLIED = "implied", _("Implied consent")
    LAPSED = "lapsed", _("Implied consent has expired")
    PAUSED = "paused", _("The person paused optional email")
    ESCALATE = "escalate", _("Required notice, but email to this address bounces")
    NO_PERSON = "no_person", _("Nobody has this address")
    ACCOUNT_CLOSED = "account_closed", _("The account is closed")
    ADDRESS_CHANGED = "address_changed", _("The person's address changed before sending")
    ADDRESS_REFUSED = "address_refused", _("The email server permanently refused the address")
    GAVE_UP = "gave_up", _("Not accepted after several attempts")
    WITHDRAWN = "withdrawn", _("The message was cancelled")


# Optional email is sent for these reasons alone.
SENDING_REASONS = [
    Reason.CHOSE_YES.value,
    Reason.IMPLIED.value,
    Reason.ADDED_BY_CUSTOMER.value,
    Reason.DEFAULT_ON.value,
]


class CampaignState(TextChoices):
    """The state of a campaign. The last two are final."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Sending")
    PAUSED = "paused", _("Paused")
    CANCELLED = "cancelled", _("Cancelled")
    DONE = "done", _("Sent")
