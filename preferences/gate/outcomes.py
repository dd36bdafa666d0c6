"""The outcome of a message: its decision and its final state, written together or not at all."""

from django.db import connection
from django.utils import timezone

from preferences.choices import Outcome, Reason
from preferences.models import Message
from preferences.selectors import SendDecision
from preferences.services.escalations import open_escalation

# The decision is written first: a trigger refuses to close a message without one.
_DECIDE = """
    INSERT INTO preferences_deliverydecision (message_id, outcome, reason, consent_id, detail, at)
    SELECT m.id, %s, %s, %s, %s, %s FROM preferences_message m
    WHERE m.id = %s AND m.claim = %s AND m.state = 'claimed' """
_CLOSE = """
    UPDATE preferences_message
    SET state = %s, sealed_content = NULL, attempts = attempts + 1, last_error = %s WHERE id = %s"""


def record_outcome(
    message: Message, outcome: Outcome, decision: SendDecision, detail: str = ""
) -> bool:
    """Write the decision, erase the content and close the message, in the caller's transaction.

    A notice sent to an unreachable address escalates at once. Return False where the claim has
    expired: the message is another worker's by now, and nothing is written.
    """
    detail = detail[:300]
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    claim = Message._meta.get_field("claim").get_db_prep_value(message.claim, connection)
    lock = "FOR UPDATE OF m" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDE + lock,
            [
                *(outcome.value, decision.reason.value, decision.consent_id, detail, now),
                *(message.pk, claim),
            ],
        )
        if not cursor.rowcount:
            return False
        cursor.execute(_CLOSE, [outcome.value, detail, message.pk])
    if decision.reason == Reason.ESCALATE:
        open_escalation(message=message)
    return True
