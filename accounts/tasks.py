"""Jobs of this app. A job may run twice."""

from django_tasks import task

from accounts.services import password_resets, people

SOMEBODY_WAITS = 50  # jobs of campaigns come later


@task(priority=SOMEBODY_WAITS)
def send_reset_email(address: str, language: str) -> int:
    """Send a link for a new password to whoever signs in with this address. Return how many."""
    return password_resets.send_reset_email(actor=None, address=address, language=language)


@task()
def record_failed_sign_in(address: str) -> bool:
    """Record a refused sign-in to whoever has this address. Return whether somebody has."""
    return people.record_failed_sign_in(actor=None, address=address)
