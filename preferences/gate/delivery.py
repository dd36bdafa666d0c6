"""Sending: a worker claims a message, decides at the last moment, hands on, and marks it.

The claim is committed before the transport is touched, and the mark after it accepted, so a worker
killed anywhere loses nothing: the claim runs out and the message is tried again. Only a death
between accept and mark repeats a mail, with the same Message-ID.
"""

import smtplib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from preferences.choices import UNFINISHED, CampaignState, MessageState, Outcome, Reason
from preferences.gate.envelope import rebuild
from preferences.gate.outcomes import mark
from preferences.gate.transport import send
from preferences.models import Message, Recipient, Topic
from preferences.selectors import SendDecision, send_decision_for
from preferences.services.delivery_events import classify_failure, record_delivery_event
from preferences.services.recipients import follow_changed_addresses
from preferences.tasks import enqueue_delivery

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)  # a claim; longer than the transport may take (EMAIL_TIMEOUT)
RESCUE_AFTER = timedelta(minutes=10)  # a message still queued then has lost its job
RETRY_AFTER = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 3600, 3600, 3600, 3600, 3600)]
FURTHEST = 2 * max(RETRY_AFTER)  # no worker of ours puts a message off for longer
SWEEP_SIZE = 500


def decide(
    message: Message, ask: Callable[[Recipient, Topic], SendDecision] = send_decision_for
) -> SendDecision:
    """Whether this message goes out now; `ask` answers for a reader and a topic.

    A notice class leaves nothing to ask (R42, R45): it is sent, to an address that takes no mail
    too.
    """
    if message.topic is None:
        unreachable = message.recipient is not None and message.recipient.unreachable_since
        return SendDecision(True, Reason.ESCALATE if unreachable else Reason.MANDATORY)
    if message.recipient is None:
        return SendDecision(False, Reason.NO_PERSON)
    if message.recipient.email != message.address:
        return SendDecision(False, Reason.ADDRESS_CHANGED)
    if not message.recipient.address_hash:  # it changed, and changed back
        reader = Recipient.objects.filter(pk=message.recipient.pk)
        follow_changed_addresses(actor=None, readers=reader)
    return ask(message.recipient, message.topic)


def deliver(pk: int) -> str:
    """Bring one message as far as it goes now; out: its state. Safe to call at any time, twice."""
    message = _claim(pk)
    if message is None:
        return "not due"
    if message.campaign is not None and message.campaign.state != CampaignState.RUNNING:
        return stand_back(message)
    return carry_out(message, decide(message))


def stand_back(message: Message) -> str:
    """What a claimed message does whose campaign is held, or cancelled; out: its state."""
    if message.campaign is not None and message.campaign.state == CampaignState.CANCELLED:
        return close(message, Outcome.WITHDRAWN, SendDecision(False, Reason.WITHDRAWN))
    release([message])
    return MessageState.QUEUED.value


def release(messages: list[Message]) -> None:
    """Give claimed messages of a campaign back to it, untouched."""
    Message.objects.filter(
        pk__in=[message.pk for message in messages],
        claim=messages[0].claim,
        state=MessageState.CLAIMED,
    ).update(state=MessageState.QUEUED, due_at=timezone.now())


def carry_out(message: Message, answer: SendDecision) -> str:
    """Send a claimed message, or skip it, as decided; out: its state."""
    if not answer.send:
        return close(message, Outcome.SKIPPED, answer)
    try:
        accepted = hand_on(message)
    except InvalidToken:
        log.error("mail cannot be decrypted; is a former secret key missing?", message=message.pk)
        return retry(message, answer, "cannot be decrypted")
    except Exception as error:  # whatever a transport raises, the mail is kept and tried again
        return not_taken(message, answer, error)
    if not accepted:
        return retry(message, answer, "the transport took nothing")
    return close(message, Outcome.SENT, answer)


def not_taken(message: Message, answer: SendDecision, error: Exception) -> str:
    """What comes of a mail the transport did not take: ended for an address refused for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, _text = next(iter(error.recipients.values()))
        if code >= 500:
            return close(
                message, Outcome.FAILED, SendDecision(False, Reason.ADDRESS_REFUSED), str(error)
            )
        return retry(message, answer, str(error))
    log.warning("the transport did not take a mail", message=message.pk, error=str(error))
    return retry(message, answer, f"{type(error).__name__}: {error}")


def hand_on(message: Message) -> int:
    """Give the mail to the transport; out: how many it accepted."""
    return send(rebuild(message))


def _claim(pk: int) -> Message | None:
    """Make a due message ours until the lease ends, committed; None when it is not due."""
    now, claim = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        free = Q(state=MessageState.QUEUED) | Q(
            state__in=[MessageState.CLAIMED, MessageState.WAITING], due_at__lte=now
        )
        claimed = Message.objects.filter(free, pk=pk).update(
            state=MessageState.CLAIMED, claim=claim, claimed_at=now, due_at=now + LEASE
        )
    if not claimed:
        return None
    return Message.objects.select_related("recipient__user", "topic", "campaign").get(pk=pk)


def claim_together(free: Q, *, most: int | None = None, **of: Any) -> list[Message]:
    """The next free messages of running campaigns, made ours until the lease ends, committed.

    In: which are free, how many at most, and whose (`campaign`, `recipient`). What another worker
    is taking at this moment is left to it.
    """
    now, claim = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        found = Message.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            free, campaign__state=CampaignState.RUNNING, **of
        )
        keys = list(found.order_by("pk").values_list("pk", flat=True)[:most])
        Message.objects.filter(free, pk__in=keys).update(
            state=MessageState.CLAIMED, claim=claim, claimed_at=now, due_at=now + LEASE
        )
    claimed = Message.objects.filter(pk__in=keys, claim=claim).order_by("pk")
    return list(claimed.select_related("recipient__user", "topic", "campaign"))


def close(message: Message, outcome: Outcome, answer: SendDecision, detail: str = "") -> str:
    """Close a claimed message with its decision; out: its state."""
    with transaction.atomic(durable=True):
        if not mark(message, outcome, answer, detail):
            log.warning("a claim ran out before its mail was marked", message=message.pk)
            return "claim lost"
        if answer.reason == Reason.ADDRESS_REFUSED:
            kind = classify_failure(text=detail)
            record_delivery_event(
                message=message, kind=kind, event=f"smtp:{message.pk}", diagnostic=detail
            )
    return outcome.value


def retry(message: Message, answer: SendDecision, error: str) -> str:
    """Try again later; mandatory mail for as long as it takes, a topic until the list ends."""
    attempts = message.attempts + 1
    if attempts > len(RETRY_AFTER) and message.topic is not None:
        return close(message, Outcome.FAILED, SendDecision(False, Reason.GAVE_UP), error)
    wait = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
    Message.objects.filter(pk=message.pk, claim=message.claim, state=MessageState.CLAIMED).update(
        state=MessageState.WAITING,
        due_at=timezone.now() + wait,
        attempts=attempts,
        last_error=error[:300],
    )
    return MessageState.WAITING.value


def sweep() -> int:
    """Give a new job to what waits for its next attempt or lost its worker; out: how many."""
    now = timezone.now()
    due = Message.objects.filter(
        Q(state__in=[MessageState.WAITING, MessageState.CLAIMED], due_at__lte=now)
        | Q(state=MessageState.QUEUED, campaign=None, due_at__lte=now - RESCUE_AFTER)
        | Q(state__in=UNFINISHED, due_at__gt=now + FURTHEST),
        in_digest=False,  # those have a clock of their own (gate/digests.py)
    )
    if not due.exists():  # the usual case takes no lock
        return 0
    with transaction.atomic():
        messages = list(due.select_for_update(skip_locked=True).order_by("due_at")[:SWEEP_SIZE])
        for message in messages:
            message.state, message.due_at = MessageState.QUEUED, now
            message.save(update_fields=["state", "due_at"])
            enqueue_delivery(message)
    return len(messages)
