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
    DataNote,
    Download,
    LegalHold,
    PolicyVersion,
    PrivacyRequest,
    RetentionApproval,
    RetentionRun,
    SealedFile,
)
from compliance.registry.retention import RULES
from compliance.selectors.retention import (
    RuleState,
    approval_of,
    is_late,
    latest_run,
    old_rows,
    rule_states,
)
from compliance.services import retention
from compliance.services.legal_holds import place_hold
from compliance.services.retention import approve_rule, run_retention
from preferences.models import (
    Campaign,
    Candidate,
    ConsentRecord,
    DeliveryDecision,
    DeliveryEvent,
    Message,
    Topic,
)
from preferences.models.consent import address_hash, wording_hash

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


def test_a_note_on_disputed_data_outlives_its_request_L60(bob, dana, approved):
    old = old_request(dana, 731)
    note = DataNote.objects.create(person=bob, item="account", text="Not so", request=old, by=dana)
    approved("privacy_requests")
    run_retention()
    note.refresh_from_db()
    assert (note.request, note.text) == (None, "Not so")
    assert not PrivacyRequest.objects.filter(pk=old.pk).exists()


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


def consent(recipient, days, *, wants=True, basis="express", **values):
    """Write a record of consent of so many days ago, with its evidence."""
    topic = values.pop("topic", Topic.objects.get(slug="newsletter"))
    at = timezone.now() - timedelta(days=days)
    return ConsentRecord.objects.create(
        recipient=recipient, address_hash=address_hash(recipient.email), topic=topic,
        wants=wants, basis=basis, wording="News", wording_hash=wording_hash("News"),
        language="en", source="page", at=at, recorded_at=at, network_address="192.0.2.7", **values,
    )  # fmt: skip


def test_consent_goes_three_years_after_another_answer_ended_it_L60(bob, emma, approved):
    ended = consent(bob.recipient, 2000)
    refusal = consent(bob.recipient, 1096, wants=False)
    lately = consent(emma.recipient, 2000)
    consent(emma.recipient, 1094, wants=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        lately.delete()
    approved("consent_records")
    run_retention()
    run = RetentionRun.objects.get(rule="consent_records")
    assert (run.found, run.deleted, run.error) == (1, 1, "")
    left = ConsentRecord.objects.filter(pk__in=[ended.pk, refusal.pk, lately.pk])
    assert set(left) == {refusal, lately}
    assert not bob.recipient.choices.get(topic__slug="newsletter").wants


def test_a_refusal_never_goes_by_age_L60_L62(bob, emma):
    """It keeps an address refused, and free of referrals even after a yes (R44)."""
    lifted = consent(bob.recipient, 2000, wants=False)
    yes = consent(bob.recipient, 1500)
    kept = consent(emma.recipient, 2000, wants=False)
    consent(emma.recipient, 1500, wants=False)
    assert not old_rows(RULE["consent_records"])[0].exists()
    for record in (lifted, yes, kept):
        with pytest.raises(IntegrityError), transaction.atomic():
            ConsentRecord.objects.filter(pk=record.pk)._raw_delete("default")


def test_what_an_email_still_kept_rests_on_stays_and_a_candidate_lets_go_L60(bob, emma, olive):
    rule = RULE["consent_records"]
    ended, used = consent(bob.recipient, 2000), consent(emma.recipient, 2000)
    campaign = Campaign.objects.create(topic=used.topic, created_by=olive)
    recent = consent(bob.recipient, 1096, wants=False)
    consent(emma.recipient, 1096, wants=False)
    candidate, of_recent = (
        Candidate.objects.create(
            campaign=where, recipient=bob.recipient, send=True, reason="chose_yes", consent=record
        )
        for where, record in (
            (campaign, ended),
            (Campaign.objects.create(topic=campaign.topic, created_by=olive), recent),
        )
    )
    message = Message.objects.create(
        recipient=emma.recipient, address=emma.email, topic=used.topic, message_id="<t@hub.example>"
    )
    Message.objects.filter(pk=message.pk).update(state="claimed")
    decision = DeliveryDecision.objects.create(
        message=message, outcome="sent", reason="chose_yes", consent=used
    )
    assert set(old_rows(rule)[0]) == {ended}
    for change in ({"consent": used}, {"reason": "implied", "consent": None}, {"send": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Candidate.objects.filter(pk=candidate.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidate.objects.filter(pk=of_recent.pk).update(consent=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentRecord.objects.filter(pk=ended.pk)._raw_delete("default")
    retention._DELETE["consent_records"]([ended.pk])
    candidate.refresh_from_db()
    assert candidate.consent_id is None and candidate.reason == "chose_yes"
    assert decision.consent == used and ConsentRecord.objects.filter(pk=used.pk).exists()


def proofs(bob, days):
    """Write a consent, an answer and a download of so many days ago, each with an address."""
    at = timezone.now() - timedelta(days=days)
    version = PolicyVersion.objects.filter(published_at__isnull=False).first()
    answer = Acceptance.objects.create(
        version=version, person=bob, language="en", sha256=version.sha256, at=at, browser="B/1",
        verb="accepted" if version.policy.kind == "agreement" else "acknowledged",
        network_address="192.0.2.7",
    )  # fmt: skip
    file = SealedFile.objects.create(
        person=bob, kind="own_data", language="en", asked_on=at.date(), state="ready", ready_at=at,
        expires_at=at + timedelta(days=7), size=5, sha256="0" * 64, sealed_key=b"sealed",
    )  # fmt: skip
    download = Download.objects.create(file=file, person=bob, at=at, network_address="192.0.2.7")
    return consent(bob.recipient, days), answer, download


ADDRESS_RULES = ("consent_addresses", "answer_addresses", "download_addresses")


@pytest.mark.parametrize("days", [366, 364])
def test_network_addresses_in_proofs_go_after_a_year_and_the_rest_stays_L60(bob, approved, days):
    rows = proofs(bob, days)
    before = [{**vars(row)} for row in rows]
    for code in ADDRESS_RULES:
        approved(code)
    run_retention()
    for row, was in zip(rows, before, strict=True):
        row.refresh_from_db()
        is_left = days < 365
        assert row.network_address == ("192.0.2.7" if is_left else None)
        of_row = {**vars(row), "network_address": "192.0.2.7"}
        assert {k: v for k, v in of_row.items() if k[0] != "_"} == {
            k: v for k, v in was.items() if k[0] != "_" and k in of_row
        }
    counts = RetentionRun.objects.values_list("deleted", flat=True)
    assert list(counts) == [0 if days < 365 else 1] * 3


def test_a_hold_on_the_item_keeps_its_network_addresses_L56(bob, officer, approved):
    rows = proofs(bob, 400)
    place_hold(
        actor=officer, scope="item", address="", customer="", item="policy_answers",
        ground="A dispute", until=timezone.localdate() + timedelta(days=9),
    )  # fmt: skip
    for code in ADDRESS_RULES:
        approved(code)
    run_retention()
    left = [type(row).objects.get(pk=row.pk).network_address for row in rows]
    assert left == [None, "192.0.2.7", None]


def test_nothing_else_of_a_proof_changes_with_its_network_address_L60(bob, emma):
    """The trigger compares every other column, also one that a later version adds."""
    for old, young in zip(proofs(bob, 400), proofs(emma, 300), strict=True):
        model, triggers = type(old), {t.name: t for t in type(old)._meta.constraints}
        text = triggers[f"{model._meta.db_table}_append_only_update"].sqlite[0]
        for field in model._meta.concrete_fields:
            assert f"NEW.{field.column} " in text, field.column
        rows = model.objects.filter(pk=old.pk)
        for change in (
            {"network_address": "192.0.2.8"},
            {"network_address": None, "person" if hasattr(old, "person_id") else "actor": emma},
            {"network_address": None, "at": timezone.now()},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.filter(pk=young.pk).update(network_address=None)
        assert rows.update(network_address=None) == 1


def test_every_rule_has_a_test_above_and_is_as_the_registry_says_L60():
    from compliance.registry import ITEMS

    runs = "compliance.services.retention.run_retention"
    whole = {item.code: item.retention.days for item in ITEMS if item.retention.by == runs}
    assert {rule.code: rule.days for rule in RULES if not rule.addresses_of} == whole
    addresses = {item.code: item.addresses.days for item in ITEMS if item.addresses}
    assert {rule.addresses_of: rule.days for rule in RULES if rule.addresses_of} == addresses
    # A network address in a proof has a rule: every other field of the kind goes with its row.
    fields = {
        item.code for item in ITEMS for table in item.tables if "network_address" in table.names()
    }
    assert fields == addresses.keys()


def test_a_rule_waits_until_staff_saw_its_count_L60(as_, officer, bob, approved):
    old = old_message(bob, 1096)
    assert run_retention() == 0
    page = as_(officer).get(PAGE).content.decode()
    assert "Delete 1 record, then daily" in page and "Remove daily" in page
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


def shown(rule):
    """Return a rule as staff see it, asked by itself."""
    found, held = old_rows(rule)
    return RuleState(
        rule, found.count(), held.count(), approval_of(rule), latest_run(rule), is_late(rule)
    )


def test_the_page_shows_each_rule_as_if_asked_by_itself_L60(
    bob, emma, olive, dana, officer, approved, django_assert_num_queries
):
    for days, person in enumerate((bob, emma, olive), start=1096):
        old_message(person, days)
        old_answer(person, 7 * 365)
    old_request(dana, 731)
    former_person(8)
    assert [(state.found, state.held) for state in rule_states()].count((0, 0)) < len(RULES) - 3
    assert rule_states() == [shown(rule) for rule in RULES]

    RetentionApproval.objects.create(rule="messages", days=2000, found=1, by=officer)
    approved("policy_answers")
    with django_assert_num_queries(6):
        assert not any(state.run for state in rule_states())
    run_retention()
    RetentionRun.objects.create(rule="policy_answers", error="The disk is full")
    until = timezone.now() + timedelta(days=30)
    values = {"ground": "A court asks", "until": until, "placed_by": officer}
    LegalHold.objects.create(scope="person", person=bob, **values)
    LegalHold.objects.create(scope="item", item="policy_answers", **values)
    for person, address in ((emma, emma.email), (None, "sam@shop.example")):
        PrivacyRequest.objects.create(
            kind="access", person=person, address=address, language="en",
            received_at=timezone.now(), due_at=until,
        )  # fmt: skip
    for days in (0, 3):
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            states = rule_states()
            assert states == [shown(rule) for rule in RULES]
            late = [state.rule.code for state in states if state.is_late]
            assert late == (["policy_answers"] if days else [])
    assert [state.held for state in states if state.rule.code == "messages"] == [2]


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
