"""The email of the example's history: the gate decides on each, and none of it leaves.

Nobody reads the invitations of half a year ago, so they are not kept with what the demo sends.
"""

import uuid

from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences.choices import MessageState, Outcome
from preferences.gate.campaign_sending import batch_decisions, resolve_audience
from preferences.gate.delivery import decide_sending
from preferences.gate.outcomes import record_outcome
from preferences.models import Campaign, Message
from preferences.services.campaigns import start_due_campaigns


def deliver_waiting() -> None:
    """Close every waiting message as the gate's worker does, at the moment of the clock."""
    claim, now = uuid.uuid4(), timezone.now()
    Message.objects.filter(state=MessageState.QUEUED).update(
        state=MessageState.CLAIMED, claim=claim, claimed_at=now, due_at=now
    )
    messages = list(
        Message.objects.filter(claim=claim)
        .select_related("recipient__user", "topic", "campaign")
        .order_by("pk")
    )
    decisions = batch_decisions(messages)
    for message in messages:
        decision = decide_sending(message, decisions)
        record_outcome(message, Outcome.SENT if decision.send else Outcome.SKIPPED, decision)
    DBTaskResult.objects.all().delete()


def deliver_campaign(campaign: Campaign) -> None:
    """Send a running campaign to its end."""
    resolve_audience(campaign)
    campaign.save(update_fields=["resolved_at"])
    deliver_waiting()
    start_due_campaigns()  # which also ends those that are sent
