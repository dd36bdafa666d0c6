"""Run mutants of these files and folders, or of all that tests.toml names, and report survivors."""

import argparse
import os
import signal
import sys
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.machine import find_postgresql, private_postgresql
from tests.mutants.finding import Mutant, mutants_of
from tests.mutants.reach import Reach
from tests.mutants.running import SHORTEST, TABLE, Outcome, Runner, runs_of

JUDGED = Path(__file__).with_name("survivors.toml")


EVERY_OTHER = "*"  # number of a constant


def judged() -> dict[Mutant, str]:
    """Return the mutants that change nothing, each with the reason."""
    rows = tomllib.loads(JUDGED.read_text()).get("judged", [])
    return {Mutant(r["file"], r["function"], r["was"], r["became"]): r["why"] for r in rows}


def is_judged(mutant: Mutant, known: dict[Mutant, str]) -> bool:
    """Return whether a mutant, or each other number in its place, is judged."""
    return mutant in known or replace(mutant, became=EVERY_OTHER) in known


def files_of(targets: list[str]) -> list[Path]:
    """Return the Python files of these files and folders."""
    paths = [Path(target) for target in targets]
    files = sorted(
        {file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])}
    )
    if without := [str(file) for file in files if not runs_of(str(file))]:
        raise SystemExit(f"tests.toml names no tests for {', '.join(without)}")
    return files


def run(mutants: list[Mutant], workers: int, minutes: float, passed: bool) -> Counter[str]:
    """Run mutants, print each survivor, and count the outcomes."""
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        runs = {run for mutant in mutants for run in runs_of(mutant.file)}
        programs = find_postgresql() if any(r.database == "postgresql" for r in runs) else None
        postgresql = stack.enter_context(private_postgresql(programs)) if programs else ""
        runner = Runner(postgresql, Reach(), files_of(list(TABLE["sqlite"])))
        stack.callback(runner.close)
        pool = ThreadPoolExecutor(workers)
        stack.callback(pool.shutdown, cancel_futures=True)  # Ctrl-C waits for the running ones only
        done = {run for mutant in mutants for run in runner.runs_of(mutant.file)}
        runner.rehearse(SHORTEST)
        if not passed:
            runner.note_reach(done, pool)
            list(pool.map(runner.rehearse, [r for r in done if r.database == "postgresql"]))
        runner.fork(done)
        if done != runs:
            print("NOT RUN: the tests that need PostgreSQL (install postgresql).")
        deadline = time.monotonic() + 60 * minutes

        def outcome(mutant: Mutant) -> str:
            return runner.outcome(mutant) if time.monotonic() < deadline else "left"

        running = {pool.submit(outcome, mutant): mutant for mutant in mutants}
        for future in as_completed(running):
            counts[future.result()] += 1
            print(".", end="", flush=True)
            if future.result() in (Outcome.SURVIVED, Outcome.BROKEN):
                print(f"\n{future.result().upper()}\n{running[future].diff}", flush=True)
        runner.confirm()
    return counts


def main() -> int:
    """Return 0 if no mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="path", default=list(TABLE["sqlite"]))
    parser.add_argument("--sample", type=int, metavar="N", help="run only N of the mutants")
    parser.add_argument("--seed", type=int, default=0, help="choose another sample (default 0)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin none after that")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument(
        "--passed", action="store_true", help="the tests have just passed without any mutant"
    )
    options = parser.parse_args()

    made = [mutant for file in files_of(options.targets) for mutant in mutants_of(file)]
    sample = sorted(made, key=lambda mutant: mutant.rank(options.seed))[: options.sample]
    known = judged()
    chosen = [mutant for mutant in sample if not is_judged(mutant, known)]
    judged_ones = len(sample) - len(chosen)
    print(f"{len(made)} mutants, {len(sample)} chosen, {judged_ones} of these judged.", flush=True)
    counts = run(chosen, options.workers, options.minutes, options.passed)
    caught = counts[Outcome.CAUGHT] + counts[Outcome.TIMED_OUT]
    tried = caught + counts[Outcome.SURVIVED]
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), end=". ")
    print(f"Caught or timed out: {caught} of {tried}, {caught / max(tried, 1):.0%}.")
    return 1 if counts[Outcome.SURVIVED] else 0


if __name__ == "__main__":
    # On SIGTERM, exit normally so that the private PostgreSQL is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
