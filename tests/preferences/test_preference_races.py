"""Workers and choices at one moment, on PostgreSQL (R45, R49, R37)."""

import pytest
from django.core import mail
from django.db import connection

from accounts.models import AuditEvent, User
from preferences.gate import delivery
from preferences.models import (
    Choice,
    ConsentRecord,
    DeliveryDecision,
    Escalation,
    Message,
    Recipient,
    Topic,
)
from preferences.services.choices import choose_topic, stop_all_optional, unsubscribe
from preferences.services.escalations import run_escalations
from preferences.services.links import stop_by_link, undo_by_link
from preferences.services.reports import note_report
from preferences.services.subscriptions import confirm_subscription
from preferences.tokens import confirmation_url, unsubscribe_token
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


def test_undo_in_two_tabs_and_a_no_in_a_third_R37(person, topic):
    """Whoever comes last, a no that was said after the stop is never undone."""
    reader = person.recipient
    for _ in range(ROUNDS):
        choose_topic(actor=person, topic=topic, wants=True)
        taken = stop_by_link(actor=None, recipient=reader, topics=[topic])
        race(
            lambda taken=taken: undo_by_link(actor=None, recipient=reader, reduction=taken),
            lambda taken=taken: undo_by_link(actor=None, recipient=reader, reduction=taken),
            lambda: stop_all_optional(actor=person),
        )
        said = ConsentRecord.objects.filter(recipient=reader, pk__gt=taken.records[0])
        assert said.filter(source="undo").count() <= 1
        reader.refresh_from_db()
        choice = Choice.objects.get(recipient=reader, topic=topic)
        assert not choice.wants or choice.consent_id < reader.stopped_id  # all is stopped


def test_one_confirmation_in_three_tabs_makes_one_subscriber(topic, transactional_db):
    for number in range(ROUNDS):
        address = f"sam{number}@elsewhere.example"
        url = confirmation_url(address=address, language="en", topics=[topic])
        token = url.rstrip("/").rpartition("/")[2]
        race(*[lambda token=token: confirm_subscription(actor=None, token=token)] * 3)
        sam = Recipient.objects.get(address=address)
        assert sam.consent_records.count() == 1
        assert Choice.objects.get(recipient=sam).wants
