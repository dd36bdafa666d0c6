"""Erasing a person: nothing is found again, the log verifies, and what is kept resumes."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Erasure, ErasureStep, Membership, SubjectKey, SupportCase, User
from compliance.models import LegalHold, PrivacyRequest
from compliance.registry import ITEMS
from compliance.services.closings import close_account, do_due_closings
from compliance.services.erasures import go_on_with_erasures
from compliance.services.privacy_requests import (
    confirm_privacy_request,
    settle_privacy_request,
)
from compliance.tokens import privacy_token
from portals.models import PersonGrant
from preferences.models import ConsentRecord, DeliveryDecision, Message, Recipient, Topic
from preferences.models.consent import address_hash, address_hashes, wording_hash
from tests.compliance.whole_person import ADDRESS, MARKERS, NAME, build, found_in_database

AFTER = timedelta(days=7, minutes=1)


def erase(person, deliver) -> Erasure:
    """Close an account, and let the clock erase its data."""
    close_account(actor=person, signed_in_at=timezone.now())
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        go_on_with_erasures()  # the last email still waits
        deliver()
        go_on_with_erasures()
    return Erasure.objects.get(person=person)


@pytest.fixture
def zerlina(alder, dana, deliver) -> User:
    return build(alder, dana, deliver)


def test_nothing_of_an_erased_person_is_found_in_the_database_L57(
    zerlina, deliver, tmp_path, alder
):
    before = found_in_database()
    tables = {each.partition(".")[0] for each in before}
    assert len(tables) >= 12, tables
    assert {each.rpartition(": ")[2] for each in before} == set(MARKERS)
    export = io.StringIO()
    call_command("audit", "export", stdout=export)
    (tmp_path / "before.jsonl").write_text(export.getvalue())
    hashes = ConsentRecord.objects.filter(recipient__user=zerlina).values_list("address_hash")

    erasure = erase(zerlina, deliver)

    assert erasure.done_at is not None
    assert found_in_database() == []
    call_command("audit", "verify", "--against", str(tmp_path / "before.jsonl"))
    assert hashes.exists()  # R44: a refused address stays refused
    zerlina.refresh_from_db()
    assert str(zerlina) == "a former member"
    assert not PersonGrant.objects.filter(user=zerlina).exists()

    assert Membership.objects.get(user=zerlina).work_name == "–"
    assert zerlina.email == f"erased-{zerlina.sub}@erased.invalid"
    assert not Message.objects.filter(recipient__user=zerlina).exclude(address=zerlina.email)
    assert go_on_with_erasures() == 0  # again changes nothing
    assert erasure.steps.values("item").distinct().count() == erasure.steps.count() == len(ITEMS)


def test_a_colleague_loses_nothing_L57(zerlina, bob, membership, deliver):
    """Every row about somebody else is as it was, and so is their access."""
    markers = (bob.email, "bob tremblay", "alice martin")
    before, keys = found_in_database(markers), SubjectKey.objects.filter(user=bob).count()
    grants = set(PersonGrant.objects.exclude(user=zerlina).values_list("pk", flat=True))
    erase(zerlina, deliver)
    assert set(before) <= set(found_in_database(markers))
    assert SubjectKey.objects.filter(user=bob).count() == keys
    assert set(PersonGrant.objects.values_list("pk", flat=True)) == grants
    assert membership(bob).work_name == "Bob Tremblay"
    bob.refresh_from_db()
    assert bob.is_active and bob.has_usable_password()


def test_a_hold_keeps_one_item_and_the_rest_goes_then_it_resumes_by_itself_L56(
    alder, dana, deliver, olive
):
    """A month ago: the database asks its own clock whether the hold has ended."""
    with time_machine.travel(timezone.now() - timedelta(days=30), tick=False):
        zerlina = build(alder, dana, deliver)
        hold = LegalHold.objects.create(
            scope="person", person=zerlina, item="support", ground="A dispute",
            until=timezone.now() + timedelta(days=20), placed_by=olive,
        )  # fmt: skip
        erasure = erase(zerlina, deliver)

    step = erasure.steps.get(item="support")
    assert (step.outcome, step.ground, step.until) == ("kept", "hold", hold.until)
    assert erasure.done_at is None
    assert {each.partition(".")[0] for each in found_in_database()} == {
        "accounts_casereference", "accounts_supportcase",
    }  # fmt: skip
    with time_machine.travel(hold.until - timedelta(seconds=1), tick=False):
        assert go_on_with_erasures() == 0
    assert go_on_with_erasures() == 1
    assert found_in_database() == []
    assert [each.outcome for each in erasure.steps.filter(item="support")] == ["kept", "done"]


def test_an_open_request_keeps_what_it_is_about_L56(zerlina, deliver, dana):
    token = privacy_token(
        address=ADDRESS, kind="correction", language="en", at=timezone.now().timestamp()
    )
    asked = confirm_privacy_request(actor=None, token=token)
    deliver()
    erasure = erase(zerlina, deliver)

    kept = erasure.steps.filter(ground="open_request").values_list("item", flat=True)
    assert {"account", "membership", "messages"} <= set(kept)
    done = erasure.steps.filter(outcome="done").values_list("item", flat=True)
    assert {"sign_in_methods", "hub_sessions", "portal_sessions"} <= set(done)
    PrivacyRequest.objects.filter(pk=asked.pk).update(
        state="withdrawn", settled_at=timezone.now(), settled_by=dana
    )
    assert go_on_with_erasures() == 1
    assert found_in_database() == []


def test_an_address_without_an_account_is_erased_too_L56(officer, deliver):
    address = "quentin@quill.example"
    recipient = Recipient.objects.create(address=address, language="en")
    topic = Topic.objects.get(slug="newsletter")
    wording = {"wording": "Yes", "wording_hash": wording_hash("Yes"), "language": "en"}
    record = ConsentRecord.objects.create(
        recipient=recipient, address_hash=address_hash(address), topic=topic, wants=False,
        source="page", **wording,
    )  # fmt: skip
    token = privacy_token(
        address=address, kind="erasure", language="en", at=timezone.now().timestamp()
    )
    asked = confirm_privacy_request(actor=None, token=token)
    settle_privacy_request(actor=officer, request=asked, outcome="answered", answer="Yes.")
    mails = [mail.subject for mail in deliver() if mail.to == [address]]
    assert any("erases your data on" in subject for subject in mails)
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        deliver()
        assert go_on_with_erasures() == 1

    assert found_in_database(("quentin", "quill.example")) == []
    record.refresh_from_db()
    assert record.address_hash == address_hash(address)  # it stays refused (R44)
    refused = ConsentRecord.objects.filter(address_hash__in=address_hashes(address), wants=False)
    assert refused.exists()


def test_a_failure_between_two_steps_changes_nothing_and_the_next_run_goes_on_L57(zerlina, deliver):
    close_account(actor=zerlina, signed_in_at=timezone.now())
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("compliance.services.erasures.destroy", _disk_is_full)
            do_due_closings()
            deliver()
            assert go_on_with_erasures() == 0
        assert not ErasureStep.objects.filter(outcome="done").exists()
        assert "accounts_user.name: quastberg" in found_in_database()
        assert go_on_with_erasures() == 1
    assert found_in_database() == []


def _disk_is_full(*_args, **_more):
    raise OSError("no space left")


def test_what_was_written_meanwhile_is_emptied_by_the_next_tick(zerlina, deliver):
    erase(zerlina, deliver)
    message = Message.objects.filter(recipient__user=zerlina, state="sent").latest("pk")
    late = Message.objects.create(
        recipient=message.recipient, notice_class=message.notice_class, address=ADDRESS,
        subject=NAME, message_id="<late@hub.example>", sealed_content=b"x",
    )  # fmt: skip
    go_on_with_erasures()
    late.refresh_from_db()
    assert late.address == ADDRESS  # not before it is sent
    Message.objects.filter(pk=late.pk).update(state="claimed")
    DeliveryDecision.objects.create(message=late, outcome="sent", reason="mandatory")
    Message.objects.filter(pk=late.pk).update(state="sent", sealed_content=None)
    go_on_with_erasures()
    assert found_in_database() == []


def test_a_step_lets_nobody_else_through(zerlina, bob, deliver):
    """A row of another person stays refused, and so does every row without a step."""
    case = SupportCase.objects.filter(person=zerlina)
    with pytest.raises(IntegrityError), transaction.atomic():
        case.update(reason="other")
    erase(zerlina, deliver)
    assert case.update(reason="–") == 1
    message = Message.objects.filter(recipient__user__is_active=True).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(address="x@y.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.create(person=bob, sealed_addresses="x", address_hash="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureStep.objects.update(outcome="kept", ground="hold")


def test_what_stays_in_a_row_is_one_of_its_fields_L57():
    for item in ITEMS:
        for table in item.tables:
            assert set(table.names("stays")) <= set(table.names()), table.model
