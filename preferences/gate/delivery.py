"""Sending one message: a worker claims it, decides at the last moment, sends it, records the end.

The claim is committed before the transport is called, and the outcome after it accepted. So a
worker killed anywhere loses nothing: its claim expires (lease.py) and the message is tried again.
Only a death between the two repeats an email, with the same Message-ID.
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

from preferences.choices import CampaignState, MessageState, Outcome, Reason
from preferences.gate.envelope import rebuild
from preferences.gate.holds import Held, unless_held
from preferences.gate.lease import LEASE, at_work
from preferences.gate.outcomes import record_outcome
from preferences.gate.transport import send
from preferences.models import Message, Recipient, Topic
from preferences.selectors import SendDecision, send_decision_for
from preferences.services.bounce_reasons import classify_failure
from preferences.services.delivery_events import record_delivery_event
from preferences.services.recipients import follow_changed_addresses

log = structlog.get_logger(__name__)

# Of a claim on many emails of a campaign or digest, which nobody renews: longer than they may take.
BATCH_LEASE = timedelta(minutes=3)
HELD_FOR = timedelta(minutes=1)  # until a repeated notice on hold is looked at again
RETRY_AFTER = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 3600, 3600, 3600, 3600, 3600)]


def decide_sending(
    message: Message,
    topic_decision: Callable[[Recipient, Topic], SendDecision] = send_decision_for,
) -> SendDecision:
    """Decide whether this message is sent now; `topic_decision` answers for optional email.

    A notice is always sent, even to an unreachable address: there is no choice to look up (R42,
    R45).
    """
    if message.topic is None:
        unreachable = message.recipient is not None and message.recipient.unreachable_since
        return SendDecision(True, Reason.ESCALATE if unreachable else Reason.MANDATORY)
    if message.recipient is None:
        return SendDecision(False, Reason.NO_PERSON)
    if message.recipient.email != message.address:
        return SendDecision(False, Reason.ADDRESS_CHANGED)
    if not message.recipient.address_hash:  # it changed, and changed back
        recipients = Recipient.objects.filter(pk=message.recipient.pk)
        follow_changed_addresses(actor=None, recipients=recipients)
    return topic_decision(message.recipient, message.topic)


def deliver(pk: int) -> str:
    """Claim a message, decide, and send or skip it. Return its state.

    Safe to call at any time, and twice.
    """
    message = _claim(pk)
    if message is None or message.claim is None:
        return "not due"
    with at_work(message.claim):
        return _send_claimed(message)


def _send_claimed(message: Message) -> str:
    if message.campaign is not None and message.campaign.state != CampaignState.RUNNING:
        return withhold(message)
    return send_or_skip(message, decide_sending(message))


def withhold(message: Message) -> str:
    """Release a claimed message of a paused campaign, or withdraw it if the campaign is cancelled.

    Return its state.
    """
    if message.campaign is not None and message.campaign.state == CampaignState.CANCELLED:
        return close(message, Outcome.WITHDRAWN, SendDecision(False, Reason.WITHDRAWN))
    release([message])
    return MessageState.QUEUED.value


def release(messages: list[Message]) -> None:
    """Give up the claim on messages of a campaign, so that another worker can send them."""
    Message.objects.filter(
        pk__in=[message.pk for message in messages],
        claim=messages[0].claim,
        state=MessageState.CLAIMED,
    ).update(state=MessageState.QUEUED, due_at=timezone.now())


def send_or_skip(message: Message, decision: SendDecision) -> str:
    """Send a claimed message or skip it, as decided; one on hold waits. Return its state."""
    if not decision.send:
        return close(message, Outcome.SKIPPED, decision)
    try:
        with unless_held(message):
            accepted = transmit(message)
    except Held:
        return put_off_held(message)
    except InvalidToken:
        log.error("mail cannot be decrypted; is a former secret key missing?", message=message.pk)
        return retry(message, decision, "cannot be decrypted")
    except Exception as error:  # whatever a transport raises, the email is kept and tried again
        return handle_transport_error(message, decision, error)
    if not accepted:
        return retry(message, decision, "the transport took nothing")
    return close(message, Outcome.SENT, decision)


def put_off_held(message: Message) -> str:
    """Give up the claim on a message on hold, for as long as a sweep takes. Return its state."""
    if message.campaign is not None:
        release([message])
        return MessageState.QUEUED.value
    Message.objects.filter(pk=message.pk, claim=message.claim, state=MessageState.CLAIMED).update(
        state=MessageState.WAITING, due_at=timezone.now() + HELD_FOR
    )
    return MessageState.WAITING.value


def handle_transport_error(message: Message, decision: SendDecision, error: Exception) -> str:
    """End a message whose address the server refused for good; else try again later.

    Return its state.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        said = f"{code} {text.decode('utf-8', 'replace')}"
        if code >= 500:
            refused = SendDecision(False, Reason.ADDRESS_REFUSED)
            return close(message, Outcome.FAILED, refused, said)
        return retry(message, decision, said)
    log.warning("the transport did not take a mail", message=message.pk, error=str(error))
    return retry(message, decision, f"{type(error).__name__}: {error}")


def transmit(message: Message) -> int:
    """Give the email to the transport. Return how many emails it accepted."""
    return send(rebuild(message))


def _claim(pk: int) -> Message | None:
    """Claim a due message for the length of the lease, committed; None when it is not due."""
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


def claim_messages(free: Q, *, limit: int | None = None, **filters: Any) -> list[Message]:
    """Claim free messages of running campaigns for BATCH_LEASE, committed.

    `free` says which are free, `filters` narrows them to one `campaign` or `recipient`. Messages
    that another worker is claiming at this moment are left to it.
    """
    now, claim = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        candidates = Message.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            free, campaign__state=CampaignState.RUNNING, **filters
        )
        keys = list(candidates.order_by("pk").values_list("pk", flat=True)[:limit])
        Message.objects.filter(free, pk__in=keys).update(
            state=MessageState.CLAIMED, claim=claim, claimed_at=now, due_at=now + BATCH_LEASE
        )
    claimed = Message.objects.filter(pk__in=keys, claim=claim).order_by("pk")
    return list(claimed.select_related("recipient__user", "topic", "campaign"))


def close(message: Message, outcome: Outcome, decision: SendDecision, detail: str = "") -> str:
    """Close a claimed message with its outcome. Return its state."""
    with transaction.atomic(durable=True):
        if not record_outcome(message, outcome, decision, detail):
            log.warning("a claim ran out before its mail was marked", message=message.pk)
            return "claim lost"
        if decision.reason == Reason.ADDRESS_REFUSED:
            kind = classify_failure(text=detail)
            record_delivery_event(
                message=message, kind=kind, event=f"smtp:{message.pk}", diagnostic=detail
            )
    return outcome.value


def retry(message: Message, decision: SendDecision, error: str) -> str:
    """Put a claimed message off until its next attempt. Return its state.

    A notice is tried without limit, a topic as often as RETRY_AFTER is long.
    """
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
