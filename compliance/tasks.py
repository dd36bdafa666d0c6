"""Jobs of this app. A job may run twice."""

from uuid import UUID

from django_tasks import task

from compliance.services import exports, privacy_requests

SOMEBODY_WAITS = 50  # jobs of campaigns come later


@task(priority=SOMEBODY_WAITS)
def make_own_data(file: str) -> bool:
    """Make a file with a person's data (a uuid). Return whether it was made now."""
    return exports.make_own_data(actor=None, file=UUID(file))


@task(priority=SOMEBODY_WAITS)
def send_privacy_link(address: str, kind: str, language: str, at: float) -> bool:
    """Send a link to an address of which data is held. Return whether any is."""
    return privacy_requests.send_privacy_link(
        actor=None, address=address, kind=kind, language=language, at=at
    )
