"""Opt-outs that can be undone within ten minutes, in the same browser."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from accounts.models import User
from accounts.services.audit import record_event
from preferences.audience import topic_verdicts
from preferences.choices import ConsentBasis, ConsentSource, Reason
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.services.choices import (
    choose_topics,
    recipient_and_topics_of,
    record_consent,
    stop_all_optional,
)
from preferences.services.opt_outs import OptOut
from preferences.services.recipients import (
    choose_digest,
    lock_acting_recipient,
    pause_optional_mail,
    reschedule_digest,
)


@dataclass(frozen=True)
class OptOutUndo:
    """The result of an undo; true where anything was undone."""

    undone: bool
    left_out: list[Topic] = field(default_factory=list)  # chosen again since

    def __bool__(self) -> bool:
        return self.undone


class _EarlierConsent(NamedTuple):
    """The basis on which a topic was sent before, and since when it runs (None: from now)."""

    basis: str
    since: datetime | None


_EXPRESS = _EarlierConsent(ConsentBasis.EXPRESS, None)


@transaction.atomic
def stop_mail(
    *,
    actor: User | None,
    topics: Sequence[Topic],
    recipient: Recipient | None = None,
    network_address: str | None = None,
) -> OptOut:
    """Say no to these topics, or to all optional email if there are none. Return its opt-out.

    The actor is the person themselves; without one it is a link in an email to `recipient`. Raises
    PermissionDenied for a closed account.
    """
    recipient = lock_acting_recipient(actor, recipient)
    source = _source_of(actor)
    if topics:
        received = _topics_received(recipient, topics)
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
            if record.topic_id in received and _consent_before(recipient, record)
        ]
        return OptOut(recipient.pk, "stop", records)
    earlier = recipient.stopped_id
    stopped = stop_all_optional(
        actor=actor, source=source, network_address=network_address, recipient=recipient
    )
    recipient.refresh_from_db(fields=["stopped"])
    if recipient.stopped_id is None or (earlier and not stopped):
        return OptOut(recipient.pk, "stop")  # nothing was sent before: there is nothing to undo
    # An undo must not lift an earlier stop: then it restores the topics one by one.
    one_by_one = [topic.pk for topic in stopped] if earlier else []
    return OptOut(recipient.pk, "stop", [recipient.stopped_id], one_by_one)


@transaction.atomic
def unsubscribe_by_link(
    *, actor: None, token: str, network_address: str | None = None
) -> tuple[Recipient, list[Topic], OptOut]:
    """Unsubscribe by the page of a link. Return the recipient, the topics and the opt-out.

    No topic means all optional email. Done again, there is nothing to undo. Raises BadToken.
    """
    recipient, topics = recipient_and_topics_of(token)
    with translation.override(recipient.reads):  # the email's language, not the browser's
        opt_out = stop_mail(
            actor=actor, recipient=recipient, topics=topics, network_address=network_address
        )
    return recipient, topics, opt_out


@transaction.atomic
def pause_by_link(*, actor: None, recipient: Recipient, until: datetime) -> OptOut:
    """Pause all optional email. Return its opt-out. Raises like pause_optional_mail."""
    before = lock_acting_recipient(actor, recipient).paused_until
    after = pause_optional_mail(actor=actor, recipient=recipient, until=until).paused_until
    return OptOut(recipient.pk, "pause", before=_text(before), after=_text(after))


@transaction.atomic
def choose_digest_by_link(*, actor: None, recipient: Recipient, digest: str) -> OptOut:
    """Choose a rarer digest. Return its opt-out. Raises like choose_digest."""
    before = lock_acting_recipient(actor, recipient).digest
    after = choose_digest(actor=actor, recipient=recipient, digest=digest).digest
    return OptOut(recipient.pk, "digest", before=before, after=after)


@transaction.atomic
def undo_opt_out(
    *,
    actor: User | None,
    opt_out: OptOut,
    recipient: Recipient | None = None,
    network_address: str | None = None,
) -> OptOutUndo:
    """Undo an opt-out, except for topics that the recipient chose about since, which are named.

    It never restores more than there was: implied consent is implied again and runs from its old
    day, and a topic that was off stays off. A link undoes an opt-out by link, a person their own
    (trigger). Doing it again changes nothing. Raises PermissionDenied for a closed account.
    """
    recipient = lock_acting_recipient(actor, recipient)
    if opt_out.recipient != recipient.pk:
        return OptOutUndo(False)
    if opt_out.kind == "stop":
        refused = ConsentRecord.objects.filter(
            pk__in=opt_out.records,
            recipient=recipient,
            wants=False,
            actor=actor,
            source=_source_of(actor),
        ).select_related("topic")
        undone = [
            _undo_stop(actor, recipient, record, opt_out.topics, network_address)
            if record.topic is None
            else _undo_topic(actor, recipient, record, record.topic, network_address)
            for record in refused
        ]
        left_out = [
            record.topic
            for record, is_undone in zip(refused, undone, strict=True)
            if record.topic is not None and not is_undone
        ]
        return OptOutUndo(any(undone), left_out)
    if not _is_unchanged(recipient, opt_out):
        return OptOutUndo(False)
    if opt_out.kind == "pause":
        recipient.paused_until = datetime.fromisoformat(opt_out.before) if opt_out.before else None
    else:
        recipient.digest, recipient.digest_by_link = opt_out.before, False
        reschedule_digest(recipient)
    recipient.save(update_fields=["paused_until", "digest", "digest_by_link"])
    record_event(kind="optional_mail.link_undone", actor=actor, person=recipient.user)
    return OptOutUndo(True)


def _source_of(actor: User | None) -> ConsentSource:
    return ConsentSource.PAGE if actor else ConsentSource.MAIL_LINK


def _topics_received(recipient: Recipient, topics: Sequence[Topic]) -> set[int | None]:
    """Return the keys of the topics that the recipient gets now, or will after a pause."""
    verdicts = topic_verdicts(topics=[topic.pk for topic in topics], recipients=[recipient.pk])
    return {
        verdict.topic_id for verdict in verdicts if verdict.send or verdict.reason == Reason.PAUSED
    }


def _was_followed(recipient: Recipient, record: ConsentRecord) -> bool:
    """Return whether a later record of the recipient concerns the same topic."""
    later = ConsentRecord.objects.filter(recipient=recipient, pk__gt=record.pk)
    if record.topic_id is not None:
        later = later.filter(Q(topic=record.topic_id) | Q(topic=None))
    return later.exists()


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _is_unchanged(recipient: Recipient, opt_out: OptOut) -> bool:
    """Return whether the pause or digest is still the one that the link set."""
    if opt_out.before == opt_out.after:
        return False
    if opt_out.kind == "pause":
        return opt_out.after == _text(recipient.paused_until)
    return recipient.digest_by_link and opt_out.after == recipient.digest


def _undo_stop(
    actor: User | None,
    recipient: Recipient,
    record: ConsentRecord,
    topics: list[int],
    network_address: str | None,
) -> bool:
    """Undo a stop of everything. Over an earlier stop, restore only the topics it added."""
    if recipient.stopped_id != record.pk or _was_followed(recipient, record):
        return False
    wanted: list[Topic | None] = [None]
    if topics:  # chosen after the earlier stop, and not changed since
        chosen = Choice.objects.filter(
            recipient=recipient, topic__in=topics, wants=True, consent__lt=record.pk
        )
        wanted = [choice.topic for choice in chosen.select_related("topic")]
    for topic in wanted:
        _record_undo(actor, recipient, topic, network_address, _EXPRESS)
    record_event(
        kind="optional_mail.undone" if actor else "optional_mail.link_undone",
        actor=actor,
        person=recipient.user,
    )
    return True


def _record_undo(
    actor: User | None,
    recipient: Recipient,
    topic: Topic | None,
    network_address: str | None,
    earlier: _EarlierConsent,
) -> None:
    record_consent(
        actor=actor,
        recipient=recipient,
        topic=topic,
        wants=True,
        source=ConsentSource.UNDO,
        network_address=network_address,
        basis=earlier.basis,
        at=earlier.since,
    )


def _consent_before(recipient: Recipient, refusal: ConsentRecord) -> _EarlierConsent | None:
    """Return the consent that an opt-out ended; None where the topic was not sent before it."""
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
            return None  # only the company had added them, which an undo cannot restore
        return _EarlierConsent(ConsentBasis.CONTRACT, recipient.user.created_at)
    if not before.wants:
        return None
    return (
        _EXPRESS
        if before.basis == ConsentBasis.EXPRESS
        else _EarlierConsent(before.basis, before.at)
    )


def _undo_topic(
    actor: User | None,
    recipient: Recipient,
    record: ConsentRecord,
    topic: Topic,
    network_address: str | None,
) -> bool:
    """Undo the opt-out of one topic, with the basis it had before."""
    if _was_followed(recipient, record):
        return False
    earlier = _consent_before(recipient, record)
    if earlier is None:
        return False
    _record_undo(actor, recipient, topic, network_address, earlier)
    record_event(
        kind="topic.undone" if actor else "topic.link_undone",
        actor=actor,
        person=recipient.user,
        topic=topic.names,
    )
    return True
