"""Workers and choices at one moment, on PostgreSQL (R45, R49, R37)."""

import pytest
from django.core import mail
from django.db import connection

from accounts.models import User
from preferences.gate import delivery
from preferences.models import Choice, ConsentRecord, DeliveryDecision, Message, Topic
from preferences.services.choices import choose_topic, stop_all_optional, unsubscribe
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
