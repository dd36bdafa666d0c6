"""Measure what asking for answers to policies costs a page: `python -m benchmarks.policy_gate`.

It fills a database of its own with the example, and asks for pages of a Super User in turns, with
the gate of hub/policy_answers.py and without it, in one process. The gate asks the statement that
the frame of a page asks without it: its cost is its own time, less that of the frame's statement
without policies. It prints this, its part of the whole page, and how many statements more a page
with the gate takes (L9: at most 1, and 3 %). The pages with and without it are no measure: two
copies of the same middleware differ by up to 5 %, and without the gate a page may be slower.
"""

import argparse
import gc
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROUNDS = 200
PAGES = ("/", "/profile/", "/c/alder/people/")
GATE = "hub.policy_answers.RequirePolicyAnswers"


def fill() -> None:
    """Create the example, and answer the version that it announces: no page shows a reminder."""
    from django.core.management import call_command

    from accounts.models import User
    from compliance.selectors.unanswered import policies_to_answer
    from compliance.services.answers import answer_version

    call_command("migrate", verbosity=0)
    call_command("example", verbosity=0, stdout=io.StringIO())
    alice = User.objects.get(email="alice@alder.example")
    for item in policies_to_answer(alice):
        answer_version(
            actor=alice,
            version=item.version,
            verb=item.agreement,
            customer=item.customer,
            language="en",
            sha256=item.version.sha256,
        )


def handler_of(middleware: list[str]) -> Any:
    """Return the hub with this middleware, for a test client."""
    from django.test import override_settings
    from django.test.client import ClientHandler

    handler = ClientHandler(enforce_csrf_checks=False)
    with override_settings(MIDDLEWARE=middleware):
        handler.load_middleware()
    return handler


class Clock:
    """The processor time spent in a function since the last reading, in ms."""

    def __init__(self) -> None:
        self.spent = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time counted."""

        def run(*arguments: Any) -> Any:
            began = time.process_time()
            try:
                return function(*arguments)
            finally:
                self.spent += 1000 * (time.process_time() - began)

        return run

    def read(self) -> float:
        """Return the time, and begin again."""
        spent, self.spent = self.spent, 0.0
        return spent


def measure(rounds: int) -> None:
    """Ask for each page in turns, and print what the gate adds, in processor time."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from compliance.selectors.unanswered import UNANSWERED_LIST
    from hub import context_processors, policy_answers, waiting
    from portals.decision.prepared import PreparedStatement

    settings.ALLOWED_HOSTS = ["*"]
    without = [name for name in settings.MIDDLEWARE if name != GATE]
    assert len(without) == len(settings.MIDDLEWARE) - 1, "the gate has another name"
    bare = PreparedStatement("hub_waiting_bare", waiting.WAITING_SQL.replace(UNANSWERED_LIST, "''"))
    gate, frame, page_time = Clock(), Clock(), Clock()
    rule = policy_answers.RequirePolicyAnswers
    rule.process_view = gate.timed(rule.process_view)  # type: ignore[method-assign]
    context_processors.waiting_for = frame.timed(waiting.waiting_for)
    ways = {
        "with": (handler_of(settings.MIDDLEWARE), waiting.WAITING),
        "without": (handler_of(without), bare),
    }
    client = Client()
    client.force_login(
        User.objects.get(email="alice@alder.example"), backend="accounts.backends.PersonBackend"
    )
    get = page_time.timed(client.get)

    def ask(way: str, page: str) -> tuple[float, float]:
        """Return the time of the page, and in it of the gate and the frame's statement."""
        client.handler, statement = ways[way]
        gc.collect()  # between the pages, for it takes as long as one
        with patch.object(waiting, "WAITING", statement):
            assert get(page).status_code == 200
        return page_time.read(), gate.read() + frame.read()

    gc.collect()
    gc.freeze()
    gc.disable()
    for page in PAGES:
        counts = {}
        spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for way in ways:
            ask(way, page)
            with CaptureQueriesContext(connection) as queries:
                ask(way, page)
            counts[way] = len(queries)
        for number in range(rounds):
            for way in sorted(ways, reverse=bool(number % 2)):
                spent[way].append(ask(way, page))
        whole = statistics.median(time for time, _part in spent["with"])
        added, asked = (
            statistics.median(part for _time, part in spent[way]) for way in ("with", "without")
        )
        print(
            f"{page:<18} {whole:6.2f} ms, of which the gate {added - asked:5.2f} ms:"
            f" {100 * (added - asked) / (whole - added + asked):+.1f} %,"
            f" {counts['with'] - counts['without']:+d} statements"
        )


def main() -> int:
    """Fill a database and measure in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--step", choices=["fill", "measure"], help="(internal)")
    options = parser.parse_args()
    if options.step:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
        import django

        django.setup()
        fill() if options.step == "fill" else measure(options.rounds)
        return 0
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
        database = f"sqlite:///{Path(folder)}/gate.sqlite3"
        environment = {**os.environ, "HUB_ENV": "test", "HUB_DATABASE_URL": database}
        for step in ("fill", "measure"):
            ours = ["benchmarks.policy_gate", "--step", step, "--rounds", str(options.rounds)]
            subprocess.run([sys.executable, "-m", *ours], env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
