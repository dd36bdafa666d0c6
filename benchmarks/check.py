"""Measure checks a second: `python -m benchmarks.check` (10 minutes), or `--quick` (1 minute).

On PostgreSQL and SQLite, at 1 k, 100 k and 1 M grants, three applications answer the same checks,
each served by granian: *ours* (hub.rsgi), the *floor* (benchmarks/floor.py) and *stock*
(benchmarks/stock_urls.py). Runs are interleaved, so that other load on the machine affects all
equally. Figures are medians over the rounds, ratios medians of each round's ratio. A wrong answer
ends the run. `--quick` checks the answers, not the speed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import LoadConnection, requests_of
from hub.serving import THREADS
from tests.machine import find_postgresql, free_port, private_postgresql

ROOT = Path(__file__).resolve().parent.parent
# Databases that tests have at hand, by name or as a file on SQLite: one with the example, and one
# that was just migrated. A quick run copies them, because to migrate takes longer than it does.
EXAMPLE = os.environ.get("BENCHMARK_EXAMPLE", "")
MIGRATED = os.environ.get("BENCHMARK_MIGRATED", "")
APPLICATIONS = {
    "ours": ("rsgi", "hub.rsgi:application"),
    "floor": ("wsgi", "benchmarks.floor:application"),
    "stock": ("wsgi", "benchmarks.stock_wsgi:application"),
}
SIZES = {"1 k": 1_000, "100 k": 100_000, "1 M": 1_000_000}
MIN_FLOOR_RATIO = {"PostgreSQL": 0.85, "SQLite": 0.6}
MIN_STOCK_RATIO = 15.0
MIN_SIZE_RATIO = {"PostgreSQL": 0.85}
CONNECTIONS = 8

Results = dict[tuple[str, str], list[dict[str, float]]]  # (size, application) → one result a round


def run(*command: str, **environment: str) -> str:
    """Run a Python command in the project and return its output."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "HUB_ENV": "test", **environment},
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def fill(url: str, *, portals: str = "", example: bool = False) -> None:
    """Migrate a database, and create these portals (a pattern of slugs) or the example."""
    if EXAMPLE:
        if url.startswith("sqlite"):
            shutil.copy(EXAMPLE, urlsplit(url).path)
        run("manage.py", "createcachetable", HUB_DATABASE_URL=url)  # tests cache in memory
        return
    run("manage.py", "migrate", "--verbosity", "0", HUB_DATABASE_URL=url)
    if example:
        run("manage.py", "createcachetable", HUB_DATABASE_URL=url)
        run("manage.py", "example", "--no-history", HUB_DATABASE_URL=url)
    for manifest in sorted((ROOT / "portals/manifests").glob(f"{portals}.toml")):
        run("manage.py", "portal", "apply", str(manifest), HUB_DATABASE_URL=url)


def create(name: str, template: str = EXAMPLE) -> str:
    """Return the SQL that creates a database, to be filled."""
    return f'CREATE DATABASE {name} TEMPLATE "{template or "template1"}"'


def prepare(url: str, grants: int, plan: Path) -> None:
    """Migrate and seed a database, and write the plan of checks for it."""
    print(f"\nSeeding {grants:,} grants into {urlsplit(url).scheme}", file=sys.stderr, flush=True)
    fill(url, portals="*")
    run("manage.py", "seed", "--grants", str(grants), HUB_DATABASE_URL=url)
    run("-m", "benchmarks.questions", str(plan), HUB_DATABASE_URL=url)
    if url.startswith("postgres"):  # now, not by autovacuum during a measurement
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")


@contextmanager
def serving(interface: str, application: str, url: str, plan: Path) -> Iterator[int]:
    """Serve this application with granian; yield its port."""
    port = free_port()
    database = url if url.startswith("postgres") else urlsplit(url).path[1:]
    command = ["-m", "granian", "--interface", interface, "--no-ws", "--port", str(port)]
    if interface == "wsgi":
        command += ["--blocking-threads", str(THREADS)]  # more answer fewer checks
    server = subprocess.Popen(
        [sys.executable, *command, "--log-level", "error", application],
        cwd=ROOT,
        env={
            **os.environ,
            "HUB_ENV": "test",
            "HUB_DATABASE_URL": url,
            "BENCHMARK_PLAN": str(plan),
            "BENCHMARK_DATABASE": database,
        },
        stdin=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        server.terminate()
        server.wait()


def load(port: int, plan: Path, seconds: float) -> dict[str, float]:
    """Run the load client once and return its figures. Exit at a wrong answer."""
    arguments = [str(plan), str(port), str(seconds), str(CONNECTIONS)]
    result: dict[str, float] = json.loads(run("-m", "benchmarks.load", *arguments))
    if result["wrong"]:
        sys.exit(f"{result['wrong']:.0f} of {result['asked']:.0f} answers are wrong: no figures.")
    return result


def wait_for(port: int, plan: Path) -> None:
    """Return when the server answers a check. Raises TimeoutError after 30 seconds."""
    question = requests_of(json.loads(plan.read_text()))[0]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            connection = LoadConnection(port)
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        connection.socket.settimeout(30)
        connection.ask(*question)
        while connection.receive() is None:
            pass
        return
    raise TimeoutError("a server did not start")


def measure(urls: dict[str, str], folder: Path, rounds: int, seconds: float) -> Results:
    """Measure all sizes and applications on one database, interleaved."""
    results: Results = {}
    with ExitStack() as stack:
        ports: dict[tuple[str, str], int] = {}
        plans = {size: folder / f"{size.replace(' ', '')}.json" for size in urls}
        for size, url in urls.items():
            prepare(url, SIZES[size], plans[size])
        for size, url in urls.items():
            for way, served in APPLICATIONS.items():
                ports[size, way] = stack.enter_context(serving(*served, url, plans[size]))
        for (size, _way), port in ports.items():
            wait_for(port, plans[size])
            if rounds > 1:
                load(port, plans[size], min(seconds, 1.5))  # warm up connections, plans and caches
        order = list(ports)
        for turn in range(rounds):
            print(f"Round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            for size, way in order[turn % len(order) :] + order[: turn % len(order)]:
                result = load(ports[size, way], plans[size], seconds)
                results.setdefault((size, way), []).append(result)
    return results


def report(database: str, results: Results, *, judged: bool) -> bool:
    """Print the figures and, if judged, the ratios; return whether all targets are met."""
    print(f"\n{database:<12}{'grants':>7}  {'way':<6}{'checks/s':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for (size, way), rounds in results.items():
        rate, p50, p99 = (
            median(result[key] for result in rounds) for key in ("rate", "p50", "p99")
        )
        print(f"{'':<12}{size:>7}  {way:<6}{rate:>10,.0f}{p50:>9.2f}{p99:>9.2f}")
    if not judged:
        return True
    met = []
    for size in dict.fromkeys(size for size, _ in results):
        ours = results[size, "ours"]
        met += [
            judge(f"{size}: ours / floor", ours, results[size, "floor"], MIN_FLOOR_RATIO[database]),
            judge(f"{size}: ours / stock", ours, results[size, "stock"], MIN_STOCK_RATIO),
        ]
    if database in MIN_SIZE_RATIO:
        largest, smallest = results["1 M", "ours"], results["1 k", "ours"]
        met.append(judge("ours: 1 M / 1 k", largest, smallest, MIN_SIZE_RATIO[database]))
    return all(met)


def judge(
    title: str, ours: list[dict[str, float]], other: list[dict[str, float]], target: float
) -> bool:
    """Print one ratio against its target and return whether it is met."""
    ratio = median(a["rate"] / b["rate"] for a, b in zip(ours, other, strict=True))
    verdict = "PASS" if ratio >= target else "FAIL"
    print(f"{'':<12}{verdict}  {title:<20}{ratio:>7.2f}  (target ≥ {target:g})")
    return ratio >= target


@contextmanager
def postgresql(url: str | None, *settings: str) -> Iterator[str | None]:
    """Yield the URL of a server: the given one, a private one, or None without PostgreSQL.

    `settings` are more settings of a private one, as `name=value`.
    """
    if url or not (programs := find_postgresql()):
        yield url
        return
    with private_postgresql(programs, "shared_buffers=1GB", *settings) as private:
        yield private.rpartition("/")[0] + "/postgres"


@contextmanager
def databases(server: str, sizes: list[str]) -> Iterator[dict[str, str]]:
    """Create a database for each size, yield their URLs, and drop them afterwards."""
    base = server.rpartition("/")[0]
    names = {size: f"hub_benchmark_{SIZES[size]}" for size in sizes}
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names.values():
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(create(name))
        try:
            yield {size: f"{base}/{name}" for size, name in names.items()}
        finally:
            for name in names.values():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    """Return 0 if every target is met (with --quick: if every answer is right)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 k grants, answers only")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--only", choices=MIN_FLOOR_RATIO, help="one of the two databases")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 10)")
    parser.add_argument("--seconds", type=float, help="seconds of each run (default 1)")
    options = parser.parse_args()
    sizes = ["1 k"] if options.quick else list(SIZES)
    rounds = options.rounds or (1 if options.quick else 10)
    seconds = options.seconds or 1
    met = True
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as name:
        folder = Path(name)
        if options.only != "SQLite":
            with postgresql(options.postgresql) as server:
                if server is None:
                    print("PostgreSQL is not on this machine: not measured.")
                else:
                    with databases(server, sizes) as urls:
                        results = measure(urls, folder, rounds, seconds)
                    met &= report("PostgreSQL", results, judged=not options.quick)
        if options.only != "PostgreSQL":
            files = {size: f"sqlite:///{folder}/{SIZES[size]}.sqlite3" for size in sizes}
            results = measure(files, folder, rounds, seconds)
            met &= report("SQLite", results, judged=not options.quick)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
