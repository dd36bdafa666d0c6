"""Last use: recorded beside the checks, written now and then, never part of an answer."""

import json
import threading
import time
from contextlib import nullcontext
from datetime import date, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services.memberships import remove_membership
from portals.decision import decide
from portals.models import Portal, PrivilegeUse
from portals.services import uses
from portals.services.uses import MAX_PENDING, SECONDS_PER_DAY, UseRecorder, save_uses
from tests.portals.test_evaluation import call, keep_token, portals, question, token

__all__ = ["portals", "question", "token"]  # fixtures

GOOD = {"HTTP_AUTHORIZATION": "Bearer good"}
TODAY = int(time.time() // SECONDS_PER_DAY) + 1

START = UseRecorder.start  # before the suite keeps threads from starting


@pytest.fixture(autouse=True)
def _noon():
    """Let the tests begin at noon of their day, so that none of them crosses midnight."""
    with time_machine.travel((TODAY + 0.5) * SECONDS_PER_DAY):
        yield


@pytest.fixture
def recorder(monkeypatch):
    """What this test's checks leave behind, and nobody else's."""
    fresh = UseRecorder()
    monkeypatch.setattr("portals.api.evaluation.answers.record_use", fresh.record)
    return fresh


def ask(way_in, question, **headers):
    return call(way_in, body=json.dumps(question).encode(), **(headers or GOOD)).json


def key_of(user, resource, privilege):
    return f"{user.pk} {resource.pk} {privilege.pk}"


@pytest.fixture
def others():
    """The example remembers some uses already; these are the new ones."""
    before = set(PrivilegeUse.objects.values_list("pk", flat=True))
    return lambda: PrivilegeUse.objects.exclude(pk__in=before)


@pytest.mark.parametrize("way_in", ["front", "route"])
def test_an_allowed_check_is_a_use(way_in, question, token, recorder, others, db):
    answer = ask(way_in, question)
    assert answer["decision"] is True
    assert not others().exists()  # nothing is written by the check itself

    recorder.save()

    use = others().get()
    assert str(use.user.sub) == question["subject"]["id"]
    assert use.resource.external_id == question["resource"]["id"]
    assert use.privilege.code == question["action"]["name"]
    assert use.day == date(1970, 1, 1) + timedelta(TODAY)


def test_a_refused_check_is_not_a_use(question, token, portals, recorder, others, db):
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

    recorder.save()

    assert not others().exists()


def test_a_check_by_a_page_is_not_a_use(alice, bob, resource, recorder, others, db):
    assert bob.has_perm("portals.domains.domain.view", resource("domain", "alder.example"))
    recorder.save()
    assert not others().exists()


@pytest.fixture
def one(bob, resource, privilege_of):
    return key_of(bob, resource("domain", "alder.example"), privilege_of("domains.domain.view"))


def test_the_day_only_moves_forward(one, others):
    save_uses([(one, TODAY - 5)])
    save_uses([(one, TODAY - 9)])
    assert others().get().day == date(1970, 1, 1) + timedelta(TODAY - 5)
    save_uses([(one, TODAY)])
    assert others().get().day == date(1970, 1, 1) + timedelta(TODAY)


def test_uses_are_saved_with_the_day_from_which_they_count_or_not_at_all(one, others, monkeypatch):
    def refuse(*_args, **_filters):
        raise DatabaseError("away")

    monkeypatch.setattr(uses.Portal.objects, "filter", refuse)
    with pytest.raises(DatabaseError):
        save_uses([(one, 20_000)])
    assert not others().exists()


def test_uses_of_deleted_rows_are_skipped(one, bob, others):
    save_uses([(f"{bob.pk} {10**9} 1", TODAY), (f"{10**9} 1 1", TODAY), (one, TODAY)])
    assert others().count() == 1


def test_a_portals_uses_are_counted_since_the_first(one, db):
    Portal.objects.update(uses_since=None)
    save_uses([(one, TODAY - 3)])
    save_uses([(one, TODAY)])
    domains, webmail = (Portal.objects.get(slug=slug) for slug in ("domains", "webmail"))
    assert domains.uses_since == date(1970, 1, 1) + timedelta(TODAY - 3)
    assert webmail.uses_since is None


def test_a_busy_grant_is_written_once_a_day(one, recorder, monkeypatch, db):
    kept = []
    monkeypatch.setattr(uses, "save_uses", kept.append)
    for _check in range(1000):
        recorder.record(one)
    recorder.save()
    recorder.record(one)
    recorder.save()
    assert kept == [[(one, TODAY)]]

    monkeypatch.setattr(uses, "time", lambda: (TODAY + 1) * SECONDS_PER_DAY)
    recorder.record(one)
    recorder.save()
    assert kept[1:] == [[(one, TODAY + 1)]]


def test_memory_is_bounded(recorder, monkeypatch, db):
    kept = []
    monkeypatch.setattr(uses, "save_uses", kept.append)
    for number in range(3 * MAX_PENDING):
        recorder.record(f"1 1 {number}")
    assert len(recorder._pending) == MAX_PENDING
    recorder.save()
    assert len(kept[0]) == MAX_PENDING
    for number in range(3 * MAX_PENDING):
        recorder.record(f"1 2 {number}")
    recorder.save()
    assert len(recorder._saved_today) <= MAX_PENDING


def test_a_failing_database_loses_uses_and_logs_it_once(one, recorder, monkeypatch, caplog, others):
    def away(rows):
        raise DatabaseError("away")

    real = uses.save_uses
    monkeypatch.setattr(uses, "save_uses", away)
    for _minute in range(3):
        recorder.record(one)
        recorder.save()
    assert [record.message for record in caplog.records] == ["last uses were lost: away"]
    assert not others().exists()

    monkeypatch.setattr(uses, "save_uses", real)
    recorder.record(one)  # noted again, though it was seen today
    recorder.save()
    assert others().count() == 1


def test_the_thread_starts_once_and_writes_pending_uses_at_exit(one, monkeypatch):
    kept, recorder = [], UseRecorder()
    monkeypatch.setattr(uses, "save_uses", kept.append)
    monkeypatch.setattr(uses.transaction, "atomic", nullcontext)
    monkeypatch.setattr(uses, "connection", _NoConnection())
    monkeypatch.setattr(UseRecorder, "start", START)
    callers = [threading.Thread(target=recorder.record, args=(one,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    threads = [thread for thread in threading.enumerate() if thread.name == "uses"]
    assert len(threads) == 1
    assert threads[0].daemon

    recorder.stop()

    assert kept == [[(one, TODAY)]]
    assert not threads[0].is_alive()


def test_a_frozen_database_does_not_delay_the_exit(one, monkeypatch):
    frozen, recorder = threading.Event(), UseRecorder()
    monkeypatch.setattr(uses, "save_uses", lambda rows: frozen.wait(30))
    monkeypatch.setattr(uses.transaction, "atomic", nullcontext)
    monkeypatch.setattr(uses, "connection", _NoConnection())
    monkeypatch.setattr(uses, "SHUTDOWN_TIMEOUT", 0.1)
    monkeypatch.setattr(UseRecorder, "start", START)
    recorder.record(one)
    began = time.monotonic()
    recorder.stop()
    assert time.monotonic() - began < 10
    recorder.record("1 2 3")  # and a check meanwhile is none the worse
    frozen.set()


class _NoConnection:
    vendor = "sqlite"

    def close(self):
        pass


def test_uses_of_a_leaver_are_deleted(alice, emma, membership, db):
    assert PrivilegeUse.objects.filter(user=emma).exists()
    remove_membership(actor=alice, membership=membership(emma))
    assert not PrivilegeUse.objects.filter(user=emma).exists()


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
    fresh = UseRecorder()
    with transaction.atomic():
        monkeypatch.setattr("portals.api.evaluation.answers.record_use", fresh.record)
        for action, name, meanwhile in steps:
            question["action"]["name"] = action
            question["context"] = {"explain": True}
            question["subject"]["id"] = str(people[name].sub)
            question["resource"] = {"type": "domain", "id": domain.external_id}
            expected = decide(people[name], f"domain.{action}", domain)

            assert ask("front", question)["context"]["reason"] == expected
            assert ask("route", question)["context"]["reason"] == expected

            if meanwhile == "keep":
                fresh.save()
            elif meanwhile == "fail":
                with monkeypatch.context() as patch:
                    patch.setattr(uses, "save_uses", lambda rows: 1 / 0)
                    fresh.save()
            elif meanwhile == "full":
                fresh._pending = {str(number): TODAY for number in range(MAX_PENDING)}
            assert ask("front", question)["context"]["reason"] == expected
            fresh._pending = {k: v for k, v in fresh._pending.items() if " " in k}
        transaction.set_rollback(True)
