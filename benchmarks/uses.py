"""What recording last uses costs a check: `python -m benchmarks.uses` (two minutes).

The same questions, answered in one process by the function behind both ways in, with the recorder
and without it: without, the statement does not say what was used, and nothing is noted. No HTTP is
in it, which would only hide a difference. The two take turns every few questions; the ratio is the
median of the rounds' ratios. Writing is measured apart, since it comes once a minute and a round is
shorter: as many uses as a minute keeps at most, all of them new, written while the process answers
nothing else. The ratio judged takes that time off every minute. A wrong answer ends the run.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.check import databases, postgresql, prepare, run

AT_LEAST = 0.95
A_MINUTE = 60.0
AT_A_TIME = 20  # questions; the ways take turns, so that what else runs here hits both alike
GRANTS = "100 k"


def requests_of(plan: dict[str, Any]) -> list[tuple[bytes, bool]]:
    """The bodies of a plan's questions, with their answers."""
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
    """How long these take, in seconds, each answer compared."""
    began = time.perf_counter()
    for body, expected in requests:
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.input": io.BytesIO(body),
        }
        given = answer(environ)
        if (b'"decision": true' in given.body) is not expected:
            sys.exit(f"wrong: {body!r} → {given}")
    return time.perf_counter() - began


def measure(plan: dict[str, Any], rounds: int, seconds: float) -> None:
    """In a process whose HUB_DATABASE_URL says where; prints both rates of each round as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    import django

    django.setup()
    from portals.api.evaluation import answer_environ, answers
    from portals.decision import checks
    from portals.decision.prepared import PreparedStatement
    from portals.decision.statement import CHECK
    from portals.models import PersonGrant, PrivilegeUse
    from portals.services import uses

    what = " || ' ' || o.person || ' ' || o.resource || ' ' || o.privilege"
    assert what in CHECK
    statements = {
        "with": PreparedStatement("with_uses", CHECK),
        "without": PreparedStatement("without_uses", CHECK.replace(what, "")),
    }
    requests = requests_of(plan)
    recorder = uses.UseRecorder()
    answers.record_use = recorder.record
    results = []
    for turn in range(-1, rounds):  # the first warms connections and plans
        spent, asked = dict.fromkeys(statements, 0.0), 0
        while sum(spent.values()) < 2 * seconds:
            place = asked % len(requests)
            for way in sorted(statements, reverse=bool(asked // AT_A_TIME % 2)):
                checks._CHECK = statements[way]
                some = requests[place : place + AT_A_TIME]
                spent[way] += ask(answer_environ, plan["token"], some)
            asked += AT_A_TIME
        if turn >= 0:
            results.append({way: asked / took for way, took in spent.items()})
    recorder.stop()
    grants = PersonGrant.objects.values_list("user", "content_object", "permission")
    most = [
        (f"{user} {resource} {right}", 1) for user, resource, right in grants[: uses.MAX_PENDING]
    ]
    PrivilegeUse.objects.all().delete()
    began = time.perf_counter()
    uses.save_uses(most)
    writing = time.perf_counter() - began
    print(json.dumps({"rounds": results, "writing": writing, "uses": len(most)}))


def report(database: str, found: dict[str, Any]) -> bool:
    """Print the figures; whether the target is met."""
    results, writing = found["rounds"], found["writing"]
    ratio = median(each["with"] / each["without"] for each in results)
    whole = ratio * (1 - writing / A_MINUTE)
    verdict = "PASS" if whole >= AT_LEAST else "FAIL"
    rates = {way: median(each[way] for each in results) for way in ("with", "without")}
    print(
        f"{database:<12}{rates['without']:>8,.0f} checks/s without, {rates['with']:>8,.0f} with"
        f" ({ratio:.3f}); {found['uses']:,} new uses written in {1000 * writing:,.0f} ms, at most"
        f" once a minute\n{'':<12}{verdict} {whole:.3f} (target ≥ {AT_LEAST:g})"
    )
    return whole >= AT_LEAST


def main() -> int:
    """Exit code 0 when recording costs less than a twentieth on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--measure", metavar="PLAN", help="(itself, in the measured process)")
    given = parser.parse_args()
    if given.measure:
        measure(json.loads(Path(given.measure).read_text()), given.rounds, given.seconds)
        return 0

    def measured(url: str, folder: str) -> dict[str, Any]:
        plan = Path(folder) / "plan.json"
        prepare(url, 100_000, plan)
        said = run(
            *("-m", "benchmarks.uses", "--measure", str(plan)),
            *("--rounds", str(given.rounds), "--seconds", str(given.seconds)),
            HUB_DATABASE_URL=url,
        )
        found: dict[str, Any] = json.loads(said)
        return found

    met = True
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
        with postgresql(given.postgresql) as server:
            if server is None:
                print("PostgreSQL is not on this machine: not measured.")
            else:
                with databases(server, [GRANTS]) as urls:
                    met &= report("PostgreSQL", measured(urls[GRANTS], folder))
        met &= report("SQLite", measured(f"sqlite:///{folder}/uses.sqlite3", folder))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
