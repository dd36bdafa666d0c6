"""The sentences of the activity log about representatives, log requests and authorisations."""

from django.utils.translation import gettext_lazy as _

LOG_SENTENCES = {
    "representative.proposed": _(
        "%(actor)s proposed %(person)s as a representative of the company: %(capacity)s."
    ),
    "representative.confirmed": _(
        "%(actor)s confirmed %(person)s as a representative of the company: %(capacity)s."
    ),
    "representative.refused": _(
        "%(actor)s did not confirm %(person)s as a representative of the company: %(capacity)s."
    ),
    "representative.ended": _(
        "%(actor)s ended the time of %(person)s as a representative of the company: %(capacity)s."
    ),
    "representative.expired": _(
        "The time of %(person)s as a representative of the company is over: %(capacity)s."
    ),
    "rate.added": _(
        "%(actor)s added version %(number)s of the price of a log request: %(money)s before taxes."
    ),
    "logs.asked": _(
        "%(actor)s asked for the logs of %(first_day)s to %(last_day)s. Resources: %(count)s."
    ),
    "logs.withdrawn": _("%(actor)s withdrew a log request."),
    "logs.lapsed": _(
        "A log request of %(person)s was withdrawn: they are no longer a representative."
    ),
    "logs.approved": _("%(actor)s approved a log request of %(person)s. Invoice: %(invoice)s."),
    "logs.declined": _("%(actor)s declined a log request of %(person)s."),
    "payment.recorded": _("%(actor)s recorded a payment of %(money)s. Invoice: %(invoice)s."),
    "payment.reversed": _(
        "%(actor)s recorded that a payment of %(money)s went back. Invoice: %(invoice)s."
    ),
    "payment.refused": _(
        "%(actor)s reported %(money)s, which is not the amount due. Invoice: %(invoice)s."
    ),
    "charge.waived": _("%(actor)s waived the fee of a log request. Invoice: %(invoice)s."),
    "logs.claimed": _("%(actor)s began to put together the logs that %(person)s asked for."),
    "logs.ready": _("%(actor)s put together the logs that %(person)s asked for."),
    "logs.failed": _("%(actor)s could not put together the logs that %(person)s asked for."),
    "logs.repeated": _("%(actor)s asked the portal to put together the logs for %(person)s again."),
    "logs.closed": _(
        "%(actor)s closed a log request of %(person)s: they can't get the logs any more."
    ),
    "logs.released": _("%(actor)s released logs to %(person)s."),
    "logs.downloaded": _("%(actor)s downloaded the company's logs (download %(number)s)."),
    "logs.expired": _("The logs released to %(person)s were deleted."),
    "authorisation.proposed": _(
        "%(actor)s asked the company to authorise work on the profile %(profile)s (%(platform)s)."
    ),
    "authorisation.given": _(
        "%(actor)s authorised the provider to work on the profile %(profile)s (%(platform)s)."
    ),
    "authorisation.ended": _(
        "%(actor)s ended the authorisation for the profile %(profile)s (%(platform)s)."
    ),
    "authorisation.expired": _(
        "The authorisation for the profile %(profile)s (%(platform)s) is over."
    ),
}
