"""Measure what asking for answers to policies costs a page: `python -m benchmarks.policy_gate`.

It fills a database of its own with the example, and asks for pages of a Super User in turns, in
one process: with the gate of hub/policy_answers.py, without it, and with it again. It prints the
medians, what the gate adds, what *again* adds to *with* (nothing but noise), and how many
statements more a page with the gate takes (L9: at most 1, and 3 %).
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


def measure(rounds: int) -> None:
    """Ask for each page in turns, and print what the gate adds, in processor time."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from compliance.selectors.unanswered import UNANSWERED_LIST
    from hub import waiting
    from portals.decision.prepared import PreparedStatement

    settings.ALLOWED_HOSTS = ["*"]
    without = [name for name in settings.MIDDLEWARE if name != GATE]
    assert len(without) == len(settings.MIDDLEWARE) - 1, "the gate has another name"
    bare = PreparedStatement("hub_waiting_bare", waiting.WAITING_SQL.replace(UNANSWERED_LIST, "''"))
    ways = {
        "with": (handler_of(settings.MIDDLEWARE), waiting.WAITING),
        "without": (handler_of(without), bare),
        "again": (handler_of(settings.MIDDLEWARE), waiting.WAITING),
    }
    client = Client()  # one session: pages of two differ by more than the gate costs
    client.force_login(
        User.objects.get(email="alice@alder.example"), backend="accounts.backends.PersonBackend"
    )

    def ask(way: str, page: str) -> float:
        client.handler, statement = ways[way]
        gc.collect()  # between the pages, for it takes as long as one
        with patch.object(waiting, "WAITING", statement):
            began = time.process_time()
            answer = client.get(page)
            spent = time.process_time() - began
        assert answer.status_code == 200, answer.status_code
        return spent

    gc.collect()
    gc.freeze()
    gc.disable()

    for page in PAGES:
        counts, spent = {}, {way: list[float]() for way in ways}
        for way in ways:
            ask(way, page)
            with CaptureQueriesContext(connection) as queries:
                ask(way, page)
            counts[way] = len(queries)
        for number in range(rounds):
            for way in sorted(ways, reverse=bool(number % 2)):
                spent[way].append(ask(way, page))
        gate, none, again = (
            statistics.median(spent[way]) * 1000 for way in ("with", "without", "again")
        )
        print(
            f"{page:<18} {gate:6.2f} ms with, {none:6.2f} ms without:"
            f" {100 * (gate / none - 1):+.1f} % (noise {100 * (again / gate - 1):+.1f} %),"
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
