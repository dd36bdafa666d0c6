"""The audit trail: append-only, verifiable, and required for every act (K1, K2, K3)."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import triggers
from accounts.models import AuditChain, AuditEvent
from accounts.models.audit import chain_name
from accounts.services import audit
from accounts.services.audit import AuditBroken, record_event, verify_chain
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import (
    remove_membership,
    suspend_membership,
    update_work_details,
)
from accounts.services.people import update_profile
from accounts.services.support import end_all_sessions
from tests.accounts.conftest import PASSWORD
from tests.cases import verified_case

STATEMENTS = [
    "UPDATE accounts_auditevent SET kind = 'nothing'",
    "DELETE FROM accounts_auditevent",
    "TRUNCATE accounts_auditevent",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_database_refuses_change_K1(sql, alder, events):
    if connection.vendor == "sqlite" and sql.startswith("TRUNCATE"):
        sql = "DELETE FROM accounts_auditevent WHERE 1"  # SQLite's only way to empty a table
    before = events()

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)

    assert events() == before > 0


def test_objects_refuse_change_K1(alder):
    event = AuditEvent.objects.first()
    for act in (event.delete, event.save, AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


@pytest.fixture
def tampered(alder, db):
    """Run SQL on Alder's chain as someone who can take triggers away, then verify."""
    name = chain_name(alder)

    def run(sql, *parameters):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with triggers.removed(connection), connection.cursor() as cursor:
            if sql.startswith("DELETE"):  # whoever does that takes what points there, too
                for table in ("accounts_auditeventresource", "accounts_auditeventperson"):
                    cursor.execute(
                        f"DELETE FROM {table} WHERE event_id IN"
                        " (SELECT id FROM accounts_auditevent WHERE chain = %s)",
                        [name],
                    )
            cursor.execute(sql, [*parameters, name])
        return name

    return run


def test_intact_chains_verify(alder):
    assert verify_chain(chain_name(alder)) == AuditEvent.objects.filter(customer=alder).count()
    assert verify_chain("provider") == AuditEvent.objects.filter(customer=None).count()


def test_an_edit_is_detected_K2(tampered):
    name = tampered(
        "UPDATE accounts_auditevent SET actor_label = 'X' WHERE sequence = 2 AND chain = %s"
    )
    with pytest.raises(AuditBroken, match="event 2 was changed"):
        verify_chain(name)


def test_an_edit_with_a_recomputed_hash_is_detected_K2(tampered, alder):
    event = AuditEvent.objects.get(customer=alder, sequence=2)
    event.actor_label = "X"
    name = tampered(
        "UPDATE accounts_auditevent SET actor_label = 'X', hash = %s"
        " WHERE sequence = 2 AND chain = %s",
        event.computed_hash(),
    )
    with pytest.raises(AuditBroken, match="event 3 was changed"):
        verify_chain(name)


def test_a_gap_is_detected_K2(tampered):
    name = tampered("DELETE FROM accounts_auditevent WHERE sequence = 2 AND chain = %s")
    with pytest.raises(AuditBroken, match="event 2 is missing"):
        verify_chain(name)


def test_a_reorder_is_detected_K2(tampered):
    tampered("UPDATE accounts_auditevent SET sequence = 999999 WHERE sequence = 2 AND chain = %s")
    tampered("UPDATE accounts_auditevent SET sequence = 2 WHERE sequence = 3 AND chain = %s")
    name = tampered(
        "UPDATE accounts_auditevent SET sequence = 3 WHERE sequence = 999999 AND chain = %s"
    )
    with pytest.raises(AuditBroken, match="event 2 was changed"):
        verify_chain(name)


def test_a_move_to_another_customer_is_detected_K2(tampered, birch):
    name = tampered(
        "UPDATE accounts_auditevent SET customer_id = %s WHERE sequence = 2 AND chain = %s",
        birch.pk,
    )
    with pytest.raises(AuditBroken, match="event 2 was moved"):
        verify_chain(name)


def test_a_truncated_chain_is_detected_K2(tampered, alder):
    last = AuditEvent.objects.filter(customer=alder).count()
    name = tampered("DELETE FROM accounts_auditevent WHERE sequence = %s AND chain = %s", last)
    with pytest.raises(AuditBroken, match="its head says otherwise"):
        verify_chain(name)


def test_a_truncated_chain_with_a_forged_head_is_detected_against_an_export_K2(
    tampered, alder, tmp_path
):
    export = tmp_path / "export.jsonl"
    export.write_text(command("export"))
    last = AuditEvent.objects.filter(customer=alder).count()
    name = tampered("DELETE FROM accounts_auditevent WHERE sequence = %s AND chain = %s", last)
    end = AuditEvent.objects.get(chain=name, sequence=last - 1)
    AuditChain.objects.filter(name=name).update(last_sequence=last - 1, last_hash=end.hash)

    assert verify_chain(name) == last - 1, "the chain alone cannot tell"
    assert fault("verify", "--against", str(export)).returncode == 1


def test_a_deleted_chain_is_detected_K2(tampered, alder):
    name = tampered("DELETE FROM accounts_auditevent WHERE chain = %s")
    AuditChain.objects.filter(name=name).delete()

    assert "missing" in str(fault("verify"))


def test_verifying_while_events_are_written(alder, alice, monkeypatch):
    """An event appended between the reading of the chain and of its head is no fault."""
    real, name = audit._verify_head, chain_name(alder)

    def late(*args):
        with transaction.atomic():
            record_event(kind="sign_in.done", actor=alice, customer=alder)
        real(*args)

    monkeypatch.setattr(audit, "_verify_head", late)

    verify_chain(name)


def test_an_act_fails_if_its_event_cannot_be_written_K3(
    alice, bob, membership, monkeypatch, events
):
    before = events()

    def fail(self):
        raise DatabaseError("disk full")

    monkeypatch.setattr(AuditEvent, "computed_hash", fail)

    with pytest.raises(DatabaseError):
        suspend_membership(actor=alice, membership=membership(bob))
    with pytest.raises(DatabaseError):
        update_profile(actor=bob, name="Robert", language="fr")

    bob.refresh_from_db()
    assert membership(bob).is_live
    assert (bob.name, events()) == ("Bob Tremblay", before)


def test_recording_outside_a_transaction_is_refused(transactional_db, alice):
    with pytest.raises(transaction.TransactionManagementError):
        record_event(kind="sign_in.done", actor=alice)


def command(*arguments):
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def fault(*arguments):
    with pytest.raises(CommandError) as error:
        command(*arguments)
    return error.value


def test_verify_reports_how_many_events_are_intact(events):
    assert command("verify").startswith(f"{events()} events in ")


def test_export_holds_hashes_and_verifies(alder, tmp_path):
    lines = [json.loads(line) for line in command("export", "--customer", "alder").splitlines()]

    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[1]["previous_hash"] == lines[0]["hash"]
    assert {line["chain"] for line in lines} == {chain_name(alder)}
    export = tmp_path / "export.jsonl"
    export.write_text(command("export"))
    assert "still there" in command("verify", "--against", str(export))


def test_export_of_the_provider(alice):
    with transaction.atomic():
        record_event(kind="sign_in.done", actor=alice)

    lines = [json.loads(line) for line in command("export", "--provider").splitlines()]
    assert {line["chain"] for line in lines} == {"provider"}


def test_bad_arguments_have_their_own_exit_code(tmp_path, db):
    bad = tmp_path / "bad.jsonl"
    for text in ("nonsense", '{"chain": "x", "sequence": 1, "hash": "y"}', "[]", '{"chain": 1}'):
        bad.write_text(text)
        assert fault("verify", "--against", str(bad)).returncode == 2
    assert fault("verify", "--against", str(tmp_path / "none")).returncode == 2
    assert fault("export", "--customer", "nobody").returncode == 2


# --- What the trail calls people ---


@pytest.fixture
def gina(alice, alder):
    """Invited as Gina Stone, she typed something else as the name of her account."""
    invitation = invite_person(
        actor=alice,
        customer=alder,
        address="gina@alder.example",
        name="Gina Stone",
        role="super_user",
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Gina 0", password=PASSWORD
    ).user


def said(kind):
    """Who did it and whom it concerns, as the latest event of this kind says."""
    event = AuditEvent.objects.filter(kind=kind, customer__isnull=False).first()
    return event.actor_name, event.data["person"]


def test_the_trail_of_a_company_uses_work_names(gina, alice, bob, membership):
    assert said("invitation.accepted") == ("Gina Stone", "Gina Stone")

    suspend_membership(actor=gina, membership=membership(bob))
    assert said("membership.suspended") == ("Gina Stone", "Bob Tremblay")

    remove_membership(actor=alice, membership=membership(gina))
    assert said("membership.removed") == ("Alice Martin", "Gina Stone")  # she is gone by then


def test_a_new_work_name_is_used_from_then_on(alice, bob, alder, membership):
    before = AuditEvent.objects.filter(person=bob, customer=alder).count()
    update_work_details(
        actor=alice, membership=membership(bob), work_name="Robert T", work_phone=""
    )
    suspend_membership(actor=alice, membership=membership(bob))

    assert said("membership.suspended") == ("Alice Martin", "Robert T")
    older = AuditEvent.objects.filter(person=bob, customer=alder).order_by("pk")[:before]
    assert {event.data["person"] for event in older} == {"Bob Tremblay"}
    assert verify_chain(chain_name(alder))


def test_the_current_name_matches_before_a_former_one(gina, alice, alder, membership):
    remove_membership(actor=alice, membership=membership(gina))
    invitation = invite_person(
        actor=alice, customer=alder, address=gina.email, name="Gina Roy-Stone"
    )
    accept_invitation(actor=gina, token=invitation.token)

    suspend_membership(actor=alice, membership=membership(gina))

    assert said("membership.suspended") == ("Alice Martin", "Gina Roy-Stone")


def test_each_company_uses_its_work_name_and_the_provider_the_account_name(
    gina, charlie, birch, dana
):
    invitation = invite_person(actor=charlie, customer=birch, address=gina.email, name="G. Stone")
    accept_invitation(actor=gina, token=invitation.token)

    end_all_sessions(actor=dana, case=verified_case(dana, gina))

    events = AuditEvent.objects.filter(kind="support.sessions_ended")
    assert {event.chain.partition(":")[0]: event.actor_name for event in events} == {
        "provider": "Dana Okafor",
        "customer": "Dana Okafor",
    }
    names = {
        event.customer.slug if event.customer else "": event.data["person"] for event in events
    }
    assert names == {"": "Gina 0", "alder": "Gina Stone", "birch": "G. Stone"}


def test_the_names_cost_one_query_at_most(alice, bob, alder, olive):
    cost = {}
    for about, words in {
        "the provider": {"actor": olive, "person": bob},
        "nobody": {"actor": None, "customer": alder},
        "oneself": {"actor": bob, "person": bob, "customer": alder},
        "two": {"actor": alice, "person": bob, "customer": alder},
    }.items():
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            record_event(kind="request.opened", request="access", **words)
        cost[about] = sum("work_name" in query["sql"] for query in queries.captured_queries)

    assert cost == {"the provider": 0, "nobody": 0, "oneself": 1, "two": 1}
