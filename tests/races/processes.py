"""Eight processes that act at one moment, each with its own Django, connection and memory.

They start once and serve every round of a module. Each prepares its act (entry_points.py), waits
for the others, then all act at once. Each returns an Answer: won, refused by a refusal of its own
class, or failed, which fails the test.
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
TIMEOUT = 60.0  # seconds; an act takes milliseconds


@dataclass(frozen=True)
class RaceTask:
    """The task of one process: a function of entry_points.py by name, and its arguments."""

    entry_point: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The result of one process; `text` is what the act returned, or the refusal."""

    entry_point: str
    outcome: str  # "won", "refused" or "failed"
    text: str


class RaceProcesses:
    """The eight processes of a race."""

    def __init__(self, processes: list[Any], pipes: list[Connection]) -> None:
        self._processes, self._pipes = processes, pipes

    def race(self, *tasks: RaceTask) -> list[Answer]:
        """Run all tasks at one moment and return the answers in order. Fails if one failed."""
        assert len(tasks) == EIGHT
        for pipe, task in zip(self._pipes, tasks, strict=True):
            pipe.send(task)
        answers = [self._receive(index) for index in range(EIGHT)]
        failed = [answer for answer in answers if answer.outcome == "failed"]
        assert not failed, "\n".join(f"{answer.entry_point}: {answer.text}" for answer in failed)
        return answers

    def _receive(self, index: int) -> Answer:
        assert self._pipes[index].poll(2 * TIMEOUT), f"process {index} hangs"
        answer: Answer = self._pipes[index].recv()
        return answer

    def end(self) -> None:
        """Kill all processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.kill()
            process.join()


@contextmanager
def eight_processes(database: str) -> Iterator[RaceProcesses]:
    """Start eight processes on this database and end them afterwards.

    They also end when this process is killed, because their pipes close.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(EIGHT)
    racers = RaceProcesses([], [])
    try:
        for _index in range(EIGHT):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(database, barrier, theirs), daemon=True)
            process.start()
            theirs.close()
            racers._processes.append(process)
            racers._pipes.append(ours)
        yield racers
    finally:
        racers.end()


def _serve(database: str, barrier: Any, pipe: Connection) -> None:
    """Serve tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends it
    _set_up_django(database)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(task, barrier))


def _set_up_django(database: str) -> None:
    """Set Django up on the test's database, with the patches of conftest.py."""
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


def _answer(task: RaceTask, barrier: Any) -> Answer:
    from django.contrib.contenttypes.models import ContentType
    from django.core.exceptions import PermissionDenied, ValidationError

    from tests.races import entry_points
    from tests.races.swallowed import nothing_swallowed

    ContentType.objects.clear_cache()  # another test may have given them other keys
    act, text = None, ""
    try:
        act = getattr(entry_points, task.entry_point)(**task.values)
    except Exception:
        text = f"did not get ready: {traceback.format_exc()}"
    barrier.wait(timeout=TIMEOUT)
    if act is None:
        return Answer(task.entry_point, "failed", text)
    try:
        with nothing_swallowed():
            return Answer(task.entry_point, "won", str(act()))
    except PermissionDenied as refusal:
        return Answer(task.entry_point, "refused", f"PermissionDenied: {refusal}")
    except ValidationError as refusal:
        named = type(refusal) is not ValidationError
        text = f"{type(refusal).__name__}: {' '.join(refusal.messages)}"
        return Answer(task.entry_point, "refused" if named else "failed", text)
    except Exception:  # a database's own refusal, a deadlock, a fault, an error only logged
        return Answer(task.entry_point, "failed", traceback.format_exc())
