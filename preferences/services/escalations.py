"""A notice that bounced: opening its escalation, and ending it (R47).

It ends proved (the person was reached) or exhausted (every way was tried), never by silence: that a
server accepted an email proves nothing. gate/escalation_steps.py takes the steps in between.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.validators import clean_reason
from preferences.choices.delivery_events import OPEN_ESCALATIONS, EscalationState, ReachedHow
from preferences.models import DeliveryProbe, Escalation, Message


class EscalationRefused(ValidationError):
    """The escalation cannot end like this; the message says why."""


def open_escalation(*, message: Message) -> Escalation | None:
    """Open the escalation of a notice that bounced, in the caller's transaction.

    A message has at most one. Return None where there is none to open: for optional email, for a
    probe of an address, and for an address without an account (an invitation: its sender is told).
    """
    if message.topic_id is not None:
        return None
    if DeliveryProbe.objects.filter(message=message).exists():
        _stop_waiting(message)
        return None
    if message.recipient is None or message.recipient.user is None:
        return None
    escalation, created = Escalation.objects.get_or_create(
        message=message, defaults={"recipient": message.recipient}
    )
    if created:
        record_escalation_event("escalation.opened", None, escalation, category=message.category)
    return escalation


def _stop_waiting(probe_message: Message) -> None:
    """Make the next step due now: the address that was tried bounced too."""
    Escalation.objects.filter(
        probes__message=probe_message, state=EscalationState.ADDRESSES
    ).update(due_at=timezone.now())


def prove_by_delivery(*, message: Message) -> None:
    """End the escalations of a message that a server says it delivered."""
    for escalation in Escalation.objects.filter(
        Q(message=message) | Q(probes__message=message)
    ).distinct():
        end_escalation(escalation, EscalationState.PROVED, ReachedHow.DELIVERED, None)


@transaction.atomic
def settle_escalation(*, actor: User, escalation: Escalation, how: str, reason: str) -> Escalation:
    """Record how staff reached the person, by phone or by post, or that nothing reached them.

    Raises PermissionDenied without `preferences.settle_escalation`; EscalationRefused naming `how`,
    or for an escalation that has ended; ValidationError naming `reason`.
    """
    require_staff(actor, "preferences.settle_escalation")
    if how not in (ReachedHow.PHONE, ReachedHow.POST, ReachedHow.GAVE_UP):
        raise EscalationRefused({"how": _("Choose by phone, by post, or not at all.")})
    reason = clean_reason("reason", reason)
    escalation = Escalation.objects.select_for_update().get(pk=escalation.pk)
    if escalation.state not in OPEN_ESCALATIONS:
        raise EscalationRefused(_("This bounced notice is already settled."), code="ended")
    gave_up = how == ReachedHow.GAVE_UP
    state = EscalationState.EXHAUSTED if gave_up else EscalationState.PROVED
    return end_escalation(escalation, state, ReachedHow(how), actor, reason)


def end_escalation(
    escalation: Escalation,
    state: EscalationState,
    how: ReachedHow,
    actor: User | None,
    reason: str = "",
) -> Escalation:
    """End an escalation in one of its two final states; one that has ended stays as it is."""
    escalation = Escalation.objects.select_for_update().get(pk=escalation.pk)
    if escalation.state not in OPEN_ESCALATIONS:
        return escalation
    escalation.state, escalation.how = state, how
    escalation.by, escalation.reason = actor, reason
    escalation.ended_at = timezone.now()
    escalation.save()
    event_data = {"reason": reason} if reason else {}
    record_escalation_event(
        f"escalation.{state.value}", actor, escalation, how=how.value, **event_data
    )
    return escalation


def record_escalation_event(
    kind: str, actor: User | None, escalation: Escalation, **event_data: Any
) -> None:
    """Record an audit event about an escalation."""
    record_event(
        kind=kind,
        actor=actor,
        person=escalation.recipient.user,
        about=escalation.recipient.email,
        message=escalation.message_id,
        **event_data,
    )
