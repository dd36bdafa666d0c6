"""Limits of one agent's work at the support desk, and the alarm at a burst (G6)."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import KEYS_TO_AN_ACCOUNT, DelayState, SupportAct
from accounts.models import AuditEvent, CaseAct, DelayedAct, SupportCase, User
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from accounts.services.support.refusals import SupportRefused

COOL_DOWN = timedelta(hours=24)  # between two keys to one account, of one agent
BURST = timedelta(hours=1)
MOST_CASES = 20  # opened by one agent within BURST
MOST_ACTS = 30


def refuse_burst(actor: User) -> None:
    """Raise SupportRefused if this agent opened too many cases, or did too much, within an hour.

    The agent's row is locked, so that several windows don't pass the limit together.
    """
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    since = timezone.now() - BURST
    cases = SupportCase.objects.filter(opened_by=actor, opened_at__gt=since)
    acts = CaseAct.objects.filter(case__opened_by=actor, at__gt=since)
    if cases.count() >= MOST_CASES or acts.count() >= MOST_ACTS:
        raise SupportRefused(
            _("You helped many people within an hour. Wait a while, or ask a colleague."),
            code="burst",
        )


def refuse_second_key(case: SupportCase, act: SupportAct) -> None:
    """Raise SupportRefused if this agent turned another key of the account within COOL_DOWN (G2).

    Two together would open the account to whoever persuaded the agent. An act that waits turns its
    key when it takes effect.
    """
    of_agent = {"case__opened_by": case.opened_by_id, "case__person": case.person_id}
    others = [key for key in KEYS_TO_AN_ACCOUNT if key != act]
    since = timezone.now() - COOL_DOWN
    turned = CaseAct.objects.filter(**of_agent, act__in=others, at__gt=since)
    delayed = DelayedAct.objects.filter(**of_agent, act__in=others).filter(
        Q(state=DelayState.WAITING) | Q(state=DelayState.DONE, settled_at__gt=since)
    )
    if turned.exists() or delayed.exists():
        raise SupportRefused(
            _(
                "Within a day, one agent either resets the password, removes a factor or corrects"
                " the address. Ask a colleague."
            ),
            code="both",
        )


def sound_alarm(actor: User) -> None:
    """Tell the operators of a burst, once within BURST."""
    since = timezone.now() - BURST
    kind = "support.burst"
    if AuditEvent.objects.filter(kind=kind, actor=actor, at__gt=since).exists():
        return
    record_event(kind=kind, actor=actor)
    for reader in staff_with("change_customer"):
        if reader.pk != actor.pk:
            emails.send_desk_burst(reader=reader, actor=actor)
