"""The audience: one SQL statement decides whether recipients get an email, and why.

It checks, in this order: whether the topic is offered to them, whether the address is reachable,
whether all optional email is stopped, what the company decided, what the person chose, whether the
consent still runs, whether the person was told of the use (limits.py), and a pause. A notice is
always sent, even to an unreachable address, which is then the reason for an escalation.
"""

from preferences.audience.limits import limit_reseller_topics
from preferences.audience.one_recipient import verdicts_on_topics
from preferences.audience.sets import (
    Verdict,
    audience_counts,
    notice_verdicts,
    resolve_campaign,
    sending_counts,
    topic_verdicts,
)

__all__ = [
    "Verdict",
    "audience_counts",
    "limit_reseller_topics",
    "notice_verdicts",
    "resolve_campaign",
    "sending_counts",
    "topic_verdicts",
    "verdicts_on_topics",
]
