"""The sentences of the activity log about policies and own data, and the names of fields."""

from django.utils.translation import gettext_lazy as _

from compliance.choices.log_sentences import LOG_SENTENCES

EVENT_SENTENCES = {
    **LOG_SENTENCES,
    "policy.drafted": _("%(actor)s began version %(number)s of the policy “%(title)s”."),
    "policy.updated": _(
        "%(actor)s changed the draft of version %(number)s of the policy “%(title)s”: %(fields)s."
    ),
    "policy.published": _("%(actor)s published version %(number)s of the policy “%(title)s”."),
    "policy.announced": _(
        "%(actor)s announced version %(number)s of the policy “%(title)s” to everybody."
    ),
    "policy.withdrawn": _("%(actor)s withdrew version %(number)s of the policy “%(title)s”."),
    "policy.accepted": _("%(actor)s accepted version %(number)s of the policy “%(title)s”."),
    "policy.acknowledged": _(
        "%(actor)s acknowledged version %(number)s of the policy “%(title)s”."
    ),
    "policy.accepted_recorded": _(
        "%(actor)s recorded that %(person)s accepted version %(number)s of the policy “%(title)s”."
    ),
    "policy.acknowledged_recorded": _(
        "%(actor)s recorded that %(person)s acknowledged version %(number)s of the policy"
        " “%(title)s”."
    ),
    "policy.declined_recorded": _(
        "%(actor)s recorded that %(person)s declined version %(number)s of the policy “%(title)s”."
    ),
    "policy.declined": _("%(actor)s declined version %(number)s of the policy “%(title)s”."),
    "own_data.asked": _("%(actor)s asked for a copy of their data."),
    "own_data.made": _("The copy of %(person)s's data was made."),
    "privacy.received": _("A request about personal data was received: %(privacy_kind)s."),
    "privacy.answered": _("%(actor)s answered a request about personal data: %(privacy_kind)s."),
    "privacy.refused": _("%(actor)s refused a request about personal data: %(privacy_kind)s."),
    "referral.made": _("%(actor)s referred somebody to the provider."),
    "referral.interested": _("Somebody who was referred answered: interested."),
    "referral.declined": _("Somebody who was referred answered: not interested."),
    "referral.joined": _("%(actor)s recorded that a referred contact joined."),
    "reseller.asked": _("%(actor)s asked to join the reseller programme."),
    "reseller.joined": _("%(actor)s let the company join the reseller programme."),
    "reseller.declined": _(
        "%(actor)s declined the request to join the reseller programme: %(reason)s"
    ),
    "reseller.left": _("%(actor)s left the reseller programme for the company."),
    "privacy.entered": _("%(actor)s entered a request about personal data: %(privacy_kind)s."),
    "privacy.extended": _(
        "%(actor)s extended the time for a request about personal data: %(privacy_kind)s."
    ),
    "privacy.paused": _(
        "%(actor)s paused the time of a request about personal data: %(privacy_kind)s."
    ),
    "privacy.resumed": _(
        "%(actor)s resumed the time of a request about personal data: %(privacy_kind)s."
    ),
    "privacy.partly": _(
        "%(actor)s answered a part of a request about personal data: %(privacy_kind)s."
    ),
    "privacy.withdrawn": _(
        "%(actor)s closed a withdrawn request about personal data: %(privacy_kind)s."
    ),
    "closing.begun": _("%(actor)s began to close an account and erase its data."),
    "closing.cancelled": _("%(actor)s stopped the closing of an account."),
    "closing.done": _("An account was closed. Its data is being erased."),
    "erasure.done": _("The data of an account was erased."),
    "hold.placed": _("%(actor)s placed a hold on personal data."),
    "hold.ended": _("%(actor)s ended a hold on personal data."),
    "data.corrected": _("%(actor)s corrected the data of %(person)s: %(fields)s."),
    "data.noted": _("%(actor)s added a note to disputed data of %(person)s."),
    "retention.approved": _(
        "%(actor)s let the retention rule “%(rule)s” delete %(count)s records."
    ),
    "retention.late": _("The retention rule “%(rule)s” has not run for two days."),
    "breach.noted": _("%(actor)s noted a breach: %(breach)s."),
    "breach.updated": _("%(actor)s changed the facts of the breach %(breach)s."),
    "breach.assessed": _("%(actor)s decided on the risk of the breach %(breach)s."),
    "breach.affected_added": _("%(actor)s added people to the breach %(breach)s."),
    "breach.affected_removed": _("%(actor)s took somebody off the breach %(breach)s."),
    "breach.affected_ended": _("%(actor)s ended cases of the breach %(breach)s."),
    "breach.notice_written": _("%(actor)s wrote notice %(number)s of the breach %(breach)s."),
    "breach.released": _("%(actor)s released notice %(number)s of the breach %(breach)s."),
    "breach.notice_read": _("%(actor)s read the notice about the breach %(breach)s."),
    "breach.hold_placed": _("%(actor)s placed a hold on the breach %(breach)s."),
    "breach.hold_reviewed": _("%(actor)s reviewed a hold on the breach %(breach)s."),
    "breach.hold_ended": _("%(actor)s ended a hold on the breach %(breach)s."),
    "breach.report_decided": _("%(actor)s decided on a report of the breach %(breach)s."),
    "breach.reported": _("%(actor)s recorded a report of the breach %(breach)s."),
    "breach.company_told": _("%(actor)s told a company of the breach %(breach)s."),
    "breach.letter_printed": _("%(actor)s made a letter about the breach %(breach)s."),
    "breach.letter_posted": _("%(actor)s posted a letter about the breach %(breach)s."),
    "breach.letter_returned": _("%(actor)s recorded a returned letter: breach %(breach)s."),
    "breach.evidence_made": _("%(actor)s took the evidence file of the breach %(breach)s."),
    "breach.closed": _("%(actor)s closed the breach %(breach)s."),
    "own_data.downloaded": _("%(actor)s downloaded a copy of their data."),
}

FIELD_NAMES = {
    "title_en": _("title in English"),
    "title_fr": _("title in French"),
    "summary_en": _("summary in English"),
    "summary_fr": _("summary in French"),
    "material": _("material change"),
    "effective_at": _("day it takes effect"),
}
