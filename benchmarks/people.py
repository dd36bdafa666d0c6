"""Measure the people list: `python -m benchmarks.people` (3 minutes), or `--quick` (seconds).

On PostgreSQL and SQLite, it compares the list of a customer with 100,000 people with that of one
with 100, requested in turns in one process with all middleware; a ratio is the median over the
rounds. The first page and the searches by prefix have a target; filters and other sorts, which may
read all people of the customer once, are only shown. `--quick` checks that the pages are answered.
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

from benchmarks.check import create, fill, postgresql, run

MAX_RATIO = 1.5
SIZES = (100, 100_000)
QUICK_SIZES = (100, 1_000)


def measure(url: str, sizes: tuple[int, int], rounds: int) -> Any:
    """Migrate and fill a database, measure the pages, and return the figures."""
    print(f"Filling {url.partition(':')[0]}", file=sys.stderr, flush=True)
    fill(url, portals="webmail")
    small, large = map(str, sizes)
    output = run("-m", "benchmarks.people_pages", small, large, str(rounds), HUB_DATABASE_URL=url)
    return json.loads(output.splitlines()[-1])


def report(database: str, figures: Any, sizes: tuple[int, int], *, judged: bool) -> bool:
    """Print the figures and, if judged, the verdicts; return whether the target is met."""
    small, large = (f"{size:,}" for size in sizes)
    print(f"\n{database:<12}{'':<36}{small:>10} {large:>10}  ratio   (milliseconds)")
    met = True
    for page, times in figures["pages"].items():
        pairs = zip(times["small"], times["large"], strict=True)
        ratio = median(large / small for small, large in pairs)
        verdict = ""
        if judged and page in figures["judged"]:
            verdict = f"{'PASS' if ratio <= MAX_RATIO else 'MISSED'}  (target ≤ {MAX_RATIO:g})"
            met &= ratio <= MAX_RATIO
        first, second = (median(times[slug]) for slug in ("small", "large"))
        print(f"{'':<12}{page:<36}{first:>10.1f} {second:>10.1f}  {ratio:>5.2f}   {verdict}")
    return met


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Create a database on a server, yield its URL, and drop it afterwards."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(create(name))
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    """Return 0 if the target is met (with --quick: if every page is answered)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 people, one round, no verdict")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--only", choices=["PostgreSQL", "SQLite"], help="one of the two databases")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 40)")
    options = parser.parse_args()
    sizes = QUICK_SIZES if options.quick else SIZES
    rounds = options.rounds or (1 if options.quick else 40)
    met = True
    if options.only != "SQLite":
        with postgresql(options.postgresql) as server:
            if server is None:
                print("PostgreSQL is not on this machine: not figures.")
            else:
                with database(server, "hub_benchmark_people") as url:
                    figures = measure(url, sizes, rounds)
                met &= report("PostgreSQL", figures, sizes, judged=not options.quick)
    if options.only != "PostgreSQL":
        with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
            figures = measure(f"sqlite:///{folder}/people.sqlite3", sizes, rounds)
        met &= report("SQLite", figures, sizes, judged=not options.quick)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
