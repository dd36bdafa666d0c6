"""Measure every page: `python -m benchmarks.pages` (10 minutes), or `--quick` (a minute).

On PostgreSQL, companies of 7, 40 and 100,000 people share a database. As the main Super User of
each, and as staff, it follows the links of the hub to every page, and counts the statements that
the server ran for it (pg_stat_statements; *again*: one that had run before). Then granian serves
the hub to 8 connections, page by page, in turns with a view that only knows who asks: milliseconds
of CPU of the web server and of PostgreSQL a page, and its bytes, plain and compressed. A ratio is
to that view, in the same run. `--quick` checks that the example's pages are answered.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

import psycopg

from benchmarks.check import fill, load, postgresql, run, serving, wait_for
from benchmarks.people import database
from benchmarks.sign_in import cpu, judge

SIZES = (40, 100_000)  # beside the example's company of 7
WARM_UP = 0.3  # seconds, for templates and the plans of each connection
MAX_STATEMENTS = 12
MAX_WORKER = {"the simplest page": 5.0, "the dearest page": 25.0}  # ms of the web server's CPU
MAX_STATEMENT = 10.0  # ms to plan or to run
MAX_GROWTH = 1.5  # of the CPU of both, from 40 to 100,000 people, beyond that of the bytes
COUNTING = (
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.track_planning=on",
)
NOT_OF_A_PAGE = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "SHOW", "DEALLOCATE")


class Figures(NamedTuple):
    """The figures of one page."""

    worker: float  # ms of CPU
    server: float  # ms of CPU, of PostgreSQL
    ratio: float  # of the worker's time to the view that only knows who asks
    statements: int
    repeated: int
    slowest: float  # ms to plan or run one statement
    plain: int  # bytes
    compressed: int


def ticks_of(server: psycopg.Connection) -> float:
    """Return the seconds of CPU that all processes of a server on this machine have used."""
    row = server.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    postmaster = str(row[0]).split()[0] if row else ""
    total = 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if postmaster in (process.name, fields[1]):
                total += sum(map(int, fields[11:15]))  # its own and its ended children's
    return total / os.sysconf("SC_CLK_TCK")


def counts(server: psycopg.Connection) -> bool:
    """Return whether a server counts its statements."""
    row = server.execute("SHOW shared_preload_libraries").fetchone()
    return row is not None and "pg_stat_statements" in row[0]


def statements_of(server: psycopg.Connection) -> tuple[int, int, float]:
    """Return how many statements ran since the last reset, how many again, and the slowest's ms.

    All are 0 on a given server that does not count.
    """
    if not counts(server):
        return 0, 0, 0.0
    rows = server.execute(
        "SELECT calls, greatest(max_plan_time, max_exec_time), query FROM pg_stat_statements s"
        " JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()"
    ).fetchall()
    ran = [
        (calls, slowest)
        for calls, slowest, query in rows
        if not query.startswith(NOT_OF_A_PAGE) and "pg_stat" not in query
    ]
    calls = [calls for calls, _ in ran]
    return sum(calls), sum(calls) - len(calls), max((slowest for _, slowest in ran), default=0)


def measure(url: str, folder: Path, seconds: float) -> dict[str, dict[str, Figures]]:
    """Return company → page → figures. Exit where a page is not answered."""
    # A page of all companies in a row: a slow minute of the machine is no growth.
    files = sorted(folder.glob("*/*.json"), key=lambda file: (file.stem, file.parent.name))
    plans = {(file.parent.name, file.stem): file for file in files}
    empty = plans.pop(("frame", "empty"))
    results: dict[str, dict[str, Figures]] = {}
    served = serving("rsgi", "benchmarks.sign_in_rsgi:application", url, empty)
    with served as port, psycopg.connect(url, autocommit=True) as server:
        wait_for(port, empty)
        for (company, page), plan in plans.items():
            asked = request_of(plan, port)
            if seconds:  # every connection plans a statement once, and keeps the plan
                load(port, plan, WARM_UP)
            if counts(server):
                server.execute("SELECT pg_stat_statements_reset()")
            body = urlopen(asked).read()
            counted = statements_of(server)
            frame = _cost(port, server, empty, seconds)
            took = _cost(port, server, plan, seconds)
            results.setdefault(company, {})[page] = Figures(
                *took, took[0] / frame[0], *counted, len(body), len(gzip.compress(body, 6))
            )
    return results


def request_of(plan: Path, port: int) -> Request:
    """Return the request of a plan, for one question."""
    document = json.loads(plan.read_text())
    return Request(f"http://127.0.0.1:{port}{document['path']}", headers=document["headers"])


def _cost(port: int, server: psycopg.Connection, plan: Path, seconds: float) -> tuple[float, float]:
    worker, database = cpu(port), ticks_of(server)
    if seconds:
        asked = load(port, plan, seconds)["asked"]
    else:
        asked = 1
        urlopen(request_of(plan, port)).read()
    return tuple(  # type: ignore[return-value]
        1000 * used / asked for used in (cpu(port) - worker, ticks_of(server) - database)
    )


def report(results: dict[str, dict[str, Figures]]) -> None:
    """Print the figures of every page."""
    for company, pages in results.items():
        print(
            f"\n{company:<44}{'worker':>8}{'database':>9}{'to empty':>9}{'statements':>11}"
            f"{'again':>6}{'slowest':>8}{'bytes':>9}{'packed':>8}"
        )
        for page, figures in sorted(pages.items(), key=lambda item: item[1].worker):
            print(
                f"{page:<44}{figures.worker:>8.1f}{figures.server:>9.1f}{figures.ratio:>9.1f}"
                f"{figures.statements:>11}{figures.repeated:>6}{figures.slowest:>8.1f}"
                f"{figures.plain:>9,}{figures.compressed:>8,}"
            )


def verdicts(results: dict[str, dict[str, Figures]], small: str, large: str) -> bool:
    """Print the targets and whether they are met; return whether all are."""
    every = [figures for pages in results.values() for figures in pages.values()]
    growth = [
        (figures.worker + figures.server)
        / (before.worker + before.server)
        / max(1, figures.plain / before.plain)  # a list of 40 is shorter than its first page of 50
        for page, figures in results[large].items()
        if (before := results[small].get(page))
    ]
    cheapest, dearest = (pick(figures.worker for figures in every) for pick in (min, max))
    figures = {
        "ms of the web server, the simplest page": (cheapest, MAX_WORKER["the simplest page"]),
        "ms of the web server, the dearest page": (dearest, MAX_WORKER["the dearest page"]),
        "statements of a page": (max(f.statements for f in every), MAX_STATEMENTS),
        "statements repeated": (max(f.repeated for f in every), 0),
        "ms of the slowest statement": (max(f.slowest for f in every), MAX_STATEMENT),
        "100,000 people / 40, the worst page": (max(growth), MAX_GROWTH),
    }
    return min([judge(title, -figure, -target) for title, (figure, target) in figures.items()])


def main() -> int:
    """Return 0 if the targets are met (with --quick: if every page was answered)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the example, no verdict")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--seconds", type=float, help="seconds of each run (default 1)")
    options = parser.parse_args()
    sizes = () if options.quick else SIZES
    seconds = 0 if options.quick else options.seconds or 1
    with postgresql(options.postgresql, *COUNTING) as server:
        if server is None:
            print("PostgreSQL is not on this machine: nothing was measured.")
            return 0
        with database(server, "hub_benchmark_pages") as url, tempfile.TemporaryDirectory() as name:
            fill(url, example=True)
            with psycopg.connect(url, autocommit=True) as connection:
                if counts(connection):
                    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            run("-m", "benchmarks.page_world", name, *map(str, sizes), HUB_DATABASE_URL=url)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM (ANALYZE)")
            results = measure(url, Path(name), seconds)
    report(results)
    return 0 if options.quick or verdicts(results, *(f"{size:,} people" for size in sizes)) else 1


if __name__ == "__main__":
    sys.exit(main())
