"""Try a mutant in a fork of a process that has loaded the hub and all tests.

Starting Python, Django and pytest takes longer than the tests of most mutants. A fork has it all;
there the changed function gets its changed code. A fault outside of functions, such as in a
constant or a decorator, cannot be put in so. Neither does one show in what was computed before. So
only `caught` is believed: the rest is run again in a process of its own (running.py).
"""

import gc
import inspect
import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import CodeType, FunctionType, SimpleNamespace
from typing import NamedTuple, cast

import pytest

IDLE = 2  # times the CPU seconds: as long may a process take that waits or has to share the CPU
Place = tuple[str, str, int]  # module, qualified name, first line


class Trial(NamedTuple):
    """The tests or files to run, the CPU seconds they have, and a mutant or none.

    A mutant is a module, and its text without and with the fault.
    """

    tests: list[str]
    limit: float
    mutant: tuple[str, str, str] | None = None


def functions_of(modules: Iterable[str]) -> dict[Place, list[FunctionType]]:
    """Return the functions of these modules."""
    wanted, found = {import_module(name).__name__ for name in modules}, defaultdict(list)
    gc.unfreeze()
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__module__ in wanted:
            found[_place(each.__module__, each.__code__)].append(each)
    gc.freeze()
    return found


class OutsideOfFunctionsError(Exception):
    """The texts differ in what runs at the import."""


def changed_functions(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    """Return the codes of the functions that differ, outer ones first."""
    is_function, alike = old.co_flags & inspect.CO_OPTIMIZED, _alike(old, new)
    if not is_function and not alike:
        raise OutsideOfFunctionsError
    inner = zip(_codes_in(old), _codes_in(new), strict=True) if alike else ()
    changes = [change for pair in inner for change in changed_functions(*pair)]
    return [(old, new), *changes] if is_function and (changes or not alike) else changes


def _codes_in(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _alike(old: CodeType, new: CodeType) -> bool:
    """Tell whether two codes do the same, apart from the functions in them."""

    def what_runs(code: CodeType) -> tuple[object, ...]:
        constants = [(type(c), c) for c in code.co_consts if not isinstance(c, CodeType)]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return code.co_code, *names, code.co_exceptiontable, constants, len(_codes_in(code))

    return what_runs(old) == what_runs(new)


def _place(module: str, code: CodeType) -> Place:
    return module, code.co_qualname, code.co_firstlineno


def put_in(mutant: tuple[str, str, str], functions: dict[Place, list[FunctionType]]) -> bool:
    """Give the changed function, and those in it, their changed code. Return False if it can't."""
    module, *texts = mutant
    old, new = (compile(text, module, "exec") for text in texts)
    try:
        found = [
            (function, code)
            for was, code in changed_functions(old, new)
            for function in functions.get(_place(module, was), [])
        ]
        for function, code in found:
            function.__code__ = code
    except (OutsideOfFunctionsError, ValueError):  # or it uses other variables around it
        return False
    return bool(found)


class Forks:
    """A pytest process that puts mutants into its forks."""

    def __init__(self, files: Iterable[str], first: list[str], rules: list[str]) -> None:
        self.calls, theirs = Pipe()
        plugin = ["-m", "pytest", "-p", "tests.mutants.plugin", "-o", "faulthandler_timeout=0"]
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115 (until the process ends)
        self.process = subprocess.Popen(
            [sys.executable, *plugin, *files],
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        facts = {"calls": theirs.fileno(), "first": first, "rules": rules}
        assert self.process.stdin
        self.process.stdin.write(json.dumps(facts).encode())
        self.process.stdin.close()
        theirs.close()
        try:
            failed = self.calls.recv()
        except EOFError:
            self.output.seek(0)
            failed = self.output.read()
        if failed:
            raise SystemExit(f"Tests fail without any mutant:\n{failed}")

    def failed_test(self, trial: Trial) -> str | None:
        """Return the test that failed, or None if nothing was noticed in time."""
        self.calls.send(trial)
        answer: str | None = self.calls.recv()
        return answer

    def close(self) -> None:
        """End the process."""
        self.calls.send(None)
        self.process.wait()


class Server:
    """Tries mutants inside pytest, one at a time, and answers each with the test that failed."""

    def __init__(self, calls: Connection, items: list[pytest.Item]) -> None:
        self.calls = calls
        self.items: dict[str, list[pytest.Item]] = defaultdict(list)  # of each test and file
        for item in items:
            self.items[item.nodeid].append(item)
            self.items[item.nodeid.partition("::")[0]].append(item)
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def serve(self, first: list[str], modules: list[str]) -> None:
        """Run the first test of some files, so that all is loaded, and then all trials."""
        for item in [self.items[file][0] for file in first]:
            _run(item, cast(pytest.Item, SimpleNamespace(listchain=item.listchain()[:1].copy)))
        functions = functions_of(modules)
        self.calls.send(self.failed)
        while trial := self.calls.recv():
            self.calls.send(self._in_a_fork(trial, functions))

    def _in_a_fork(self, trial: Trial, functions: dict[Place, list[FunctionType]]) -> str | None:
        """Return the failed test, or None if nothing was noticed in time."""
        receiver, sender = Pipe(duplex=False)
        if not (child := os.fork()):
            try:
                os.setsid()
                resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(trial.limit),) * 2)
                if not trial.mutant or put_in(trial.mutant, functions):
                    self._until_one_fails([i for test in trial.tests for i in self.items[test]])
                sender.send(self.failed[0] if self.failed else None)
            finally:
                os._exit(0)
        sender.close()
        try:
            return receiver.recv() if receiver.poll(IDLE * trial.limit) else None
        except EOFError:  # the fork has died
            return None
        finally:
            receiver.close()
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _until_one_fails(self, items: list[pytest.Item]) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            _run(item, following)
            if self.failed:
                return


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
