"""The vocabulary of this app: the closed list of mandatory mail, sources of a choice, reasons."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class NoticeCode(TextChoices):
    """Mail nobody can refuse. The list is closed: a new class is a change of code and database."""

    TRANSACTIONAL = "transactional", _("Orders and changes")
    CRITICAL = "critical", _("Service interruptions")
    LEGAL = "legal", _("Legal notices")
    MAINTENANCE = "maintenance", _("Planned maintenance")
    SECURITY = "security", _("Security of your account")


@dataclass(frozen=True)
class Ground:
    """Why a class of mail may be mandatory: the law, and the same for the person it reaches."""

    legal_basis: Promise
    reason: Promise


# preferences.md R23: each class names exactly one basis.
GROUNDS = {
    NoticeCode.TRANSACTIONAL: Ground(
        legal_basis=_("Canada's anti-spam law (CASL), paragraph 6(6)(b)"),
        reason=_("Confirms what you, or your company, ordered, changed or asked for."),
    ),
    NoticeCode.CRITICAL: Ground(
        legal_basis=_("Canada's anti-spam law (CASL), paragraph 6(6)(c)"),
        reason=_("Tells you at once when a service you rely on is down or unsafe to use."),
    ),
    NoticeCode.LEGAL: Ground(
        legal_basis=_("Electronic Commerce Protection Regulations, paragraph 3(c)"),
        reason=_("Changes of terms, of privacy, of your rights: the law has us tell you."),
    ),
    NoticeCode.MAINTENANCE: Ground(
        legal_basis=_("Canada's anti-spam law (CASL), paragraph 6(6)(d)"),
        reason=_("Says beforehand when work on a service you use may interrupt it."),
    ),
    NoticeCode.SECURITY: Ground(
        legal_basis=_("Canada's anti-spam law (CASL), paragraph 6(6)(c)"),
        reason=_("Protects your account: new sign-in data, address changes, what support did."),
    ),
}


class ConsentSource(TextChoices):
    """How a choice reached us."""

    PAGE = "page", _("Preference page")
    API = "api", _("Program (API)")
    STOP_ALL = "stop_all", _("“Stop all optional mail”")
    ONE_CLICK = "one_click", _("Unsubscribe button of a mail program")
    MAIL_LINK = "mail_link", _("Unsubscribe link in a mail")


class MessageState(TextChoices):
    """Where a message stands. The last three are final."""

    QUEUED = "queued", _("Waiting for a worker")
    CLAIMED = "claimed", _("Being sent")
    WAITING = "waiting", _("To be tried again")
    SENT = "sent", _("Accepted by the mail server")
    SKIPPED = "skipped", _("Not sent: not wanted")
    FAILED = "failed", _("Could not be sent")


UNFINISHED = [
    MessageState.QUEUED.value,
    MessageState.CLAIMED.value,
    MessageState.WAITING.value,
]


class Outcome(TextChoices):
    """How a message ended."""

    SENT = "sent", _("Sent")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")


class Reason(TextChoices):
    """Why a message was sent, skipped or given up."""

    MANDATORY = "mandatory", _("Mandatory: no choice applies")
    CHOSE_YES = "chose_yes", _("The person asked for it")
    DEFAULT_ON = "default_on", _("On until the person says no")
    CHOSE_NO = "chose_no", _("The person said no")
    STOPPED_ALL = "stopped_all", _("The person stopped all optional mail")
    DEFAULT_OFF = "default_off", _("Off until the person says yes")
    TOPIC_CLOSED = "topic_closed", _("The topic is closed")
    NOT_THEIRS = "not_theirs", _("The topic's portal is not the person's")
    NO_PERSON = "no_person", _("Nobody here has this address")
    ACCOUNT_CLOSED = "account_closed", _("The account is closed")
    ADDRESS_CHANGED = "address_changed", _("The person's address changed meanwhile")
    ADDRESS_REFUSED = "address_refused", _("The mail server refused the address for good")
    GAVE_UP = "gave_up", _("Still not accepted after every retry")


FIELD_NAMES = {
    "name_en": _("name in English"),
    "name_fr": _("name in French"),
    "purpose_en": _("purpose in English"),
    "purpose_fr": _("purpose in French"),
    "cadence_en": _("how often in English"),
    "cadence_fr": _("how often in French"),
    "default_on": _("on by default"),
    "portal": _("portal"),
    "active": _("active"),
    "position": _("place in the list"),
}


EVENT_SENTENCES = {
    "topic.wanted": _("%(actor)s asked for the mail “%(topic)s”."),
    "topic.refused": _("%(actor)s stopped the mail “%(topic)s”."),
    "topic.unsubscribed": _("The unsubscribe link of a mail stopped “%(topic)s”."),
    "optional_mail.stopped": _("%(actor)s stopped all optional mail: %(topics)s."),
    "topic.created": _("%(actor)s created the mail topic “%(topic)s”."),
    "topic.updated": _("%(actor)s changed the mail topic “%(topic)s”: %(fields)s."),
}
