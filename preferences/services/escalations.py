"""A notice that came back: other addresses, then the Super Users, then staff (R47).

The clock goes from step to step; it ends proved (they were reached) or exhausted (every way was
tried), never by silence: that a server accepted a mail proves nothing.
"""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.permissions import require_staff
from accounts.selectors import super_users_of, verified_addresses
from accounts.services.audit import record_event
from accounts.validators import clean_reason
from preferences.choices.delivery_events import OPEN_ESCALATIONS, EscalationState, ReachedHow
from preferences.gate import bounce_notices
from preferences.models import DeliveryProbe, Escalation, Message, Recipient
from preferences.services.recipients import clear_mark, lock_recipient

ADDRESS_HAS = timedelta(hours=1)  # to prove itself, before the next step
SUPER_USERS_HAVE = timedelta(days=1)  # to have the person look, before it is for staff
TOLD_AGAIN_AFTER = timedelta(days=7)  # one mail about a person, however many notices come back
STEPS_AT_ONCE = 200


class EscalationRefused(ValidationError):
    """This cannot be said of a notice that came back; the message says why."""


def open_escalation(*, message: Message) -> Escalation | None:
    """Begin to reach the reader of a notice by other ways; None where there is nobody to reach.

    Runs inside the caller's transaction; one message escalates once. Optional mail never does, nor
    does a trial of an address, nor mail to somebody without an account (an invitation: who sent it
    is told).
    """
    if message.topic_id is not None:
        return None
    if DeliveryProbe.objects.filter(message=message).exists():
        _hurry(message)
        return None
    if message.recipient is None or message.recipient.user is None:
        return None
    found, made = Escalation.objects.get_or_create(
        message=message, defaults={"recipient": message.recipient}
    )
    if made:
        _record("escalation.opened", None, found, category=message.category)
    return found


def _hurry(probe_message: Message) -> None:
    """The address that was tried sent it back too: no need to wait for it."""
    Escalation.objects.filter(
        probes__message=probe_message, state=EscalationState.ADDRESSES
    ).update(due_at=timezone.now())


def prove_by_delivery(*, message: Message) -> None:
    """A server says it delivered the notice to another address, or after all: it reached them."""
    for found in Escalation.objects.filter(
        Q(message=message) | Q(probes__message=message)
    ).distinct():
        _end(found, EscalationState.PROVED, ReachedHow.DELIVERED, None)


def run_escalations() -> int:
    """Take every escalation that is due one step on; out: how many. Safe to run twice at once."""
    due = Escalation.objects.filter(
        state__in=[EscalationState.ADDRESSES, EscalationState.TOLD], due_at__lte=timezone.now()
    )
    steps = list(due.order_by("due_at").values_list("pk", "recipient_id")[:STEPS_AT_ONCE])
    return sum(_step(pk, reader) for pk, reader in steps)


@transaction.atomic
def _step(pk: int, recipient_pk: int) -> bool:
    """One step, with the reader's row locked: their escalations take turns."""
    recipient = (
        Recipient.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .get(pk=recipient_pk)
    )
    found = (
        Escalation.objects.select_for_update(of=("self",))
        .select_related("message__campaign", "message__notice_class")
        .get(pk=pk)
    )
    now = timezone.now()
    if found.state not in (EscalationState.ADDRESSES, EscalationState.TOLD) or found.due_at > now:
        return False
    if found.state == EscalationState.ADDRESSES:
        address = _next_address(found, recipient)
        if address:
            _try_address(found, recipient, address)
            return True
        if _tell_super_users(found, recipient):
            return True
    found.state, found.due_at = EscalationState.STAFF, now
    found.save(update_fields=["state", "due_at"])
    _record("escalation.staff", None, found)
    return True


def _next_address(escalation: Escalation, recipient: Recipient) -> str:
    """An address of theirs that is proved theirs, and was not tried with this notice."""
    test_sent = set(
        DeliveryProbe.objects.filter(escalation=escalation).values_list("address", flat=True)
    )
    test_sent.add(escalation.message.address)
    if recipient.unreachable_since is not None:
        test_sent.add(recipient.email)
    theirs = verified_addresses(recipient.user) if recipient.user else []
    return next((address for address in theirs if address not in test_sent), "")


def _try_address(escalation: Escalation, recipient: Recipient, address: str) -> None:
    message = bounce_notices.send_bounce_notice(
        escalation.message, recipient=recipient, address=address
    )
    DeliveryProbe.objects.create(message=message, escalation=escalation, address=address)
    escalation.due_at = timezone.now() + ADDRESS_HAS
    escalation.save(update_fields=["due_at"])
    _record("escalation.address_tried", None, escalation)


def _tell_super_users(escalation: Escalation, recipient: Recipient) -> bool:
    """Tell them that mail to this person comes back, and nothing of what it says.

    Out: False where nobody but the person is there to be told.
    """
    now = timezone.now()
    members = Membership.objects.live().filter(user=recipient.user).select_related("customer")
    readers = {
        reader.user_id: (reader.user, member)
        for member in members
        for reader in super_users_of(member.customer).exclude(user=recipient.user)
    }
    if not readers:
        return False
    told = Escalation.objects.filter(recipient=recipient, told_at__gt=now - TOLD_AGAIN_AFTER)
    if not told.exists():
        for reader, member in readers.values():
            bounce_notices.send_unreachable(
                reader=reader, membership=member, address=escalation.message.address
            )
        _record("escalation.told", None, escalation)
    escalation.state = EscalationState.TOLD
    escalation.told_at, escalation.due_at = now, now + SUPER_USERS_HAVE
    escalation.save(update_fields=["state", "told_at", "due_at"])
    return True


@transaction.atomic
def confirm_address(*, actor: User) -> list[Escalation]:
    """Say that one has read what came back, and that the address is right; a mail tries it.

    Out: the escalations that end with it. Should the trial come back too, the address is marked
    again. Raises PermissionDenied for a closed account.
    """
    recipient = lock_recipient(actor)
    waiting = Escalation.objects.select_for_update().filter(
        recipient=recipient, state__in=OPEN_ESCALATIONS
    )
    ended = [
        _end(one, EscalationState.PROVED, ReachedHow.READ, actor) for one in waiting.order_by("pk")
    ]
    if recipient.unreachable_since is not None:
        clear_mark(recipient)
        message = bounce_notices.send_address_probe(person=actor)
        DeliveryProbe.objects.create(message=message, address=actor.email)
        record_event(kind="address.confirmed", actor=actor, person=actor)
    return ended


@transaction.atomic
def settle_escalation(*, actor: User, escalation: Escalation, how: str, reason: str) -> Escalation:
    """Staff say how a notice reached the person, by phone or by post, or that nothing did.

    Raises PermissionDenied without `preferences.settle_escalation`; EscalationRefused naming `how`,
    or for one that has ended; ValidationError naming `reason`.
    """
    require_staff(actor, "preferences.settle_escalation")
    if how not in (ReachedHow.PHONE, ReachedHow.POST, ReachedHow.GAVE_UP):
        raise EscalationRefused({"how": _("Choose by phone, by post, or not at all.")})
    reason = clean_reason("reason", reason)
    Recipient.objects.select_for_update(no_key=True).get(pk=escalation.recipient_id)
    found = Escalation.objects.select_for_update().get(pk=escalation.pk)
    if found.state not in OPEN_ESCALATIONS:
        raise EscalationRefused(_("This has ended already."), code="ended")
    gave_up = how == ReachedHow.GAVE_UP
    state = EscalationState.EXHAUSTED if gave_up else EscalationState.PROVED
    return _end(found, state, ReachedHow(how), actor, reason)


def _end(
    escalation: Escalation,
    state: EscalationState,
    how: ReachedHow,
    actor: User | None,
    reason: str = "",
) -> Escalation:
    found = Escalation.objects.select_for_update().get(pk=escalation.pk)
    if found.state not in OPEN_ESCALATIONS:
        return found
    found.state, found.how, found.by, found.reason = state, how, actor, reason
    found.ended_at = timezone.now()
    found.save()
    words = {"reason": reason} if reason else {}
    _record(f"escalation.{state.value}", actor, found, how=how.value, **words)
    return found


def _record(kind: str, actor: User | None, escalation: Escalation, **words: Any) -> None:
    record_event(
        kind=kind,
        actor=actor,
        person=escalation.recipient.user,
        message=escalation.message_id,
        **words,
    )
