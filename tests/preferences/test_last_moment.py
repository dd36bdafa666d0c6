"""An opt-out during a campaign applies to every email not yet begun (R45)."""

import pytest

from preferences.choices import Reason
from preferences.gate import campaign_sending
from preferences.models import DeliveryDecision, Message, NoticeClass
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topic
from preferences.services.customer_email import deny_topic

WORDS = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}


@pytest.fixture
def slow(monkeypatch):
    """A mail server so slow that every answer is old; `meanwhile` happens during the first mail."""
    happened = []

    def during_the_first(meanwhile):
        send = campaign_sending.carry_out

        def carry_out(message, answer):
            state = send(message, answer)
            if answer.send and not happened:
                happened.append(message.recipient_id)
                meanwhile(message.recipient)
            return state

        monkeypatch.setattr(campaign_sending, "carry_out", carry_out)
        return happened

    monkeypatch.setattr(campaign_sending, "FRESH", -1)
    return during_the_first


def outcomes(campaign):
    rows = DeliveryDecision.objects.filter(message__campaign=campaign)
    return {row.message.recipient: (row.outcome, row.reason) for row in rows}


def test_an_opt_out_during_the_batch_stops_the_email(slow, olive, newsletter, alice, bob, deliver):
    people = {person.recipient: person for person in (alice, bob)}

    def everyone_says_no(_first):
        for person in people.values():
            choose_topic(actor=person, topic=newsletter, wants=False)

    happened = slow(everyone_says_no)
    made = create_campaign(actor=olive, topic=newsletter, **WORDS)
    schedule_campaign(actor=olive, campaign=made)
    deliver()
    kept_back = [reader for reader in people if reader.pk != happened[0]]
    assert kept_back
    assert {outcomes(made)[reader] for reader in kept_back} == {("skipped", Reason.CHOSE_NO)}


def test_a_denial_during_the_batch_stops_the_email(
    slow, olive, newsletter, alice, alder, bob, emma, deliver
):
    happened = slow(lambda _first: deny_topic(actor=alice, customer=alder, topic=newsletter))
    made = create_campaign(actor=olive, topic=newsletter, **WORDS)
    schedule_campaign(actor=olive, campaign=made)
    deliver()
    ours = [p.recipient for p in (alice, bob, emma) if p.recipient.pk != happened[0]]
    assert {outcomes(made)[reader] for reader in ours} == {("skipped", Reason.DENIED)}


def test_a_notice_is_not_checked_again_R42(slow, olive, newsletter, alice, bob, deliver):
    slow(lambda _first: choose_topic(actor=bob, topic=newsletter, wants=False))
    made = create_campaign(actor=olive, notice_class=NoticeClass.objects.get(code="legal"), **WORDS)
    schedule_campaign(actor=olive, campaign=made)
    deliver()
    assert set(Message.objects.filter(campaign=made).values_list("state", flat=True)) == {"sent"}
