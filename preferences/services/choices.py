"""Yes and no to topics. These services write consent records; a trigger writes the choices."""

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
from preferences.services.recipients import (
    get_or_create_subscriber,
    lock_acting_recipient,
    lock_recipient,
)
from preferences.signals import topics_wanted
from preferences.tokens import read_unsubscribe_token


class TopicRefused(ValidationError):
    """The topic is closed or not offered to this person; the message says which."""


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
    """Record a yes or no to a topic, or to all optional email (None), with the text shown.

    `at` is now, except for an implied basis that an undo restores: it runs from its old day. Runs
    inside the caller's transaction, with the recipient's row locked.
    """
    language = (get_language() or recipient.reads)[:2]
    wording = topic.wording if topic else _("All optional email")
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


def _is_current(recipient: Recipient, topic: Topic, wants: bool, source: str) -> bool:
    """Return whether this is already their choice, so that nothing needs recording."""
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
    """Return whether the earlier no can be undone: then a no by another way is recorded too."""
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
    """Say yes or no to topics for oneself. Return the topics whose choice changed.

    Without an actor it is a no by a link in an email to `recipient`. Doing it twice changes
    nothing. Raises PermissionDenied for a closed account and for a yes without an actor,
    TopicRefused for a yes to a topic that is closed or not offered to the person.
    """
    if wants and actor is None:
        raise PermissionDenied("a link never enrols (R6)")
    recipient = lock_acting_recipient(actor, recipient)
    changed = [topic for topic in topics if not _is_current(recipient, topic, wants, source)]
    if wants and actor is not None:
        offered = set(Topic.objects.visible_to(actor))
        for topic in changed:
            if topic not in offered:
                raise TopicRefused(_("“%(topic)s” is not offered to you.") % {"topic": topic})
        topics_wanted.send(sender=Topic, person=actor, topics=changed)
    kind = "wanted" if wants else "refused" if actor else "unsubscribed"
    for topic in changed:
        record_consent(
            actor=actor,
            recipient=recipient,
            topic=topic,
            wants=wants,
            source=source,
            network_address=network_address,
        )
        record_event(kind=f"topic.{kind}", actor=actor, person=recipient.user, topic=topic.names)
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
    """Stop every topic, later ones included. Return the topics that were on.

    Without an actor it is a link in an email to `recipient`. One record stops them all, whatever
    was chosen before (R15); a later yes to a topic counts again. Notices are still sent. Raises
    PermissionDenied for a closed account.
    """
    recipient = lock_acting_recipient(actor, recipient)
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
    """Lift the stop of all optional email: earlier choices count again.

    Return whether anything changed. Raises PermissionDenied for a closed account.
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
def recipient_and_topics_of(token: str) -> tuple[Recipient, list[Topic]]:
    """Return the recipient and the topics of a link; a new address gets a recipient.

    Raises BadToken, whatever is wrong with the token (R4).
    """
    recipient, topics = read_unsubscribe_token(token)
    if recipient.pk is None:
        recipient = get_or_create_subscriber(recipient.email, recipient.language)
    return recipient, topics


@transaction.atomic
def unsubscribe(
    *, actor: None, token: str, source: str, network_address: str | None = None
) -> tuple[Recipient, list[Topic]]:
    """Unsubscribe by the header of an email, without a page: it cannot be undone.

    Return the recipient and the topics; no topic means all optional email. An address that had no
    recipient gets one, so that its opt-out is kept. Doing it again succeeds (R6). Raises BadToken,
    whatever is wrong with the token (R4).
    """
    recipient, topics = recipient_and_topics_of(token)
    with translation.override(recipient.reads):  # the email's language, not the browser's
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
