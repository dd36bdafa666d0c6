"""The sentences of the activity log about the support desk."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# kind → sentence, as in EVENT_SENTENCES.
SUPPORT_SENTENCES: dict[str, str | Promise] = {
    "support.reset_link_sent": _(
        "%(actor)s sent %(person)s a password reset link. Ticket %(ticket)s: %(reason)s"
    ),
    "support.factor_removed": _(
        "%(actor)s removed a lost second factor of %(person)s: %(factor)s. Ticket %(ticket)s:"
        " %(reason)s"
    ),
    "support.limits_lifted": _(
        "%(actor)s lifted the sign-in limits of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.address_correction_sent": _(
        "%(actor)s sent %(address)s a link to become the address of %(person)s instead of"
        " %(previous)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.address_correction_cancelled": _(
        "From %(previous)s, the change of the address of %(person)s to %(address)s was cancelled."
        " Ticket %(ticket)s."
    ),
    "support.invitation_resent": _(
        "%(actor)s sent the invitation of %(address)s to %(company)s again for %(person)s. Ticket"
        " %(ticket)s: %(reason)s"
    ),
    "support.invitation_corrected": _(
        "%(actor)s corrected the address of an invitation to %(company)s from %(previous)s to"
        " %(address)s for %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.person_suspended": _(
        "%(actor)s suspended the account of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.person_restored": _(
        "%(actor)s restored the account of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.company_sign_in_stopped": _(
        "%(actor)s turned off single sign-on. Ticket %(ticket)s: %(reason)s"
    ),
    "support.domain_released": _(
        "%(actor)s released the email domain %(domain)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.sessions_ended": _(
        "%(actor)s ended every session and token of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.case_opened": _(
        "%(actor)s opened a support case for %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.caller_verified": _(
        "The caller of a support case of %(person)s was verified: %(verification)s. Ticket"
        " %(ticket)s: %(reason)s"
    ),
    "support.case_closed": _(
        "A support case of %(person)s was closed: %(outcome)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.act_refused": _(
        "The support desk refused %(actor)s an act for %(person)s: %(act)s. Ticket %(ticket)s."
    ),
    "support.step_refused": _(
        "The support desk refused %(actor)s a step for %(person)s: %(step)s. Ticket %(ticket)s."
    ),
    "support.code_made": _("%(actor)s made a code to read to the support desk."),
    "support.code_emailed": _(
        "%(actor)s emailed %(person)s a code to read to the support desk. Ticket %(ticket)s:"
        " %(reason)s"
    ),
    "support.code_wrong": _(
        "A caller who said to be %(person)s read a wrong code to %(actor)s. Ticket %(ticket)s:"
        " %(reason)s"
    ),
    "support.confirmation_asked": _(
        "%(actor)s asked the Super Users whether %(person)s really calls. Ticket %(ticket)s:"
        " %(reason)s"
    ),
    "support.caller_confirmed": _(
        "%(actor)s confirmed that %(person)s called the support desk. Ticket %(ticket)s: %(reason)s"
    ),
    "support.caller_denied": _(
        "%(actor)s said that a call in the name of %(person)s is not right. Ticket %(ticket)s:"
        " %(reason)s"
    ),
    "support.person_seen": _("%(actor)s looked at %(person)s at the support desk."),
    "support.reference_added": _(
        "%(actor)s added a reference to a support case of %(person)s: %(reference)s. Ticket"
        " %(ticket)s: %(reason)s"
    ),
    "support.burst": _("%(actor)s reached the support desk's limit for one hour."),
}
