"""Measure the cost of recording last uses: `python -m benchmarks.uses` (two minutes).

One process answers the same checks with and without recording; without it, the statement does not
return what was used. There is no HTTP, which would only hide a difference. The two take turns
every few checks; the ratio is the median of the rounds' ratios. Writing is measured separately,
because it happens once a minute and a round is shorter: the maximum number of uses, all new, while
the process answers nothing else. The judged ratio deducts that time from every minute. A wrong
answer ends the run.
"""

import argparse
import io
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.check import databases, postgresql, prepare, run

MIN_RATIO = 0.95
MINUTE = 60.0
CHECKS_PER_TURN = 20  # short turns, so that other load on the machine affects both equally
GRANTS = "100 k"


def requests_of(plan: dict[str, Any]) -> list[tuple[bytes, bool]]:
    """Return the bodies of a plan's checks with their answers."""
    return [
        (
            json.dumps(
                {
                    "subject": {"type": "user", "id": subject},
                    "resource": {"type": kind, "id": resource},
                    "action": {"name": action},
                }
            ).encode(),
            answer,
        )
        for (subject, kind, resource, action), answer in plan["questions"]
    ]


def ask(answer: Any, token: str, requests: list[tuple[bytes, bool]]) -> float:
    """Return the seconds these checks take, comparing each answer."""
    began = time.perf_counter()
    for body, expected in requests:
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.input": io.BytesIO(body),
        }
        result = answer(environ)
        if (b'"decision": true' in result.body) is not expected:
            sys.exit(f"wrong: {body!r} → {result}")
    return time.perf_counter() - began


def measure(plan: dict[str, Any], rounds: int, seconds: float) -> None:
    """Measure on the database of HUB_DATABASE_URL and print both rates of each round as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    import django

    django.setup()
    from portals.api.evaluation import answer_environ, answers
    from portals.decision import checks
    from portals.decision.prepared import PreparedStatement
    from portals.decision.statement import CHECK
    from portals.models import PersonGrant, PrivilegeUse
    from portals.services import uses

    columns = r" \|\| ' ' \|\| o\.person \|\| ' ' \|\| o\.\w+ \|\| ' ' \|\| o\.privilege"
    without_uses, replaced = re.subn(columns, "", CHECK)
    assert replaced == 1
    statements = {
        "with": PreparedStatement("with_uses", CHECK),
        "without": PreparedStatement("without_uses", without_uses),
    }
    requests = requests_of(plan)
    recorder = uses.UseRecorder()
    answers.record_use = recorder.record
    results = []
    for turn in range(-1, rounds):  # the first warms up connections and plans
        spent, count = dict.fromkeys(statements, 0.0), 0
        while sum(spent.values()) < 2 * seconds:
            start = count % len(requests)
            for way in sorted(statements, reverse=bool(count // CHECKS_PER_TURN % 2)):
                checks.CHECK_STATEMENT = statements[way]
                batch = requests[start : start + CHECKS_PER_TURN]
                spent[way] += ask(answer_environ, plan["token"], batch)
            count += CHECKS_PER_TURN
        if turn >= 0:
            results.append({way: count / seconds for way, seconds in spent.items()})
    recorder.stop()
    grants = PersonGrant.objects.values_list("user", "content_object", "permission")
    rows = grants[: uses.MAX_PENDING]
    new_uses = [(f"{user} {resource} {privilege}", 1) for user, resource, privilege in rows]
    PrivilegeUse.objects.all().delete()
    began = time.perf_counter()
    uses.save_uses(new_uses)
    writing = time.perf_counter() - began
    print(json.dumps({"rounds": results, "writing": writing, "uses": len(new_uses)}))


def report(database: str, figures: dict[str, Any]) -> bool:
    """Print the figures and return whether the target is met."""
    results, writing = figures["rounds"], figures["writing"]
    ratio = median(rates["with"] / rates["without"] for rates in results)
    total_ratio = ratio * (1 - writing / MINUTE)
    verdict = "PASS" if total_ratio >= MIN_RATIO else "FAIL"
    rates = {way: median(result[way] for result in results) for way in ("with", "without")}
    print(
        f"{database:<12}{rates['without']:>8,.0f} checks/s without, {rates['with']:>8,.0f} with"
        f" ({ratio:.3f}); {figures['uses']:,} new uses written in {1000 * writing:,.0f} ms, at most"
        f" once a minute\n{'':<12}{verdict} {total_ratio:.3f} (target ≥ {MIN_RATIO:g})"
    )
    return total_ratio >= MIN_RATIO


def main() -> int:
    """Return 0 if recording uses costs less than 5 % on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--measure", metavar="PLAN", help="(internal: measure in this process)")
    options = parser.parse_args()
    if options.measure:
        measure(json.loads(Path(options.measure).read_text()), options.rounds, options.seconds)
        return 0

    def measure_database(url: str, folder: str) -> dict[str, Any]:
        plan = Path(folder) / "plan.json"
        prepare(url, 100_000, plan)
        output = run(
            *("-m", "benchmarks.uses", "--measure", str(plan)),
            *("--rounds", str(options.rounds), "--seconds", str(options.seconds)),
            HUB_DATABASE_URL=url,
        )
        figures: dict[str, Any] = json.loads(output)
        return figures

    met = True
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
        with postgresql(options.postgresql) as server:
            if server is None:
                print("PostgreSQL is not on this machine: not measured.")
            else:
                with databases(server, [GRANTS]) as urls:
                    met &= report("PostgreSQL", measure_database(urls[GRANTS], folder))
        met &= report("SQLite", measure_database(f"sqlite:///{folder}/uses.sqlite3", folder))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
