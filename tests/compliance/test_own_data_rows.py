"""The two statements about all tables say what `rows_of` says of each."""

import re

from django.db import connection
from django.db.models import Q

from accounts.models import AuditEvent, Customer, User
from accounts.services.audit import record_event
from compliance.registry import ITEMS
from compliance.selectors import own_data_rows
from compliance.selectors.composed import moments_now
from compliance.selectors.own_data import rows_of
from compliance.selectors.own_data_rows import MOST_SHOWN, held_rows
from compliance.selectors.records import Readable, with_names
from portals.decision.prepared import PreparedStatement
from tests.acts import Scene
from tests.compliance.whole_person import build

TABLES = [t for item in ITEMS if not item.not_exported for t in item.tables if t.exported]


def shown(table, row, readable):
    """Return every exported field of a row, as stored and as people read it."""
    stored = [getattr(row, row._meta.get_field(name).attname) for name in table.exported]
    read = [(value.label, value.raw, value.shown) for value in readable.values(table, row)]
    return row.pk, stored, read


def expect_as_asked_one_by_one(person):
    held, readable = held_rows(person), Readable(person)
    assert held.keys() == {table for table in TABLES if rows_of(table, person).exists()}
    for table, (count, has_more, rows) in held.items():
        assert (count, has_more) == (rows_of(table, person).count(), False)
        few = with_names(table, rows_of(table, person)) if count <= MOST_SHOWN else []
        expected = [shown(table, row, readable) for row in few]
        assert [shown(table, row, readable) for row in rows] == expected, table.model
    return held


def test_they_hold_what_each_table_holds_about_everybody(db):
    Scene(Customer.objects.get(slug="alder"))
    for person in User.objects.order_by("pk"):
        assert expect_as_asked_one_by_one(person)


def test_they_hold_what_each_table_holds_about_somebody_with_everything(alder, dana, deliver):
    person = build(alder, dana, deliver)
    assert len(expect_as_asked_one_by_one(person)) > 20


def test_the_same_statements_ask_about_each_person(alice, bob):
    assert held_rows(alice) == held_rows(alice) != held_rows(bob)


def test_many_rows_are_counted_up_to_a_limit(bob, monkeypatch):
    [events] = [table for table in TABLES if table.model == "accounts.AuditEvent"]
    for _nth in range(5):
        record_event(kind="profile.updated", actor=bob, person=bob, fields="name")
    exact = AuditEvent.objects.filter(Q(actor=bob) | Q(person=bob))
    assert held_rows(bob)[events].total == exact.count() > MOST_SHOWN

    monkeypatch.setattr(own_data_rows, "MOST_COUNTED", 4)
    # Not to be taken for the statements that are prepared on this connection already.
    monkeypatch.setattr(
        own_data_rows,
        "PreparedStatement",
        lambda name, sql: PreparedStatement(f"{name}_up_to_4", sql),
    )
    monkeypatch.setattr(own_data_rows, "_statements", own_data_rows._statements.__wrapped__)
    assert held_rows(bob)[events] == (4, True, [])


# Expired sign-in codes are deleted, and the addresses of referrals after thirty days; few notices
# of breaches were ever on hold, and only PostgreSQL reads them all.
SMALL = {"accounts_signincode", "compliance_referral"}
FEW = {"compliance_hold"}


def test_an_index_finds_the_rows_of_every_table_that_grows(db):
    assert set(re.findall(r"(?:Seq Scan on|SCAN) (\w+_\w+)(?! USING)", plan())) - FEW == SMALL


def plan():
    """Return how the database counts the rows of all tables, for anybody."""
    statement = own_data_rows._statements().counts
    given = {"person": "1", "email": "bob@alder.example", **moments_now()}
    values = tuple(given[name] for name in statement.names)
    if connection.vendor == "sqlite":
        explained = f"EXPLAIN QUERY PLAN {statement.sqlite}"
        return "\n".join(row[-1] for row in connection.connection.execute(explained, values))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off")
        cursor.execute("SET LOCAL plan_cache_mode TO force_generic_plan")
        cursor.execute(f"PREPARE held AS {statement.postgresql}")
        cursor.execute(f"EXPLAIN EXECUTE held {values}")
        lines = [line for (line,) in cursor.fetchall()]
        cursor.execute("DEALLOCATE held")
    return "\n".join(lines)
