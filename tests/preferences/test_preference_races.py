"""Concurrent workers and choices, on PostgreSQL (R45, R49, R37)."""

import time
from functools import partial
from itertools import pairwise

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection

from accounts import triggers
from accounts.models import AuditEvent, Customer, User
from accounts.services.audit import verify_chain
from preferences.gate import campaign_sending, delivery
from preferences.gate.escalation_steps import run_escalations
from preferences.gate.sweep import sweep
from preferences.models import (
    Activation,
    Choice,
    ConsentRecord,
    DeliveryDecision,
    Escalation,
    Message,
    NoticeClass,
    Recipient,
    Topic,
)
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topic, stop_all_optional, unsubscribe
from preferences.services.customer_email import allow_topic, deny_topic
from preferences.services.delivery_events import record_delivery_event
from preferences.services.notice_classes import ActivationRefused, activate_notice_class
from preferences.services.opt_out_undo import stop_mail, undo_opt_out
from preferences.services.topic_signups import confirm_signup
from preferences.tokens import confirmation_url, unsubscribe_token
from tests.races.meeting import race_at
from tests.races.test_races import ROUNDS, race, won

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
        race(*[lambda pk=pk: delivery.deliver(pk)] * 3, sweep)
        assert len(mail.outbox) == number
    assert DeliveryDecision.objects.count() == ROUNDS


def test_opposite_choices_leave_the_state_of_the_last_record_R37(person, topic):
    token = unsubscribe_token(person.recipient, topic)
    for _ in range(ROUNDS):
        race_at(
            "preferences.services.choices.record_consent",
            *[lambda: choose_topic(actor=person, topic=topic, wants=True)] * 2,
            lambda: choose_topic(actor=person, topic=topic, wants=False),
            lambda: unsubscribe(actor=None, token=token, source="one_click"),
            lambda: stop_all_optional(actor=person),
        )
        records = ConsentRecord.objects.filter(recipient__user=person)
        last = records.filter(topic=topic).latest("pk")
        choice = Choice.objects.get(recipient__user=person, topic=topic)
        assert (choice.consent_id, choice.wants) == (last.pk, last.wants)
        said = list(records.order_by("pk").values_list("topic", "wants", "source"))
        assert all(one != next_one for one, next_one in pairwise(said)), said  # each is a change


def test_an_opt_out_racing_with_the_worker_is_final_R45(person, topic, send_topic):
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


@pytest.fixture
def moments(monkeypatch):
    """When the choices behind each mail were last asked, and when its handing on began."""
    asked, begun = {}, {}
    decide, ask, transmit = (
        delivery.decide_sending,
        campaign_sending.batch_decisions,
        delivery.transmit,
    )

    def noted_decide(message, *more):
        if not more:  # a campaign's are asked together
            asked[message.pk] = time.monotonic()
        return decide(message, *more)

    def noted_ask(messages):
        now = time.monotonic()
        asked.update(dict.fromkeys((message.pk for message in messages), now))
        return ask(messages)

    def noted_hand_on(message):
        begun[message.pk] = time.monotonic()
        return transmit(message)

    monkeypatch.setattr(delivery, "decide_sending", noted_decide)
    monkeypatch.setattr(campaign_sending, "decide_sending", noted_decide)
    monkeypatch.setattr(campaign_sending, "batch_decisions", noted_ask)
    monkeypatch.setattr(delivery, "transmit", noted_hand_on)
    return asked, begun


@pytest.mark.parametrize("by", ["page", "one_click", "stop_all", "company"])
def test_no_email_starts_after_an_acknowledged_opt_out_R45(person, topic, send_topic, moments, by):
    """Two workers and a no at one moment, after the mail was queued: who asks later, sends not."""
    asked, begun = moments
    alice = User.objects.get(email="alice@alder.example")
    alder = Customer.objects.get(slug="alder")
    token = unsubscribe_token(person.recipient, topic)
    say_no = {
        "page": lambda: choose_topic(actor=person, topic=topic, wants=False),
        "one_click": lambda: unsubscribe(actor=None, token=token, source="one_click"),
        "stop_all": lambda: stop_all_optional(actor=person),
        "company": lambda: deny_topic(actor=alice, customer=alder, topic=topic),
    }[by]

    def acknowledged():
        say_no()
        return time.monotonic()

    for _ in range(ROUNDS):
        allow_topic(actor=alice, customer=alder, topic=topic)
        choose_topic(actor=person, topic=topic, wants=True)
        send_topic(topic, person)
        pk = Message.objects.latest("pk").pk
        *_states, at = race(*[lambda pk=pk: delivery.deliver(pk)] * 2, acknowledged)
        decision = DeliveryDecision.objects.get(message=pk)
        assert (pk in begun) == (decision.outcome == "sent")
        assert decision.outcome == "skipped" or asked[pk] < at
        send_topic(topic, person)  # and what was queued before it, but is dispatched after
        late = Message.objects.latest("pk").pk
        assert delivery.deliver(late) == "skipped"
        assert late not in begun


def test_an_opt_out_racing_with_a_campaign_and_its_workers_R45(topic, moments, monkeypatch):
    """A whole company says no while two workers send: who is asked about later, gets none."""
    asked, begun = moments
    monkeypatch.setattr(campaign_sending, "DECISION_LIFETIME", 0)
    olive = User.objects.get(email="olive@harbour.example")
    people = list(User.objects.filter(email__endswith="@alder.example"))
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}

    def no(person):
        choose_topic(actor=person, topic=topic, wants=False)
        return time.monotonic()

    for _ in range(ROUNDS):
        for person in people:
            choose_topic(actor=person, topic=topic, wants=True)
        made = create_campaign(actor=olive, topic=topic, **words)
        schedule_campaign(actor=olive, campaign=made)
        answers = race(
            *[lambda pk=made.pk: campaign_sending.dispatch(pk)] * 2,
            *[lambda person=person: no(person) for person in people],
        )
        while campaign_sending.dispatch(made.pk):
            pass
        said = dict(zip(people, answers[2:], strict=True))
        for row in DeliveryDecision.objects.filter(message__campaign=made).select_related(
            "message__recipient__user"
        ):
            reader = row.message.recipient.user
            if reader in said and row.outcome == "sent":
                assert asked[row.message_id] < said[reader]
                assert row.consent.wants
            assert (row.message_id in begun) == (row.outcome == "sent")
        sent = Message.objects.filter(campaign=made, state="sent").count()
        assert len(mail.outbox) == sent
        mail.outbox.clear()


# --- Two staff put a class to use (R41) ---


@pytest.fixture
def staff(monkeypatch, transactional_db):
    """Three who may; and the class as if a change of the code had just added it."""
    founding = ["transactional", "critical", "maintenance", "security"]
    for module in ("models.categories", "services.notice_classes"):
        monkeypatch.setattr(f"preferences.{module}.FOUNDING_CLASSES", founding)
    permission = Permission.objects.get(codename="add_activation")
    for name in ("dana", "olive", "emma"):
        address = f"{name}@{'alder' if name == 'emma' else 'harbour'}.example"
        person = User.objects.get(email=address)
        User.objects.filter(pk=person.pk).update(is_staff=True)
        person.user_permissions.add(permission)
    return [
        User.objects.get(email=address)
        for address in ("dana@harbour.example", "olive@harbour.example", "emma@alder.example")
    ]


def afresh():
    with triggers.removed(connection):
        Activation.objects.all().delete()
    return NoticeClass.objects.get(code="legal")


def events(kind):
    return AuditEvent.objects.filter(kind=f"notice_class.{kind}").count()


def test_one_staff_member_in_four_tabs_activates_nothing_R41(staff):
    for number in range(1, ROUNDS + 1):
        legal = afresh()
        yes = partial(activate_notice_class, actor=staff[0], notice_class=legal)
        results = race(*[yes] * 4)
        assert won(results) == 1
        assert all(r.code == "same_person" for r in results if isinstance(r, ActivationRefused))
        assert not legal.is_active
        assert (events("approved"), events("activated")) == (number, 0)


def test_three_staff_members_at_once_activate_once_R41(staff):
    for number in range(1, ROUNDS + 1):
        legal = afresh()
        results = race(
            *(
                partial(activate_notice_class, actor=person, notice_class=legal)
                for person in staff * 2
            )
        )
        assert won(results) == 2
        assert legal.is_active
        assert legal.activations.values("staff").distinct().count() == 2
        assert (events("approved"), events("activated")) == (number, number)
    assert verify_chain("provider")


def test_one_event_posted_at_once_counts_once_and_escalates_one_step(person, send_legal):
    for _ in range(ROUNDS):
        send_legal(person)
        message = Message.objects.latest("pk")
        delivery.deliver(message.pk)
        bounce = {"message": message, "kind": "hard", "event": f"x:{message.pk}"}
        race(*[lambda bounce=bounce: record_delivery_event(**bounce)] * 3)
        assert message.reports.count() == 1
        race(*[run_escalations] * 3)
    steps = AuditEvent.objects.filter(kind="escalation.told")
    assert Escalation.objects.filter(state="told").count() == ROUNDS
    assert steps.count() == 1  # one mail about the person, however many notices come back
    assert AuditEvent.objects.filter(kind="address.unreachable").count() == 1


def test_undo_in_two_tabs_and_an_opt_out_in_a_third_R37(person, topic):
    """Whoever comes last, a no that was said after the stop is never undone."""
    reader = person.recipient
    for _ in range(ROUNDS):
        choose_topic(actor=person, topic=topic, wants=True)
        taken = stop_mail(actor=None, recipient=reader, topics=[topic])
        race(
            lambda taken=taken: undo_opt_out(actor=None, recipient=reader, opt_out=taken),
            lambda taken=taken: undo_opt_out(actor=None, recipient=reader, opt_out=taken),
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
        race(*[lambda token=token: confirm_signup(actor=None, token=token)] * 3)
        sam = Recipient.objects.get(address=address)
        assert sam.consent_records.count() == 1
        assert Choice.objects.get(recipient=sam).wants
