"""The sentences of the activity log, and their groups."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.choices.recoveries import RECOVERY_SENTENCES
from accounts.choices.states import DomainProof, FactorType, Role, SignInProblem
from accounts.choices.support import CaseOutcome, CaseStep, SupportAct, Verification
from accounts.choices.support_sentences import SUPPORT_SENTENCES


class EventGroup(TextChoices):
    """The subjects by which the activity log is filtered."""

    PEOPLE = "people", _("People")
    INVITATIONS = "invitations", _("Invitations")
    TEAMS = "teams", _("Teams")
    ACCESS = "access", _("Access")
    REQUESTS = "requests", _("Requests")
    COMPANY = "company", _("Company")
    RESOURCES = "resources", _("Resources")
    SUPPORT = "support", _("Support")
    OTHER = "other", pgettext_lazy("activity", "Other")


# The part of a kind before its dot → its group.
EVENT_GROUPS = {
    **dict.fromkeys(["people", "membership", "offboarding"], EventGroup.PEOPLE),
    "invitation": EventGroup.INVITATIONS,
    "team": EventGroup.TEAMS,
    **dict.fromkeys(
        ["grant", "grants", "registration", "access", "preset", "review"], EventGroup.ACCESS
    ),
    "request": EventGroup.REQUESTS,
    **dict.fromkeys(
        [
            "customer",
            "hand_over",
            "subscription",
            "activity",
            "customer_email",
            "reseller",
            "company_sign_in",
            "company_domain",
            "policy",
            "referral",
            "representative",
            "logs",
            "payment",
            "charge",
            "authorisation",
        ],
        EventGroup.COMPANY,
    ),
    "resources": EventGroup.RESOURCES,
    **dict.fromkeys(["support", "recovery"], EventGroup.SUPPORT),
}


def kinds_in(group: str) -> list[str]:
    """Return the kinds of a group that have a sentence."""
    return [
        kind
        for kind in EVENT_SENTENCES
        if EVENT_GROUPS.get(kind.partition(".")[0], EventGroup.OTHER) == group
    ]


# These kinds change everybody's access in the company, so the log of each person has them too.
CONCERN_EVERYBODY = ("customer.suspended", "customer.restored")

HUB_ACTOR_NAME = "The hub"  # as stored; pages show it translated


# kind → sentence; %(actor)s is always there, the other values are in the event's data.
EVENT_SENTENCES: dict[str, str | Promise] = {
    "customer.created": _("%(actor)s created the company %(customer)s."),
    "customer.updated": _("%(actor)s changed the company data: %(fields)s."),
    "customer.suspended": _("%(actor)s suspended the company. Reason: %(reason)s"),
    "customer.restored": _("%(actor)s reactivated the company."),
    "customer.second_factor_demanded": _(
        "%(actor)s made a second factor required at sign-in from %(first_day)s."
    ),
    "customer.second_factor_ended": _("%(actor)s made the second factor at sign-in voluntary."),
    "customer.second_factor_restored": _(
        "%(actor)s undid a change to the second factor at sign-in."
    ),
    "customer.main_super_user_changed": _(
        "%(person)s took over from %(previous)s as the main Super User."
    ),
    "company_sign_in.connected": _("%(actor)s connected an identity provider: %(issuer)s."),
    "company_sign_in.changed": _("%(actor)s replaced the client for single sign-on."),
    "company_sign_in.tried": _("%(actor)s tested single sign-on. It works."),
    "company_sign_in.started": _(
        "%(actor)s turned on single sign-on. Members now sign in with the "
        "company's identity provider."
    ),
    "company_sign_in.stopped": _(
        "%(actor)s turned off single sign-on. Members sign in with a password again."
    ),
    "company_sign_in.removed": _(
        "%(actor)s removed the identity provider %(issuer)s. Sessions ended: %(count)s."
    ),
    "company_sign_in.refused": _("Single sign-on refused %(address)s: %(problem)s."),
    "company_sign_in.unlinked": _(
        "%(actor)s unlinked %(person)s from their account at the company's identity provider."
    ),
    "company_domain.added": _("%(actor)s added the email domain %(domain)s."),
    "company_domain.link_sent": _("%(actor)s sent %(address)s a link to verify the email domain."),
    "company_domain.proven": _("The email domain %(domain)s is verified (%(proof)s)."),
    "company_domain.removed": _("%(actor)s removed the email domain %(domain)s."),
    "company_domain.missing": _("The DNS record of %(domain)s is missing."),
    "company_domain.lapsed": _(
        "%(domain)s is no longer verified. Its DNS record has been missing for 14 days."
    ),
    "company_domain.found": _("The DNS record of %(domain)s was found again."),
    **RECOVERY_SENTENCES,
    "hand_over.offered": _("%(actor)s offered the role of main Super User to %(person)s."),
    "hand_over.declined": _("%(actor)s declined the role of main Super User."),
    "hand_over.withdrawn": _(
        "%(actor)s withdrew the offer of the role of main Super User to %(person)s."
    ),
    "hand_over.lapsed": _("The offer of the role of main Super User to %(person)s expired."),
    "invitation.sent": _("%(actor)s invited %(address)s as %(role)s."),
    "invitation.resent": _("%(actor)s sent the invitation to %(address)s again."),
    "invitation.bounced": _("The invitation to %(address)s bounced."),
    "invitation.corrected": _(
        "%(actor)s corrected the address of the invitation as %(role)s from %(previous)s to"
        " %(address)s."
    ),
    "invitation.revoked": _("%(actor)s withdrew the invitation to %(address)s."),
    "invitation.taken_over": _(
        "%(actor)s took over the invitation to %(address)s as %(role)s from %(previous)s."
    ),
    "invitation.accepted": _("%(person)s accepted the invitation and joined as %(role)s."),
    "invitation.left_out": _(
        "The invitation offered %(person)s access that could no longer be given: %(resources)s."
    ),
    "people.exported": _("%(actor)s exported the list of people (%(count)s)."),
    "people.words_erased": _(
        "%(actor)s erased the name, addresses and texts of a person from the activity log."
    ),
    "invitation.exported": _("%(actor)s exported the list of invitations (%(count)s)."),
    "team.exported": _("%(actor)s exported the list of teams (%(count)s)."),
    "request.exported": _("%(actor)s exported the list of requests (%(count)s)."),
    "membership.suspended": _("%(actor)s suspended the access of %(person)s."),
    "membership.restored": _("%(actor)s restored the access of %(person)s."),
    "membership.removed": _(
        "%(actor)s removed %(person)s from the company. Permissions ended: %(privileges)s."
    ),
    "membership.left": _(
        "%(actor)s ended the membership of %(person)s. Handed over: %(count)s. "
        "Permissions ended: %(privileges)s."
    ),
    "membership.end_set": _("%(actor)s set the last day of %(person)s: %(last_day)s."),
    "membership.end_cleared": _("%(actor)s removed the last day of %(person)s."),
    "offboarding.planned": _(
        "%(actor)s planned the offboarding of %(person)s. The last day is %(last_day)s."
    ),
    "offboarding.cancelled": _("%(actor)s cancelled the offboarding of %(person)s."),
    "membership.reinstated": _("%(actor)s undid the removal of %(person)s."),
    "membership.role_changed": _("%(actor)s made %(person)s a %(role)s."),
    "membership.updated": _("%(actor)s changed the work details of %(person)s: %(fields)s."),
    "team.created": _("%(actor)s created the team %(team)s."),
    "team.renamed": _("%(actor)s renamed the team %(previous)s to %(team)s."),
    "team.deleted": _(
        "%(actor)s deleted the team %(team)s. Members: %(people)s. "
        "Permissions ended: %(privileges)s."
    ),
    "team.member_added": _("%(actor)s added %(person)s to the team %(team)s."),
    "team.member_removed": _("%(actor)s removed %(person)s from the team %(team)s."),
    "team.member_taken_back": _(
        "%(actor)s undid an offboarding: %(person)s is no longer in the team %(team)s."
    ),
    "team.member_brought_back": _("%(actor)s added %(person)s back to the team %(team)s."),
    "team.reinstated": _("%(actor)s restored the deleted team %(team)s."),
    "request.opened": _("%(actor)s made a request: %(request)s."),
    "request.withdrawn": _("%(actor)s withdrew a request: %(request)s."),
    "request.lapsed": _(
        "A request from %(person)s ended because they left the company: %(request)s."
    ),
    "request.approved": _("%(actor)s approved a request from %(person)s: %(request)s."),
    "request.refused": _(
        "%(actor)s refused a request from %(person)s: %(request)s. Reason: %(reason)s"
    ),
    "request.reminded": _(
        "%(actor)s reminded the Super Users about a request from %(person)s: %(request)s."
    ),
    "request.passed": _(
        "%(actor)s passed a request from %(person)s on to the provider: %(request)s."
    ),
    "request.sent_back": _(
        "%(actor)s sent a request from %(person)s back to the Super Users: "
        "%(request)s. Message: %(reason)s"
    ),
    "activity.exported": _("%(actor)s exported the activity log (%(format)s)."),
    "history.exported": _("%(actor)s exported their own history (%(format)s)."),
    "profile.updated": _("%(actor)s changed their profile: %(fields)s."),
    "address.changed": _("%(actor)s changed their email address from %(previous)s to %(address)s."),
    "sign_in.done": _("%(actor)s signed in."),
    "sign_in.bound": _("%(actor)s signed in through %(company)s for the first time."),
    "sign_in.failed": _("A failed attempt to sign in to this account was refused."),
    "sessions.ended": _("%(actor)s signed out on other devices: %(count)s."),
    "sign_out.done": _("%(actor)s signed out."),
    "password.changed": _("%(actor)s set a new password."),
    "factor.added": _("%(actor)s added a sign-in method: %(factor)s."),
    "factor.removed": _("%(actor)s removed a sign-in method: %(factor)s."),
    "factor.renamed": _("%(actor)s renamed the passkey %(previous)s to %(factor_name)s."),
    "factor.codes_made": _("%(actor)s created new recovery codes."),
    "factor.code_used": _("%(actor)s used a recovery code. Codes left: %(left)s."),
    **SUPPORT_SENTENCES,
}


# field → its name in a sentence, for events of changed fields.
FIELD_NAMES: dict[str, str | Promise] = {
    "name": _("name"),
    "language": _("language"),
    "time_zone": _("time zone"),
    "phone": _("phone"),
    "street": _("street address"),
    "city": _("city"),
    "region": _("province or state"),
    "postal_code": _("postal code"),
    "country": _("country"),
    "work_name": _("work name"),
    "work_phone": _("work phone"),
}


# name in an event's data → the choices of its value; the sentence shows their label.
EVENT_CODES: dict[str, type[TextChoices]] = {
    "role": Role,
    "factor": FactorType,
    "proof": DomainProof,
    "problem": SignInProblem,
    "verification": Verification,
    "outcome": CaseOutcome,
    "act": SupportAct,
    "step": CaseStep,
}


def register_event_codes(codes: Mapping[str, type[TextChoices]]) -> None:
    """Add the names in an upper app's events whose values are choices."""
    EVENT_CODES.update(codes)


def register_field_names(names: Mapping[str, str | Promise]) -> None:
    """Add the names of the fields in an upper app's events."""
    FIELD_NAMES.update(names)


def register_event_sentences(sentences: Mapping[str, str | Promise]) -> None:
    """Add the kinds of an upper app. Raises ValueError when a kind has a sentence already."""
    taken = EVENT_SENTENCES.keys() & sentences.keys()
    if taken:
        raise ValueError(f"audit kinds declared twice: {sorted(taken)}")
    EVENT_SENTENCES.update(sentences)
