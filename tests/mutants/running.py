"""Run the tests of a mutant, on SQLite and, where tests.toml says so, on PostgreSQL."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Executor
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutants.finding import Mutant, module_of
from tests.mutants.forking import IDLE, Forks, Trial
from tests.mutants.reach import Reach, file_of, files_with_tests

TABLE = tomllib.loads(Path(__file__).with_name("tests.toml").read_text())
LIMIT = 200.0  # CPU seconds for the tests of a mutant
TOGETHER = 12  # test files in one process, where it is noted what they reach
FOREVER = 24 * 3600.0
ENDED_IN_TIME = {-signal.SIGXCPU, -signal.SIGKILL}
FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) (\S+?::[^\s\[]+)", re.MULTILINE)


class Outcome(StrEnum):
    CAUGHT = "caught"
    TIMED_OUT = "timed out"
    BROKEN = "not importable"
    SURVIVED = "survived"


class Run(NamedTuple):
    """Test files below tests/, and the database they run on."""

    database: str
    tests: tuple[str, ...]


ATOMIC = "test_services_are_atomic.py"
SHORTEST = Run("sqlite", ("accounts/test_confirmation_name.py",))  # it only keeps the database
WARM_UP = Run("sqlite", (*SHORTEST.tests, "accounts/test_pages.py"))  # forks have page texts loaded


def runs_of(file: str) -> list[Run]:
    """Return the runs for a file: the longest path of tests.toml that leads to it counts.

    A service also has the test that each is one transaction.
    """
    runs = []
    for name, table in TABLE.items():
        paths = [path for path in table if file == path or file.startswith(f"{path}/")]
        if paths:
            database = "postgresql" if name == "postgresql" else "sqlite"
            more = [ATOMIC] if database == "sqlite" and "/services" in file else []
            runs.append(Run(database, (*table[max(paths, key=len)], *more)))
    return runs


def _on_sqlite(runs: Iterable[Run]) -> list[str]:
    """Return the test files of these runs."""
    return sorted(
        files_with_tests(test for run in runs if run.database == "sqlite" for test in run.tests)
    )


class Runner:
    """Runs tests with and without a mutant. `postgresql` is a server's URL, or empty."""

    def __init__(self, postgresql: str, reach: Reach, rules: Iterable[Path] = ()) -> None:
        self.postgresql = postgresql
        self.reach = reach
        self.modules = [module_of(str(rule)) for rule in rules]
        self.in_forks: list[str] = []  # test files
        self.forks: dict[int, Forks] = {}  # of each worker
        self.hour = datetime.now(UTC).strftime("%Y-%m-%d %H")
        self.limits: dict[Run, float] = {}  # CPU seconds, of the runs that were rehearsed
        self.caught_by: dict[str, set[str]] = defaultdict(set)  # tests of each way

    def runs_of(self, file: str) -> list[Run]:
        """Return the runs for a file that this machine can do."""
        return [run for run in runs_of(file) if run.database == "sqlite" or self.postgresql]

    def rehearse(self, run: Run) -> None:
        """Run tests without any mutant. They keep the database that the mutants' runs copy."""
        began = time.monotonic()
        self._must_pass(run.database, [f"tests/{test}" for test in run.tests])
        self.limits[run] = 30 + 5 * (time.monotonic() - began)

    def note_reach(self, runs: Iterable[Run], pool: Executor) -> None:
        """Run the test files that are new or have changed, and note what each test reaches.

        Those of a folder share fixtures and run together, but not so many that one process runs
        long after the others.
        """
        unknown = self.reach.unknown(_on_sqlite(runs))
        groups = [list(files) for _folder, files in groupby(unknown, key=lambda f: Path(f).parent)]
        parts = [
            group[first : first + TOGETHER]
            for group in groups
            for first in range(0, len(group), TOGETHER)
        ]
        for files, by_test in zip(parts, pool.map(self._reached_by, parts), strict=True):
            self.reach.keep(files, by_test)

    def _reached_by(self, files: list[str]) -> dict[str, Any]:
        """Return what each test of these files reaches."""
        with tempfile.NamedTemporaryFile("r") as notes:
            self._must_pass("sqlite", files, notes=notes.name, watched=self.modules)
            found: dict[str, Any] = json.load(notes)
            return found

    def fork(self, runs: Iterable[Run]) -> None:
        """Try mutants in forks from now on."""
        self.in_forks = sorted({*_on_sqlite(runs), *_on_sqlite([WARM_UP])})

    def close(self) -> None:
        """End the processes that fork."""
        for forks in self.forks.values():
            forks.close()

    def confirm(self) -> None:
        """Run each test that caught a mutant once without any."""
        if in_forks := sorted(self.caught_by.pop("forks", ())):
            forks = next(iter(self.forks.values()))
            if failed := forks.failed_test(Trial(in_forks, FOREVER)):
                raise SystemExit(f"It fails without any mutant: {failed}")
        for database, tests in self.caught_by.items():
            self._must_pass(database, sorted(tests))

    def outcome(self, mutant: Mutant) -> Outcome:
        """Try a mutant in forks, which is quick; if they notice nothing, in new processes."""
        if self._caught_in_a_fork(mutant):
            return Outcome.CAUGHT
        for run in self.runs_of(mutant.file):
            facts: dict[str, Any] = {"module": mutant.module, "text": mutant.text}
            files, tests, limit = self._tests_of(mutant, run)
            if tests:
                facts["tests"] = tests
            code, output = self._pytest(run.database, files, facts | {"limit": limit})
            if code in ENDED_IN_TIME:
                return Outcome.TIMED_OUT
            if code != 0:
                failed = FAILED_TEST.search(output)
                if failed is None:
                    return Outcome.BROKEN
                self.caught_by[run.database].add(failed[1])
                return Outcome.CAUGHT
        return Outcome.SURVIVED

    def _caught_in_a_fork(self, mutant: Mutant) -> bool:
        old = Path(mutant.file).read_text()
        for run in self.runs_of(mutant.file):
            if run.database == "sqlite" and self.in_forks:
                files, tests, limit = self._tests_of(mutant, run)
                trial = Trial(tests or files, limit, (mutant.module, old, mutant.text))
                if failed := self._own_forks().failed_test(trial):
                    self.caught_by["forks"].add(failed)
                    return True
        return False

    def _own_forks(self) -> Forks:
        worker = threading.get_ident()
        if worker not in self.forks:
            self.forks[worker] = Forks(self.in_forks, _on_sqlite([WARM_UP]), self.modules)
        return self.forks[worker]

    def _tests_of(self, mutant: Mutant, run: Run) -> tuple[list[str], list[str], float]:
        """Return the files of a run, its tests if it is known which, and a limit in seconds."""
        files = files_with_tests(run.tests)
        if run.database == "postgresql" or not (tests := self.reach.tests_for(mutant, files)):
            return files, [], self.limits.get(run, LIMIT)
        return list(dict.fromkeys(map(file_of, tests))), list(tests), 30 + 5 * sum(tests.values())

    def _must_pass(self, database: str, tests: list[str], **facts: Any) -> None:
        code, output = self._pytest(database, tests, facts)
        if code != 0:
            raise SystemExit(f"These tests fail without any mutant:\n{output}")

    def _pytest(self, database: str, tests: list[str], facts: dict[str, Any]) -> tuple[int, str]:
        """Return the exit code and output, and end all processes of the run when the time is up."""
        environment = {k: v for k, v in os.environ.items() if k != "HUB_DATABASE_URL"}
        if "module" in facts:
            environment["TEST_SNAPSHOT"] = self.hour
        if database == "postgresql":
            own = f"{self.postgresql}_{threading.get_ident()}"  # each worker has its own database
            environment["HUB_DATABASE_URL"] = own
        options = ["-x", "-rfE", "--tb=no", "-o", "faulthandler_timeout=0"]
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", *options, *tests],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        timeout = IDLE * facts["limit"] if "limit" in facts else None
        try:
            output, _nothing = process.communicate(json.dumps(facts), timeout=timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            output, _nothing = process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        return process.returncode, output
