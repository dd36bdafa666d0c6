"""Run the hub's jobs: `manage.py worker`."""

import signal
import threading
import time
import uuid
from argparse import ArgumentParser
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from accounts import signals
from preferences.gate import lease, sweep

log = structlog.get_logger(__name__)

JOBS_PER_ROUND = 100  # between two sweeps
TAKE_OVER_EVERY = 5.0  # seconds, while jobs are waiting
KEEP_DONE_FOR = timedelta(days=1)
KEEP_FAILED_FOR = timedelta(days=14)  # for whoever looks into it
TICK_EVERY = timedelta(minutes=1)


class Worker(db_worker.Worker):
    """The worker of django-tasks-db, with our sweep between rounds and a clean stop."""

    def __init__(self, *, interval: float = 0.5) -> None:
        super().__init__(
            queue_names=["*"],
            interval=interval,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=JOBS_PER_ROUND,
            worker_id=get_random_string(32),
            excluded_queue_names=[],
        )
        self.stopping = threading.Event()
        self._ticked_at = timezone.now() - TICK_EVERY
        self._took_over_at = 0.0
        self.job: uuid.UUID | None = None  # that it runs now

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Finish the current job, then stop."""
        self.running = False
        self.stopping.set()

    def run_round(self) -> bool:
        """Sweep, then run up to JOBS_PER_ROUND jobs. Return whether more may be waiting."""
        if timezone.now() - self._ticked_at >= TICK_EVERY:
            self._ticked_at = timezone.now()
            send_periodic_tick()
        self.take_over()
        self._run_tasks = 0
        super().run()
        return self._run_tasks >= JOBS_PER_ROUND

    def take_over(self) -> None:
        """Take over what dead workers left, and what fell due."""
        self._took_over_at = time.monotonic()
        sweep.sweep()
        lease.revive_stuck_jobs()

    def run_task(self, db_task_result: DBTaskResult[Any, Any]) -> None:
        """Run a job; a round of slow ones must not keep a dead worker's email waiting."""
        self.job = db_task_result.pk
        try:
            super().run_task(db_task_result)
        finally:
            self.job = None
        if time.monotonic() - self._took_over_at > TAKE_OVER_EVERY:
            self.take_over()

    def run(self) -> None:
        """Run rounds until told to stop; wait for a database that is away."""
        tidied_at = None
        while self.running:
            try:
                if tidied_at is None or timezone.now() - tidied_at > timedelta(hours=1):
                    tidied_at = timezone.now()
                    forget_done_jobs()
                more = self.run_round()
            except OperationalError as error:
                log.warning("the database is away; waiting", error=str(error))
                close_old_connections()
                more = False
            if not more:
                self.stopping.wait(self.interval)

    def configure_signals(self) -> None:
        """Stop cleanly on SIGTERM and Ctrl-C."""
        signal.signal(signal.SIGINT, self.shutdown)
        signal.signal(signal.SIGTERM, self.shutdown)


def send_periodic_tick() -> None:
    """Send the periodic tick; the failure of one receiver is logged and stops no other."""
    for receiver, outcome in signals.periodic_tick.send_robust(sender=None):
        if isinstance(outcome, Exception):
            log.error("what fell due failed", receiver=receiver, exc_info=outcome)


def forget_done_jobs() -> int:
    """Delete what finished KEEP_DONE_FOR ago or failed KEEP_FAILED_FOR ago. Return how many.

    The arguments of a job can hold an address.
    """
    now, jobs = timezone.now(), DBTaskResult.objects
    old = jobs.successful().filter(finished_at__lt=now - KEEP_DONE_FOR)
    failed = jobs.failed().filter(finished_at__lt=now - KEEP_FAILED_FOR)
    return old.delete()[0] + failed.delete()[0]


class Command(BaseCommand):
    """`manage.py worker`: one process; run several for more throughput (PostgreSQL)."""

    help = "Run the hub's jobs: mail, retries. Stops cleanly on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--interval", type=float, default=0.5, help="Seconds between looks when idle."
        )
        parser.add_argument(
            "--once", action="store_true", help="Run what is due now, then stop (for cron)."
        )

    def handle(self, *, interval: float, once: bool, **options: Any) -> None:
        """Run jobs until told to stop, or once."""
        worker = Worker(interval=interval)
        worker.configure_signals()
        with lease.renewing(lambda: worker.job):
            if not once:
                worker.run()
            while once and worker.run_round():
                pass
