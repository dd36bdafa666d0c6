"""A worker killed anywhere loses no email and repeats only an uncommitted one (R49, I10).

The worker ends by an exception at each point between two commits, with real transactions.
test_killed_processes.py kills real processes.
"""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences.choices import MessageState
from preferences.gate import delivery, lease, sweep
from preferences.models import DeliveryDecision, Message


class Killed(BaseException):
    """The process ends here: nothing after this line runs."""


def die(*args, **kwargs):
    raise Killed


def run_killed():
    """The worker takes the job and dies in it; its job row stays as a dead worker leaves it."""
    job = DBTaskResult.objects.ready().get()
    job.claim("a worker that dies")
    with pytest.raises(Killed):
        job.task.call(*job.args_kwargs["args"])


def later(deliver):
    """Another worker, once the claim has run out."""
    with time_machine.travel(timezone.now() + delivery.LEASE + timedelta(seconds=1), tick=True):
        return deliver()


@pytest.fixture
def message(transactional_db, bob, send_legal):
    send_legal(bob)
    return Message.objects.get()


def state_of(message):
    message.refresh_from_db()
    return message.state


def test_killed_before_the_claim(message, deliver, monkeypatch):
    with monkeypatch.context() as point:
        point.setattr(delivery, "_claim", die)
        run_killed()
    assert state_of(message) == MessageState.QUEUED

    with time_machine.travel(timezone.now() + sweep.RESCUE_AFTER + timedelta(seconds=1)):
        assert len(deliver()) == 1


def test_killed_after_the_claim(message, deliver, monkeypatch):
    with monkeypatch.context() as point:
        point.setattr(delivery, "transmit", die)
        run_killed()
    assert state_of(message) == MessageState.CLAIMED
    assert deliver() == []  # the claim holds: perhaps that worker is only slow

    assert len(later(deliver)) == 1
    assert state_of(message) == MessageState.SENT


def test_killed_between_acceptance_and_commit_repeats_with_one_message_id(
    message, deliver, monkeypatch
):
    with monkeypatch.context() as point:
        point.setattr(delivery, "close", die)
        run_killed()

    first, second = later(deliver)
    assert first.message()["Message-ID"] == second.message()["Message-ID"]
    assert len(later(deliver)) == 2  # and then never again
    assert DeliveryDecision.objects.count() == 1


def test_killed_before_the_commit_leaves_nothing_half_written(message, deliver, monkeypatch):
    mark = delivery.record_outcome

    def write_then_die(*arguments):
        assert mark(*arguments) == 1
        raise Killed

    with monkeypatch.context() as point:
        point.setattr(delivery, "record_outcome", write_then_die)
        run_killed()
    assert state_of(message) == MessageState.CLAIMED
    assert not DeliveryDecision.objects.exists()

    assert len(later(deliver)) == 2
    assert DeliveryDecision.objects.count() == 1


def test_killed_after_the_commit_does_not_repeat(message, deliver, monkeypatch):
    finish = delivery.close

    def finish_then_die(*args, **kwargs):
        finish(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as point:
        point.setattr(delivery, "close", finish_then_die)
        run_killed()

    assert len(later(deliver)) == 1
    assert state_of(message) == MessageState.SENT


def test_slow_worker_that_lost_its_claim_does_not_mark(message, deliver, monkeypatch):
    send = EmailBackend.send_messages

    def overtaken(self, messages):
        sent = send(self, messages)
        with monkeypatch.context() as quick:
            quick.setattr(EmailBackend, "send_messages", send)
            later(deliver)
        return sent

    monkeypatch.setattr(EmailBackend, "send_messages", overtaken)
    deliver()

    assert DeliveryDecision.objects.count() == 1
    assert state_of(message) == MessageState.SENT


def test_job_of_a_dead_worker_is_ready_again(message, deliver, monkeypatch):
    with monkeypatch.context() as point:
        point.setattr(delivery, "_claim", die)
        run_killed()
    assert len(later(deliver)) == 1
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


def test_a_lease_is_of_seconds_and_outlasts_lost_renewals():
    assert timedelta(seconds=10) <= lease.LEASE <= timedelta(seconds=30)
    assert lease.LEASE.total_seconds() >= 3 * lease.RENEW_EVERY
    assert lease.LEASE.total_seconds() > settings.EMAIL_TIMEOUT
    assert delivery.LEASE == lease.LEASE
