"""Let pytest import a module from the text of a mutant, or note which functions each test calls.

`-p tests.mutants.plugin` reads a JSON object from standard input; everything in it is optional:

- `module` and `text`: import this module from this text.
- `tests`: the tests or files to run, of those on the command line.
- `limit`: end when so many CPU seconds are used.
- `calls`, `first` and `rules`: put mutants of these modules into forks (forking.py).
- `watched` and `notes`: write which functions of these modules each test calls to this file.
"""

import ast
import json
import math
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutants.forking import Server

FACTS: dict[str, Any] = json.load(sys.stdin)
MODULE = FACTS.get("module")
WATCHED = FACTS.get("watched", [])
NOTES = FACTS.get("notes")


class MutantLoader(SourceFileLoader):
    """Compile the mutant's text where Python would read the file."""

    def get_code(self, fullname: str) -> CodeType:
        return compile(FACTS["text"], self.path, "exec")


class WatchingLoader(SourceFileLoader):
    """Let each function of a module tell that it was called."""

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(Path(self.path).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                [mark] = ast.parse(f"__reached__(({fullname!r}, {node.name!r}))").body
                node.body.insert(1 if ast.get_docstring(node, clean=False) else 0, mark)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__reached__"] = reached.add
        super().exec_module(module)


class RuleFinder(MetaPathFinder):
    """Find the mutated module or those to watch, and leave all others to Python."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE and fullname not in WATCHED:
            return None
        if (spec := PathFinder.find_spec(fullname, path)) is None:
            return None
        loader = MutantLoader if fullname == MODULE else WatchingLoader
        spec.loader = loader(fullname, str(spec.origin))
        return spec


reached: set[tuple[str, str]] = set()
by_test: dict[str, dict[str, Any]] = {}  # seconds and functions
by_shared_fixture: dict[str, set[tuple[str, str]]] = defaultdict(set)

if "limit" in FACTS:
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(FACTS["limit"]),) * 2)

if MODULE or WATCHED:
    loaded = sorted({MODULE, *WATCHED} & sys.modules.keys())
    assert not loaded, f"{loaded} were imported before"
    sys.meta_path.insert(0, RuleFinder())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests to run."""
    if "tests" in FACTS:
        wanted = set(FACTS["tests"])
        items[:] = [i for i in items if wanted & {i.nodeid, i.nodeid.partition("::")[0]}]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Iterator[None]:
    """Note what a fixture reaches that the first of its tests makes for all of a file."""
    if not NOTES or fixturedef.scope == "function":
        return (yield)
    before = reached.copy()
    reached.clear()
    made = yield
    if fixturedef.scope != "session":
        by_shared_fixture[request.node.nodeid.partition("::")[0]] |= reached
    reached.clear()
    reached.update(before)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test reaches, and the CPU time it takes, which other programs don't lengthen."""
    reached.clear()
    began = time.process_time()
    result = yield
    seconds = round(time.process_time() - began, 3)
    by_test[item.nodeid] = {"seconds": seconds, "reached": reached.copy()}
    return result


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Take calls instead of running all tests."""
    if "calls" not in FACTS:
        return None
    server = Server(Connection(FACTS["calls"]), session.items)
    session.config.pluginmanager.register(server)
    server.serve(FACTS["first"], FACTS["rules"])
    return True


def pytest_sessionfinish() -> None:
    """Write the notes."""
    if NOTES:
        for nodeid, test in by_test.items():
            file = nodeid.partition("::")[0]
            test["reached"] = sorted(test["reached"] | by_shared_fixture[file])
        Path(NOTES).write_text(json.dumps(by_test))


# Property tests look for the same examples each time, and keep the first that fails as it is.
settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("mutants")
