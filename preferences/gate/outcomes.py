"""How a message ended: its decision and its new state, together or not at all."""

from django.db import connection
from django.utils import timezone

from preferences.choices import Outcome, Reason
from preferences.models import Message
from preferences.selectors import SendDecision
from preferences.services.escalations import open_escalation

# The decision comes first: a trigger closes no message without one.
_DECIDE = """
    INSERT INTO preferences_deliverydecision (message_id, outcome, reason, consent_id, detail, at)
    SELECT m.id, %s, %s, %s, %s, %s FROM preferences_message m
    WHERE m.id = %s AND m.claim = %s AND m.state = 'claimed' """
_CLOSE = """
    UPDATE preferences_message
    SET state = %s, sealed_content = NULL, attempts = attempts + 1, last_error = %s WHERE id = %s"""


def mark(message: Message, outcome: Outcome, answer: SendDecision, detail: str = "") -> bool:
    """Write the decision, erase the content, close the message, in the caller's transaction.

    A notice that went to an address which takes no mail escalates at once. Out: whether the message
    was still ours; one whose claim has run out is another worker's by now.
    """
    detail = detail[:300]
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    claim = Message._meta.get_field("claim").get_db_prep_value(message.claim, connection)
    lock = "FOR UPDATE OF m" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDE + lock,
            [
                *(outcome.value, answer.reason.value, answer.consent_id, detail, now),
                *(message.pk, claim),
            ],
        )
        if not cursor.rowcount:
            return False
        cursor.execute(_CLOSE, [outcome.value, detail, message.pk])
    if answer.reason == Reason.ESCALATE:
        open_escalation(message=message)
    return True
