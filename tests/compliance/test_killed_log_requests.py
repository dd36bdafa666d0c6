"""A process killed in the middle of a tabulation or a release leaves all or nothing (L44, L45).

Each step runs in a process on a SQLite database of its own, which kills itself by SIGKILL where its
transaction has written everything but the event. Then nothing of the step is there, and the same
step again succeeds.
"""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from tests.demo import migrated_database

START = """
import os, signal, sys, django
django.setup()
from accounts.models import User
from compliance.models import LogPart, LogRequest, SealedChunk, SealedFile
from compliance.services import log_requests, tabulation
from tests import log_scene

def die(**_kept):
    os.kill(os.getpid(), signal.SIGKILL)

def state():
    request = LogRequest.objects.get()
    chunks = SealedChunk.objects.filter(file__kind="logs").count()
    files = SealedFile.objects.filter(kind="logs").values_list("state", flat=True)
    print(request.state, LogPart.objects.count(), chunks, *files)

if "die" in sys.argv:
    tabulation.record_event = log_requests.record_event = die
"""
PREPARE = """
from django.core.management import call_command
from hub.example import load_example
call_command("migrate", verbosity=0)
load_example()
from accounts.models import Membership
bob = User.objects.get(email="bob@alder.example")
report, member = log_scene.report(), Membership.objects.get(user=bob)
log_scene.price()
log_scene.representative(member)
log_scene.give_key(member, report)
request = log_scene.ask(bob, report)
log_scene.pay(log_scene.approve(request))
state()
"""
STEPS = [  # in their order: code, the state before, the state after
    ("log_scene.claim(LogRequest.objects.get())", "paid 0 0", "tabulating 0 0"),
    ("log_scene.send(LogRequest.objects.get())", "tabulating 0 0", "tabulating 2 0"),
    ("log_scene.finish(LogRequest.objects.get())", "tabulating 2 0", "ready 0 1 sealed"),
    (
        "log_requests.release_log_request(actor=log_scene.staff(),"
        " request=LogRequest.objects.get(), is_checked=True)",
        "ready 0 1 sealed",
        "released 0 1 ready",
    ),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A database with the example and a paid request."""
    path = tmp_path_factory.mktemp("prepared") / "hub.sqlite3"
    shutil.copy(migrated_database(), path)
    code, output = run(path, PREPARE)
    assert code == 0, output
    assert output.endswith("paid 0 0\n")
    return path


def run(path, code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", START + code, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "PYTHONPATH": str(settings.BASE_DIR),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "HUB_ENV": "test",
            "HUB_DATABASE_URL": f"sqlite:///{path}",
        },
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout or done.stderr


def test_each_step_happens_whole_or_not_at_all_L44_L45(prepared, tmp_path):
    path = tmp_path / "hub.sqlite3"
    shutil.copy(prepared, path)
    for step, before, after in STEPS:
        if "send" not in step:  # a part has no event
            code, output = run(path, f"{step}\nstate()", "die")
            assert code == -signal.SIGKILL, output
        assert run(path, "state()") == (0, f"{before}\n")
        assert run(path, f"{step}\nstate()") == (0, f"{after}\n")
