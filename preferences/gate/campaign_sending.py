"""Sending a campaign: its audience is resolved in one statement, then sent slice by slice.

A slice ends after a second, so that a notice never waits for a campaign: its job comes first. The
sweep (sweep.py) finds the messages that a slice claimed and did not finish, once the claim has
expired, so a worker killed anywhere loses nothing.
"""

import time
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from preferences.audience import resolve_campaign, topic_verdicts
from preferences.choices import CampaignState, Digest, MessageState, Reason
from preferences.gate.delivery import (
    BATCH_LEASE,
    claim_messages,
    decide_sending,
    release,
    send_or_skip,
)
from preferences.gate.envelope import mail_domain
from preferences.gate.holds import is_held
from preferences.models import Campaign, Message, Recipient, Topic
from preferences.selectors import SendDecision, campaign_recipients
from preferences.services.recipients import follow_changed_addresses, next_digest

SLICE = 1.0  # seconds that a worker sends one campaign before it looks for more urgent jobs
BATCH = 100  # messages claimed and decided at once
DECISION_LIFETIME = 1.0  # seconds; then it is asked again, in case of an opt-out meanwhile (R45)
MAX_FAILURES_IN_A_ROW = 3  # then the transport is down, and the rest can wait


def dispatch(pk: int) -> bool:
    """Send a slice of a running campaign. Return whether more of it can be sent now."""
    campaign = _resolve(pk)
    if campaign is None or is_held(campaign):
        return False
    until = time.monotonic() + SLICE
    while time.monotonic() < until:
        batch = _claim_batch(campaign)
        if not batch:
            return False
        if not _send_batch(campaign, batch):
            return False  # the periodic tick tries again within a minute
    return True


def _resolve(pk: int) -> Campaign | None:
    """Return the campaign if it is running, with its audience resolved; else None."""
    with transaction.atomic(durable=True):
        campaign = Campaign.objects.select_for_update().get(pk=pk)
        if campaign.state != CampaignState.RUNNING:
            return None
        resolve_audience(campaign)
        campaign.last_slice_at = timezone.now()
        campaign.save(update_fields=["resolved_at", "last_slice_at"])
    return campaign


def resolve_audience(campaign: Campaign) -> None:
    """Decide on every candidate and write the messages, once; the caller holds the lock and saves.

    `resolved_at` says when it was done.
    """
    if campaign.resolved_at is None:
        follow_changed_addresses(actor=None)
        resolve_campaign(campaign=campaign, recipients=campaign_recipients(campaign))
        queue_messages(campaign)
        campaign.resolved_at = timezone.now()


def queue_messages(campaign: Campaign) -> int:
    """Write a message for every candidate to be sent to, in one statement. Return how many (R49).

    People who chose digests get it with the next one, unless it is urgent or mandatory. The text
    is the campaign's, so a message has no content of its own.
    """
    now = timezone.now()
    may_wait = campaign.topic_id is not None and not campaign.urgent
    # Random for each: a recipient who guesses another's Message-ID could forge its bounce.
    unguessable = {"postgresql": "gen_random_uuid()", "sqlite": "hex(randomblob(16))"}[
        connection.vendor
    ]
    chosen = f"r.digest = '{Digest.DAILY.value}' OR r.digest = '{Digest.WEEKLY.value}'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO preferences_message
                (recipient_id, address, campaign_id, topic_id, notice_class_id, subject,
                 content_hash, message_id, state, created_at, due_at, attempts, last_error,
                 in_digest)
            SELECT r.id, COALESCE(u.email, r.address), k.campaign_id, c.topic_id, c.notice_class_id,
                c.subject_en, '', '<' || c.id || '.' || r.id || '.' || {unguessable} || '@'
                    || %s || '>',
                'queued', %s,
                CASE WHEN NOT %s THEN %s
                    WHEN r.digest = '{Digest.DAILY.value}' THEN %s
                    WHEN r.digest = '{Digest.WEEKLY.value}' THEN %s ELSE %s END,
                0, '', %s AND ({chosen})
            FROM preferences_candidate k
            JOIN preferences_campaign c ON c.id = k.campaign_id
            JOIN preferences_recipient r ON r.id = k.recipient_id
            LEFT JOIN accounts_user u ON u.id = r.user_id
            WHERE k.campaign_id = %s AND k.send
            ON CONFLICT DO NOTHING""",  # noqa: S608 -- fixed words of ours
            [
                mail_domain(),
                now,
                may_wait,
                now,
                next_digest(Digest.DAILY, now),
                next_digest(Digest.WEEKLY, now),
                now,
                may_wait,
                campaign.pk,
            ],
        )
        return cursor.rowcount


def _claim_batch(campaign: Campaign) -> list[Message]:
    """Claim the next messages of a running campaign."""
    waiting = Q(state=MessageState.QUEUED, in_digest=False)
    return claim_messages(waiting, limit=BATCH, campaign=campaign)


def _send_batch(campaign: Campaign, batch: list[Message]) -> bool:
    """Decide on each message and send it. Return False where the rest has to wait."""
    topic_decision, decided_at = batch_decisions(batch), time.monotonic()
    give_up_at, failed = decided_at + BATCH_LEASE.total_seconds() / 2, 0
    for place, message in enumerate(batch, start=1):
        if time.monotonic() - decided_at > DECISION_LIFETIME:
            topic_decision, decided_at = batch_decisions(batch[place - 1 :]), time.monotonic()
        state = send_or_skip(message, decide_sending(message, topic_decision))
        failed = failed + 1 if state == MessageState.WAITING else 0
        is_over = state == MessageState.QUEUED or time.monotonic() > give_up_at  # queued: on hold
        if failed == MAX_FAILURES_IN_A_ROW or is_over:
            if batch[place:]:
                release(batch[place:])
            return False
    return True


def batch_decisions(messages: list[Message]) -> Callable[[Recipient, Topic], SendDecision]:
    """Ask for the decisions on all of these in one statement, and return their look-up (R45)."""
    topics = {message.topic_id for message in messages if message.topic_id}
    keys = {message.recipient_id for message in messages if message.recipient_id}
    if topics:
        follow_changed_addresses(actor=None, recipients=Recipient.objects.filter(pk__in=keys))
    verdicts = topics and topic_verdicts(topics=topics, recipients=keys)
    decisions = {
        (v.recipient_id, v.topic_id): SendDecision(v.send, v.reason, v.consent_id)
        for v in verdicts or ()
    }
    unknown = SendDecision(False, Reason.NO_PERSON)
    return lambda recipient, topic: decisions.get((recipient.pk, topic.pk), unknown)
