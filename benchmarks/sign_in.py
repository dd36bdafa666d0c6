"""Measure signing in: `python -m benchmarks.sign_in` (3 minutes), or `--quick` (seconds).

Runs on PostgreSQL, beside 100,000 grants. First, calls go through the hub's Django application in
this process, one after the other, and take turns with a view that does nothing; password sign-in is
with the production hasher. Then granian serves the hub, and checks and introspection, which the
front answers, take turns with the same view. A figure is calls a second of one core of the web
server, by its CPU time; the database's own is not in it. *Served* is calls a second at 8
connections, with the database and the load client on the same cores. Figures are medians over the
rounds, ratios medians of each round's ratio. `--quick` checks the answers, not the speed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import psycopg

from benchmarks.check import fill, load, postgresql, run, serving, wait_for
from benchmarks.people import database
from benchmarks.sign_in_calls import SCOPES, SignedIn, calls_a_second

CALLS = 200  # of each kind in a round
SIGN_IN_EVERY = 40  # calls there is one with a password: each takes a third of a second
TOKENS = 40  # to be introspected
GRANTS = 100_000
MIN_CHECK_RATIO = 0.5  # of introspection, served
MIN_RATE = 100  # calls a second of one core: 10 ms of CPU
Round = dict[str, dict[str, float]]  # kind of call → figures


def measure(folder: Path, rounds: int, calls: int) -> dict[str, object]:
    """Return figures of each round, and the hasher; write the requests for the served hub."""
    import django

    django.setup()
    from django.contrib.auth.hashers import get_hasher

    world = SignedIn()
    kinds = {"token": world.token, "refresh": world.refresh, "userinfo": world.userinfo}
    for call in [*kinds.values(), world.empty]:
        call()
    results: list[Round] = []
    for _ in range(rounds):
        figures: Round = {}
        for kind, call in {**kinds, "password": world.sign_in}.items():
            empty = calls_a_second(world.empty, calls)
            rate = calls_a_second(call, calls if kind in kinds else -(-calls // SIGN_IN_EVERY))
            figures[kind] = {"rate": rate, "to empty": rate / empty}
        figures["empty view"] = {"rate": empty, "to empty": 1.0}
        world.tokens = world.redeem(SCOPES)  # signing in ended the former ones
        results.append(figures)
    for kind, requests in world.plans(min(calls, TOKENS)).items():
        (folder / f"{kind}.json").write_text(json.dumps({"requests": requests}))
    hasher = get_hasher()
    return {"rounds": results, "hasher": f"{hasher.algorithm}, {hasher.iterations:,} iterations"}


def measure_served(url: str, folder: Path, rounds: int, seconds: float) -> list[Round]:
    """Return the figures of each round of the served hub. Exit at a wrong answer."""
    plans = {file.stem: file for file in sorted(folder.glob("*.json"))}
    results: list[Round] = []
    with serving("rsgi", "benchmarks.sign_in_rsgi:application", url, plans["check"]) as port:
        wait_for(port, plans["check"])
        for plan in plans.values() if rounds > 1 else []:
            load(port, plan, seconds)  # warm up connections, plans and caches
        for _ in range(rounds):
            figures: Round = {}
            for kind, plan in plans.items():
                began = cpu(port)
                result = load(port, plan, seconds)
                figures[kind] = {
                    "rate": result["asked"] / (cpu(port) - began),
                    "served": result["rate"],
                }
            for figure in figures.values():
                figure["to empty"] = figure["rate"] / figures["empty view"]["rate"]
                figure["to check"] = figure["served"] / figures["check"]["served"]
            results.append(figures)
    return results


def cpu(port: int) -> float:
    """Return the seconds of CPU that the server has used."""
    with urlopen(f"http://127.0.0.1:{port}/cpu") as answer:
        return float(answer.read())


def report(title: str, results: list[Round]) -> Round:
    """Print the medians of all kinds, and return them."""
    medians = {
        kind: {
            name: median(figures[kind][name] for figures in results) for name in results[0][kind]
        }
        for kind in results[0]
    }
    print(f"\n{title:<28}{'of one core':>12}{'to empty':>10}{'served':>9}{'to check':>10}")
    for kind, figures in medians.items():
        served = (
            f"{figures['served']:>9,.0f}{figures['to check']:>10.2f}" if "served" in figures else ""
        )
        print(f"{kind:<28}{figures['rate']:>12,.0f}{figures['to empty']:>10.3f}{served}")
    return medians


def judge(title: str, figure: float, target: float) -> bool:
    """Print a figure against its target and return whether it is met."""
    print(f"{'PASS' if figure >= target else 'FAIL'}  {title:<44}{figure:>8.2f}  (≥ {target:g})")
    return figure >= target


def main() -> int:
    """Return 0 if the targets are met (with --quick: once everything was answered rightly)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 calls of each, one round")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 7)")
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds, calls = (1, 4) if options.quick else (options.rounds or 7, CALLS)
    if options.inside:
        print(json.dumps(measure(Path(options.inside), rounds, calls)))
        return 0
    with postgresql(options.postgresql) as server, tempfile.TemporaryDirectory() as folder:
        if not server:
            print("PostgreSQL is not here: nothing was measured.")
            return 0
        with database(server, "hub_benchmark_sign_in") as url:
            fill(url, example=True)
            if not options.quick:
                run("manage.py", "seed", "--grants", str(GRANTS), HUB_DATABASE_URL=url)
            arguments = ["--inside", folder, "--rounds", str(rounds)]
            arguments += ["--quick"] if options.quick else []
            environment = {"HUB_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hub.settings"}
            output = run("-m", "benchmarks.sign_in", *arguments, **environment)
            inside = json.loads(output.splitlines()[-1])
            if not options.quick:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("VACUUM (ANALYZE)")
            seconds = 0.3 if options.quick else 2.0
            served = measure_served(url, Path(folder), rounds, seconds)
    print(f"Passwords: {inside['hasher']}")
    in_process = report("PostgreSQL, calls a second", inside["rounds"])
    by_granian = report("Served by granian", served)
    if options.quick:
        return 0
    ratio = by_granian["introspection"]["to check"]
    met = [judge("introspection / check, served", ratio, MIN_CHECK_RATIO)]
    rates = {kind: in_process[kind]["rate"] for kind in ("token", "refresh", "userinfo")}
    rates["introspection"] = by_granian["introspection"]["rate"]
    met += [judge(f"{kind}: calls a second of one core", rates[kind], MIN_RATE) for kind in rates]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
