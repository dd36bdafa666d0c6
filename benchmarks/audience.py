"""Measure an audience of a million: `python -m benchmarks.audience` (5 minutes), or `--quick`.

Runs on PostgreSQL, in its own database. `resolve_campaign` and a statement written by hand for this
one topic take turns to decide all candidates and write them with reasons; both must decide alike.
Then a portal checks 10,000 people in one call and single people, through Django's test client.
`--quick` checks the answers, not the speed.
"""

import argparse
import hashlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.check import MIGRATED, create, postgresql

DATABASE = "hub_benchmark_audience"
MIN_BULK_RATIO = 100  # people a second in one call, compared with one by one
MAX_RATIO = 1.5  # of the time of the statement by hand
TABLES = (
    "accounts_customer", "accounts_user", "accounts_membership", "preferences_recipient",
    "preferences_consentrecord", "preferences_choice", "preferences_customertopicdenial",
    "portals_subscription",
)  # fmt: skip

# {people} people in customers of twenty, one in fifty of which is suspended. Five of six people
# have a choice about three topics, one in six of these an opt-out; there are half as many older
# records.
SEED = """
INSERT INTO accounts_customer (slug, name, status, language, phone, street, city, region,
    postal_code, country, time_zone, created_at, search_name, search_words)
SELECT 'c' || n, 'c' || n, 'pending', 'en', '', '', '', '', '', '', '', now(), 'c' || n, 'c' || n
FROM generate_series(1, {people} / 20 + 1) n;

INSERT INTO accounts_user (id, password, is_superuser, sub, email, name, language, time_zone,
    is_active, is_staff, created_at, session_epoch, search_shortcut, search_name, search_words)
SELECT n, '!', false, gen_random_uuid(), 'p' || n || '@p.example', 'p' || n, 'en', '',
    n % 200 <> 0, false, now(), gen_random_uuid(), true, 'p' || n, 'p' || n
FROM generate_series(1, {people}) n;

INSERT INTO accounts_membership (uuid, customer_id, user_id, role, work_name, work_phone,
    joined_at, ended_at, search_name, search_words)
SELECT gen_random_uuid(), c.id, n, 'user', 'p' || n, '', now(),
    CASE WHEN n % 10 = 0 THEN now() - (n % 1500) * interval '1 day' END, 'p' || n, 'p' || n
FROM generate_series(1, {people}) n JOIN accounts_customer c ON c.slug = 'c' || (n / 20 + 1);

UPDATE accounts_customer c SET main_super_user_id = m.id,
    status = CASE WHEN c.id % 50 = 1 THEN 'suspended' ELSE 'active' END
FROM (SELECT customer_id, MIN(id) AS id FROM accounts_membership GROUP BY customer_id) m
WHERE m.customer_id = c.id;

INSERT INTO preferences_recipient (id, user_id, language, address_hash, digest, unreachable_reason,
    unreachable_since, paused_until)
SELECT n, n, '', md5(n::text), 'immediate', '', CASE WHEN n % 50 = 0 THEN now() END,
    CASE WHEN n % 70 = 0 THEN now() + interval '30 days' END
FROM generate_series(1, {people}) n;

INSERT INTO preferences_consentrecord (recipient_id, address_hash, topic_id, wants, basis, wording,
    wording_hash, language, source, at)
SELECT 1 + (n * 7919::bigint) % {people}, md5(n::text), t.id, true, 'express',
    'Newsletter', '-', 'en', 'page', now() - interval '3 years'
FROM generate_series(1, {people} / 2) n JOIN preferences_topic t ON t.slug = 'topic-1';

INSERT INTO preferences_consentrecord (recipient_id, address_hash, topic_id, wants, basis, wording,
    wording_hash, language, source, at)
SELECT n, md5(n::text), t.id, n % 6 <> 0,
    CASE WHEN n % 6 = 0 THEN 'express'
        ELSE (array['express', 'express', 'contract', 'inquiry', 'purchase'])[1 + n % 5] END,
    'Newsletter', '-', 'en', 'page', now() - (n % 1100) * interval '1 day'
FROM generate_series(1, {people}) n JOIN preferences_topic t
    ON t.slug IN ('topic-1', 'topic-2', 'topic-3') AND n % 6 <> 1;

INSERT INTO preferences_choice (recipient_id, topic_id, wants, consent_id)
SELECT DISTINCT ON (recipient_id, topic_id) recipient_id, topic_id, wants, id
FROM preferences_consentrecord ORDER BY recipient_id, topic_id, id DESC;

INSERT INTO preferences_consentrecord (recipient_id, address_hash, topic_id, wants, basis, wording,
    wording_hash, language, source, at)
SELECT n, md5(n::text), NULL, false, 'express', 'All', '-', 'en', 'page', now()
FROM generate_series(1, {people}, 100) n;
UPDATE preferences_recipient r SET stopped_id = c.id FROM preferences_consentrecord c
WHERE c.recipient_id = r.id AND c.topic_id IS NULL;

INSERT INTO preferences_customertopicdenial (customer_id, topic_id, by_id, at)
SELECT c.id, t.id, 1, now() FROM accounts_customer c JOIN preferences_topic t ON t.slug = 'topic-1'
WHERE c.id % 100 = 0;

INSERT INTO portals_subscription (customer_id, portal_id, status, started_at)
SELECT c.id, p.id, 'active', now() FROM accounts_customer c JOIN portals_portal p ON c.id % 20 <> 0;
"""

TOPICS = """
INSERT INTO preferences_topic (slug, name_en, name_fr, purpose_en, purpose_fr, cadence_en,
    cadence_fr, default_on, basis, double_opt_in, resellers_only, active, position)
SELECT 'topic-' || n, 'T', 'T', 'T', 'T', 'T', 'T', false, 'implied', true, false, true, n
FROM generate_series(1, 5) n
"""

# Written for this one topic, which is open to everybody and off by default.
BY_HAND = """
INSERT INTO preferences_candidate (campaign_id, recipient_id, send, reason, consent_id)
SELECT %(campaign)s, d.id, d.reason IN ('chose_yes', 'implied'), d.reason, d.consent_id
FROM (
    SELECT r.id, COALESCE(
        CASE WHEN r.stopped_id > COALESCE(CASE WHEN c.wants THEN c.consent_id END, 0)
            THEN r.stopped_id END, c.consent_id) AS consent_id,
        CASE
        WHEN NOT u.is_active THEN 'account_closed'
        WHEN f.live > 0 AND f.live = f.suspended THEN 'suspended'
        WHEN r.unreachable_since IS NOT NULL THEN 'unreachable'
        WHEN r.stopped_id > COALESCE(CASE WHEN c.wants THEN c.consent_id END, 0) THEN 'stopped_all'
        WHEN f.live > f.suspended AND f.live - f.suspended = f.denied THEN 'denied'
        WHEN c.id IS NULL THEN 'default_off'
        WHEN NOT c.wants THEN 'chose_no'
        WHEN e.basis = 'inquiry' AND e.at < %(inquiry)s THEN 'lapsed'
        WHEN e.basis IN ('purchase', 'contract') AND e.at < %(account)s AND f.related IS NOT TRUE
            THEN 'lapsed'
        WHEN r.paused_until > now() THEN 'paused'
        WHEN e.basis = 'express' THEN 'chose_yes'
        ELSE 'implied'
        END AS reason
    FROM preferences_recipient r
    JOIN accounts_user u ON u.id = r.user_id
    LEFT JOIN (
        SELECT m.user_id,
            bool_or(COALESCE(m.ended_at, m.ends_at, now()) >= %(account)s) AS related,
            COUNT(*) FILTER (WHERE m.ended_at IS NULL) AS live,
            COUNT(o.id) FILTER (WHERE m.ended_at IS NULL) AS suspended,
            COUNT(d.id) FILTER (WHERE m.ended_at IS NULL AND o.id IS NULL) AS denied
        FROM accounts_membership m
        LEFT JOIN accounts_customer o ON o.id = m.customer_id AND o.status <> 'active'
        LEFT JOIN preferences_customertopicdenial d
            ON d.customer_id = m.customer_id AND d.topic_id = %(topic)s
        GROUP BY m.user_id
    ) f ON f.user_id = r.user_id
    LEFT JOIN preferences_choice c ON c.recipient_id = r.id AND c.topic_id = %(topic)s
    LEFT JOIN preferences_consentrecord e ON e.id = c.consent_id
) d
"""


@contextmanager
def database(server: str) -> Iterator[None]:
    """Create and migrate a database, set Django up on it, and drop it afterwards."""
    url = f"{server.rpartition('/')[0]}/{DATABASE}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        connection.execute(create(DATABASE, MIGRATED))
        try:
            os.environ |= {"HUB_ENV": "test", "HUB_DATABASE_URL": url}
            os.environ["DJANGO_SETTINGS_MODULE"] = "hub.settings"
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            yield
        finally:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def execute(sql: str) -> None:
    """Execute one or more statements on Django's connection."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


def seed(people: int) -> None:
    """Write people and their choices without triggers: a minute instead of an hour."""
    from django.core.management import call_command

    from preferences.models import Choice, ConsentRecord, Recipient

    manifest = Path(__file__).parent.parent / "portals/manifests/domains.toml"
    call_command("portal", "apply", str(manifest), stdout=sys.stderr)
    began = time.monotonic()
    for table in TABLES:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    execute(TOPICS)
    execute(SEED.format(people=people))
    for table in TABLES:
        execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    execute("VACUUM (ANALYZE)")
    counts = [f"{m.objects.count():,} {m.__name__}" for m in (Recipient, Choice, ConsentRecord)]
    print(f"{', '.join(counts)} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def ways() -> dict[str, Callable[[], None]]:
    """Return both ways of deciding and writing every candidate of one campaign."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from preferences.audience import clocks, resolve_campaign
    from preferences.models import Campaign, Topic

    campaign = Campaign.objects.create(
        topic=Topic.objects.get(slug="topic-1"), created_by=User.objects.get(pk=1)
    )

    def ours() -> None:
        resolve_campaign(campaign=campaign)

    def by_hand() -> None:
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(
                BY_HAND,
                {
                    "campaign": campaign.pk,
                    "topic": campaign.topic_id,
                    "account": clocks.begins(now, clocks.ACCOUNT_MONTHS),
                    "inquiry": clocks.begins(now, clocks.INQUIRY_MONTHS),
                },
            )

    return {"ours": ours, "by hand": by_hand}


def clear_candidates() -> None:
    """Empty the table of candidates."""
    execute("ALTER TABLE preferences_candidate DISABLE TRIGGER USER")
    execute("TRUNCATE preferences_candidate")
    execute("ALTER TABLE preferences_candidate ENABLE TRIGGER USER")


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each way, in turns. Exit if they decide differently."""
    from preferences.models import Candidate

    seconds: dict[str, list[float]] = {}
    decisions: dict[str, list[tuple[int, str, bool, int | None]]] = {}
    order = list(ways().items())
    for turn in range(rounds + 1):  # the first is a warm-up, and is compared
        for way, run in order if turn % 2 else order[::-1]:
            clear_candidates()
            began = time.monotonic()
            run()
            seconds.setdefault(way, []).append(time.monotonic() - began)
            if turn == 0:
                rows = Candidate.objects.order_by("recipient_id")
                decisions[way] = list(rows.values_list("recipient_id", "reason", "send", "consent"))
    if decisions["ours"] != decisions["by hand"]:
        sys.exit("The two ways decide differently: no figures.")
    for reason, count in Counter(reason for _, reason, _, _ in decisions["ours"]).most_common():
        print(f"{'':<12}{count:>9,}  {reason}")
    return {way: times[1:] for way, times in seconds.items()}


def portal_client() -> Callable[[str, dict[str, object]], list[str]]:
    """Return a function that calls the API as a portal and returns the reasons."""
    from allauth.idp.oidc.models import Token
    from django.test import Client
    from django.utils import timezone

    from portals.models import Portal
    from portals.services.credentials import issue_credentials

    portal = Portal.objects.get(slug="domains")
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    Token.objects.create(
        type=Token.Type.ACCESS_TOKEN,
        hash=hashlib.sha256(b"benchmark").hexdigest(),
        client=portal.client,
        scopes="preferences:read",
        expires_at=timezone.now() + timedelta(days=1),
    )
    client = Client(headers={"Authorization": "Bearer benchmark"})

    def ask(path: str, body: dict[str, object]) -> list[str]:
        answer = client.post(f"/api/v1/preferences/{path}", body, "application/json").json()
        return [check["context"]["reason"] for check in answer.get("evaluations", [answer])]

    return ask


def measure_checks(people: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of calls about one person and about many. Exit if answers differ."""
    from accounts.models import User

    ask = portal_client()
    chosen = User.objects.order_by("search_name")[: min(people, 10_000)]
    subs = [str(sub) for sub in chosen.values_list("sub", flat=True)]
    one: list[float] = []
    many: list[float] = []
    for turn in range(rounds + 1):
        began = time.monotonic()
        reasons = ask("evaluations", {"topic": "topic-1", "subjects": subs})
        many.append(time.monotonic() - began)
        for index in range(turn, len(subs), len(subs) // 50):
            began = time.monotonic()
            subject = {"type": "user", "id": subs[index]}
            [reason] = ask("evaluation", {"topic": "topic-1", "subject": subject})
            one.append(time.monotonic() - began)
            if reason != reasons[index]:
                sys.exit(f"One by one: {reason}; among many: {reasons[index]}. No figures.")
    print(f"{len(subs):,} people in one call: {dict(Counter(reasons).most_common(4))}")
    return one, many[1:]


def main() -> int:
    """Return 0 if the targets are met (with --quick: if both ways decide alike)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,000 people, decisions only")
    parser.add_argument("--postgresql", metavar="URL", help="a server where databases may be made")
    parser.add_argument("--rounds", type=int, help="rounds of measurement (default 5)")
    options = parser.parse_args()
    people = 2_000 if options.quick else 1_000_000
    rounds = options.rounds or (1 if options.quick else 5)
    with postgresql(options.postgresql) as server:
        if server is None:
            print("PostgreSQL is not on this machine: not measured.")
            return 0
        with database(server):
            seed(people)
            seconds = measure(rounds)
            one, many = measure_checks(people, rounds)
    for way, times in seconds.items():
        print(f"{way:<12}{median(times):>9.2f} s{people / median(times):>12,.0f} decisions/s")
    ratio = median(a / b for a, b in zip(seconds["ours"], seconds["by hand"], strict=True))
    if options.quick:
        return 0
    print(f"{'one by one':<12}{1 / median(one):>24,.0f} people/s")
    print(f"{'in one call':<12}{10_000 / median(many):>24,.0f} people/s")
    times = 10_000 * median(one) / median(many)
    print(
        f"{'PASS' if ratio <= MAX_RATIO else 'FAIL'}  ours / by hand {ratio:.2f}"
        f"  (target ≤ {MAX_RATIO})"
    )
    print(
        f"{'PASS' if times >= MIN_BULK_RATIO else 'FAIL'}  many / one {times:.0f}"
        f"  (target ≥ {MIN_BULK_RATIO})"
    )
    return 0 if ratio <= MAX_RATIO and times >= MIN_BULK_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
