"""Measure a campaign: `python -m benchmarks.sending` (2 minutes), or `--quick` (seconds).

Runs on PostgreSQL, with a local SMTP server that accepts everything. *Ours* claims, checks choices,
renders, sends and records each message; *bare* is a loop that renders the same messages and sends
them over one open connection, without a database. They take turns, with and without DKIM
signatures; the ratio is the median of each round's ratio. The target is for signed messages; where
a relay signs, the database has a larger share. `--quick` checks that everything is sent.
"""

import argparse
import asyncio
import json
import sys
from statistics import median
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks.check import fill, postgresql, run
from benchmarks.people import database
from tests.machine import free_port

MIN_RATIO = 0.7


class Sink:
    """An SMTP handler that accepts and discards everything."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 -- aiosmtpd calls it so
        """Accept the message."""
        await asyncio.sleep(0)
        return "250 taken"


def measure(url: str, mails: int, rounds: int) -> Any:
    """Return messages a second: {"signed" or "unsigned": {way: [figure of each round]}}."""
    fill(url, example=True)
    sink = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    sink.start()
    try:
        output = run(
            "-m", "benchmarks.sending_rounds", str(mails), str(rounds),
            HUB_DATABASE_URL=url, HUB_EMAIL_URL=f"smtp://127.0.0.1:{sink.port}",
        )  # fmt: skip
    finally:
        sink.stop()
    return json.loads(output.splitlines()[-1])


def main() -> int:
    """Return 0 if the target is met (with --quick: if every message is sent)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="30 mails, one round, no verdict")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 7)")
    options = parser.parse_args()
    mails, rounds = (30, 1) if options.quick else (400, options.rounds or 7)
    met = True
    with postgresql(options.postgresql) as server:
        if server is None:
            print("PostgreSQL is not on this machine: not figures.")
            return 0
        with database(server, "hub_benchmark_sending") as url:
            figures = measure(url, mails, rounds)
    print(f"\n{'':<12}{'bare':>8} {'ours':>8}  ratio   (mails a second)")
    for signed, ways in figures.items():
        ratio = median(o / b for o, b in zip(ways["ours"], ways["bare"], strict=True))
        verdict = ""
        if signed == "signed" and not options.quick:
            verdict = f"{'PASS' if ratio >= MIN_RATIO else 'MISSED'}  (target ≥ {MIN_RATIO:g})"
            met &= ratio >= MIN_RATIO
        bare, ours = median(ways["bare"]), median(ways["ours"])
        print(f"{signed:<12}{bare:>8.0f} {ours:>8.0f}  {ratio:>5.2f}   {verdict}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
