"""May this mail go to these readers, and why? One SQL statement answers, for everyone who asks.

The order (preferences.md section 6): who may have the topic at all, whether the address takes mail,
whether all optional mail is stopped, what the company says, what the person says, whether consent
still runs, a pause. A notice class has one answer, yes; an address that takes no mail is its
only other reason, and the mail is tried all the same.
"""

from preferences.audience.sets import (
    Verdict,
    audience_counts,
    notice_verdicts,
    resolve_campaign,
    topic_verdicts,
)

__all__ = [
    "Verdict",
    "audience_counts",
    "notice_verdicts",
    "resolve_campaign",
    "topic_verdicts",
]
