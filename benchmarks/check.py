"""How many checks a second: `python -m benchmarks.check` (10 minutes), or `--quick` (1 minute).

On PostgreSQL and SQLite, at 1 k, 100 k and 1 M grants, three ways of answering the same questions,
each served by granian: *ours* (hub.wsgi), the *floor* (benchmarks/floor.py) and *stock*
(benchmarks/stock_urls.py). The runs are interleaved, so what else the machine does hits all alike;
figures are medians over the rounds, ratios medians of each round's ratios. Every answer is compared
with what it must be; a wrong one ends the run. `--quick` judges answers only, never speed.
"""

import argparse
import json
import os
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

from benchmarks.load import Talk, requests_of
from hub.serving import THREADS
from tests.machine import find_postgresql, free_port, private_postgresql

ROOT = Path(__file__).resolve().parent.parent
WAYS = {
    "ours": "hub.wsgi:application",
    "floor": "benchmarks.floor:application",
    "stock": "benchmarks.stock_wsgi:application",
}
SIZES = {"1 k": 1_000, "100 k": 100_000, "1 M": 1_000_000}
OF_FLOOR = {"PostgreSQL": 0.85, "SQLite": 0.6}
OF_STOCK = 15.0
FLAT = {"PostgreSQL": 0.85}
CONNECTIONS = 8

Results = dict[tuple[str, str], list[dict[str, float]]]  # (size, way) → one result a round


def run(*command: str, **environment: str) -> str:
    """A command of ours in the project, its errors shown; what it printed."""
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


def prepare(url: str, grants: int, plan: Path) -> None:
    """A migrated, seeded database, and the questions to ask it."""
    print(f"\nSeeding {grants:,} grants into {urlsplit(url).scheme}", file=sys.stderr, flush=True)
    run("manage.py", "migrate", "--verbosity", "0", HUB_DATABASE_URL=url)
    for manifest in sorted((ROOT / "portals/manifests").glob("*.toml")):
        run("manage.py", "portal", "apply", str(manifest), HUB_DATABASE_URL=url)
    run("manage.py", "seed", "--grants", str(grants), HUB_DATABASE_URL=url)
    run("-m", "benchmarks.questions", str(plan), HUB_DATABASE_URL=url)
    if url.startswith("postgres"):  # now, or the server does it in the middle of a measurement
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")


@contextmanager
def serving(application: str, url: str, plan: Path) -> Iterator[int]:
    """One granian with this application; yields its port."""
    port = free_port()
    database = url if url.startswith("postgres") else urlsplit(url).path[1:]
    command = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--port", str(port)]
    command += ["--blocking-threads", str(THREADS)]  # as production serves, all three alike
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
    """One run of the load client. Ends the benchmark at a wrong answer."""
    arguments = [str(plan), str(port), str(seconds), str(CONNECTIONS)]
    result: dict[str, float] = json.loads(run("-m", "benchmarks.load", *arguments))
    if result["wrong"]:
        sys.exit(f"{result['wrong']:.0f} of {result['asked']:.0f} answers are wrong: no figures.")
    return result


def wait_for(port: int, plan: Path) -> None:
    """Return when it answers a question. Raises TimeoutError after half a minute."""
    question = requests_of(json.loads(plan.read_text()))[0]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            talk = Talk(port)
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        talk.socket.settimeout(30)
        talk.ask(*question)
        while talk.listen() is None:
            pass
        return
    raise TimeoutError("a server did not start")


def measure(urls: dict[str, str], folder: Path, rounds: int, seconds: float) -> Results:
    """All sizes and ways of one database, interleaved."""
    results: Results = {}
    with ExitStack() as stack:
        ports: dict[tuple[str, str], int] = {}
        plans = {size: folder / f"{size.replace(' ', '')}.json" for size in urls}
        for size, url in urls.items():
            prepare(url, SIZES[size], plans[size])
        for size, url in urls.items():
            for way, application in WAYS.items():
                ports[size, way] = stack.enter_context(serving(application, url, plans[size]))
        for (size, _way), port in ports.items():
            wait_for(port, plans[size])
            load(port, plans[size], min(seconds, 1.5))  # connections, plans and caches are warm
        order = list(ports)
        for turn in range(rounds):
            print(f"Round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            for size, way in order[turn % len(order) :] + order[: turn % len(order)]:
                result = load(ports[size, way], plans[size], seconds)
                results.setdefault((size, way), []).append(result)
    return results


def report(database: str, results: Results, *, judged: bool) -> bool:
    """Print the figures and, when judged, what they come to; whether all targets are met."""
    print(f"\n{database:<12}{'grants':>7}  {'way':<6}{'checks/s':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for (size, way), rounds in results.items():
        rate, p50, p99 = (median(each[key] for each in rounds) for key in ("rate", "p50", "p99"))
        print(f"{'':<12}{size:>7}  {way:<6}{rate:>10,.0f}{p50:>9.2f}{p99:>9.2f}")
    if not judged:
        return True
    met = []
    for size in dict.fromkeys(size for size, _ in results):
        ours = results[size, "ours"]
        met += [
            judge(f"{size}: ours / floor", ours, results[size, "floor"], OF_FLOOR[database]),
            judge(f"{size}: ours / stock", ours, results[size, "stock"], OF_STOCK),
        ]
    if database in FLAT:
        largest, smallest = results["1 M", "ours"], results["1 k", "ours"]
        met.append(judge("ours: 1 M / 1 k", largest, smallest, FLAT[database]))
    return all(met)


def judge(
    what: str, ours: list[dict[str, float]], other: list[dict[str, float]], least: float
) -> bool:
    """Print one ratio against its target."""
    ratio = median(one["rate"] / two["rate"] for one, two in zip(ours, other, strict=True))
    verdict = "PASS" if ratio >= least else "FAIL"
    print(f"{'':<12}{verdict}  {what:<20}{ratio:>7.2f}  (target ≥ {least:g})")
    return ratio >= least


@contextmanager
def postgresql(url: str | None) -> Iterator[str | None]:
    """The URL of a server to make databases on: the one given, else a private one, else none."""
    if url or not (programs := find_postgresql()):
        yield url
        return
    with private_postgresql(programs, "shared_buffers=1GB") as private:
        yield private.rpartition("/")[0] + "/postgres"


@contextmanager
def databases(server: str, sizes: list[str]) -> Iterator[dict[str, str]]:
    """A new database for each size, dropped afterwards; yields their URLs."""
    base = server.rpartition("/")[0]
    names = {size: f"hub_benchmark_{SIZES[size]}" for size in sizes}
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names.values():
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield {size: f"{base}/{name}" for size, name in names.items()}
        finally:
            for name in names.values():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    """Exit code 0 when every target is met (with --quick: when every answer is right)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 k grants, answers only")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--only", choices=OF_FLOOR, help="one of the two databases")
    parser.add_argument("--rounds", type=int, help="how often each is measured (default 10)")
    parser.add_argument("--seconds", type=float, help="how long each time (default 1)")
    given = parser.parse_args()
    sizes = ["1 k"] if given.quick else list(SIZES)
    rounds = given.rounds or (1 if given.quick else 10)
    seconds = given.seconds or 1
    met = True
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as name:
        folder = Path(name)
        if given.only != "SQLite":
            with postgresql(given.postgresql) as server:
                if server is None:
                    print("PostgreSQL is not on this machine: not measured.")
                else:
                    with databases(server, sizes) as urls:
                        results = measure(urls, folder, rounds, seconds)
                    met &= report("PostgreSQL", results, judged=not given.quick)
        if given.only != "PostgreSQL":
            files = {size: f"sqlite:///{folder}/{SIZES[size]}.sqlite3" for size in sizes}
            results = measure(files, folder, rounds, seconds)
            met &= report("SQLite", results, judged=not given.quick)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
