"""The sweep: new jobs for messages whose job was lost or whose next attempt is due."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from preferences.choices import UNFINISHED, MessageState
from preferences.gate.delivery import RETRY_AFTER
from preferences.gate.tasks import enqueue_delivery
from preferences.models import Message

RESCUE_AFTER = timedelta(minutes=10)  # a message that is still queued then has lost its job
MAX_DELAY = 2 * max(RETRY_AFTER)  # no worker puts a message off for longer
SWEEP_SIZE = 500  # messages


def sweep() -> int:
    """Queue a job for each message that waits for its next attempt or lost its worker.

    Messages of digests are left out: `due_recipients` finds those. Return how many were queued.
    """
    now = timezone.now()
    due = Message.objects.filter(
        Q(state__in=[MessageState.WAITING, MessageState.CLAIMED], due_at__lte=now)
        | Q(state=MessageState.QUEUED, campaign=None, due_at__lte=now - RESCUE_AFTER)
        | Q(state__in=UNFINISHED, due_at__gt=now + MAX_DELAY),
        in_digest=False,
    )
    if not due.exists():  # most of the time: no lock is needed
        return 0
    with transaction.atomic():
        messages = list(due.select_for_update(skip_locked=True).order_by("due_at")[:SWEEP_SIZE])
        for message in messages:
            message.state, message.due_at = MessageState.QUEUED, now
            message.save(update_fields=["state", "due_at"])
            enqueue_delivery(message)
    return len(messages)
