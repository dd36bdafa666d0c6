"""The lease of a worker on what it has at work: some seconds, renewed as long as the worker lives.

A killed worker renews nothing, so another one takes over its job and its email once the lease has
run out. A slow worker keeps both, so nothing is sent twice.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import close_old_connections, connection
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from preferences.choices import MessageState
from preferences.models import Message

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY = 5.0  # seconds; several renewals may fail before a lease runs out

_claims: set[uuid.UUID] = set()  # of the single emails that this process is sending


@contextmanager
def at_work(claim: uuid.UUID) -> Iterator[None]:
    """Have the lease of this claim renewed while an email is decided on and sent."""
    _claims.add(claim)
    try:
        yield
    finally:
        _claims.discard(claim)


@contextmanager
def renewing(current_job: Callable[[], uuid.UUID | None]) -> Iterator[None]:
    """Renew what this process has at work, in a thread and on a connection of its own.

    `current_job` returns the key of the job that it runs, if any.
    """
    stop = threading.Event()

    def renew_until_stopped() -> None:
        while not stop.wait(RENEW_EVERY):
            try:
                renew(current_job())
            except Exception as error:  # the thread must live: it tries again in a moment
                log.warning("a lease could not be renewed", error=str(error))
                close_old_connections()
        connection.close()

    thread = threading.Thread(target=renew_until_stopped, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def renew(job: uuid.UUID | None) -> None:
    """Begin the lease of this job, and of the emails at work, once more."""
    now = timezone.now()
    if job is not None:
        DBTaskResult.objects.filter(pk=job, status=TaskResultStatus.RUNNING).update(started_at=now)
    if claims := list(_claims):
        Message.objects.filter(claim__in=claims, state=MessageState.CLAIMED).update(
            due_at=now + LEASE
        )


def revive_stuck_jobs() -> int:
    """Make jobs ready again whose worker died: every job may run twice. Return how many."""
    stuck = DBTaskResult.objects.running().filter(started_at__lt=timezone.now() - LEASE)
    return stuck.update(status=TaskResultStatus.READY) if stuck.exists() else 0
