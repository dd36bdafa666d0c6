"""Each lock of choices, campaigns and delivery events, on PostgreSQL: the acts meet there."""

import pytest
from django.core.mail import EmailMessage

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import AuditEvent, User
from preferences.choices import MessageState
from preferences.gate import campaign_sending, delivery, escalation_steps
from preferences.models import Campaign, ConsentRecord, Escalation, Message, Topic
from preferences.services.campaigns import (
    CampaignRefused,
    cancel_campaign,
    create_campaign,
    pause_campaign,
    schedule_campaign,
    start_due_campaigns,
)
from preferences.services.choices import stop_all_optional
from preferences.services.delivery_events import mark_unreachable, record_delivery_event
from preferences.services.escalations import EscalationRefused, settle_escalation
from tests.races.meeting import race_at
from tests.races.test_races import (
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    olive,  # noqa: F401
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


@pytest.fixture
def bob():
    return User.objects.get(email="bob@alder.example")


@pytest.fixture
def topic():
    return Topic.objects.get(slug="newsletter")


def recorded(kind):
    return AuditEvent.objects.filter(kind=kind).count()


def sent_notice(person):
    """A legal notice that has left."""
    headers = {NOTICE_CLASS_HEADER: "legal"}
    EmailMessage("Our terms change", "From May on.", to=[person.email], headers=headers).send()
    message = Message.objects.filter(address=person.email).latest("pk")
    delivery.deliver(message.pk)
    return message


# --- A recipient's choices (R37) ---


def test_all_is_stopped_once_R15(bob):
    race_at(
        "preferences.services.choices.record_consent",
        *[lambda: stop_all_optional(actor=bob)] * 3,
    )

    assert ConsentRecord.objects.filter(recipient=bob.recipient, topic=None).count() == 1
    assert recorded("optional_mail.stopped") == 1


# --- Delivery events and escalations (R48) ---


def test_the_fifth_soft_bounce_is_counted_whichever_comes_first(bob):
    """Two come at one moment, as the fourth and the fifth."""
    messages = [sent_notice(bob) for _ in range(5)]

    def soft(message):
        return record_delivery_event(message=message, kind="soft", event=f"x:{message.pk}")

    for message in messages[:3]:
        soft(message)
    race_at(
        "preferences.services.delivery_events._is_repeated",
        *[lambda message=message: soft(message) for message in messages[3:]],
    )

    bob.recipient.refresh_from_db()
    assert bob.recipient.unreachable_since is not None


def test_an_address_is_marked_once(bob):
    results = race_at(
        "preferences.services.delivery_events.record_event",
        *[lambda: mark_unreachable(recipient=bob.recipient, reason="550 5.1.1")] * 3,
    )

    assert sorted(results) == [False, False, True]
    assert recorded("address.unreachable") == 1


def test_the_super_users_are_told_once_of_two_notices_that_bounced(bob):
    for message in (sent_notice(bob), sent_notice(bob)):
        record_delivery_event(message=message, kind="hard", event=f"x:{message.pk}")
    reader = bob.recipient

    race_at(
        "preferences.gate.escalation_steps.send_unreachable",
        *[
            lambda escalation=escalation: escalation_steps._take_step(escalation.pk, reader.pk)
            for escalation in Escalation.objects.all()
        ],
    )

    assert recorded("escalation.told") == 1
    assert Escalation.objects.filter(state="told").count() == 2


def test_an_escalation_is_settled_once(bob, olive):  # noqa: F811
    message = sent_notice(bob)
    record_delivery_event(message=message, kind="hard", event="x:1")
    escalation = Escalation.objects.get()

    results = race_at(
        "preferences.services.escalations.end_escalation",
        *[
            lambda how=how: settle_escalation(
                actor=olive, escalation=escalation, how=how, reason="Called the office."
            )
            for how in ("phone", "post")
        ],
    )

    assert won(results) == 1
    assert [r.code for r in results if isinstance(r, EscalationRefused)] == ["ended"]
    assert recorded("escalation.proved") == 1


# --- Campaigns (R46, R49) ---


@pytest.fixture
def campaign(topic, olive):  # noqa: F811
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
    return create_campaign(actor=olive, topic=topic, **words)


def test_a_campaign_is_sent_once(campaign, olive):  # noqa: F811
    results = race_at(
        "preferences.services.campaigns.record_campaign",
        *[lambda: schedule_campaign(actor=olive, campaign=campaign)] * 3,
    )

    assert won(results) == 1
    assert {r.code for r in results if isinstance(r, CampaignRefused)} == {"state"}
    assert recorded("campaign.started") == 1


def test_a_campaign_is_cancelled_or_paused(campaign, olive):  # noqa: F811
    schedule_campaign(actor=olive, campaign=campaign)
    campaign_sending._resolve(campaign.pk)

    cancelled, paused = race_at(
        "preferences.services.campaigns.record_campaign",
        lambda: cancel_campaign(actor=olive, campaign=campaign),
        lambda: pause_campaign(actor=olive, campaign=campaign),
    )

    assert isinstance(cancelled, Campaign)  # what is paused can be cancelled, not the other way
    campaign.refresh_from_db()
    assert campaign.state == "cancelled"
    assert recorded("campaign.paused") == isinstance(paused, Campaign)


def test_two_ticks_start_a_campaign_once(campaign, olive):  # noqa: F811
    campaign = schedule_campaign(actor=olive, campaign=campaign)
    Campaign.objects.filter(pk=campaign.pk).update(state="scheduled")
    before = recorded("campaign.started")

    race_at("preferences.services.campaigns.start_campaign", *[start_due_campaigns] * 2)

    assert recorded("campaign.started") == before + 1


def test_a_campaign_cancelled_while_it_is_resolved_leaves_nothing_waiting(campaign, olive):  # noqa: F811
    schedule_campaign(actor=olive, campaign=campaign)

    race_at(
        "preferences.gate.campaign_sending.resolve_campaign",
        lambda: campaign_sending._resolve(campaign.pk),
        lambda: cancel_campaign(actor=olive, campaign=campaign),
    )

    campaign.refresh_from_db()
    assert campaign.state == "cancelled"
    states = set(Message.objects.filter(campaign=campaign).values_list("state", flat=True))
    assert states <= {MessageState.WITHDRAWN}  # none, if it was cancelled first
