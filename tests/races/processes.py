"""Eight processes that act at one moment, each with its own Django, connection and memory.

They start once and serve every round of a module: each gets ready behind its door (doors.py), they
wait for one another, and then all knock at once. What comes back is an Answer: won, refused by a
refusal with a name, or anything else, which fails the test.
"""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

EIGHT = 8
PATIENCE = 60.0  # seconds for what takes milliseconds: then something hangs


@dataclass(frozen=True)
class Knock:
    """What one process is to do: a door by its name in doors.py, and plain values for it."""

    door: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What one process was told; `said` is what the door gives back, or the refusal in words."""

    door: str
    outcome: str  # "won", "refused" or "failed"
    said: str


class Eight:
    """The processes, as a test sees them."""

    def __init__(self, processes: list[Any], lines: list[Connection]) -> None:
        self._processes, self._lines = processes, lines

    def race(self, *knocks: Knock) -> list[Answer]:
        """All eight at one moment; their answers, in order. Fails on any that is no answer."""
        assert len(knocks) == EIGHT
        for line, knock in zip(self._lines, knocks, strict=True):
            line.send(knock)
        answers = [self._hear(place) for place in range(EIGHT)]
        failed = [answer for answer in answers if answer.outcome == "failed"]
        assert not failed, "\n".join(f"{answer.door}: {answer.said}" for answer in failed)
        return answers

    def _hear(self, place: int) -> Answer:
        assert self._lines[place].poll(2 * PATIENCE), f"process {place} hangs"
        answer: Answer = self._lines[place].recv()
        return answer

    def end(self) -> None:
        """Nobody is left, whatever they were at."""
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.kill()
            process.join()


@contextmanager
def eight_processes(database: str) -> Iterator[Eight]:
    """Eight processes on this database, gone afterwards; also when this process is killed, for
    then their lines end.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(EIGHT)
    eight = Eight([], [])
    try:
        for _place in range(EIGHT):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(database, barrier, theirs), daemon=True)
            process.start()
            theirs.close()
            eight._processes.append(process)
            eight._lines.append(ours)
        yield eight
    finally:
        eight.end()


def _serve(database: str, barrier: Any, line: Connection) -> None:
    """One process: answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began it ends it
    _stand_on(database)
    while True:
        try:
            knock = line.recv()
        except EOFError:
            return
        line.send(_answer(knock, barrier))


def _stand_on(database: str) -> None:
    """Django on the test's own database, with what conftest.py puts right in the test's process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    from portals.services.uses import UseRecorder

    setup_test_environment()
    settings.EMAIL_BACKEND = "preferences.gate.GateBackend"
    UseRecorder.start = lambda self: None  # type: ignore[method-assign]
    connection.settings_dict["NAME"] = database


def _answer(knock: Knock, barrier: Any) -> Answer:
    from django.contrib.contenttypes.models import ContentType
    from django.core.exceptions import PermissionDenied, ValidationError

    from tests.races import gates_ready

    ContentType.objects.clear_cache()  # another test's flush gave them other keys
    act, said = None, ""
    try:
        act = getattr(gates_ready, knock.door)(**knock.values)
    except Exception:
        said = f"did not get ready: {traceback.format_exc()}"
    barrier.wait(timeout=PATIENCE)
    if act is None:
        return Answer(knock.door, "failed", said)
    try:
        return Answer(knock.door, "won", str(act()))
    except PermissionDenied as refusal:
        return Answer(knock.door, "refused", f"PermissionDenied: {refusal}")
    except ValidationError as refusal:
        named = type(refusal) is not ValidationError
        said = f"{type(refusal).__name__}: {' '.join(refusal.messages)}"
        return Answer(knock.door, "refused" if named else "failed", said)
    except Exception:  # a database's own refusal, a deadlock, a fault
        return Answer(knock.door, "failed", traceback.format_exc())
