"""The sentences of the activity log, and their groups."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.choices.states import Role


class EventGroup(TextChoices):
    """The subjects by which the activity log is filtered."""

    PEOPLE = "people", _("People")
    INVITATIONS = "invitations", _("Invitations")
    TEAMS = "teams", _("Teams")
    ACCESS = "access", _("Rights")
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
        ["customer", "hand_over", "subscription", "activity", "customer_email", "reseller"],
        EventGroup.COMPANY,
    ),
    "resources": EventGroup.RESOURCES,
    "support": EventGroup.SUPPORT,
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
    "customer.created": _("%(actor)s created the customer %(customer)s."),
    "customer.updated": _("%(actor)s changed the company data: %(fields)s."),
    "customer.suspended": _("%(actor)s suspended the customer. Reason: %(reason)s"),
    "customer.restored": _("%(actor)s made the customer active again."),
    "customer.main_super_user_changed": _(
        "%(person)s took over from %(previous)s as the main Super User."
    ),
    "hand_over.offered": _("%(actor)s offered the role of main Super User to %(person)s."),
    "hand_over.declined": _("%(actor)s declined the role of main Super User."),
    "hand_over.withdrawn": _(
        "%(actor)s took back the offer of the role of main Super User to %(person)s."
    ),
    "hand_over.lapsed": _("The offer of the role of main Super User to %(person)s ran out."),
    "invitation.sent": _("%(actor)s invited %(address)s as %(role)s."),
    "invitation.resent": _("%(actor)s sent the invitation of %(address)s again."),
    "invitation.bounced": _("Mail to %(address)s, who is invited, came back."),
    "invitation.revoked": _("%(actor)s withdrew the invitation of %(address)s."),
    "invitation.taken_over": _(
        "%(actor)s took over the invitation of %(address)s as %(role)s from %(previous)s."
    ),
    "invitation.accepted": _("%(person)s accepted the invitation and joined as %(role)s."),
    "invitation.left_out": _(
        "%(person)s was promised more in the invitation than could still be given. Left out:"
        " %(resources)s."
    ),
    "people.exported": _("%(actor)s exported the list of people (%(count)s)."),
    "membership.suspended": _("%(actor)s suspended %(person)s."),
    "membership.restored": _("%(actor)s restored %(person)s."),
    "membership.removed": _(
        "%(actor)s removed %(person)s from the company. Rights that ended: %(rights)s."
    ),
    "membership.left": _(
        "%(actor)s ended the membership of %(person)s. Handed on: %(count)s. Rights that ended:"
        " %(rights)s."
    ),
    "membership.end_set": _("%(actor)s set an end for %(person)s: the last day is %(last_day)s."),
    "membership.end_cleared": _("%(actor)s took away the end set for %(person)s."),
    "offboarding.planned": _(
        "%(actor)s planned that %(person)s leaves: the last day is %(last_day)s."
    ),
    "offboarding.cancelled": _("%(actor)s cancelled the planned leaving of %(person)s."),
    "membership.reinstated": _("%(actor)s undid the removal of %(person)s."),
    "membership.role_changed": _("%(actor)s made %(person)s a %(role)s."),
    "membership.updated": _("%(actor)s changed the work details of %(person)s: %(fields)s."),
    "team.created": _("%(actor)s created the team %(team)s."),
    "team.renamed": _("%(actor)s renamed the team %(previous)s to %(team)s."),
    "team.deleted": _(
        "%(actor)s deleted the team %(team)s. People in it: %(people)s. Rights that ended:"
        " %(rights)s."
    ),
    "team.member_added": _("%(actor)s added %(person)s to the team %(team)s."),
    "team.member_removed": _("%(actor)s took %(person)s out of the team %(team)s."),
    "team.member_taken_back": _(
        "%(actor)s undid a leaving: %(person)s is no longer in the team %(team)s."
    ),
    "team.member_brought_back": _("%(actor)s put %(person)s back into the team %(team)s."),
    "team.reinstated": _("%(actor)s undid the end of the team %(team)s."),
    "request.opened": _("%(actor)s made a request: %(request)s."),
    "request.withdrawn": _("%(actor)s withdrew a request: %(request)s."),
    "request.lapsed": _("A request of %(person)s ended with their place here: %(request)s."),
    "request.approved": _("%(actor)s approved a request of %(person)s: %(request)s."),
    "request.refused": _(
        "%(actor)s refused a request of %(person)s: %(request)s. Reason: %(reason)s"
    ),
    "request.reminded": _(
        "%(actor)s reminded the Super Users of a request of %(person)s: %(request)s."
    ),
    "request.passed": _(
        "%(actor)s passed a request of %(person)s on to the provider: %(request)s."
    ),
    "request.sent_back": _(
        "%(actor)s sent a request of %(person)s back to the Super Users: %(request)s. They wrote:"
        " %(reason)s"
    ),
    "activity.exported": _("%(actor)s exported the activity (%(format)s)."),
    "history.exported": _("%(actor)s exported their own history (%(format)s)."),
    "profile.updated": _("%(actor)s changed their profile: %(fields)s."),
    "address.changed": _(
        "%(actor)s changed their e-mail address from %(previous)s to %(address)s."
    ),
    "sign_in.done": _("%(actor)s signed in."),
    "sign_in.failed": _("A sign-in to this account was refused."),
    "sessions.ended": _("%(actor)s signed out on other devices: %(count)s."),
    "sign_out.done": _("%(actor)s signed out."),
    "password.changed": _("%(actor)s set a new password."),
    "support.reset_link_sent": _(
        "%(actor)s sent %(person)s a password reset link. Ticket %(ticket)s: %(reason)s"
    ),
    "support.sessions_ended": _(
        "%(actor)s ended every session and token of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
}


# field → its name in a sentence, for events of changed fields.
FIELD_NAMES: dict[str, str | Promise] = {
    "name": _("name"),
    "language": _("language"),
    "phone": _("phone"),
    "street": _("street address"),
    "city": _("city"),
    "region": _("province or state"),
    "postal_code": _("postal code"),
    "country": _("country"),
    "work_name": _("name at work"),
    "work_phone": _("phone at work"),
}


# name in an event's data → the choices of its value; the sentence shows their label.
EVENT_CODES: dict[str, type[TextChoices]] = {"role": Role}


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
