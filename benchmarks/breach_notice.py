"""Measure a breach notice to 100,000 people: `python -m benchmarks.breach_notice`, or `--quick`.

Runs on PostgreSQL, in its own database. The hub's way from the named people to queued emails, as a
worker takes it, and two statements written by hand take turns, with all triggers; both must write
the same. `--quick` compares what they write, not the speed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.audience import database, seed
from benchmarks.check import postgresql

PEOPLE = 100_000
MAX_RATIO = 1.5  # of the time of the statements by hand

CANDIDATES = """
INSERT INTO preferences_candidate (campaign_id, recipient_id, send, reason, consent_id)
SELECT %(campaign)s, r.id, TRUE,
    CASE WHEN r.unreachable_since IS NULL THEN 'mandatory' ELSE 'escalate' END, NULL
FROM preferences_namedrecipient n JOIN preferences_recipient r ON r.id = n.recipient_id
WHERE n.campaign_id = %(campaign)s
"""
MESSAGES = """
INSERT INTO preferences_message (recipient_id, address, campaign_id, topic_id, notice_class_id,
    subject, content_hash, message_id, state, created_at, due_at, attempts, last_error, in_digest)
SELECT r.id, COALESCE(u.email, r.address), %(campaign)s, NULL, 'legal', 'Notice', '',
    '<' || %(campaign)s || '.' || r.id || '.' || gen_random_uuid() || '@hub.example>', 'queued',
    now(), now(), 0, '', FALSE
FROM preferences_namedrecipient n JOIN preferences_recipient r ON r.id = n.recipient_id
LEFT JOIN accounts_user u ON u.id = r.user_id
WHERE n.campaign_id = %(campaign)s
"""


def name_everybody() -> int:
    """Write a confidential notice whose audience is everybody, by name. Return its key."""
    from accounts.models import User
    from preferences.models import Campaign, Recipient
    from preferences.services.named_audiences import name_recipients

    actor = User.objects.get(pk=1)
    words = {f"{part}_{code}": "Notice" for part in ("subject", "body") for code in ("en", "fr")}
    campaign = Campaign.objects.create(
        notice_class_id="legal", named=True, confidential=True, state="scheduled",
        created_by=actor, **words,
    )  # fmt: skip
    name_recipients(actor=actor, campaign=campaign, recipients=Recipient.objects.all())
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    return campaign.pk


def ways(key: int) -> dict[str, Callable[[], None]]:
    """Return both ways from the named people to queued emails."""
    from django.db import connection

    from preferences.gate.campaign_sending import resolve_audience
    from preferences.models import Campaign

    def ours() -> None:
        resolve_audience(Campaign.objects.select_for_update().get(pk=key))

    def by_hand() -> None:
        with connection.cursor() as cursor:
            cursor.execute(CANDIDATES, {"campaign": key})
            cursor.execute(MESSAGES, {"campaign": key})

    return {"ours": ours, "by hand": by_hand}


def measure(key: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each way, in turns, each undone. Exit if they write differently."""
    from django.db import transaction

    from preferences.models import Candidate, Message

    seconds: dict[str, list[float]] = {}
    written: dict[str, object] = {}
    order = list(ways(key).items())
    for turn in range(rounds + 1):  # the first is a warm-up, and is compared
        for way, run in order if turn % 2 else order[::-1]:
            with transaction.atomic():
                began = time.monotonic()
                run()
                seconds.setdefault(way, []).append(time.monotonic() - began)
                if turn == 0:
                    candidates = Candidate.objects.order_by("recipient_id")
                    messages = Message.objects.order_by("recipient_id")
                    written[way] = (
                        list(candidates.values_list("recipient_id", "send", "reason")),
                        list(messages.values_list("recipient_id", "address", "state", "subject")),
                    )
                transaction.set_rollback(True)
    if written["ours"] != written["by hand"]:
        sys.exit("The two ways write differently: no figures.")
    return {way: times[1:] for way, times in seconds.items()}


def main() -> int:
    """Return 0 if the target is met (with --quick: if both ways write alike)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,000 people, comparison only")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 5)")
    options = parser.parse_args()
    people = 2_000 if options.quick else PEOPLE
    with postgresql(options.postgresql) as server:
        if server is None:
            print("PostgreSQL is not on this machine: not measured.")
            return 0
        with database(server):
            seed(people)
            seconds = measure(name_everybody(), options.rounds or (1 if options.quick else 5))
    for way, times in seconds.items():
        print(f"{way:<12}{median(times):>9.2f} s{people / median(times):>12,.0f} people/s")
    if options.quick:
        return 0
    ratio = median(a / b for a, b in zip(seconds["ours"], seconds["by hand"], strict=True))
    print(
        f"{'PASS' if ratio <= MAX_RATIO else 'FAIL'}  ours / by hand {ratio:.2f}"
        f"  (target ≤ {MAX_RATIO})"
    )
    return 0 if ratio <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
