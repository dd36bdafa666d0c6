"""Run the whole suite: `python -m tests [pytest's arguments]`, or `python -m tests races`.

It runs on SQLite, in a browser and on PostgreSQL, then tries a few mutants. Parts that this machine
cannot run are named at the end; with CI=true they are a failure.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

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
    "tests/hub/test_connection_on_postgresql.py",
    "tests/portals/test_pipelined_checks_on_postgresql.py",
    *RACES,
]
# Left out because the database makes no difference: code and page checks, who may open or do what,
# markup in pages and emails, the example's history, the reading of files and bounces, and processes
# on a SQLite database of their own (the demo, a served hub with its clients, workers that are
# killed). Or because other tests ask PostgreSQL the same: the modules of a certification, and the
# orders of undos (test_undo.py runs each of them).
ON_POSTGRESQL = [
    "tests/journeys",
    "tests/test_architecture.py",
    "tests/test_access.py",
    "tests/test_edit_forms.py",
    "tests/test_email_parts.py",
    "tests/test_limits.py",
    "tests/test_services_are_atomic.py",
    "tests/test_valid_html.py",
    "tests/test_wrong_actors.py",
    "tests/accounts/test_company_sign_in_at_another_hub.py",
    "tests/accounts/test_countries.py",
    "tests/accounts/test_invitation_layouts.py",
    "tests/accounts/test_names.py",
    "tests/accounts/test_spreadsheets.py",
    "tests/attacks/test_markup.py",
    "tests/attacks/test_slow_senders.py",
    "tests/clients",
    "tests/compliance/test_cookies.py",
    "tests/compliance/test_drift.py",
    "tests/compliance/test_killed_erasure.py",
    "tests/compliance/test_killed_log_requests.py",
    "tests/compliance/test_registry.py",
    "tests/hub/test_architecture_doc.py",
    "tests/hub/test_demo_command.py",
    "tests/hub/test_demo_routes.py",
    "tests/hub/test_example.py",
    "tests/hub/test_language.py",
    "tests/hub/test_link_names.py",
    "tests/hub/test_locks.py",
    "tests/hub/test_look.py",
    "tests/hub/test_readme.py",
    "tests/hub/test_requirements.py",
    "tests/hub/test_secret_key.py",
    "tests/hub/test_sentences.py",
    "tests/hub/test_uses_of_a_process.py",
    "tests/hub/test_words.py",
    "tests/oidc/test_conformance.py",
    "tests/oidc/test_forward.py",
    "tests/oidc/test_proxies.py",
    "tests/oidc/test_requests.py",
    "tests/mutants",
    "tests/portals/test_bad_manifests.py",
    "tests/portals/test_undo_orders.py",
    "tests/preferences/test_bounce_layouts.py",
    "tests/preferences/test_bounce_reasons.py",
    "tests/preferences/test_import_doubt.py",
    "tests/preferences/test_import_layouts.py",
    "tests/preferences/test_killed_campaign.py",
    "tests/preferences/test_killed_processes.py",
]


def but(paths: list[str]) -> list[str]:
    """Return arguments that run everything but these paths, on all cores."""
    slowest = ["--durations", "25", "--durations-min", "3"]
    return [*WORKERS, "--dist", "worksteal", *slowest, *(f"--ignore={path}" for path in paths)]


def run_pytest(
    title: str, arguments: list[str], database_url: str | None, failures: list[str]
) -> int:
    """Run pytest once and return its exit code; append the tests that fail to `failures`."""
    print(f"\n=== {title} ===", flush=True)
    # Many tests start processes: without compiled files, each takes twice as long to begin.
    left_out = ("HUB_DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    environment = {name: v for name, v in os.environ.items() if name not in left_out}
    environment["HUB_ENV"] = "test"
    if database_url:
        environment["HUB_DATABASE_URL"] = database_url
        environment.setdefault("EXAMPLES", "4")  # of random worlds and acts: SQLite ran more
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
        code = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode
        if report.exists():
            failures += [f"{title}: {test}" for test in read_report(report)]
    return code


def read_report(report: Path) -> list[str]:
    """Print the slowest files of pytest's JUnit report, and return the tests that failed."""
    seconds: Counter[str] = Counter()
    failed = []
    for test in ElementTree.parse(report).iter("testcase"):
        place = test.get("classname", "").split(".")  # tests.hub.test_look, or …test_look.TestBrand
        seconds[".".join(part for part in place if part.islower())] += float(test.get("time", 0))
        if test.find("failure") is not None or test.find("error") is not None:
            failed.append(".".join(place) + "::" + test.get("name", ""))
    slowest = (f"{file} {time:.0f} s" for file, time in seconds.most_common(15))
    print(f"Slowest files: {', '.join(slowest)}")
    return failed


def main(arguments: list[str]) -> int:
    """Return 0 if everything passed and, in CI, nothing was left out."""
    races = arguments[:1] == ["races"]
    arguments = arguments[1:] if races else arguments
    not_run = []
    results = {}
    failures: list[str] = []
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
            results["On SQLite"] = run_pytest(
                "On SQLite", [*but(ON_SQLITE), *arguments], None, failures
            )
            if find_chromium():
                results["In a browser"] = run_pytest("In a browser", JOURNEYS, None, failures)
            else:
                not_run.append("the browser journeys (install chromium)")
        if postgresql:
            chosen = RACES if races else but(ON_POSTGRESQL)
            results["On PostgreSQL"] = run_pytest(
                "On PostgreSQL", [*chosen, *arguments], postgresql, failures
            )
    if not races and not arguments:
        print("\n=== Eight mutants of the decision, always the same ===", flush=True)
        files = [f"portals/decision/{name}.py" for name in ("statement", "checks", "sets")]
        command = [sys.executable, "-m", "tests.mutants", "--passed", "--sample", "8", *files]
        results["Mutants"] = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    print()
    for name, code in results.items():
        print(f"{name}: {'passed' if code == 0 else f'FAILED (pytest says {code})'}")
    for failure in failures:  # again, for whoever reads only the end
        print(f"FAILED {failure}")
    for what in not_run:
        print(f"NOT RUN on this machine: {what}")
    return 1 if any(results.values()) or not results or (CI and not_run) else 0


if __name__ == "__main__":
    # On SIGTERM, exit normally so that the private PostgreSQL is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
