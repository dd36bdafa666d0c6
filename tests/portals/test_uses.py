"""Last use: recorded beside the checks, written now and then, never part of an answer."""

import json
import threading
import time
from contextlib import nullcontext
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services.memberships import remove_membership
from portals.decision import decide
from portals.models import Portal, Use
from portals.services import uses
from portals.services.uses import A_DAY, MOST, Gathering, keep_uses
from tests.portals.test_evaluation import call, keep_token, portals, question, token

__all__ = ["portals", "question", "token"]  # fixtures

GOOD = {"HTTP_AUTHORIZATION": "Bearer good"}
TODAY = int(time.time() // A_DAY)
BEGIN = Gathering.begin  # before the suite keeps threads from starting


@pytest.fixture
def gathering(monkeypatch):
    """What this test's checks leave behind, and nobody else's."""
    fresh = Gathering()
    monkeypatch.setattr("portals.api.evaluation.answers.note_use", fresh.note)
    return fresh


def ask(way_in, question, **headers):
    return call(way_in, body=json.dumps(question).encode(), **(headers or GOOD)).json


def key_of(user, resource, privilege):
    return f"{user.pk} {resource.pk} {privilege.pk}"


@pytest.fixture
def others():
    """The example remembers some uses already; these are the new ones."""
    before = set(Use.objects.values_list("pk", flat=True))
    return lambda: Use.objects.exclude(pk__in=before)


@pytest.mark.parametrize("way_in", ["front", "route"])
def test_an_allowed_check_is_a_use(way_in, question, token, gathering, others, db):
    answer = ask(way_in, question)
    assert answer["decision"] is True
    assert not others().exists()  # nothing is written by the check itself

    gathering.keep()

    use = others().get()
    assert str(use.user.sub) == question["subject"]["id"]
    assert use.resource.external_id == question["resource"]["id"]
    assert use.privilege.code == question["action"]["name"]
    assert use.day == date(1970, 1, 1) + timedelta(TODAY)


def test_a_refused_check_is_not_a_use(question, token, portals, gathering, others, db):
    keep_token("reader", portals["domains"], scopes="preferences:read")
    question["action"]["name"] = "no_such"
    assert ask("front", question)["decision"] is False
    question["action"]["name"] = "view"
    question["subject"]["type"] = "robot"
    ask("front", question)
    question["subject"]["type"] = "user"
    for bearer in ("wrong", "reader"):
        call(
            "front",
            body=json.dumps(question).encode(),
            HTTP_AUTHORIZATION=f"Bearer {bearer}",
        )
    call("front", body=b"{", **GOOD)

    gathering.keep()

    assert not others().exists()


def test_a_check_by_a_page_is_not_a_use(alice, bob, resource, gathering, others, db):
    assert bob.has_perm("portals.domains.domain.view", resource("domain", "alder.example"))
    gathering.keep()
    assert not others().exists()


@pytest.fixture
def one(bob, resource, privilege_of):
    return key_of(bob, resource("domain", "alder.example"), privilege_of("domains.domain.view"))


def test_the_day_only_moves_forward(one, others):
    keep_uses([(one, TODAY - 5)])
    keep_uses([(one, TODAY - 9)])
    assert others().get().day == date(1970, 1, 1) + timedelta(TODAY - 5)
    keep_uses([(one, TODAY)])
    assert others().get().day == date(1970, 1, 1) + timedelta(TODAY)


def test_uses_of_deleted_rows_are_skipped(one, bob, others):
    keep_uses([(f"{bob.pk} {10**9} 1", TODAY), (f"{10**9} 1 1", TODAY), (one, TODAY)])
    assert others().count() == 1


def test_a_portals_uses_are_counted_since_the_first(one, db):
    Portal.objects.update(uses_since=None)
    keep_uses([(one, TODAY - 3)])
    keep_uses([(one, TODAY)])
    domains, webmail = (Portal.objects.get(slug=slug) for slug in ("domains", "webmail"))
    assert domains.uses_since == date(1970, 1, 1) + timedelta(TODAY - 3)
    assert webmail.uses_since is None


def test_a_busy_grant_is_written_once_a_day(one, gathering, monkeypatch, db):
    kept = []
    monkeypatch.setattr(uses, "keep_uses", kept.append)
    for _check in range(1000):
        gathering.note(one)
    gathering.keep()
    gathering.note(one)
    gathering.keep()
    assert kept == [[(one, TODAY)]]

    monkeypatch.setattr(uses, "time", lambda: (TODAY + 1) * A_DAY)
    gathering.note(one)
    gathering.keep()
    assert kept[1:] == [[(one, TODAY + 1)]]


def test_memory_is_bounded(gathering, monkeypatch, db):
    kept = []
    monkeypatch.setattr(uses, "keep_uses", kept.append)
    for number in range(3 * MOST):
        gathering.note(f"1 1 {number}")
    assert len(gathering._waiting) == MOST
    gathering.keep()
    assert len(kept[0]) == MOST
    for number in range(3 * MOST):
        gathering.note(f"1 2 {number}")
    gathering.keep()
    assert len(gathering._noted) <= MOST


def test_a_failing_database_loses_uses_and_logs_it_once(
    one, gathering, monkeypatch, caplog, others
):
    def away(rows):
        raise DatabaseError("away")

    real = uses.keep_uses
    monkeypatch.setattr(uses, "keep_uses", away)
    for _minute in range(3):
        gathering.note(one)
        gathering.keep()
    assert [record.message for record in caplog.records] == ["last uses were lost: away"]
    assert not others().exists()

    monkeypatch.setattr(uses, "keep_uses", real)
    gathering.note(one)  # noted again, though it was seen today
    gathering.keep()
    assert others().count() == 1


def test_the_thread_starts_once_and_writes_pending_uses_at_exit(one, monkeypatch):
    kept, gathering = [], Gathering()
    monkeypatch.setattr(uses, "keep_uses", kept.append)
    monkeypatch.setattr(uses.transaction, "atomic", nullcontext)
    monkeypatch.setattr(uses, "connection", _NoConnection())
    monkeypatch.setattr(Gathering, "begin", BEGIN)
    callers = [threading.Thread(target=gathering.note, args=(one,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    threads = [thread for thread in threading.enumerate() if thread.name == "uses"]
    assert len(threads) == 1
    assert threads[0].daemon

    gathering.end()

    assert kept == [[(one, TODAY)]]
    assert not threads[0].is_alive()


def test_a_frozen_database_does_not_delay_the_exit(one, monkeypatch):
    frozen, gathering = threading.Event(), Gathering()
    monkeypatch.setattr(uses, "keep_uses", lambda rows: frozen.wait(30))
    monkeypatch.setattr(uses.transaction, "atomic", nullcontext)
    monkeypatch.setattr(uses, "connection", _NoConnection())
    monkeypatch.setattr(uses, "LAST_WORD", 0.1)
    monkeypatch.setattr(Gathering, "begin", BEGIN)
    gathering.note(one)
    began = time.monotonic()
    gathering.end()
    assert time.monotonic() - began < 10
    gathering.note("1 2 3")  # and a check meanwhile is none the worse
    frozen.set()


class _NoConnection:
    vendor = "sqlite"

    def close(self):
        pass


def test_uses_of_a_leaver_are_deleted(alice, emma, membership, db):
    assert Use.objects.filter(user=emma).exists()
    remove_membership(actor=alice, membership=membership(emma))
    assert not Use.objects.filter(user=emma).exists()


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["view", "manage_dns", "renew", "transfer", "no_such"]),
            st.sampled_from(["bob", "alice", "emma"]),
            st.sampled_from(["nothing", "keep", "fail", "full"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_last_use_never_changes_an_answer(
    steps, alice, bob, emma, resource, question, token, monkeypatch
):
    """Whatever was used, kept, lost or forgotten: the answer is the decision's."""
    people = {"alice": alice, "bob": bob, "emma": emma}
    domain = resource("domain", "alder.example")
    fresh = Gathering()
    with transaction.atomic():
        monkeypatch.setattr("portals.api.evaluation.answers.note_use", fresh.note)
        for action, name, meanwhile in steps:
            question["action"]["name"] = action
            question["subject"]["id"] = str(people[name].sub)
            question["resource"] = {"type": "domain", "id": domain.external_id}
            expected = decide(people[name], f"domain.{action}", domain)

            assert ask("front", question)["context"]["reason"] == expected
            assert ask("route", question)["context"]["reason"] == expected

            if meanwhile == "keep":
                fresh.keep()
            elif meanwhile == "fail":
                with monkeypatch.context() as patch:
                    patch.setattr(uses, "keep_uses", lambda rows: 1 / 0)
                    fresh.keep()
            elif meanwhile == "full":
                fresh._waiting = {str(number): TODAY for number in range(MOST)}
            assert ask("front", question)["context"]["reason"] == expected
            fresh._waiting = {k: v for k, v in fresh._waiting.items() if " " in k}
        transaction.set_rollback(True)
