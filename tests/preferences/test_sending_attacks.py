"""Attacks on sending: rows that would stop a notice, and messages that never end."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.services.memberships import suspend_membership
from hub.logs import hide_secrets
from preferences.choices import CampaignState, MessageState
from preferences.gate import campaign_sending, digests
from preferences.models import Campaign, Candidate, Message, NoticeClass, Topic
from preferences.models.consent import address_hash
from preferences.selectors import find_recipient
from preferences.services.campaigns import (
    cancel_campaign,
    create_campaign,
    schedule_campaign,
    start_due_campaigns,
)
from preferences.services.recipients import choose_digest, follow_address

WORDS = {"subject_en": "A", "subject_fr": "B", "body_en": "C", "body_fr": "D"}


@pytest.fixture
def topic(db):
    return Topic.objects.get(slug="newsletter")


def row(campaign, person, **values):
    """A message put in before the engine writes its own: two of a campaign cannot be."""
    common = {
        "campaign": campaign, "recipient": person.recipient, "address": person.email,
        "notice_class_id": campaign.notice_class_id, "topic_id": campaign.topic_id,
        "subject": "x", "content_hash": "", "message_id": "<mine@x>",
    }  # fmt: skip
    return Message(**{**common, **values})


@pytest.mark.parametrize(
    "forged",
    [
        {"state": MessageState.SENT},
        {"state": MessageState.FAILED},
        {"state": MessageState.WITHDRAWN},
        {"state": MessageState.CLAIMED},
        {"address": "elsewhere@evil.example"},
        {"notice_class_id": None, "topic": "newsletter"},
        {"notice_class_id": "security"},
    ],
)
def test_no_row_replaces_a_notice_R38(olive, bob, topic, forged):
    campaign = create_campaign(
        actor=olive, notice_class=NoticeClass.objects.get(code="legal"), **WORDS
    )
    values = {**forged, **({"topic": topic} if "topic" in forged else {})}
    for write in (
        lambda: row(campaign, bob, **values).save(force_insert=True),
        lambda: Message.objects.bulk_create([row(campaign, bob, **values)]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()


def test_a_skipped_candidate_cannot_become_a_notice_R38(olive, bob, topic):
    """Decided as optional mail, then turned into a notice: Bob would be left out of it."""
    campaign = create_campaign(actor=olive, topic=topic, **WORDS)
    Candidate.objects.create(
        campaign=campaign, recipient=bob.recipient, send=False, reason="chose_no"
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(topic=None, notice_class_id="legal")


def test_a_campaign_being_sent_cannot_become_a_draft(olive, topic):
    campaign = create_campaign(actor=olive, topic=topic, **WORDS)
    schedule_campaign(actor=olive, campaign=campaign)
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.DRAFT)


def test_a_message_released_after_the_cancel_is_withdrawn_R46(olive, topic, bob, consent):
    consent(bob.recipient, topic)
    campaign = create_campaign(actor=olive, topic=topic, **WORDS)
    schedule_campaign(actor=olive, campaign=campaign)
    campaign_sending._resolve(campaign.pk)
    batch = campaign_sending._claim_batch(campaign)
    assert batch
    cancel_campaign(actor=olive, campaign=campaign)
    Message.objects.filter(pk=batch[0].pk).update(state=MessageState.WAITING)  # it was tried
    campaign_sending.release(batch)  # the transport was down, and a worker gave its batch back
    assert Message.objects.get(pk=batch[0].pk).state == MessageState.WAITING

    start_due_campaigns()
    assert set(campaign.messages.values_list("state", flat=True)) == {MessageState.WITHDRAWN}
    assert not campaign.messages.filter(decision=None).exists()


@pytest.mark.parametrize("end", ["transport down", "worker killed"])
def test_a_claimed_digest_is_withdrawn_at_the_cancel_R46(
    olive, topic, bob, consent, monkeypatch, end
):
    choose_digest(actor=bob, digest="daily")
    consent(bob.recipient, topic)
    campaign = create_campaign(actor=olive, topic=topic, **WORDS)
    schedule_campaign(actor=olive, campaign=campaign)
    campaign_sending._resolve(campaign.pk)
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False) as clock:
        real = digests._claim

        def claim_then_cancel(pk):
            held = real(pk)
            cancel_campaign(actor=olive, campaign=campaign)
            return held if end == "transport down" else []

        monkeypatch.setattr(digests, "_claim", claim_then_cancel)
        monkeypatch.setattr(digests, "send", lambda mail: 0)
        digests.deliver_digest(bob.recipient.pk)
        assert campaign.messages.filter(in_digest=True, decision=None).exists()
        clock.shift(timedelta(hours=1))
        start_due_campaigns()
    assert not campaign.messages.filter(decision=None).exists()


def test_a_new_secret_key_reveals_no_address(bob, settings):
    """Else the next save of a person would call a dead address alive."""
    reader = bob.recipient
    follow_address(actor=None, recipient=reader)
    reader.unreachable_since = timezone.now()
    reader.save(update_fields=["unreachable_since"])
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "y" * 50
    follow_address(actor=None, recipient=reader)
    reader.refresh_from_db()
    assert reader.unreachable_since is not None
    assert reader.address_hash == address_hash(bob.email)
    assert find_recipient(bob.email) == reader


def test_suspending_a_member_does_not_stop_their_notices_R43(olive, alice, bob):
    suspend_membership(actor=alice, membership=bob.memberships.get())
    campaign = create_campaign(
        actor=olive, notice_class=NoticeClass.objects.get(code="legal"), **WORDS
    )
    schedule_campaign(actor=olive, campaign=campaign)
    campaign_sending._resolve(campaign.pk)
    assert campaign.messages.filter(recipient=bob.recipient).exists()


@pytest.mark.parametrize("path", ["/preferences/mail/", "/subscribe/confirm/"])
def test_no_log_has_a_token(path):
    for line in (f"Not Found: {path}SECRET/", f"next={path.replace('/', '%2F')}SECRET%2F"):
        assert "SECRET" not in hide_secrets(None, "warning", line)
