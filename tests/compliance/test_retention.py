"""Retention rules: confirmed by staff, run daily, and each deletes what is old (L60)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Membership, SubjectKey, User
from accounts.services.audit import record_event, verify_chain
from accounts.services.people import follow_address_change
from compliance.models import (
    Acceptance,
    LegalHold,
    PolicyVersion,
    PrivacyRequest,
    RetentionApproval,
    RetentionRun,
)
from compliance.registry.retention import RULES
from compliance.selectors.retention import old_rows
from compliance.services import retention
from compliance.services.legal_holds import place_hold
from compliance.services.retention import approve_rule, run_retention
from preferences.models import DeliveryDecision, DeliveryEvent, Message

PAGE = "/provider/retention/"
RULE = {rule.code: rule for rule in RULES}


def old_message(bob, days):
    at = timezone.now() - timedelta(days=days)
    message = Message.objects.create(
        recipient=bob.recipient, notice_class_id="legal", address=bob.email, subject="Old",
        message_id=f"<{days}@hub.example>", created_at=at,
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(state="claimed")
    DeliveryDecision.objects.create(message=message, outcome="sent", reason="mandatory", at=at)
    Message.objects.filter(pk=message.pk).update(state="sent")
    DeliveryEvent.objects.create(
        message=message, kind="hard", reason="no_address", event=f"b:{days}", at=at
    )
    return message


def old_answer(person, days):
    version = PolicyVersion.objects.filter(published_at__isnull=False).first()
    verb = "accepted" if version.policy.kind == "agreement" else "acknowledged"
    return Acceptance.objects.create(
        version=version, person=person, verb=verb, language="en", sha256=version.sha256,
        at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def old_request(dana, days):
    at = timezone.now() - timedelta(days=days)
    return PrivacyRequest.objects.create(
        kind="access", address="sam@shop.example", language="en", received_at=at,
        due_at=at + timedelta(days=30), state="answered", settled_at=at, settled_by=dana,
    )  # fmt: skip


def former_person(years):
    with time_machine.travel(timezone.now() - timedelta(days=365 * years), tick=False):
        person = User.objects.create_user("otto@old.example", name="Otto Ahlgren")
        with transaction.atomic():
            record_event(kind="own_data.asked", actor=person, person=person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    return person


@pytest.fixture
def approved(officer):
    """A function that lets a rule run."""

    def approve(code):
        found, _held = old_rows(RULE[code])
        return approve_rule(actor=officer, rule=code, found=found.count())

    return approve


def test_messages_go_three_years_after_they_were_sent_L60(bob, approved):
    old, young = old_message(bob, 1096), old_message(bob, 1094)
    approved("messages")
    run_retention()
    assert not Message.objects.filter(pk=old.pk).exists()
    assert Message.objects.filter(pk=young.pk).exists()
    run = RetentionRun.objects.get(rule="messages")
    assert (run.found, run.deleted, run.held, run.error) == (1, 1, 0, "")


def test_answers_go_six_years_after_the_last_membership_L60(bob, charlie, approved):
    old = old_answer(bob, 6 * 365 + 1)
    member = old_answer(charlie, 6 * 365 + 1)
    Membership.objects.filter(user=bob).update(
        joined_at=timezone.now() - timedelta(days=9 * 365),
        ended_at=timezone.now() - timedelta(days=6 * 365 + 1),
    )
    approved("policy_answers")
    run_retention()
    assert set(Acceptance.objects.filter(pk__in=[old.pk, member.pk])) == {member}


def test_requests_go_two_years_after_they_were_settled_L60(dana, approved):
    old, young = old_request(dana, 731), old_request(dana, 729)
    approved("privacy_requests")
    run_retention()
    assert set(PrivacyRequest.objects.filter(pk__in=[old.pk, young.pk])) == {young}


def test_words_of_the_log_are_shredded_after_seven_years_and_the_chain_holds_L60(approved):
    person = former_person(8)
    event = AuditEvent.objects.get(kind="own_data.asked", person=person)
    assert event.actor_name == "Otto Ahlgren"
    approved("activity_log")
    run_retention()
    assert not SubjectKey.objects.filter(user=person).exists()
    event = AuditEvent.objects.get(pk=event.pk)
    assert str(event.actor_name) == "a former member"
    verify_chain("provider")


@pytest.mark.parametrize("years", [6, 8])
def test_words_of_an_open_or_young_account_stay_L60(years, approved):
    person = former_person(years)
    if years == 8:
        User.objects.filter(pk=person.pk).update(is_active=True)
    approved("activity_log")
    run_retention()
    assert SubjectKey.objects.filter(user=person).exists()


def test_every_rule_has_a_test_above_and_is_as_the_registry_says_L60():
    from compliance.registry import ITEMS

    kept = {item.code: item.retention for item in ITEMS}
    assert {rule.code: rule.days for rule in RULES} == {
        code: kept[code].days
        for code in kept
        if kept[code].by == "compliance.services.retention.run_retention"
    }


def test_a_rule_waits_until_staff_saw_its_count_L60(as_, officer, bob, approved):
    old = old_message(bob, 1096)
    assert run_retention() == 0
    page = as_(officer).get(PAGE).content.decode()
    assert "Delete 1 record, then daily" in page
    old_message(bob, 1097)
    with pytest.raises(ValidationError, match="2 rows"):
        approve_rule(actor=officer, rule="messages", found=1)
    as_(officer).post(PAGE, {"rule": "messages", "found": "2"})
    approval = RetentionApproval.objects.get()
    assert (approval.by, approval.found, approval.days) == (officer, 2, 1095)
    assert run_retention() == 1
    assert not Message.objects.filter(pk=old.pk).exists()
    assert run_retention() == 0  # once a day
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assert run_retention() == 1


def test_a_shorter_rule_waits_again_and_a_longer_one_does_not_L60(bob, approved, officer):
    old_message(bob, 1096)
    for days, ran in ((2000, 0), (1095, 1), (900, 1)):
        RetentionRun.objects.all().delete()
        RetentionApproval.objects.create(rule="messages", days=days, found=0, by=officer)
        assert run_retention() == ran, days


def test_what_is_on_hold_or_asked_about_stays_L60(bob, emma, olive, approved):
    held, asked = old_message(bob, 1096), old_message(emma, 1097)
    old_message(olive, 1098)
    LegalHold.objects.create(
        scope="person", person=bob, ground="A dispute", placed_by=olive, item="messages",
        until=timezone.now() + timedelta(days=9),
    )  # fmt: skip
    now = timezone.now()
    PrivacyRequest.objects.create(
        kind="access", address=emma.email, person=emma, language="en", received_at=now,
        due_at=now + timedelta(days=30),
    )  # fmt: skip
    approved("messages")
    run_retention()
    run = RetentionRun.objects.get()
    assert (run.found, run.deleted, run.held) == (3, 1, 2)
    assert Message.objects.filter(pk__in=[held.pk, asked.pk]).count() == 2


def test_a_hold_on_an_earlier_address_keeps_the_rows_of_the_person_and_of_the_address_L56(
    bob, dana, officer, approved
):
    """Emails that lead to Bob, and a request that leads to nobody but his earlier address."""
    follow_address_change(actor=bob, previous="sam@shop.example")
    message, asked = old_message(bob, 1096), old_request(dana, 731)
    place_hold(
        actor=officer, scope="person", address="sam@shop.example", customer="", item="",
        ground="A dispute", until=timezone.localdate() + timedelta(days=9),
    )  # fmt: skip
    approved("messages")
    approved("privacy_requests")
    run_retention()
    assert Message.objects.filter(pk=message.pk).exists()
    assert PrivacyRequest.objects.filter(pk=asked.pk).exists()
    assert set(RetentionRun.objects.values_list("deleted", "held")) == {(0, 1)}


def test_staff_hear_once_that_nothing_ran_for_two_days_L60(bob, approved, officer, as_, deliver):
    approved("messages")
    run_retention()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(retention._DELETE, "messages", _disk_is_full)
        for hours in (24, 47, 49, 72):
            with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
                run_retention()
                told = AuditEvent.objects.filter(kind="retention.late").count()
                assert told == (1 if hours >= 49 else 0), hours
        with time_machine.travel(timezone.now() + timedelta(hours=50), tick=False):
            assert "Not run for 48 hours" in as_(officer).get(PAGE).content.decode()
    assert RetentionRun.objects.filter(error="OSError").exists()
    mails = [mail for mail in deliver() if "has not deleted old data" in mail.subject]
    assert officer.email in [mail.to[0] for mail in mails]


def _disk_is_full(_keys):
    raise OSError("no space left")


@pytest.mark.parametrize("name", ["alice", "dana", "charlie"])
def test_only_the_privacy_group_lets_a_rule_run_L60(name, request, as_):
    person = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        approve_rule(actor=person, rule="messages", found=9)
    assert as_(person).get(PAGE).status_code == 403
    assert as_(None).get(PAGE).status_code == 302
    assert not RetentionApproval.objects.exists()


def test_an_unknown_rule_is_refused_L60(officer, as_):
    with pytest.raises(ValidationError, match="no such rule"):
        approve_rule(actor=officer, rule="everything", found=9)
    for form in ({"rule": "everything", "found": "1"}, {"rule": "messages", "found": "-1"}, {}):
        as_(officer).post(PAGE, form)
    assert not RetentionApproval.objects.exists()


def test_the_database_lets_nothing_go_before_its_age_L60(bob):
    """Whatever code forgets: by the database's own clock."""
    decision = old_message(bob, 1090).decision
    for rows in (DeliveryDecision.objects.filter(pk=decision.pk), DeliveryEvent.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()
    answer = old_answer(bob, 6 * 365 - 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Acceptance.objects.filter(pk=answer.pk).delete()
