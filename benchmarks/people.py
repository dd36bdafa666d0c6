"""How the people list grows: `python -m benchmarks.people` (3 minutes), or `--quick` (seconds).

On PostgreSQL and SQLite, the list of a customer with 100,000 people beside that of one with 100,
asked by turns in one process through every middleware; a ratio is the median over the rounds. The
first page and the searches by prefix are judged; filters and other sorts, which may walk through
the customer's people once, are shown. `--quick` looks whether the pages come, never how fast.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psycopg

from benchmarks.check import ROOT, postgresql, run

MOST = 1.5
SIZES = (100, 100_000)
QUICK_SIZES = (100, 1_000)


def measure(url: str, sizes: tuple[int, int], rounds: int) -> Any:
    """A migrated database with the portals in it, filled and asked."""
    print(f"Filling {url.partition(':')[0]}", file=sys.stderr, flush=True)
    run("manage.py", "migrate", "--verbosity", "0", HUB_DATABASE_URL=url)
    manifest = ROOT / "portals/manifests/webmail.toml"
    run("manage.py", "portal", "apply", str(manifest), HUB_DATABASE_URL=url)
    small, large = map(str, sizes)
    said = run("-m", "benchmarks.people_pages", small, large, str(rounds), HUB_DATABASE_URL=url)
    return json.loads(said.splitlines()[-1])


def report(database: str, measured: Any, sizes: tuple[int, int], *, judged: bool) -> bool:
    """Print the figures and, when judged, what they come to; whether the target is met."""
    small, large = (f"{size:,}" for size in sizes)
    print(f"\n{database:<12}{'':<36}{small:>10} {large:>10}  ratio   (milliseconds)")
    met = True
    for page, times in measured["pages"].items():
        pairs = zip(times["small"], times["large"], strict=True)
        ratio = median(theirs / ours for ours, theirs in pairs)
        verdict = ""
        if judged and page in measured["judged"]:
            verdict = f"{'PASS' if ratio <= MOST else 'MISSED'}  (target ≤ {MOST:g})"
            met &= ratio <= MOST
        first, second = (median(times[slug]) for slug in ("small", "large"))
        print(f"{'':<12}{page:<36}{first:>10.1f} {second:>10.1f}  {ratio:>5.2f}   {verdict}")
    return met


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """A new database of this name on a server, dropped afterwards; yields its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    """Exit code 0 when the target is met (with --quick: when every page came)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 people, one round, no verdict")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--only", choices=["PostgreSQL", "SQLite"], help="one of the two databases")
    parser.add_argument("--rounds", type=int, help="how often each is asked (default 40)")
    given = parser.parse_args()
    sizes = QUICK_SIZES if given.quick else SIZES
    rounds = given.rounds or (1 if given.quick else 40)
    met = True
    if given.only != "SQLite":
        with postgresql(given.postgresql) as server:
            if server is None:
                print("PostgreSQL is not on this machine: not measured.")
            else:
                with database(server, "hub_benchmark_people") as url:
                    measured = measure(url, sizes, rounds)
                met &= report("PostgreSQL", measured, sizes, judged=not given.quick)
    if given.only != "PostgreSQL":
        with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
            measured = measure(f"sqlite:///{folder}/people.sqlite3", sizes, rounds)
        met &= report("SQLite", measured, sizes, judged=not given.quick)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
