"""A page of a long trail costs as much as its own rows."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, User
from accounts.models.audit import chain_name
from accounts.selectors import history_of
from accounts.selectors.activity import ActivityFilter, find_activity, find_history

LONG = 20_000  # events of Alder, the older half, and of Birch, the newer
ENOUGH = 1200  # rows a page may look at: it shows 50, and some streams meet in it
BUSY, RARE, NEVER = 40_001, 40_002, 40_003  # resources


@pytest.fixture(scope="module")
def long(committed) -> None:
    """Alice acts in every second event, Emma is in the others, Bob in one of a thousand.

    Committed, so that PostgreSQL can tidy up as it does by itself: an index alone answers then.
    """
    postgresql = connection.vendor == "postgresql"
    alder, birch = (Customer.objects.get(slug=slug) for slug in ("alder", "birch"))
    alice, bob, emma = (
        User.objects.get(email=f"{name}@alder.example") for name in ("alice", "bob", "emma")
    )
    numbers = (
        f"generate_series(1, {LONG}) AS g(n)"
        if postgresql
        else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {LONG})"
        " SELECT n FROM s) AS g"
    )
    at = (
        f"now() - ({LONG} - g.n) * interval '10 minutes'"
        if postgresql
        else f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (({LONG} - g.n) * 10) || ' minutes')"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_auditevent (chain, sequence, customer_id, at, kind, actor_id,"
            " actor_label, person_id, public, sealed, previous_hash, hash)"
            f" SELECT CASE WHEN g.n > {LONG // 2} THEN '{chain_name(birch)}'"
            f" ELSE '{chain_name(alder)}' END, g.n + {LONG},"
            f" CASE WHEN g.n > {LONG // 2} THEN {birch.pk} ELSE {alder.pk} END,"
            f" {at}, CASE WHEN g.n % 1000 = 7 THEN 'team.created' ELSE 'grant.given' END,"
            f" CASE WHEN g.n % 2 = 0 THEN {alice.pk} ELSE {emma.pk} END, 'Somebody',"
            f" CASE WHEN g.n % 1000 = 8 THEN {bob.pk} ELSE {emma.pk} END, '{{}}', '[]', '', ''"
            f" FROM {numbers}"
        )
        cursor.execute(
            "INSERT INTO accounts_auditeventresource (event_id, resource) SELECT id,"
            f" CASE WHEN sequence % 500 = 0 THEN {RARE} ELSE {BUSY} END FROM accounts_auditevent"
            f" WHERE sequence > {LONG} AND sequence % 2 = 0"
        )
        cursor.execute("VACUUM ANALYZE" if postgresql else "ANALYZE")


def ways(alice: User, bob: User) -> dict[str, ActivityFilter]:
    first = timezone.now() - timedelta(minutes=10 * LONG)
    day = {"since": first + timedelta(days=3), "before": first + timedelta(days=4)}
    return {
        "everything": ActivityFilter(),
        "who does a lot": ActivityFilter(person=alice),
        "who is hardly there": ActivityFilter(person=bob),
        "a busy thing": ActivityFilter(resource=BUSY),
        "a rare thing": ActivityFilter(resource=RARE),
        "no such thing": ActivityFilter(resource=NEVER),
        "a frequent kind": ActivityFilter(group="access"),
        "a rare kind": ActivityFilter(group="teams"),
        "no such kind": ActivityFilter(group="support"),
        "a day": ActivityFilter(**day),
        "somebody's day": ActivityFilter(person=alice, **day),
        "somebody's kind": ActivityFilter(person=bob, group="teams"),
        "somebody's things": ActivityFilter(person=alice, resource=RARE),
    }


def looked_at(queries: Any) -> int:
    """How many events PostgreSQL reads for these queries."""

    def rows(node: dict[str, Any]) -> int:
        here = 0
        if node.get("Relation Name") == "accounts_auditevent":
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            here = int(read * node["Actual Loops"])
        return here + sum(rows(below) for below in node.get("Plans", []))

    total = 0
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            total += rows(cursor.fetchone()[0][0]["Plan"])
    return total


def plans(queries: Any) -> str:
    """SQLite's plans for these queries."""
    with connection.cursor() as cursor:
        lines = []
        for query in queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            lines += [row[-1] for row in cursor.fetchall()]
    return "\n".join(lines)


def too_much(captured: CaptureQueriesContext) -> str:
    """Why these queries read more than a page; empty where they do not."""
    if connection.vendor == "postgresql":
        rows = looked_at(captured.captured_queries)
        return f"{rows} rows" if rows > ENOUGH else ""
    plan = plans(captured.captured_queries)
    # Walking the key or an index backwards to the page's end is no scan of the table; sorting is.
    scans = re.search(r"SCAN (accounts_auditevent|U\d)(?! USING)", plan)
    return plan if scans or "USE TEMP B-TREE FOR ORDER BY" in plan else ""


def pages(find: Any) -> str:
    """The first two pages; out: why one of them read too much."""
    with CaptureQueriesContext(connection) as captured:
        page = find("")
    if (fault := too_much(captured)) or not page.next_cursor:
        return fault
    with CaptureQueriesContext(connection) as captured:
        find(page.next_cursor)
    return too_much(captured)


def test_a_page_reads_only_its_own_rows(long, alder, alice, bob):
    for way, activity_filter in ways(alice, bob).items():
        assert not pages(lambda after: find_activity(alder, activity_filter, after=after)), way


def test_a_page_of_own_history_reads_only_its_own_rows(long, alice, bob, emma, charlie):
    for person in (alice, bob, emma, charlie):
        assert not pages(lambda after: find_history(person, after=after)), person


def test_every_event_of_a_history_is_on_one_page(long, bob):
    seen, after = [], ""
    while True:
        page = find_history(bob, after=after, size=7)
        seen += page.rows
        if not (after := page.next_cursor):
            break

    assert seen == list(history_of(bob))


@pytest.mark.parametrize("query", [{}, {"who": "alice"}, {"group": "access"}, {"resource": BUSY}])
def test_the_activity_page_has_a_query_budget(
    query, long, as_, alice, django_assert_max_num_queries
):
    client = as_(alice)
    with django_assert_max_num_queries(14):
        response = client.get(reverse("accounts:activity", args=["alder"]), query)
    assert len(response.context["entries"]) == 50


@pytest.mark.parametrize("name", ["accounts:history", "accounts:profile"])
def test_the_own_history_page_has_a_query_budget(
    name, long, as_, emma, django_assert_max_num_queries
):
    client = as_(emma)
    with django_assert_max_num_queries(12):
        response = client.get(reverse(name))
    assert len(response.context["entries"]) in (20, 50)


def test_a_customer_sees_no_event_of_another(long, alder, birch):
    assert {event.customer_id for event in find_activity(alder, ActivityFilter(resource=BUSY))} == {
        alder.pk
    }
    assert {event.customer_id for event in find_activity(birch, ActivityFilter(resource=BUSY))} == {
        birch.pk
    }
