"""The steps of an escalation: other addresses, then the Super Users, then staff (R47).

The periodic tick takes each escalation one step further. services/escalations.py opens and ends
them.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, User
from accounts.selectors import super_users_of, verified_addresses
from accounts.services.audit import record_event
from preferences.choices.delivery_events import OPEN_ESCALATIONS, EscalationState, ReachedHow
from preferences.gate.bounce_notices import (
    send_address_probe,
    send_bounce_notice,
    send_unreachable,
)
from preferences.gate.holds import is_held
from preferences.models import DeliveryProbe, Escalation, Recipient
from preferences.selectors.bounces import bounce_of
from preferences.services.escalations import end_escalation, record_escalation_event
from preferences.services.recipients import clear_unreachable, lock_recipient

WAIT_FOR_ADDRESS = timedelta(hours=1)  # for a bounce from it, before the next step
WAIT_FOR_SUPER_USERS = timedelta(days=1)  # before staff take over
TELL_AGAIN_AFTER = timedelta(days=7)  # one email about a person, however many notices bounce
BATCH_SIZE = 200


def run_escalations() -> int:
    """Take every due escalation one step further. Return how many. Safe to run twice at once."""
    due = Escalation.objects.filter(
        state__in=[EscalationState.ADDRESSES, EscalationState.TOLD], due_at__lte=timezone.now()
    )
    keys = list(due.order_by("due_at").values_list("pk", "recipient_id")[:BATCH_SIZE])
    return sum(_take_step(pk, recipient_pk) for pk, recipient_pk in keys)


@transaction.atomic
def _take_step(pk: int, recipient_pk: int) -> bool:
    """Take one step, with the recipient's row locked so that their escalations take turns."""
    recipient = (
        Recipient.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .get(pk=recipient_pk)
    )
    escalation = (
        Escalation.objects.select_for_update(of=("self",))
        .select_related("message__campaign", "message__notice_class")
        .get(pk=pk)
    )
    now = timezone.now()
    waiting = escalation.state in (EscalationState.ADDRESSES, EscalationState.TOLD)
    if not waiting or escalation.due_at > now or is_held(escalation.message.campaign):
        return False
    if escalation.state == EscalationState.ADDRESSES:
        address = _next_address(escalation, recipient)
        if address:
            _try_address(escalation, recipient, address)
            return True
        if _tell_super_users(escalation, recipient):
            return True
    escalation.state, escalation.due_at = EscalationState.STAFF, now
    escalation.save(update_fields=["state", "due_at"])
    record_escalation_event("escalation.staff", None, escalation)
    return True


def _next_address(escalation: Escalation, recipient: Recipient) -> str:
    """Return a confirmed address of the recipient that was not tried yet, or an empty string."""
    tried = set(
        DeliveryProbe.objects.filter(escalation=escalation).values_list("address", flat=True)
    )
    tried.add(escalation.message.address)
    if recipient.unreachable_since is not None:
        tried.add(recipient.email)
    addresses = verified_addresses(recipient.user) if recipient.user else []
    return next((address for address in addresses if address not in tried), "")


def _try_address(escalation: Escalation, recipient: Recipient, address: str) -> None:
    message = send_bounce_notice(escalation.message, recipient=recipient, address=address)
    DeliveryProbe.objects.create(message=message, escalation=escalation, address=address)
    escalation.due_at = timezone.now() + WAIT_FOR_ADDRESS
    escalation.save(update_fields=["due_at"])
    record_escalation_event("escalation.address_tried", None, escalation)


def _tell_super_users(escalation: Escalation, recipient: Recipient) -> bool:
    """Tell the Super Users that email to this person bounces, but not what it says.

    Return False where no other Super User is there to be told.
    """
    now = timezone.now()
    memberships = Membership.objects.live().filter(user=recipient.user).select_related("customer")
    super_users = {
        super_user.user_id: (super_user.user, membership)
        for membership in memberships
        for super_user in super_users_of(membership.customer).exclude(user=recipient.user)
    }
    if not super_users:
        return False
    told = Escalation.objects.filter(recipient=recipient, told_at__gt=now - TELL_AGAIN_AFTER)
    if not told.exists():
        for person, membership in super_users.values():
            send_unreachable(
                super_user=person,
                membership=membership,
                address=escalation.message.address,
                why=bounce_of(escalation.message),
            )
        record_escalation_event("escalation.told", None, escalation)
    escalation.state = EscalationState.TOLD
    escalation.told_at, escalation.due_at = now, now + WAIT_FOR_SUPER_USERS
    escalation.save(update_fields=["state", "told_at", "due_at"])
    return True


@transaction.atomic
def confirm_address(*, actor: User) -> list[Escalation]:
    """Record that a person read what bounced and that their address is right. Send it a probe.

    Return the escalations that end with it. If the probe bounces too, the address is marked
    unreachable again. Raises PermissionDenied for a closed account.
    """
    recipient = lock_recipient(actor)
    escalations = Escalation.objects.select_for_update().filter(
        recipient=recipient, state__in=OPEN_ESCALATIONS
    )
    ended = [
        end_escalation(escalation, EscalationState.PROVED, ReachedHow.READ, actor)
        for escalation in escalations.order_by("pk")
    ]
    if recipient.unreachable_since is not None:
        clear_unreachable(recipient)
        message = send_address_probe(person=actor)
        DeliveryProbe.objects.create(message=message, address=actor.email)
        record_event(kind="address.confirmed", actor=actor, person=actor)
    return ended
