"""Run the whole suite: `python -m tests [pytest's arguments]`, or `python -m tests races`.

It runs on SQLite, in a browser and on PostgreSQL. Parts that this machine cannot run are named at
the end; with CI=true they are a failure.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.machine import CI, find_chromium, find_postgresql, private_postgresql

WORKERS = ["-n", str(min(os.cpu_count() or 1, 8))]
RACES = ["tests/races", *(str(file) for file in sorted(Path("tests").glob("[!r]*/test_*races.py")))]
# Playwright's event loop and Django's tests cannot share a process. Each core has its own demo.
JOURNEYS = ["tests/journeys", *WORKERS, "--dist", "loadfile"]
# SQLite has one writer at a time, so no races, and no connection to lose; some benchmarks need
# PostgreSQL.
ON_SQLITE = [
    "tests/journeys",
    "tests/hub/test_benchmark_on_postgresql.py",
    "tests/portals/test_pipelined_checks_on_postgresql.py",
    *RACES,
]
# Left out because the database makes no difference: code and page checks, the demo (which uses
# SQLite), and who may open or do what.
ON_POSTGRESQL = [
    "tests/journeys",
    "tests/test_architecture.py",
    "tests/test_access.py",
    "tests/test_wrong_actors.py",
    "tests/hub/test_architecture_doc.py",
    "tests/hub/test_demo_command.py",
    "tests/hub/test_demo_routes.py",
    "tests/hub/test_language.py",
    "tests/hub/test_locks.py",
    "tests/hub/test_look.py",
    "tests/hub/test_readme.py",
    "tests/hub/test_requirements.py",
    "tests/hub/test_secret_key.py",
    "tests/hub/test_uses_of_a_process.py",
]


def but(paths: list[str]) -> list[str]:
    """Return arguments that run everything but these paths, on all cores."""
    return [*WORKERS, "--dist", "worksteal", *(f"--ignore={path}" for path in paths)]


def run_pytest(title: str, arguments: list[str], database_url: str | None) -> int:
    """Run pytest once and return its exit code."""
    print(f"\n=== {title} ===", flush=True)
    environment = {name: v for name, v in os.environ.items() if name != "HUB_DATABASE_URL"}
    environment["HUB_ENV"] = "test"
    if database_url:
        environment["HUB_DATABASE_URL"] = database_url
        environment.setdefault("EXAMPLES", "10")  # of the state machine, which SQLite ran in full
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode


def main(arguments: list[str]) -> int:
    """Return 0 if everything passed and, in CI, nothing was left out."""
    races = arguments[:1] == ["races"]
    arguments = arguments[1:] if races else arguments
    not_run = []
    results = {}
    given = os.environ.get("HUB_DATABASE_URL", "")
    with ExitStack() as stack:
        if given.startswith("postgres"):
            postgresql = given
        elif programs := find_postgresql():
            postgresql = stack.enter_context(private_postgresql(programs))
        else:
            postgresql = ""
            not_run.append("everything on PostgreSQL, the races with it (install postgresql)")
        if not races:
            results["On SQLite"] = run_pytest("On SQLite", [*but(ON_SQLITE), *arguments], None)
            if find_chromium():
                results["In a browser"] = run_pytest("In a browser", JOURNEYS, None)
            else:
                not_run.append("the browser journeys (install chromium)")
        if postgresql:
            chosen = RACES if races else but(ON_POSTGRESQL)
            results["On PostgreSQL"] = run_pytest(
                "On PostgreSQL", [*chosen, *arguments], postgresql
            )
    print()
    for name, code in results.items():
        print(f"{name}: {'passed' if code == 0 else f'FAILED (pytest says {code})'}")
    for what in not_run:
        print(f"NOT RUN on this machine: {what}")
    return 1 if any(results.values()) or not results or (CI and not_run) else 0


if __name__ == "__main__":
    # On SIGTERM, exit normally so that the private PostgreSQL is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
