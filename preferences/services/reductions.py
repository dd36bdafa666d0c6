"""What the link of a mail takes away, and gives back: within ten minutes, in the same browser."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.services.audit import record_event
from preferences.choices import ConsentBasis, ConsentSource
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.services.choices import choose_topics, record_consent, stop_all_optional
from preferences.services.recipients import (
    choose_digest,
    keep_rhythm,
    lock_reader,
    pause_optional_mail,
)


@dataclass(frozen=True)
class Reduction:
    """What one act by a link took away; the browser keeps it, signed.

    `records` are the refusals it wrote, `topics` what was on before; `was` and `now` are the pause
    or the rhythm (`kind`) before and after.
    """

    recipient: int
    kind: str  # stop, pause, digest
    records: list[int] = field(default_factory=list)
    topics: list[int] = field(default_factory=list)
    was: str = ""
    now: str = ""


@transaction.atomic
def stop_by_link(
    *,
    actor: None,
    recipient: Recipient,
    topics: Sequence[Topic],
    network_address: str | None = None,
) -> Reduction:
    """Say no to these topics, or without any to all optional mail; out: what can be undone."""
    recipient = lock_reader(actor, recipient)
    how: dict[str, Any] = {
        "source": ConsentSource.MAIL_LINK,
        "network_address": network_address,
        "recipient": recipient,
    }
    if topics:
        changed = choose_topics(actor=actor, topics=topics, wants=False, **how)
        choices = Choice.objects.filter(recipient=recipient, topic__in=changed)
        records = list(choices.values_list("consent_id", flat=True))
        return Reduction(recipient.pk, "stop", records, [topic.pk for topic in changed])
    earlier = recipient.stopped_id
    stopped = stop_all_optional(actor=actor, **how)
    recipient.refresh_from_db(fields=["stopped"])
    if recipient.stopped_id is None or (earlier and not stopped):
        return Reduction(recipient.pk, "stop")  # nothing came: there is nothing to give back
    # Where an earlier stop stood, taking this one back must not lift that: topics come back alone.
    one_by_one = [topic.pk for topic in stopped] if earlier else []
    return Reduction(recipient.pk, "stop", [recipient.stopped_id], one_by_one)


@transaction.atomic
def pause_by_link(*, actor: None, recipient: Recipient, until: datetime) -> Reduction:
    """Hold all optional mail; out: what can be undone. Raises like pause_optional_mail."""
    before = lock_reader(actor, recipient).paused_until
    after = pause_optional_mail(actor=actor, recipient=recipient, until=until).paused_until
    return Reduction(recipient.pk, "pause", was=_text(before), now=_text(after))


@transaction.atomic
def space_by_link(*, actor: None, recipient: Recipient, digest: str) -> Reduction:
    """Make optional mail rarer; out: what can be undone. Raises like choose_digest."""
    before = lock_reader(actor, recipient).digest
    after = choose_digest(actor=actor, recipient=recipient, digest=digest).digest
    return Reduction(recipient.pk, "digest", was=before, now=after)


@transaction.atomic
def undo_by_link(
    *,
    actor: None,
    recipient: Recipient,
    reduction: Reduction,
    network_address: str | None = None,
) -> bool:
    """Give back what one act took away, unless something was said since; out: whether it did.

    Never more than was there before: an implied consent is implied again and runs from its old
    day; a topic that was off stays off. Doing it again changes nothing.
    """
    recipient = lock_reader(actor, recipient)
    if reduction.recipient != recipient.pk:
        return False
    if reduction.kind == "stop":
        refused = ConsentRecord.objects.filter(
            pk__in=reduction.records, recipient=recipient, wants=False
        ).select_related("topic")
        done = [
            _take_back_stop(recipient, record, reduction.topics, network_address)
            if record.topic is None
            else _take_back(recipient, record, record.topic, network_address)
            for record in refused
        ]
        return any(done)
    if reduction.was == reduction.now or reduction.now != _state(recipient, reduction.kind):
        return False
    if reduction.kind == "pause":
        recipient.paused_until = datetime.fromisoformat(reduction.was) if reduction.was else None
    else:
        recipient.digest = reduction.was
    recipient.save(update_fields=["paused_until", "digest"])
    keep_rhythm(recipient)
    record_event(kind="optional_mail.link_undone", actor=actor, person=recipient.user)
    return True


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _state(recipient: Recipient, kind: str) -> str:
    return _text(recipient.paused_until) if kind == "pause" else recipient.digest


def _take_back_stop(
    recipient: Recipient, record: ConsentRecord, topics: list[int], network_address: str | None
) -> bool:
    """Lift the stop of everything, or, over an earlier one, what it had added to it."""
    if recipient.stopped_id != record.pk:
        return False
    wanted: list[Topic | None] = [None]
    if topics:  # each had been asked for after the earlier stop, and nothing was said since
        chosen = Choice.objects.filter(
            recipient=recipient, topic__in=topics, wants=True, consent__lt=record.pk
        )
        wanted = [choice.topic for choice in chosen.select_related("topic")]
    for topic in wanted:
        record_consent(
            actor=None,
            recipient=recipient,
            topic=topic,
            wants=True,
            source=ConsentSource.UNDO,
            network_address=network_address,
        )
    record_event(kind="optional_mail.link_undone", actor=None, person=recipient.user)
    return True


def _take_back(
    recipient: Recipient, record: ConsentRecord, topic: Topic, network_address: str | None
) -> bool:
    """Undo the refusal of one topic, with the very basis it had."""
    if not Choice.objects.filter(recipient=recipient, topic=topic, consent=record).exists():
        return False  # something was said since
    before = (
        ConsentRecord.objects.filter(recipient=recipient, topic=topic, pk__lt=record.pk)
        .order_by("-pk")
        .first()
    )
    if recipient.stopped_id is not None and recipient.stopped_id > (before.pk if before else 0):
        return False  # it did not come before, or all was stopped since
    basis, since = ConsentBasis.EXPRESS.value, None
    if before is None:
        if recipient.user is None or not topic.default_on:
            return False  # it came by the company's wish alone: that is not the reader's to say
        basis, since = ConsentBasis.CONTRACT.value, recipient.user.created_at
    elif before.basis != ConsentBasis.EXPRESS:
        basis, since = before.basis, before.at
    record_consent(
        actor=None,
        recipient=recipient,
        topic=topic,
        wants=True,
        source=ConsentSource.UNDO,
        network_address=network_address,
        basis=basis,
        at=since,
    )
    record_event(kind="topic.link_undone", actor=None, person=recipient.user, topic=topic.names)
    return True
