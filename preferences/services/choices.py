"""A person's yes and no. The consent record is written; the choice follows from it (trigger)."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import User
from accounts.services.audit import record_event
from preferences.choices import ConsentSource
from preferences.models import Choice, ConsentRecord, Topic
from preferences.models.consent import address_hash, wording_hash
from preferences.selectors import preference_centre
from preferences.tokens import read_unsubscribe_token


class TopicRefused(ValidationError):
    """This topic cannot be asked for; the message says why."""


def _lock(person: User) -> User:
    """One choice of a person at a time, so that the latest record is the one that counts."""
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def _record(
    person: User,
    topic: Topic,
    *,
    wants: bool,
    source: str,
    actor: User | None,
    network_address: str | None,
) -> None:
    language = (get_language() or person.language)[:2]
    ConsentRecord.objects.create(
        user=person,
        address_hash=address_hash(person.email),
        topic=topic,
        wants=wants,
        wording=topic.wording,
        wording_hash=wording_hash(topic.wording),
        language=language if language in Language.values else person.language,
        source=source,
        actor=actor,
        network_address=network_address,
    )


def _is(person: User, topic: Topic, wants: bool) -> bool:
    return Choice.objects.filter(user=person, topic=topic, wants=wants).exists()


@transaction.atomic
def choose_topics(
    *,
    actor: User,
    topics: Iterable[Topic],
    wants: bool,
    source: str = ConsentSource.PAGE,
    network_address: str | None = None,
) -> list[Topic]:
    """Say yes, or no, to these topics for oneself; out: those whose choice changed.

    Asking twice is asking once. Raises PermissionDenied for a closed account, TopicRefused when a
    topic that is wanted is closed or not the person's.
    """
    person = _lock(actor)
    if not person.is_active:
        raise PermissionDenied("the account is closed")
    changed = [topic for topic in topics if not _is(person, topic, wants)]
    if wants:
        theirs = set(Topic.objects.visible_to(person))
        for topic in changed:
            if topic not in theirs:
                raise TopicRefused(_("“%(topic)s” is not offered to you.") % {"topic": topic})
    for topic in changed:
        _record(
            person,
            topic,
            wants=wants,
            source=source,
            actor=person,
            network_address=network_address,
        )
        record_event(
            kind="topic.wanted" if wants else "topic.refused",
            actor=person,
            person=person,
            topic=topic.names,
        )
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
    return Choice.objects.select_related("consent").get(user=actor, topic=topic)


@transaction.atomic
def stop_all_optional(*, actor: User, network_address: str | None = None) -> list[Topic]:
    """Say no to every topic, later ones included, until asked for; out: those that were on.

    Mandatory mail is not concerned. Raises PermissionDenied for a closed account.
    """
    person = _lock(actor)
    if not person.is_active:
        raise PermissionDenied("the account is closed")
    wanted = [row.topic for row in preference_centre(person).topics if row.wants]
    once = ConsentRecord.objects.filter(user=person, source=ConsentSource.STOP_ALL).exists()
    stopped = [
        topic
        for topic in Topic.objects.filter(active=True)
        if not once or not _is(person, topic, False)
    ]
    for topic in stopped:
        _record(
            person,
            topic,
            wants=False,
            source=ConsentSource.STOP_ALL,
            actor=person,
            network_address=network_address,
        )
    if stopped:
        record_event(
            kind="optional_mail.stopped",
            actor=person,
            person=person,
            topics={
                language: ", ".join(topic.names[language] for topic in stopped)
                for language in Language.values
            },
        )
    return wanted


@transaction.atomic
def unsubscribe(
    *, actor: None, token: str, source: str, network_address: str | None = None
) -> tuple[User, Topic]:
    """Say no by a mailed link, without a sign-in; out: for whom and to what.

    Doing it again is success (R6). Raises BadToken, whatever is wrong with the token (R4).
    """
    person, topic = read_unsubscribe_token(token)
    person = _lock(person)
    if _is(person, topic, False):
        return person, topic
    with translation.override(person.language):  # the mail's, whatever the browser's
        _record(
            person,
            topic,
            wants=False,
            source=source,
            actor=actor,
            network_address=network_address,
        )
        record_event(kind="topic.unsubscribed", actor=actor, person=person, topic=topic.names)
    return person, topic
