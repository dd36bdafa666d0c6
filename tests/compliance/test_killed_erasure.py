"""An erasure whose process is killed inside of each item and after each goes on (L57)."""

import os
import shutil
import sqlite3
import subprocess
import sys

from django.conf import settings

from tests.preferences.test_killed_processes import migrated  # noqa: F401 — a fixture

ERASE = """
import django; django.setup()
import os, signal
from django.db import connection
from accounts.models import ErasureStep, User
from compliance.registry import ITEMS
from compliance.services import erasures
from preferences.models import Recipient

person = User.objects.create_user("zerlina@alder.example", name="Zerlina Quastberg")
User.objects.filter(pk=person.pk).update(is_active=False)
person.refresh_from_db()
erasure = erasures.begin_erasure(person=person, addresses=[]).pk
destroy, erase_item = erasures.destroy, erasures.erase_item

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

def die_before_the_commit(*args, **more):
    destroy(*args, **more)
    die()

def die_after_the_commit(**more):
    if erase_item(**more) is not None:
        die()

def run_and_die(name, replacement):
    connection.close()
    child = os.fork()
    if not child:
        setattr(erasures, name, replacement)
        erasures.run_erasure(actor=None, erasure=erasure)
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL

steps = 0
while run_and_die("destroy", die_before_the_commit):
    assert ErasureStep.objects.filter(outcome="done").count() == steps
    while True:
        before = ErasureStep.objects.count()
        assert run_and_die("erase_item", die_after_the_commit)
        assert ErasureStep.objects.count() == before + 1  # one item, and no other
        done = ErasureStep.objects.filter(outcome="done").count()
        if done > steps:
            break
    steps = done
assert erasures.run_erasure(actor=None, erasure=erasure) is False  # it ended
print(steps, "steps")
"""


def test_killed_inside_and_after_each_item_it_goes_on_L57(tmp_path, migrated):  # noqa: F811
    database = tmp_path / "hub.sqlite3"
    shutil.copy(migrated, database)
    result = subprocess.run(
        [sys.executable, "-c", ERASE],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "HUB_ENV": "test",
            "HUB_DATABASE_URL": f"sqlite:///{database}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert int(result.stdout.split()[-2]) > 15
    with sqlite3.connect(database) as connection:
        connection.execute("VACUUM")
        left = [line for line in connection.iterdump() if "quastberg" in line.lower()]
        done = connection.execute("SELECT done_at FROM accounts_erasure").fetchall()
    assert left == []
    assert done[0][0] is not None
    assert b"uastberg" not in database.read_bytes()
