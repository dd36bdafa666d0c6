"""A campaign on its way: resolved in one statement, then sent slice by slice.

A slice ends after a second, so that a notice never waits for a campaign (its job comes first). What
a slice claimed and could not finish, the sweep finds when the claim has run out (delivery.py): a
worker killed anywhere loses nothing.
"""

import time
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from preferences.audience import resolve_campaign, topic_verdicts
from preferences.choices import UNFINISHED, CampaignState, Digest, MessageState, Reason
from preferences.gate.delivery import LEASE, carry_out, claim_together, decide, release
from preferences.gate.envelope import mail_domain
from preferences.models import Campaign, Message, Recipient, Topic
from preferences.selectors import SendDecision, readers_of
from preferences.services.recipients import follow_changed_addresses, next_digest

SLICE = 1.0  # seconds a worker stays with one campaign before it looks for more urgent jobs
BATCH = 100  # messages claimed, and asked about, at once
FRESH = 1.0  # seconds an answer counts: a slow mail server must not outlive somebody's no (R45)
FAILING = 3  # mails in a row the transport does not take: it is down, and the rest can wait


def dispatch(pk: int) -> bool:
    """Send some of a running campaign; out: whether there is more to send at once."""
    campaign = _resolved(pk)
    if campaign is None:
        return False
    until = time.monotonic() + SLICE
    while time.monotonic() < until:
        batch = _claim_batch(campaign)
        if not batch:
            return False
        if not _send_batch(campaign, batch):
            return False  # the clock tries again within a minute
    return True


def _resolved(pk: int) -> Campaign | None:
    """The campaign, if it is being sent; decided about, if it was not yet."""
    with transaction.atomic(durable=True):
        campaign = Campaign.objects.select_for_update().get(pk=pk)
        if campaign.state != CampaignState.RUNNING:
            return None
        if campaign.resolved_at is None:
            follow_changed_addresses(actor=None)
            resolve_campaign(campaign=campaign, readers=readers_of(campaign))
            queue_messages(campaign)
            campaign.resolved_at = timezone.now()
        campaign.last_slice_at = timezone.now()
        campaign.save(update_fields=["resolved_at", "last_slice_at"])
    return campaign


def queue_messages(campaign: Campaign) -> int:
    """One message for every candidate who gets it, in one statement; out: how many (R49).

    Who reads digests gets it with the next one, unless it is urgent or mandatory. Their words are
    the campaign's, so a message has no content of its own.
    """
    now = timezone.now()
    waits = campaign.topic_id is not None and not campaign.urgent
    # For each its own: who has one mail must not know the Message-ID of another's (forged bounces).
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
                waits,
                now,
                next_digest(Digest.DAILY, now),
                next_digest(Digest.WEEKLY, now),
                now,
                waits,
                campaign.pk,
            ],
        )
        return cursor.rowcount


def _claim_batch(campaign: Campaign) -> list[Message]:
    """The next messages of a campaign that is still being sent, made ours."""
    waiting = Q(state=MessageState.QUEUED, in_digest=False)
    return claim_together(waiting, most=BATCH, campaign=campaign)


def _send_batch(campaign: Campaign, batch: list[Message]) -> bool:
    """Decide on each and send it; out: False when the transport takes nothing any more."""
    ask, asked_at = asked_together(batch), time.monotonic()
    give_up, failed = asked_at + LEASE.total_seconds() / 2, 0
    for place, message in enumerate(batch, start=1):
        if time.monotonic() - asked_at > FRESH:
            ask, asked_at = asked_together(batch[place - 1 :]), time.monotonic()
        state = carry_out(message, decide(message, ask))
        failed = failed + 1 if state == MessageState.WAITING else 0
        if failed == FAILING or time.monotonic() > give_up:
            if batch[place:]:
                release(batch[place:])
            return False
    return True


def asked_together(messages: list[Message]) -> Callable[[Recipient, Topic], SendDecision]:
    """What answers for each of these at this moment, asked in one statement (R45)."""
    topics = {message.topic_id for message in messages if message.topic_id}
    readers = {message.recipient_id for message in messages if message.recipient_id}
    if topics:
        follow_changed_addresses(actor=None, readers=Recipient.objects.filter(pk__in=readers))
    verdicts = topics and topic_verdicts(topics=topics, readers=readers)
    answers = {
        (v.recipient_id, v.topic_id): SendDecision(v.send, v.reason, v.consent_id)
        for v in verdicts or ()
    }
    nobody = SendDecision(False, Reason.NO_PERSON)
    return lambda reader, topic: answers.get((reader.pk, topic.pk), nobody)


def finished_campaigns() -> list[Campaign]:
    """Those being sent of which nothing is left to send, digests included."""
    unfinished = Message.objects.filter(state__in=UNFINISHED, campaign__isnull=False)
    return list(
        Campaign.objects.filter(state=CampaignState.RUNNING, resolved_at__isnull=False).exclude(
            pk__in=unfinished.values("campaign")
        )
    )
