"""How messages ended: their decisions and their new state, together or not at all."""

from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from preferences.choices import Outcome, Reason
from preferences.models import Message
from preferences.selectors import Answer
from preferences.services.escalations import open_escalation

Ending = tuple[Message, Answer, str]  # detail last

# Two statements for a whole group: marking costs more than half of what sending a mail does.
_DECIDE = """
    INSERT INTO preferences_deliverydecision (message_id, outcome, reason, consent_id, detail, at)
    WITH v (id, claim, reason, consent_id, detail) AS (VALUES {rows})
    SELECT m.id, %s, v.reason, CAST(v.consent_id AS bigint), v.detail, {moment}
    FROM preferences_message m JOIN v ON v.id = m.id AND v.claim = m.claim
    WHERE m.state = 'claimed' {lock}"""
_CLOSE = """
    WITH v (id, claim, detail) AS (VALUES {rows})
    UPDATE preferences_message
    SET state = %s, sealed_content = NULL, attempts = attempts + 1,
        last_error = (SELECT v.detail FROM v WHERE v.id = preferences_message.id)
    WHERE state = 'claimed' AND EXISTS (
        SELECT 1 FROM v WHERE v.id = preferences_message.id AND v.claim = preferences_message.claim)
        AND id IN (SELECT v.id FROM v)"""


def mark(endings: Sequence[Ending], outcome: Outcome) -> int:
    """Write the decisions, erase the contents, close the messages, in the caller's transaction.

    A notice that went to an address which takes no mail escalates at once. Out: how many were still
    ours; a message whose claim has run out is another worker's by now.
    """
    postgresql = connection.vendor == "postgresql"
    key = "CAST(%s AS bigint), CAST(%s AS uuid)" if postgresql else "%s, %s"
    claim = Message._meta.get_field("claim")
    decided, closed = [], []
    for message, answer, detail in endings:
        ours = (message.pk, claim.get_db_prep_value(message.claim, connection))
        decided += [*ours, answer.reason.value, answer.consent_id, detail[:300]]
        closed += [*ours, detail[:300]]
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDE.format(
                rows=", ".join([f"({key}, %s, %s, %s)"] * len(endings)),
                moment="CAST(%s AS timestamptz)" if postgresql else "%s",
                lock="FOR UPDATE OF m" if postgresql else "",
            ),
            [*decided, outcome.value, connection.ops.adapt_datetimefield_value(timezone.now())],
        )
        marked: int = cursor.rowcount
        if marked:
            cursor.execute(
                _CLOSE.format(rows=", ".join([f"({key}, %s)"] * len(endings))),
                [*closed, outcome.value],
            )
    for message, answer, _detail in endings if marked else ():
        if answer.reason == Reason.ESCALATE:
            open_escalation(message=message)
    return marked
