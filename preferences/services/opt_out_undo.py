"""What a reader takes away in one act, on their page or by a mail's link, and its undo: within ten
minutes, in the same browser."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core import signing
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.services.audit import record_event
from preferences.audience import topic_verdicts
from preferences.choices import ConsentBasis, ConsentSource, Reason
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.services.choices import choose_topics, record_consent, stop_all_optional
from preferences.services.recipients import (
    choose_digest,
    keep_rhythm,
    lock_reader,
    pause_optional_mail,
)

UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class OptOut:
    """What one act took away; the browser keeps it, signed.

    `records` are the refusals it wrote that can be taken back; `topics` what a stop of everything
    added to an earlier one; `was` and `now` the pause or the rhythm (`kind`) before and after.
    """

    recipient: int
    kind: str  # stop, pause, digest
    records: list[int] = field(default_factory=list)
    topics: list[int] = field(default_factory=list)
    was: str = ""
    now: str = ""

    @property
    def took(self) -> bool:
        """Whether there is anything to give back."""
        return bool(self.records) or self.was != self.now


class _Ground(NamedTuple):
    """On what a topic came: its basis, and since when that runs (None: asked for)."""

    basis: str
    since: datetime | None


_ASKED = _Ground(ConsentBasis.EXPRESS, None)


@transaction.atomic
def stop_mail(
    *,
    actor: User | None,
    topics: Sequence[Topic],
    recipient: Recipient | None = None,
    network_address: str | None = None,
) -> OptOut:
    """Say no to these topics, or without any to all optional mail; out: what can be undone.

    In: the person for themselves, or no actor and the reader of a mail's link. Raises
    PermissionDenied for a closed account.
    """
    recipient = lock_reader(actor, recipient)
    source = _way_of(actor)
    if topics:
        came = _coming(recipient, topics)
        changed = choose_topics(
            actor=actor,
            topics=topics,
            wants=False,
            source=source,
            network_address=network_address,
            recipient=recipient,
        )
        choices = Choice.objects.filter(recipient=recipient, topic__in=changed)
        refused = [choice.consent for choice in choices.select_related("consent", "topic")]
        records = [
            record.pk
            for record in refused
            if record.topic_id in came and _ground(recipient, record)
        ]
        return OptOut(recipient.pk, "stop", records)
    earlier = recipient.stopped_id
    stopped = stop_all_optional(
        actor=actor, source=source, network_address=network_address, recipient=recipient
    )
    recipient.refresh_from_db(fields=["stopped"])
    if recipient.stopped_id is None or (earlier and not stopped):
        return OptOut(recipient.pk, "stop")  # nothing came: there is nothing to give back
    # Where an earlier stop stood, taking this one back must not lift that: topics come back alone.
    one_by_one = [topic.pk for topic in stopped] if earlier else []
    return OptOut(recipient.pk, "stop", [recipient.stopped_id], one_by_one)


@transaction.atomic
def pause_by_link(*, actor: None, recipient: Recipient, until: datetime) -> OptOut:
    """Hold all optional mail; out: what can be undone. Raises like pause_optional_mail."""
    before = lock_reader(actor, recipient).paused_until
    after = pause_optional_mail(actor=actor, recipient=recipient, until=until).paused_until
    return OptOut(recipient.pk, "pause", was=_text(before), now=_text(after))


@transaction.atomic
def space_by_link(*, actor: None, recipient: Recipient, digest: str) -> OptOut:
    """Make optional mail rarer; out: what can be undone. Raises like choose_digest."""
    before = lock_reader(actor, recipient).digest
    after = choose_digest(actor=actor, recipient=recipient, digest=digest).digest
    return OptOut(recipient.pk, "digest", was=before, now=after)


@transaction.atomic
def undo_opt_out(
    *,
    actor: User | None,
    opt_out: OptOut,
    recipient: Recipient | None = None,
    network_address: str | None = None,
) -> bool:
    """Give back what one act took away, unless something was said since; out: whether it did.

    Never more than was there before: an implied consent is implied again and runs from its old
    day; a topic that was off stays off. A link undoes what a link did, a person what they did
    themselves (trigger). Doing it again changes nothing. Raises PermissionDenied for a closed
    account.
    """
    recipient = lock_reader(actor, recipient)
    if opt_out.recipient != recipient.pk:
        return False
    if opt_out.kind == "stop":
        refused = ConsentRecord.objects.filter(
            pk__in=opt_out.records,
            recipient=recipient,
            wants=False,
            actor=actor,
            source=_way_of(actor),
        ).select_related("topic")
        done = [
            _take_back_stop(actor, recipient, record, opt_out.topics, network_address)
            if record.topic is None
            else _take_back(actor, recipient, record, record.topic, network_address)
            for record in refused
        ]
        return any(done)
    if not _stands_as_left(recipient, opt_out):
        return False
    if opt_out.kind == "pause":
        recipient.paused_until = datetime.fromisoformat(opt_out.was) if opt_out.was else None
    else:
        recipient.digest, recipient.digest_by_link = opt_out.was, False
        keep_rhythm(recipient)
    recipient.save(update_fields=["paused_until", "digest", "digest_by_link"])
    record_event(kind="optional_mail.link_undone", actor=actor, person=recipient.user)
    return True


def sign_opt_out(opt_out: OptOut, purpose: str) -> str:
    """What a browser keeps of an act: signed for one purpose, read back by `opened`."""
    return signing.dumps(asdict(opt_out), salt=purpose)


def read_opt_out(kept: str, purpose: str) -> OptOut | None:
    """What was sealed for this purpose in the last ten minutes; None for anything else."""
    try:
        return OptOut(**signing.loads(kept, salt=purpose, max_age=UNDO_WITHIN))
    except signing.BadSignature:
        return None


def _way_of(actor: User | None) -> ConsentSource:
    return ConsentSource.PAGE if actor else ConsentSource.MAIL_LINK


def _coming(recipient: Recipient, topics: Sequence[Topic]) -> set[int | None]:
    """Which of these they get now, or after a pause."""
    verdicts = topic_verdicts(topics=[topic.pk for topic in topics], readers=[recipient.pk])
    return {one.topic_id for one in verdicts if one.send or one.reason == Reason.PAUSED}


def _said_since(recipient: Recipient, record: ConsentRecord) -> bool:
    """Whether the reader said anything that concerns what a record is about after it."""
    later = ConsentRecord.objects.filter(recipient=recipient, pk__gt=record.pk)
    if record.topic_id is not None:
        later = later.filter(Q(topic=record.topic_id) | Q(topic=None))
    return later.exists()


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _stands_as_left(recipient: Recipient, opt_out: OptOut) -> bool:
    """Whether a pause or a rhythm is still the one that the link set, and nobody's own."""
    if opt_out.was == opt_out.now:
        return False
    if opt_out.kind == "pause":
        return opt_out.now == _text(recipient.paused_until)
    return recipient.digest_by_link and opt_out.now == recipient.digest


def _take_back_stop(
    actor: User | None,
    recipient: Recipient,
    record: ConsentRecord,
    topics: list[int],
    network_address: str | None,
) -> bool:
    """Lift the stop of everything, or, over an earlier one, what it had added to it."""
    if recipient.stopped_id != record.pk or _said_since(recipient, record):
        return False
    wanted: list[Topic | None] = [None]
    if topics:  # each had been asked for after the earlier stop, and nothing was said since
        chosen = Choice.objects.filter(
            recipient=recipient, topic__in=topics, wants=True, consent__lt=record.pk
        )
        wanted = [choice.topic for choice in chosen.select_related("topic")]
    for topic in wanted:
        _give_back(actor, recipient, topic, network_address, _ASKED)
    record_event(
        kind="optional_mail.undone" if actor else "optional_mail.link_undone",
        actor=actor,
        person=recipient.user,
    )
    return True


def _give_back(
    actor: User | None,
    recipient: Recipient,
    topic: Topic | None,
    network_address: str | None,
    ground: _Ground,
) -> None:
    record_consent(
        actor=actor,
        recipient=recipient,
        topic=topic,
        wants=True,
        source=ConsentSource.UNDO,
        network_address=network_address,
        basis=ground.basis,
        at=ground.since,
    )


def _ground(recipient: Recipient, refusal: ConsentRecord) -> _Ground | None:
    """On what the topic of a refusal came before it; None where it did not come."""
    topic = refusal.topic
    before = (
        ConsentRecord.objects.filter(recipient=recipient, topic=topic, pk__lt=refusal.pk)
        .order_by("-pk")
        .first()
    )
    if recipient.stopped_id is not None and recipient.stopped_id > (before.pk if before else 0):
        return None  # all was stopped since
    if before is None:
        if recipient.user is None or topic is None or not topic.default_on:
            return None  # it came by the company's wish alone: that is not the reader's to say
        return _Ground(ConsentBasis.CONTRACT, recipient.user.created_at)
    if not before.wants:
        return None
    return _ASKED if before.basis == ConsentBasis.EXPRESS else _Ground(before.basis, before.at)


def _take_back(
    actor: User | None,
    recipient: Recipient,
    record: ConsentRecord,
    topic: Topic,
    network_address: str | None,
) -> bool:
    """Undo the refusal of one topic, with the very basis it had."""
    if _said_since(recipient, record):
        return False
    ground = _ground(recipient, record)
    if ground is None:
        return False
    _give_back(actor, recipient, topic, network_address, ground)
    record_event(
        kind="topic.undone" if actor else "topic.link_undone",
        actor=actor,
        person=recipient.user,
        topic=topic.names,
    )
    return True
