"""Roles, states and languages."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(TextChoices):
    """A person's role in one customer."""

    SUPER_USER = "super_user", _("Super User")
    USER = "user", _("User")


class CustomerStatus(TextChoices):
    """Pending until the main Super User has joined; a customer is never deleted."""

    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    CLOSED = "closed", _("Closed")


class InviteeState(TextChoices):
    """Whether somebody of a list of people can be invited, or was."""

    VALID = "valid", pgettext_lazy("invitee", "Can be invited")
    SENT = "sent", pgettext_lazy("invitee", "Invited")
    ALREADY_MEMBER = "already_member", pgettext_lazy("invitee", "Already here")
    ALREADY_INVITED = "already_invited", pgettext_lazy("invitee", "Already invited")
    DUPLICATE = "duplicate", pgettext_lazy("invitee", "Twice in the list")
    INACTIVE = "inactive", pgettext_lazy("invitee", "Not invited unless you tick it")
    BAD = "bad", pgettext_lazy("invitee", "Cannot be read")


class BounceReason(TextChoices):
    """Why an email came back, in the plain words that people read."""

    NO_ADDRESS = "no_address", _("There is no such address.")
    NO_DOMAIN = "no_domain", _("The domain in the address takes no email.")
    CLOSED = "closed", _("The mailbox is closed or switched off.")
    FULL = "full", _("The mailbox is full.")
    REFUSED = "refused", _("Their mail server refused our email. The address may be right.")
    NETWORK = "network", _("Their mail server could not be reached, or was too busy.")
    UNKNOWN = "unknown", _("Their mail server gave no clear reason.")

    @property
    def advice(self) -> Promise:
        """The advice to the person who wrote to the address."""
        return _BOUNCE_ADVICE.get(self, _("Check the spelling, or send it again later."))


_TRY_LATER = _("Send it again later. If it bounces again, contact us.")
_BOUNCE_ADVICE: dict[BounceReason, Promise] = {
    BounceReason.CLOSED: _("Ask them for another address."),
    BounceReason.FULL: _("Ask them to make room, then send it again."),
    BounceReason.REFUSED: _TRY_LATER,
    BounceReason.NETWORK: _TRY_LATER,
}


class PersonState(TextChoices):
    """The states of a member by which the people list can be filtered."""

    ACTIVE = "active", pgettext_lazy("person", "Active")
    SUSPENDED = "suspended", pgettext_lazy("person", "Suspended")
    OFFBOARDING = "offboarding", _("Leaving on a date")


class PeopleOrder(TextChoices):
    """The orders of the people list."""

    NAME = "name", _("Name")
    NEWEST = "newest", _("Newest first")
    LAST_SIGN_IN = "sign-in", _("Last sign-in, longest ago first")


class HandOverState(TextChoices):
    """The state of an offer of the role of main Super User; once it is not open, it is final."""

    OPEN = "open", pgettext_lazy("hand-over", "Waiting")
    ACCEPTED = "accepted", pgettext_lazy("hand-over", "Accepted")
    DECLINED = "declined", pgettext_lazy("hand-over", "Declined")
    WITHDRAWN = "withdrawn", pgettext_lazy("hand-over", "Withdrawn")
    LAPSED = "lapsed", pgettext_lazy("hand-over", "Ran out")


class RequestKind(TextChoices):
    """The kinds of request; the provider answers the last two, Super Users the others."""

    ACCESS = "access", _("Access")
    NAME = "name", _("Name at work")
    PHONE = "phone", _("Phone at work")
    ADDRESS = "address", _("E-mail address")
    LEAVE = "leave", _("Leaving the company")
    OTHER = "other", _("Something else")
    ADD_SERVICE = "add", _("Adding a service")
    END_SERVICE = "end", _("Ending a service")


ASKED_OF_PROVIDER = [RequestKind.ADD_SERVICE, RequestKind.END_SERVICE]
ASKED_OF_SUPER_USERS = [kind for kind in RequestKind if kind not in ASKED_OF_PROVIDER]


class RequestState(TextChoices):
    """The state of a request; it is answered once, and a withdrawn one never was."""

    OPEN = "open", pgettext_lazy("request", "Waiting")
    APPROVED = "approved", pgettext_lazy("request", "Approved")
    REFUSED = "refused", pgettext_lazy("request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")


class OffboardingState(TextChoices):
    """The state of an offboarding: open until it is due, or somebody cancels it."""

    OPEN = "open", pgettext_lazy("offboarding", "Planned")
    DONE = "done", pgettext_lazy("offboarding", "Done")
    CANCELLED = "cancelled", pgettext_lazy("offboarding", "Cancelled")


class Language(TextChoices):
    """The languages of the hub."""

    ENGLISH = "en", "English"
    FRENCH = "fr", "Français"
