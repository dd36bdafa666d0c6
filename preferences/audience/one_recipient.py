"""The verdicts on all topics for one recipient, by a statement whose plan is kept.

To plan the statement takes longer than everything else on a page of preferences.
"""

from django.utils import timezone

from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER, PreparedStatement
from preferences.audience import clocks
from preferences.audience.sets import Verdict, topic_verdicts
from preferences.audience.statement import TOPICS
from preferences.choices import Reason
from preferences.models import Topic

_PARTS = {
    "topics": "SELECT each.id FROM preferences_topic each",
    "allowed": "SELECT 0 WHERE 1 = 0",  # nobody: topic_verdicts looks up who was told
    "recipients": "r.id = {recipient}",
    "people": """m.user_id IN (
        SELECT r.user_id FROM preferences_recipient r WHERE r.id = {recipient})""",
}
_STATEMENT = PreparedStatement(
    "preferences_verdicts",
    PLACEHOLDER.sub(lambda found: _PARTS.get(found[1], found[0]), TOPICS),
)


def verdicts_on_topics(recipient: int) -> list[Verdict]:
    """Return the verdict on every topic for a recipient (a key), now, as `topic_verdicts` does."""
    now = timezone.now()
    rows = _STATEMENT.rows(
        recipient=str(recipient),
        now=stored_time(now),
        account_since=stored_time(clocks.begins(now, clocks.ACCOUNT_MONTHS)),
        inquiry_since=stored_time(clocks.begins(now, clocks.INQUIRY_MONTHS)),
    )
    verdicts = [
        Verdict(int(r), int(t), Reason(reason), None if c is None else int(c), digest)
        for r, t, reason, c, digest in rows
    ]
    if any(verdict.reason == Reason.NOT_TOLD for verdict in verdicts):
        return topic_verdicts(topics=Topic.objects.all(), recipients=[recipient])
    return verdicts
