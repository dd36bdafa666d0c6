"""A reader's yes and no. The consent record is written; the choice follows from it (trigger)."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import User
from accounts.services.audit import record_event
from preferences.choices import UNDOABLE_SOURCES, ConsentBasis, ConsentSource
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hash, wording_hash
from preferences.selectors import centre_of
from preferences.services.recipients import lock_reader, lock_recipient, subscriber_of
from preferences.tokens import read_unsubscribe_token


class TopicRefused(ValidationError):
    """This topic cannot be asked for; the message says why."""


def record_consent(
    *,
    actor: User | None,
    recipient: Recipient,
    topic: Topic | None,
    wants: bool,
    source: str,
    network_address: str | None = None,
    basis: str = ConsentBasis.EXPRESS,
    at: datetime | None = None,
) -> ConsentRecord:
    """Write what a reader said of a topic, or of all optional mail (None), in so many words.

    `at` is now, save for an implied basis that is given back and runs on from its old day. Runs
    inside the caller's transaction, with the recipient's row locked.
    """
    language = (get_language() or recipient.reads)[:2]
    wording = topic.wording if topic else _("All optional mail")
    now = timezone.now()
    return ConsentRecord.objects.create(
        recipient=recipient,
        address_hash=address_hash(recipient.email),
        topic=topic,
        wants=wants,
        basis=basis,
        wording=wording,
        wording_hash=wording_hash(wording),
        language=language if language in Language.values else recipient.reads,
        source=source,
        actor=actor,
        network_address=network_address,
        at=at or now,
        recorded_at=now,
    )


def _stands(recipient: Recipient, topic: Topic, wants: bool, source: str) -> bool:
    """Whether they have said just this, and nothing since."""
    choice = (
        Choice.objects.select_related("consent")
        .filter(recipient=recipient, topic=topic, wants=wants)
        .first()
    )
    if choice is None:
        return False
    if not wants:
        return not _may_be_undone(choice.consent, source)
    express = choice.consent.basis == ConsentBasis.EXPRESS
    return express and choice.consent_id > (recipient.stopped_id or 0)


def _may_be_undone(record: ConsentRecord, source: str) -> bool:
    """Whether the way a no came has an undo: one said another way then stands beside it."""
    return record.source in UNDOABLE_SOURCES and source != record.source


@transaction.atomic
def choose_topics(
    *,
    actor: User | None,
    topics: Iterable[Topic],
    wants: bool,
    source: str = ConsentSource.PAGE,
    network_address: str | None = None,
    recipient: Recipient | None = None,
) -> list[Topic]:
    """Say yes, or no, to these topics for oneself; out: those whose choice changed.

    Without an actor it is a no by the link of a mail to `recipient`. Asking twice is asking once.
    Raises PermissionDenied for a closed account and for a yes of nobody, TopicRefused when a topic
    that is wanted is closed or not the person's.
    """
    if wants and actor is None:
        raise PermissionDenied("a link never enrols (R6)")
    recipient = lock_reader(actor, recipient)
    changed = [topic for topic in topics if not _stands(recipient, topic, wants, source)]
    if wants and actor is not None:
        theirs = set(Topic.objects.visible_to(actor))
        for topic in changed:
            if topic not in theirs:
                raise TopicRefused(_("“%(topic)s” is not offered to you.") % {"topic": topic})
    said = "wanted" if wants else "refused" if actor else "unsubscribed"
    for topic in changed:
        record_consent(
            actor=actor,
            recipient=recipient,
            topic=topic,
            wants=wants,
            source=source,
            network_address=network_address,
        )
        record_event(kind=f"topic.{said}", actor=actor, person=recipient.user, topic=topic.names)
    return changed


def choose_topic(
    *,
    actor: User,
    topic: Topic,
    wants: bool,
    source: str = ConsentSource.PAGE,
    network_address: str | None = None,
) -> Choice:
    """Say yes or no to one topic for oneself. Raises like choose_topics."""
    choose_topics(
        actor=actor, topics=[topic], wants=wants, source=source, network_address=network_address
    )
    return Choice.objects.select_related("consent").get(recipient__user=actor, topic=topic)


@transaction.atomic
def stop_all_optional(
    *,
    actor: User | None,
    source: str = ConsentSource.PAGE,
    network_address: str | None = None,
    recipient: Recipient | None = None,
) -> list[Topic]:
    """Stop every topic, later ones included, until asked for; out: those that were on.

    Without an actor it is the link of a mail to `recipient`. One record says so, whatever was
    chosen before (R15); a yes to a topic that comes after it counts again. Mandatory mail is not
    concerned. Raises PermissionDenied for a closed account.
    """
    recipient = lock_reader(actor, recipient)
    wanted = [row.topic for row in centre_of(recipient).topics if row.wants]
    latest = recipient.consent_records.order_by("-pk").values_list("pk", flat=True).first()
    stop = recipient.stopped
    if stop is None or latest != stop.pk or _may_be_undone(stop, source):
        record_consent(
            actor=actor,
            recipient=recipient,
            topic=None,
            wants=False,
            source=source,
            network_address=network_address,
        )
        kind = "optional_mail.stopped" if actor else "optional_mail.unsubscribed"
        record_event(kind=kind, actor=actor, person=recipient.user)
    return wanted


@transaction.atomic
def resume_optional(
    *, actor: User, source: str = ConsentSource.PAGE, network_address: str | None = None
) -> bool:
    """Take back that all was stopped: what was chosen before counts again.

    Out: whether anything changed. Raises PermissionDenied for a closed account.
    """
    recipient = lock_recipient(actor)
    if recipient.stopped_id is None:
        return False
    record_consent(
        actor=actor,
        recipient=recipient,
        topic=None,
        wants=True,
        source=source,
        network_address=network_address,
    )
    record_event(kind="optional_mail.resumed", actor=actor, person=actor)
    return True


@transaction.atomic
def unsubscribe(
    *, actor: None, token: str, source: str, network_address: str | None = None
) -> tuple[Recipient, list[Topic]]:
    """Say no by a mailed link, without a sign-in; out: for whom and to what, none meaning all.

    Who was only an address is kept as one that wants no mail. Doing it again is success (R6).
    Raises BadToken, whatever is wrong with the token (R4).
    """
    recipient, topics = read_unsubscribe_token(token)
    if recipient.pk is None:
        recipient = subscriber_of(recipient.email, recipient.language)
    with translation.override(recipient.reads):  # the mail's, whatever the browser's
        if topics:
            choose_topics(
                actor=actor,
                topics=topics,
                wants=False,
                source=source,
                network_address=network_address,
                recipient=recipient,
            )
        else:
            stop_all_optional(
                actor=actor,
                source=source,
                network_address=network_address,
                recipient=recipient,
            )
    return recipient, topics
