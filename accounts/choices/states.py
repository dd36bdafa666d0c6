"""Roles, states and languages."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(TextChoices):
    """A person's role in one customer."""

    SUPER_USER = "super_user", _("Super User")
    USER = "user", _("User")


class FactorType(TextChoices):
    """How a person proves who they are beside the password; the values are allauth's."""

    PASSKEY = "webauthn", _("passkey")
    APP = "totp", _("authenticator app")
    RECOVERY_CODES = "recovery_codes", _("recovery codes")


class DomainProof(TextChoices):
    """How a company proved that an email domain is its own."""

    DNS = "dns", _("DNS record")
    EMAIL = "email", _("email to the domain")


class DomainRelease(TextChoices):
    """Why staff take a proven domain from a company."""

    NEW_OWNER = "new_owner", _("The domain has a new owner")
    WRONG_COMPANY = "wrong_company", _("It was verified for the wrong company")


class DomainMailbox(TextChoices):
    """The mailboxes of a domain whose readers run it; a link is sent to no other."""

    POSTMASTER = "postmaster", "postmaster@"
    HOSTMASTER = "hostmaster", "hostmaster@"
    ADMIN = "admin", "admin@"


class SignInProblem(TextChoices):
    """Why a sign-in through a company's own provider was refused."""

    NOT_VERIFIED = "not_verified", _("the identity provider did not confirm the address")
    OTHER_DOMAIN = "other_domain", _("the address is not at a verified domain of the company")
    OTHER_SUBJECT = "other_subject", _("the person has another account at the identity provider")
    OTHER_PERSON = (
        "other_person",
        _("the account at the identity provider belongs to another person"),
    )
    OTHER_SIGN_IN = "other_sign_in", _("somebody else is signed in")
    NOT_MEMBER = "not_member", _("no member of the company has this address")
    STAFF = "staff", _("staff can't sign in through a company")
    CLOSED = "closed", _("the account is closed")
    LAPSED_DOMAIN = "lapsed_domain", _("the domain is no longer verified")
    NOT_IN_FORCE = "not_in_force", _("the company's single sign-on is off")


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
    ALREADY_MEMBER = "already_member", pgettext_lazy("invitee", "Already a member")
    ALREADY_INVITED = "already_invited", pgettext_lazy("invitee", "Already invited")
    DUPLICATE = "duplicate", pgettext_lazy("invitee", "Twice in the list")
    INACTIVE = "inactive", pgettext_lazy("invitee", "Not invited unless you tick it")
    BAD = "bad", pgettext_lazy("invitee", "Can't be read")


class BounceReason(TextChoices):
    """Why an email came back, in the plain words that people read."""

    NO_ADDRESS = "no_address", _("There is no such address.")
    NO_DOMAIN = "no_domain", _("The domain in the address doesn't accept email.")
    CLOSED = "closed", _("The mailbox is closed or turned off.")
    FULL = "full", _("The mailbox is full.")
    REFUSED = "refused", _("Their mail server refused our email. The address may be right.")
    NETWORK = "network", _("Their mail server was unreachable or too busy.")
    UNKNOWN = "unknown", _("Their mail server gave no clear reason.")

    @property
    def advice(self) -> Promise:
        """The advice to the person who wrote to the address."""
        return _BOUNCE_ADVICE.get(self, _("Check the spelling, or send it again later."))

    @property
    def told_to_owner(self) -> Promise:
        """The reason and the advice, for the person whose address it is."""
        return _BOUNCE_TOLD_TO_OWNER[self]


_TRY_LATER = _("Send it again later. If it bounces again, contact us.")
_BOUNCE_ADVICE: dict[BounceReason, Promise] = {
    BounceReason.CLOSED: _("Ask them for another address."),
    BounceReason.FULL: _("Ask them to delete some emails, then send it again."),
    BounceReason.REFUSED: _TRY_LATER,
    BounceReason.NETWORK: _TRY_LATER,
}
_BOUNCE_TOLD_TO_OWNER: dict[BounceReason, Promise] = {
    BounceReason.NO_ADDRESS: _(
        "Your mail server says that there is no such address. Check the spelling, or change the"
        " address."
    ),
    BounceReason.NO_DOMAIN: _(
        "The domain in your address doesn't accept email. Check the spelling, or "
        "change the address."
    ),
    BounceReason.CLOSED: _(
        "Your mail server says that your mailbox is closed or turned off. Change the address."
    ),
    BounceReason.FULL: _("Your mailbox is full. Delete some emails, then confirm the address."),
    BounceReason.REFUSED: _(
        "Your mail server refused our email. Ask the people who run your mailbox to accept our"
        " email, then confirm the address."
    ),
    BounceReason.NETWORK: _(
        "Your mail server was unreachable or too busy. Confirm the address once "
        "your mailbox works again."
    ),
    BounceReason.UNKNOWN: _(
        "Your mail server gave no clear reason. Check the spelling, then confirm the address."
    ),
}


class PersonState(TextChoices):
    """The states of a member by which the people list can be filtered."""

    ACTIVE = "active", pgettext_lazy("person", "Active")
    SUSPENDED = "suspended", pgettext_lazy("person", "Suspended")
    OFFBOARDING = "offboarding", _("Has a last day")


class PeopleOrder(TextChoices):
    """The orders of the people list."""

    NAME = "name", _("Name")
    NEWEST = "newest", _("Newest first")
    LAST_SIGN_IN = "sign-in", _("Last sign-in, oldest first")


class HandOverState(TextChoices):
    """The state of an offer of the role of main Super User; once it is not open, it is final."""

    OPEN = "open", pgettext_lazy("hand-over", "Waiting")
    ACCEPTED = "accepted", pgettext_lazy("hand-over", "Accepted")
    DECLINED = "declined", pgettext_lazy("hand-over", "Declined")
    WITHDRAWN = "withdrawn", pgettext_lazy("hand-over", "Withdrawn")
    LAPSED = "lapsed", pgettext_lazy("hand-over", "Expired")


class RequestKind(TextChoices):
    """The kinds of request; the provider answers the last two, Super Users the others."""

    ACCESS = "access", _("Access")
    NAME = "name", _("Work name")
    PHONE = "phone", _("Work phone")
    ADDRESS = "address", _("Email address")
    LEAVE = "leave", _("Leaving the company")
    OTHER = "other", _("Other request")
    ADD_SERVICE = "add", _("Adding a service")
    END_SERVICE = "end", _("Ending a service")


ASKED_OF_PROVIDER = [RequestKind.ADD_SERVICE, RequestKind.END_SERVICE]
APPROVED_AS_ASKED = [RequestKind.NAME, RequestKind.PHONE]  # there is nothing to choose
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


class SetupStep(TextChoices):
    """The steps of the set-up guides on Home; `ALL` hides a guide for good."""

    INVITE = "invite", _("Invite people")
    RESOURCES = "resources", _("Add a domain or mailbox")
    ACCESS = "access", _("Give access")
    STAND_IN = "stand_in", _("Name a second Super User")
    FACTOR = "factor", _("Set up your second factor")
    PORTAL = "portal", _("Add a portal")
    CUSTOMER = "customer", _("Create a company")
    MAIN = "main", _("Invite its main Super User")
    EMAIL = "email", _("Connect a mail server")
    BRAND = "brand", _("Add your logo")
    ALL = "all", _("All steps")


COMPANY_STEPS = [
    SetupStep.INVITE, SetupStep.RESOURCES, SetupStep.ACCESS, SetupStep.STAND_IN, SetupStep.FACTOR,
]  # fmt: skip
PROVIDER_STEPS = [
    SetupStep.PORTAL, SetupStep.CUSTOMER, SetupStep.MAIN, SetupStep.EMAIL, SetupStep.BRAND,
    SetupStep.FACTOR,
]  # fmt: skip


class Language(TextChoices):
    """The languages of the hub."""

    ENGLISH = "en", "English"
    FRENCH = "fr", "Français"
