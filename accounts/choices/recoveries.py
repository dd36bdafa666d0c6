"""Recoveries of companies without their Super User, and the brakes of the desk: their sentences."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RecoveryState(TextChoices):
    """Proposed by one of the staff, approved by another, offered after a waiting time, accepted.

    Whatever is not open is final.
    """

    PROPOSED = "proposed", pgettext_lazy("recovery", "Needs a second person")
    WAITING = "waiting", pgettext_lazy("recovery", "Waiting time")
    OFFERED = "offered", pgettext_lazy("recovery", "Role offered")
    DONE = "done", pgettext_lazy("recovery", "Done")
    STOPPED = "stopped", pgettext_lazy("recovery", "Stopped by the company")
    WITHDRAWN = "withdrawn", pgettext_lazy("recovery", "Withdrawn")
    LAPSED = "lapsed", pgettext_lazy("recovery", "Ran out")


OPEN_RECOVERIES = [RecoveryState.PROPOSED, RecoveryState.WAITING, RecoveryState.OFFERED]
ANNOUNCED_RECOVERIES = [RecoveryState.WAITING, RecoveryState.OFFERED]  # the company knows of them
APPROVED_RECOVERIES = [*ANNOUNCED_RECOVERIES, RecoveryState.DONE]

# Of events, as EVENT_SENTENCES has them; those of what waits and of viewings too.
RECOVERY_SENTENCES: dict[str, str | Promise] = {
    "recovery.proposed": _(
        "%(actor)s proposed %(successor)s as the main Super User in place of %(person)s. Proof:"
        " %(proof)s. Ticket %(ticket)s: %(evidence)s"
    ),
    "recovery.approved": _(
        "%(actor)s approved that %(successor)s becomes the main Super User in place of %(person)s,"
        " as %(proposer)s proposed. Members can stop it for %(hours)s hours."
    ),
    "recovery.stopped": _(
        "%(actor)s stopped the recovery: %(successor)s does not become the main Super User in place"
        " of %(person)s."
    ),
    "recovery.withdrawn": _(
        "%(actor)s withdrew the recovery: %(successor)s does not become the main Super User in"
        " place of %(person)s."
    ),
    "recovery.lapsed": _(
        "The recovery ran out: %(successor)s does not become the main Super User in place of"
        " %(person)s."
    ),
    "recovery.offered": _(
        "Nobody stopped the recovery: the role of main Super User is offered to %(successor)s, in"
        " place of %(person)s."
    ),
    "recovery.done": _(
        "%(successor)s took over from %(person)s as the main Super User, after a recovery."
    ),
    "support.factor_removal_planned": _(
        "%(actor)s was asked to remove a second factor of %(person)s, and does it in %(hours)s"
        " hours: %(factor)s. Ticket %(ticket)s: %(reason)s"
    ),
    "support.address_change_planned": _(
        "%(actor)s was asked to change the address of %(person)s from %(previous)s to %(address)s,"
        " and does it in %(hours)s hours. Ticket %(ticket)s: %(reason)s"
    ),
    "support.delayed_act_cancelled": _(
        "%(actor)s cancelled what support was about to do for %(person)s: %(act)s. Ticket"
        " %(ticket)s: %(reason)s"
    ),
    "support.delayed_act_void": _(
        "An act of support for %(person)s is no longer possible: %(act)s. Ticket"
        " %(ticket)s: %(reason)s"
    ),
    "support.viewing_begun": _(
        "%(actor)s began to look at Home and the email preferences of %(person)s, to read only."
        " Ticket %(ticket)s: %(reason)s"
    ),
    "support.viewing_ended": _(
        "%(actor)s stopped looking at the pages of %(person)s. Ticket %(ticket)s: %(reason)s"
    ),
}
