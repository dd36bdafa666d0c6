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
        reason=_("Changes of terms, of privacy, of your rights: the law has us tell you."),
    ),
    NoticeCode.MAINTENANCE: Ground(
        basis=LegalBasis.CASL_6_6_D,
        reason=_("Says beforehand when work on a service you use may interrupt it."),
    ),
    NoticeCode.SECURITY: Ground(
        basis=LegalBasis.CASL_6_6_C,
        reason=_("Protects your account: new sign-in data, address changes, what support did."),
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

    EXPRESS = "express", _("Only to people who asked for it")
    IMPLIED = "implied", _("Also on implied consent, while it lasts")


class ConsentBasis(TextChoices):
    """The basis of a yes (R17). All but the first are implied, and most expire (R18)."""

    EXPRESS = "express", _("The person said so")
    PURCHASE = "purchase", _("Purchase or lease")
    CONTRACT = "contract", _("Contract")
    INQUIRY = "inquiry", _("Inquiry or application")
    PUBLICATION = "publication", _("Address published for such mail")
    DISCLOSURE = "disclosure", _("Address given to us for such mail")


class Digest(TextChoices):
    """How often optional email is sent."""

    IMMEDIATE = "immediate", _("At once")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week")


class ConsentSource(TextChoices):
    """The way a choice was made."""

    PAGE = "page", _("Preference page")
    API = "api", _("Program (API)")
    ONE_CLICK = "one_click", _("Unsubscribe button of a mail program")
    MAIL_LINK = "mail_link", _("Unsubscribe link in a mail")
    SUBSCRIBE = "subscribe", _("Public subscription page, confirmed by mail")
    FORM = "form", _("Public subscription page, not confirmed")
    IMPORT = "import", _("Import from a former list")
    ADDRESS = "address", _("Said earlier at the same address")
    COMPLAINT = "complaint", _("Reported as unwanted by the mail service")
    STAFF = "staff", _("Told to the provider's staff")
    UNDO = "undo", _("Undone at once, in the same browser")


# These ways do not prove who acts, or copy an earlier choice: they can only opt out (R6, R44).
OPT_OUT_SOURCES = [
    ConsentSource.ONE_CLICK.value,
    ConsentSource.MAIL_LINK.value,
    ConsentSource.ADDRESS.value,
    ConsentSource.COMPLAINT.value,
]

# An opt-out in one of these ways can be undone for ten minutes.
UNDOABLE_SOURCES = [ConsentSource.PAGE.value, ConsentSource.MAIL_LINK.value]


class ImportOutcome(TextChoices):
    """The outcome of one line of an import."""

    ADDED = "added", _("Added")
    OPTED_OUT = "opted_out", _("Taken over as refused")
    UNCHANGED = "unchanged", _("Known already")
    KEPT_OUT = "kept_out", _("Not added: refused here before")
    NO_ACCOUNT = "no_account", _("Not added: this topic is for people with an account")
    REPEATED = "repeated", _("Left out: another line has this address")
    BAD_ADDRESS = "bad_address", _("Left out: this is no e-mail address")
    BAD_STATUS = "bad_status", _("Left out: neither subscribed nor unsubscribed")
    NOT_CONFIRMED = "not_confirmed", _("Left out: not subscribed, and not unsubscribed either")
    BAD_DATE = "bad_date", _("Left out: the date is missing, to come, or no date")
    NO_DATE = "no_date", _("Left out: no date of consent")
    UNREADABLE = "unreadable", _("Left out: this line can't be read")
    IN_DOUBT = "in_doubt", _("Left out: another line with this address can't be read")


class MessageState(TextChoices):
    """The state of a message. The last four are final."""

    QUEUED = "queued", _("Waiting for a worker")
    CLAIMED = "claimed", _("Being sent")
    WAITING = "waiting", _("To be tried again")
    SENT = "sent", _("Accepted by the mail server")
    SKIPPED = "skipped", _("Not sent: not wanted")
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

    MANDATORY = "mandatory", _("Mandatory: no choice applies")
    CHOSE_YES = "chose_yes", _("The person asked for it")
    DEFAULT_ON = "default_on", _("On until the person says no")
    CHOSE_NO = "chose_no", _("The person said no")
    STOPPED_ALL = "stopped_all", _("The person stopped all optional mail")
    DEFAULT_OFF = "default_off", _("Off until the person says yes")
    TOPIC_CLOSED = "topic_closed", _("The topic is closed")
    NOT_THEIRS = "not_theirs", _("The topic is not for this person")
    SUSPENDED = "suspended", _("The person's company is suspended")
    UNREACHABLE = "unreachable", _("Mail to this address comes back")
    DENIED = "denied", _("The person's company does not want it")
    ADDED_BY_CUSTOMER = "added_by_customer", _("The person's company asked for it")
    IMPLIED = "implied", _("Consent is implied, and still runs")
    LAPSED = "lapsed", _("Implied consent has run out")
    PAUSED = "paused", _("The person paused optional mail")
    ESCALATE = "escalate", _("Mandatory, and the address does not take mail")
    NO_PERSON = "no_person", _("Nobody here has this address")
    ACCOUNT_CLOSED = "account_closed", _("The account is closed")
    ADDRESS_CHANGED = "address_changed", _("The person's address changed meanwhile")
    ADDRESS_REFUSED = "address_refused", _("The mail server refused the address for good")
    GAVE_UP = "gave_up", _("Still not accepted after every retry")
    WITHDRAWN = "withdrawn", _("Its campaign was cancelled")


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
    RUNNING = "running", _("Being sent")
    PAUSED = "paused", _("Held")
    CANCELLED = "cancelled", _("Cancelled")
    DONE = "done", _("Sent")


EVENT_SENTENCES = {
    "topic.wanted": _("%(actor)s asked for the mail “%(topic)s”."),
    "topic.refused": _("%(actor)s stopped the mail “%(topic)s”."),
    "topic.unsubscribed": _("The unsubscribe link of a mail stopped “%(topic)s”."),
    "optional_mail.unsubscribed": _("The link in a mail stopped all optional mail."),
    "topic.subscribed": _("A reader without an account confirmed the mail “%(topic)s”."),
    "topic.entered": _("Somebody asked for the mail “%(topic)s” on the public page, unconfirmed."),
    "topic.link_undone": _("A stop of “%(topic)s” by a mail's link was undone at once."),
    "topic.undone": _("%(actor)s took back at once that they had stopped “%(topic)s”."),
    "optional_mail.undone": _("%(actor)s took back at once that they had stopped optional mail."),
    "optional_mail.link_undone": _("What a mail's link had reduced was undone at once."),
    "optional_mail.link_paused": _("The link in a mail paused optional mail until %(until)s."),
    "optional_mail.link_digest": _(
        "The link in a mail chose how often optional mail comes: %(digest)s."
    ),
    "optional_mail.stopped": _("%(actor)s stopped all optional mail."),
    "optional_mail.resumed": _("%(actor)s took back the stop of all optional mail."),
    "optional_mail.paused": _("%(actor)s paused optional mail until %(until)s."),
    "optional_mail.unpaused": _("%(actor)s ended the pause of optional mail."),
    "optional_mail.digest": _("%(actor)s chose how often optional mail comes: %(digest)s."),
    "campaign.created": _("%(actor)s composed the mail “%(subject)s” (%(category)s)."),
    "campaign.updated": _("%(actor)s changed the mail “%(subject)s”: %(fields)s."),
    "campaign.scheduled": _("%(actor)s scheduled the mail “%(subject)s” (%(category)s)."),
    "campaign.unscheduled": _("%(actor)s took the mail “%(subject)s” back to the drafts."),
    "campaign.started": _("%(actor)s began to send “%(subject)s” (%(category)s)."),
    "campaign.paused": _("%(actor)s held the mail “%(subject)s”."),
    "campaign.resumed": _("%(actor)s went on sending “%(subject)s”."),
    "campaign.cancelled": _("%(actor)s cancelled “%(subject)s”; %(count)s were not sent."),
    "campaign.done": _("“%(subject)s” has been sent to everyone it was for."),
    "topic.imported": _(
        "%(actor)s imported %(added)s readers and %(refused)s refusals into the mail topic"
        " “%(topic)s”."
    ),
    "campaign.test_sent": _("%(actor)s had the mail “%(subject)s” sent to themselves as a trial."),
    "notice_class.approved": _(
        "%(actor)s said yes to the notice class “%(notice_class)s”; one more person is needed."
    ),
    "notice_class.activated": _(
        "%(actor)s said yes to the notice class “%(notice_class)s”; it is in use now."
    ),
    "reseller.marked": _("%(actor)s marked the company as a reseller."),
    "reseller.unmarked": _("%(actor)s took back that the company is a reseller."),
    "evidence.exported": _("%(actor)s exported the mail evidence of %(reader)s."),
    "topic.created": _("%(actor)s created the mail topic “%(topic)s”."),
    "topic.updated": _("%(actor)s changed the mail topic “%(topic)s”: %(fields)s."),
}
