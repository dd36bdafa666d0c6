"""The messages of a campaign that nobody has sent yet, and their withdrawal."""

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from preferences.choices import MessageState, Outcome, Reason
from preferences.models import Campaign, Message


def withdraw_messages(campaign: Campaign) -> int:
    """Withdraw the unclaimed messages, in three statements for any number. Return how many."""
    now = timezone.now()
    Message.objects.filter(unclaimed(), campaign=campaign).update(
        state=MessageState.CLAIMED, claim=None, claimed_at=now, due_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences_deliverydecision (message_id, outcome, reason, detail, at)"
            " SELECT id, %s, %s, '', %s FROM preferences_message"
            " WHERE campaign_id = %s AND state = 'claimed' AND claim IS NULL",
            [Outcome.WITHDRAWN.value, Reason.WITHDRAWN.value, now, campaign.pk],
        )
    return Message.objects.filter(campaign=campaign, state=MessageState.CLAIMED, claim=None).update(
        state=MessageState.WITHDRAWN
    )


def unclaimed() -> Q:
    """Select the unfinished messages that no worker has claimed, or whose claim has expired."""
    return Q(state__in=[MessageState.QUEUED, MessageState.WAITING]) | Q(
        state=MessageState.CLAIMED, due_at__lte=timezone.now()
    )
