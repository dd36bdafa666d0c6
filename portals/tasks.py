"""Jobs of this app. A job may run twice."""

import uuid

from django_tasks import task

from portals.services import portal_sessions

SOMEBODY_WAITS = 50  # jobs of campaigns come later


@task(priority=SOMEBODY_WAITS)
def send_logout_notice(notice: str, attempt: int) -> bool:
    """Tell a portal that a session ended, in attempt 1, 2, …; return whether it knows."""
    return portal_sessions.send_logout_notice(notice=uuid.UUID(notice), attempt=attempt)
