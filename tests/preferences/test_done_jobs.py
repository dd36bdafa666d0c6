"""Jobs are forgotten, because their arguments can hold an address."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from accounts.tasks import record_failed_sign_in
from preferences.management.commands.worker import (
    KEEP_DONE_FOR,
    KEEP_FAILED_FOR,
    forget_done_jobs,
)

SECOND = timedelta(seconds=1)
DONE, FAILED = TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED


@pytest.mark.parametrize(
    ("status", "age", "stays"),
    [
        (DONE, KEEP_DONE_FOR - SECOND, True),
        (DONE, KEEP_DONE_FOR + SECOND, False),
        (FAILED, KEEP_FAILED_FOR - SECOND, True),
        (FAILED, KEEP_FAILED_FOR + SECOND, False),
        (TaskResultStatus.READY, timedelta(days=400), True),
    ],
)
def test_a_job_is_forgotten_in_its_time(status, age, stays, db):
    job = record_failed_sign_in.enqueue("sam@shop.example")
    row = DBTaskResult.objects.filter(pk=job.id)
    finished = None if status == TaskResultStatus.READY else timezone.now() - age
    row.update(status=status, finished_at=finished)

    forget_done_jobs()

    assert row.exists() == stays
