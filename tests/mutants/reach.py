"""Know which tests reach which function, so that only these are tried on its mutants."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.mutants.finding import Mutant

NOTES = Path(".test-databases/reached.json")
LONGEST = 60.0  # CPU seconds for a mutant; a rule that many tests reach is tried on the quick ones

UNKNOWN = 20.0  # CPU seconds of a file without notes


def files_with_tests(tests: Iterable[str]) -> list[str]:
    """Return the test files of these files and folders below tests/, in their order."""
    paths = [Path("tests", test) for test in tests]
    found = [sorted(path.glob("test_*.py")) if path.is_dir() else [path] for path in paths]
    return list(dict.fromkeys(str(file) for files in found for file in files))


def file_of(test: str) -> str:
    """Return the file of a test's id."""
    return test.partition("::")[0]


class Reach:
    """What was noted of each test file. A file that has changed since is unknown."""

    def __init__(self, notes: Path = NOTES) -> None:
        self.path = notes
        self.notes: dict[str, Any] = json.loads(notes.read_text()) if notes.exists() else {}

    def unknown(self, files: Iterable[str]) -> list[str]:
        """Return the files to run for new notes."""
        return [file for file in files if self.notes.get(file, {}).get("digest") != _digest(file)]

    def keep(self, files: Iterable[str], by_test: dict[str, Any]) -> None:
        """Keep what the plugin noted of all tests of these files."""
        for file in files:
            of_file = {test: notes for test, notes in by_test.items() if file_of(test) == file}
            self.notes[file] = {"digest": _digest(file), "tests": of_file}
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(self.notes))

    def tests_for(self, mutant: Mutant, files: Iterable[str]) -> dict[str, float]:
        """Return the tests that reach the mutant's function, and their seconds; quick files first.

        If none does, or the fault is in no function, those that reach any function of its module;
        for a constant or a decorator, also those that call no rule at all, as they may look at it.
        Files without notes follow as a whole.
        """
        files = list(files)
        function = "" if mutant.was.startswith("@") else mutant.function
        chosen: dict[str, dict[str, float]] = {}
        in_module: dict[str, dict[str, float]] = {}
        for file in files:
            for test, notes in self.notes.get(file, {}).get("tests", {}).items():
                functions = {name for module, name in notes["reached"] if module == mutant.module}
                if functions or not (function or notes["reached"]):
                    in_module.setdefault(file, {})[test] = notes["seconds"]
                if function in functions:
                    chosen.setdefault(file, {})[test] = notes["seconds"]
        kept: dict[str, float] = {}
        by_file = (chosen or in_module).values()
        for tests in sorted(by_file, key=lambda tests: sum(tests.values())):
            for test, seconds in tests.items():
                if not kept or sum(kept.values()) + seconds <= LONGEST:
                    kept[test] = seconds
        return kept | {file: UNKNOWN for file in files if file not in self.notes}


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
