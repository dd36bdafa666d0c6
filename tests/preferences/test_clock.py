"""The worker's clock: due work is done each minute, and one failure does not stop the others."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.signals import periodic_tick
from preferences.management.commands.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def struck(deliver):
    done = []

    def broken(**_):
        raise RuntimeError("its database is away")

    def counted(**_):
        done.append(timezone.now())

    periodic_tick.connect(broken, dispatch_uid="broken")
    periodic_tick.connect(counted, dispatch_uid="counted")
    yield done
    periodic_tick.disconnect(dispatch_uid="broken")
    periodic_tick.disconnect(dispatch_uid="counted")


def test_the_clock_ticks_at_the_first_round_and_once_a_minute(struck):
    worker = Worker(interval=0)
    start = timezone.now()
    for seconds in (0, 1, 59, 61, 62, 122):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            worker.run_round()

    assert len(struck) == 3
