"""Evidence behind each choice: complete and append-only; the state follows it (R34–R37)."""

import hashlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent
from accounts.selectors import activity_of, history_of
from preferences.choices import ConsentSource
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hash
from preferences.selectors import may_send
from preferences.services.choices import (
    TopicRefused,
    choose_topic,
    choose_topics,
    resume_optional,
    stop_all_optional,
    unsubscribe,
)
from preferences.tokens import unsubscribe_token


def execute(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def replay():
    """The state that the records alone say; that nothing is stopped is no state."""
    state = {}
    for record in ConsentRecord.objects.order_by("pk"):
        state[record.recipient_id, record.topic_id] = (record.wants, record.pk)
    return {key: value for key, value in state.items() if key[1] or not value[0]}


def stored():
    choices = {(c.recipient_id, c.topic_id): (c.wants, c.consent_id) for c in Choice.objects.all()}
    stops = {(r.pk, None): (False, r.stopped_id) for r in Recipient.objects.exclude(stopped=None)}
    return choices | stops


def test_a_choice_records_its_full_evidence_R17_R35(bob, newsletter):
    with translation.override("fr"):
        choice = choose_topic(
            actor=bob,
            topic=newsletter,
            wants=False,
            source=ConsentSource.API,
            network_address="192.0.2.7",
        )
    record = choice.consent
    assert (record.recipient, record.topic, record.wants) == (bob.recipient, newsletter, False)
    assert record.basis == "express"
    assert (record.actor, record.source, record.network_address) == (bob, "api", "192.0.2.7")
    assert record.language == "fr"
    assert record.wording.startswith("Infolettre\n")
    assert record.wording_hash == hashlib.sha256(record.wording.encode()).hexdigest()
    assert record.address_hash == address_hash("BOB@alder.example")
    assert bob.email not in record.address_hash


def test_a_choice_is_one_event_of_the_person_and_none_of_the_company(bob, alder, newsletter):
    before = activity_of(alder).count()
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=bob, topic=newsletter, wants=False)

    [event] = history_of(bob).filter(kind="topic.refused")
    assert event.chain == "provider"
    assert activity_of(alder).count() == before


def test_repeating_a_choice_is_idempotent_I3(bob, newsletter):
    for _ in range(3):
        choose_topic(actor=bob, topic=newsletter, wants=True)
    assert ConsentRecord.objects.count() == 1


def test_records_are_append_only_R37(bob, newsletter):
    record = choose_topic(actor=bob, topic=newsletter, wants=False).consent
    tries = [
        lambda: ConsentRecord.objects.update(wants=True),
        lambda: record.delete(),
        lambda: record.save(),
        lambda: execute("UPDATE preferences_consentrecord SET wants = %s", True),
        lambda: execute("DELETE FROM preferences_consentrecord"),
    ]
    if connection.vendor == "postgresql":
        tries.append(lambda: execute("TRUNCATE preferences_consentrecord CASCADE"))
    for attempt in tries:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert not ConsentRecord.objects.get().wants


def test_choices_always_match_their_evidence_R37(bob, alice, newsletter, promotions):
    """Neither by update, insert or delete, nor by pointing at somebody else's or an older yes."""
    older = choose_topic(actor=bob, topic=newsletter, wants=True).consent
    choice = choose_topic(actor=bob, topic=newsletter, wants=False)
    foreign = choose_topic(actor=alice, topic=promotions, wants=True).consent
    for attempt in (
        lambda: Choice.objects.filter(pk=choice.pk).update(wants=True),
        lambda: Choice.objects.filter(pk=choice.pk).update(wants=True, consent=older),
        lambda: Choice.objects.filter(pk=choice.pk).update(recipient=alice.recipient),
        lambda: choice.delete(),
        lambda: Choice.objects.create(
            recipient=bob.recipient, topic=promotions, wants=True, consent=foreign
        ),
        lambda: execute("UPDATE preferences_choice SET wants = %s", True),
        lambda: execute("DELETE FROM preferences_choice"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert stored() == replay()


def test_a_record_written_by_sql_changes_the_state_R37(bob, newsletter):
    ConsentRecord.objects.create(
        recipient=bob.recipient, topic=newsletter, wants=False, language="en", source="page"
    )
    assert stored() == replay() != {}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["yes", "no", "stop", "resume", "link"]), st.integers(0, 3)),
        max_size=12,
    )
)
def test_state_equals_replay_after_any_acts_R37(bob, acts):
    topics = list(Topic.objects.visible_to(bob))
    with transaction.atomic():
        for act, number in acts:
            if act == "stop":
                stop_all_optional(actor=bob)
            elif act == "resume":
                resume_optional(actor=bob)
            elif act == "link":
                unsubscribe(
                    actor=None,
                    token=unsubscribe_token(bob.recipient, topics[number]),
                    source=ConsentSource.ONE_CLICK,
                )
            else:
                choose_topic(actor=bob, topic=topics[number], wants=act == "yes")
        assert stored() == replay()
        transaction.set_rollback(True)


def test_a_topic_that_is_not_offered_cannot_be_chosen(dana, bob, newsletter):
    market = Topic.objects.get(slug="domain-market")
    with pytest.raises(TopicRefused):
        choose_topics(actor=dana, topics=[newsletter, market], wants=True)
    Topic.objects.filter(pk=newsletter.pk).update(active=False)
    with pytest.raises(TopicRefused):
        choose_topic(actor=bob, topic=newsletter, wants=True)
    assert not ConsentRecord.objects.exists()  # all or nothing


def test_a_closed_account_chooses_nothing(bob, newsletter):
    from django.core.exceptions import PermissionDenied

    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    for act in (
        lambda: choose_topic(actor=bob, topic=newsletter, wants=True),
        lambda: stop_all_optional(actor=bob),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_a_choice_fails_if_its_event_cannot_be_written_K3(bob, newsletter, monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError("no room")

    monkeypatch.setattr(AuditEvent, "save", fail)
    with pytest.raises(DatabaseError):
        choose_topic(actor=bob, topic=newsletter, wants=False)
    assert not Choice.objects.exists()


def test_stop_all_unsubscribes_everything_once_R15(bob):
    assert [topic.slug for topic in stop_all_optional(actor=bob)] == [
        "newsletter", "product-updates",
    ]  # fmt: skip
    assert not any(may_send(bob, topic) for topic in Topic.objects.all())
    assert ConsentRecord.objects.count() == 1

    assert stop_all_optional(actor=bob) == []
    assert ConsentRecord.objects.count() == 1
    assert history_of(bob).filter(kind="optional_mail.stopped").count() == 1
