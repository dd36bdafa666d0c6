"""How fast a campaign leaves: `python -m benchmarks.sending` (2 minutes), or `--quick` (seconds).

On PostgreSQL, with a local SMTP server that takes everything. *Ours* claims, asks what each reader
wants, renders, sends and marks, a row and a decision each; *bare* is a loop that renders the same
mails and sends them over one open connection, and knows no database. By turns, with and without
DKIM signatures; the ratio is the median of each round's. The target is for signed mails; where a
relay signs, the database takes a larger part. `--quick` never judges speed.
"""

import argparse
import asyncio
import json
import sys
from statistics import median
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks.check import postgresql, run
from benchmarks.people import database
from tests.machine import free_port

LEAST = 0.7


class Sink:
    """Takes everything, keeps nothing."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 -- aiosmtpd calls it so
        """Yes."""
        await asyncio.sleep(0)
        return "250 taken"


def measure(url: str, mails: int, rounds: int) -> Any:
    """Mails a second, both ways, signed and not: {way: [a figure a round]}."""
    run("manage.py", "migrate", "--verbosity", "0", HUB_DATABASE_URL=url)
    run("manage.py", "example", HUB_DATABASE_URL=url)
    sink = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    sink.start()
    try:
        said = run(
            "-m", "benchmarks.sending_rounds", str(mails), str(rounds),
            HUB_DATABASE_URL=url, HUB_EMAIL_URL=f"smtp://127.0.0.1:{sink.port}",
        )  # fmt: skip
    finally:
        sink.stop()
    return json.loads(said.splitlines()[-1])


def main() -> int:
    """Exit code 0 when the target is met (with --quick: when every mail left)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="30 mails, one round, no verdict")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, help="how often each way is tried (default 7)")
    given = parser.parse_args()
    mails, rounds = (30, 1) if given.quick else (400, given.rounds or 7)
    met = True
    with postgresql(given.postgresql) as server:
        if server is None:
            print("PostgreSQL is not on this machine: not measured.")
            return 0
        with database(server, "hub_benchmark_sending") as url:
            measured = measure(url, mails, rounds)
    print(f"\n{'':<12}{'bare':>8} {'ours':>8}  ratio   (mails a second)")
    for signed, ways in measured.items():
        ratio = median(o / b for o, b in zip(ways["ours"], ways["bare"], strict=True))
        verdict = ""
        if signed == "signed" and not given.quick:
            verdict = f"{'PASS' if ratio >= LEAST else 'MISSED'}  (target ≥ {LEAST:g})"
            met &= ratio >= LEAST
        bare, ours = median(ways["bare"]), median(ways["ours"])
        print(f"{signed:<12}{bare:>8.0f} {ours:>8.0f}  {ratio:>5.2f}   {verdict}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
