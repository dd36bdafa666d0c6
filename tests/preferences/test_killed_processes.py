"""A worker process that is killed loses no email and repeats only an uncommitted one (R49, I10).

Each test starts processes on a SQLite database of its own.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from tests.demo import migrated_database

SETTINGS = """
from tests.settings import *
HUB_MAIL_TRANSPORT = "{module}.{transport}"
"""
MODULE = """
import os, signal, time
from django.core.mail.backends.base import BaseEmailBackend
LOG = {log!r}

class Accepting(BaseEmailBackend):
    def send_messages(self, messages):
        with open(LOG, "a") as log:
            for message in messages:
                log.write(message.message()["Message-ID"] + "\\n")
        return len(messages)

class Hanging(BaseEmailBackend):
    def send_messages(self, messages):
        open(LOG + ".begun", "w").close()
        time.sleep(600)

class Slow(Accepting):
    def send_messages(self, messages):
        open(LOG + ".begun", "w").close()
        time.sleep(6)
        return super().send_messages(messages)

class KilledBefore(BaseEmailBackend):
    def send_messages(self, messages):
        os.kill(os.getpid(), signal.SIGKILL)

class KilledAfter(Accepting):
    def send_messages(self, messages):
        super().send_messages(messages)
        os.kill(os.getpid(), signal.SIGKILL)
"""
QUEUE = """
import django; django.setup()
from accounts.emails import NOTICE_CLASS_HEADER as H
from django.conf import settings
from django.core.mail import EmailMessage
settings.EMAIL_BACKEND = "preferences.gate.GateBackend"
EmailMessage("Terms", "x", to=["bob@alder.example"], headers={H: "legal"}).send()
"""
LATER = """
import django; django.setup()
from datetime import timedelta
from django.core.management import call_command
from preferences.gate import delivery
from preferences.models import Message
Message.objects.update(due_at="2020-01-01T00:00:00Z")
call_command("worker", once=True)
"""

SHORT_LEASE = """
import django; django.setup()
import os, signal
from datetime import timedelta
from django.core.management import call_command
from preferences.gate import delivery, lease
lease.LEASE = delivery.LEASE = timedelta(seconds=2)
lease.RENEW_EVERY = 0.2
"""
WORK = (
    SHORT_LEASE
    + """
call_command("worker")
"""
)
DIE_WITH_THE_JOB = (
    SHORT_LEASE
    + """
delivery._claim = lambda pk: os.kill(os.getpid(), signal.SIGKILL)
call_command("worker")
"""
)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A database of the hub without people, for each test to copy."""
    path = tmp_path_factory.mktemp("migrated") / "hub.sqlite3"
    shutil.copy(migrated_database(), path)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"HUB_ENV": "test", "HUB_DATABASE_URL": f"sqlite:///{path}"},
        check=True,
    )
    return path


@pytest.fixture
def machine(tmp_path, migrated):
    """A hub of its own on SQLite: run(transport, python code or arguments) → process."""
    (tmp_path / "transports.py").write_text(MODULE.format(log=str(tmp_path / "log")))
    (tmp_path / "log").touch()

    def start(transport, *arguments):
        name = f"settings_{transport.lower()}"
        path = tmp_path / f"{name}.py"
        path.write_text(SETTINGS.format(module="transports", transport=transport))
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "PYTHONPATH": f"{tmp_path}:{settings.BASE_DIR}",
                "DJANGO_SETTINGS_MODULE": name,
                "HUB_ENV": "test",
                "HUB_DATABASE_URL": f"sqlite:///{tmp_path}/hub.sqlite3",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(transport, *arguments):
        process = start(transport, *arguments)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    run.start = start
    run.begun = tmp_path / "log.begun"
    run.log = tmp_path / "log"
    run.database = tmp_path / "hub.sqlite3"
    shutil.copy(migrated, run.database)
    code, output = run("Accepting", "-c", QUEUE)
    assert code == 0, output
    return run


@pytest.mark.parametrize(("killed", "copies"), [("KilledBefore", 1), ("KilledAfter", 2)])
def test_killed_by_sigkill(machine, killed, copies):
    code, _ = machine(killed, "manage.py", "worker", "--once")
    assert code == -signal.SIGKILL

    for _ in range(2):
        code, output = machine("Accepting", "-c", LATER)
        assert code == 0, output
    sent = machine.log.read_text().split()
    assert len(sent) == copies
    assert len(set(sent)) == 1


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def workers(machine):
    """workers(transport, code=WORK) → a running worker; all are killed at the end."""
    running = []

    def start(transport, code=WORK):
        running.append(machine.start(transport, "-c", code))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def sent(machine):
    return machine.log.read_text().split()


def test_an_email_at_work_is_taken_over_once_its_worker_is_killed(machine, workers):
    """A lease that is renewed holds for as long as the worker lives, and then for seconds."""
    first = workers("Hanging")
    wait_until(machine.begun.exists, 30)
    workers("Accepting")
    time.sleep(6)  # three leases
    assert sent(machine) == []

    first.kill()

    wait_until(lambda: sent(machine), 2 + 5)
    time.sleep(3)
    assert len(sent(machine)) == 1


def test_a_job_is_taken_over_once_its_worker_is_killed(machine, workers):
    """It died before it claimed the email, which so waits for its job alone."""
    assert workers("Accepting", DIE_WITH_THE_JOB).wait(timeout=30) == -signal.SIGKILL
    assert sent(machine) == []

    workers("Accepting")

    wait_until(lambda: sent(machine), 30)
    time.sleep(3)
    assert len(sent(machine)) == 1
    with sqlite3.connect(machine.database) as database:
        [[claimed, created]] = database.execute(
            "SELECT claimed_at, created_at FROM preferences_message"
        )
    assert datetime.fromisoformat(claimed) - datetime.fromisoformat(created) < timedelta(seconds=20)


def test_a_slow_worker_keeps_its_email(machine, workers):
    """Sending takes three leases, beside a worker who would take it over: one copy."""
    workers("Slow")
    wait_until(machine.begun.exists, 30)
    workers("Accepting")

    wait_until(lambda: sent(machine), 20)
    time.sleep(3)

    assert len(sent(machine)) == 1
    with sqlite3.connect(machine.database) as database:
        assert database.execute("SELECT outcome FROM preferences_deliverydecision").fetchall() == [
            ("sent",)
        ]


def test_worker_sends_within_a_second_and_stops_on_sigterm(machine):
    worker = machine.start("Accepting", "manage.py", "worker")
    deadline = time.monotonic() + 20
    while not machine.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert machine.log.read_text()
    machine("Accepting", "-c", QUEUE)
    queued = time.monotonic()
    while len(machine.log.read_text().split()) < 2 and time.monotonic() < queued + 5:
        time.sleep(0.02)
    assert len(machine.log.read_text().split()) == 2
    assert time.monotonic() - queued < 2

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=5) == 0
    with sqlite3.connect(machine.database) as database:
        states = database.execute("SELECT DISTINCT status FROM django_tasks_database_dbtaskresult")
        assert json.dumps(states.fetchall()) == '[["SUCCESSFUL"]]'
