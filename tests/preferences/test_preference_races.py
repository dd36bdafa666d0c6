"""Workers and choices at one moment, on PostgreSQL (R45, R49, R37)."""

import pytest
from django.core import mail
from django.db import connection

from accounts.models import AuditEvent, User
from preferences.gate import delivery
from preferences.models import Choice, ConsentRecord, DeliveryDecision, Escalation, Message, Topic
from preferences.services.choices import choose_topic, stop_all_optional, unsubscribe
from preferences.services.escalations import run_escalations
from preferences.services.reports import note_report
from preferences.tokens import unsubscribe_token
from tests.races.test_races import ROUNDS, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL")


@pytest.fixture
def person(transactional_db):
    return User.objects.get(email="bob@alder.example")


@pytest.fixture
def topic(transactional_db):
    return Topic.objects.get(slug="newsletter")


def test_three_workers_and_a_sweep_on_one_message_send_it_once_R49(person, send_legal):
    for number in range(1, ROUNDS + 1):
        send_legal(person)
        pk = Message.objects.latest("pk").pk
        race(*[lambda pk=pk: delivery.deliver(pk)] * 3, delivery.sweep)
        assert len(mail.outbox) == number
    assert DeliveryDecision.objects.count() == ROUNDS


def test_opposite_choices_leave_the_state_of_the_last_record_R37(person, topic):
    token = unsubscribe_token(person.recipient, topic)
    for _ in range(ROUNDS):
        race(
            lambda: choose_topic(actor=person, topic=topic, wants=True),
            lambda: choose_topic(actor=person, topic=topic, wants=False),
            lambda: unsubscribe(actor=None, token=token, source="one_click"),
            lambda: stop_all_optional(actor=person),
        )
        last = ConsentRecord.objects.filter(recipient__user=person, topic=topic).latest("pk")
        choice = Choice.objects.get(recipient__user=person, topic=topic)
        assert (choice.consent_id, choice.wants) == (last.pk, last.wants)


def test_a_no_racing_with_the_worker_is_never_followed_by_a_later_mail_R45(
    person, topic, send_topic
):
    for _ in range(ROUNDS):
        choose_topic(actor=person, topic=topic, wants=True)
        send_topic(topic, person)
        pk = Message.objects.latest("pk").pk
        race(
            lambda pk=pk: delivery.deliver(pk),
            lambda: choose_topic(actor=person, topic=topic, wants=False),
        )
        outcome = DeliveryDecision.objects.get(message=pk)
        yes = outcome.consent.wants
        assert (outcome.outcome == "sent") == yes  # the decision and its evidence agree

        sent = len(mail.outbox)
        send_topic(topic, person)
        delivery.deliver(Message.objects.latest("pk").pk)
        assert len(mail.outbox) == sent


def test_one_event_at_the_same_moment_counts_once_and_its_clock_takes_one_step(person, send_legal):
    for _ in range(ROUNDS):
        send_legal(person)
        message = Message.objects.latest("pk")
        delivery.deliver(message.pk)
        bounce = {"message": message, "kind": "hard", "event": f"x:{message.pk}"}
        race(*[lambda bounce=bounce: note_report(**bounce)] * 3)
        assert message.reports.count() == 1
        race(*[run_escalations] * 3)
    steps = AuditEvent.objects.filter(kind="escalation.told")
    assert Escalation.objects.filter(state="told").count() == ROUNDS
    assert steps.count() == 1  # one mail about the person, however many notices come back
    assert AuditEvent.objects.filter(kind="address.unreachable").count() == 1
