"""Subscribing without an account: what a form may do, and what waits for the mailed link."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from accounts.models import User
from accounts.selectors import is_verified_address
from accounts.services.audit import record_event
from preferences.choices import ConsentSource
from preferences.emails import send_confirmation, send_subscribed
from preferences.models import ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hashes
from preferences.selectors.refusals import refused_addresses, refuses
from preferences.services.choices import record_consent
from preferences.services.recipients import clear_mark, subscriber_of
from preferences.tokens import (
    TopicSignup,
    confirmation_url,
    read_confirmation_token,
    unsubscribe_url,
)


@dataclass(frozen=True)
class Confirmed:
    """What came of a confirmation: the topics that come now, and those left as they were said to
    be since the link was made. A person's address confirms nothing: they sign in.
    """

    signup: TopicSignup
    is_person: bool
    on: list[Topic]
    left: list[Topic]


@transaction.atomic
def ask_to_subscribe(*, actor: None, address: str, language: str, topics: Sequence[Topic]) -> None:
    """Mail the confirmation link to an address, known here or not.

    The mail is the only thing that happens (R6): whoever reads there says yes, or lets it be.
    """
    url = confirmation_url(address=address, language=language, topics=topics)
    send_confirmation(address=address, language=language, topics=topics, link=url)


@transaction.atomic
def subscribe(
    *,
    actor: None,
    address: str,
    language: str,
    topics: Sequence[Topic],
    network_address: str | None = None,
) -> None:
    """Take up what somebody asked for on the public page, whoever they are.

    The address confirms each topic with double opt-in, and whatever concerns a person or was
    refused there before: a form enrols neither (R6, R44). What is left counts at once, with its
    evidence (R17, R20), and a mail says so and how to stop it.
    """
    at_once = [topic for topic in topics if not topic.double_opt_in and topic.is_public]
    if at_once and not (is_person(address) or is_verified_address(address)):
        entered = _enter(address, language, at_once, network_address)
    else:
        entered = []
    if left := [topic for topic in topics if topic not in entered]:
        ask_to_subscribe(actor=actor, address=address, language=language, topics=left)


def _enter(
    address: str, language: str, topics: Sequence[Topic], network_address: str | None
) -> list[Topic]:
    """Write an unconfirmed yes to each topic that nothing said before is against; out: these."""
    with translation.override(language):
        recipient = subscriber_of(address, language)
        if _became_a_persons(recipient):
            return []
        chosen = {choice.topic_id: choice for choice in recipient.choices.all()}
        free = [
            topic
            for topic in topics
            if not refused_addresses([address], topic)
            and not refuses(recipient, chosen.get(topic.pk))
        ]
        wanted = _wanted(recipient)
        for topic in free:
            if topic.pk not in wanted:
                record_consent(
                    actor=None,
                    recipient=recipient,
                    topic=topic,
                    wants=True,
                    source=ConsentSource.FORM,
                    network_address=network_address,
                )
                record_event(kind="topic.entered", actor=None, topic=topic.names)
    if free:
        stop = unsubscribe_url(recipient, *free)
        send_subscribed(address=address, language=language, topics=free, link=stop)
    return free


def _became_a_persons(recipient: Recipient) -> bool:
    """Whether an account was made at this very moment: it took the row over, or came before it."""
    return recipient.user is not None or is_person(recipient.email)


def _wanted(recipient: Recipient) -> set[int]:
    """Keys of the topics they have now."""
    asked = recipient.choices.filter(Q(consent__gt=recipient.stopped_id or 0), wants=True)
    return set(asked.values_list("topic", flat=True))


def is_person(address: str) -> bool:
    """Whether an account has this address; what it gets is chosen after signing in."""
    return User.objects.filter(email=address).exists()


@transaction.atomic
def confirm_signup(*, actor: None, token: str, network_address: str | None = None) -> Confirmed:
    """Write the yes of a confirmed subscription, with its evidence; the address takes mail, then.

    Doing it again is success and writes nothing; what was refused after the link had been made
    stays refused. Raises BadToken, whatever is wrong with the token, its age included.
    """
    asked = read_confirmation_token(token)
    if is_person(asked.address):
        return Confirmed(asked, True, [], asked.topics)
    with translation.override(asked.language):
        recipient = subscriber_of(asked.address, asked.language)
        if _became_a_persons(recipient):
            return Confirmed(asked, True, [], asked.topics)
        if recipient.unreachable_since and recipient.unreachable_since < asked.asked_at:
            clear_mark(recipient)  # the mail with the link arrived
        since = _said_since(recipient, asked)
        on = [topic for topic in asked.topics if topic.pk not in since and None not in since]
        for topic in on:
            record_consent(
                actor=actor,
                recipient=recipient,
                topic=topic,
                wants=True,
                source=ConsentSource.SUBSCRIBE,
                network_address=network_address,
            )
            record_event(kind="topic.subscribed", actor=actor, topic=topic.names)
        if on and recipient.language != asked.language:
            recipient.language = asked.language
            recipient.save(update_fields=["language"])
    wanted = _wanted(recipient)
    return Confirmed(
        asked,
        False,
        [topic for topic in asked.topics if topic.pk in wanted],
        [topic for topic in asked.topics if topic.pk not in wanted],
    )


def _said_since(recipient: Recipient, asked: TopicSignup) -> set[int | None]:
    """The topics (None: all mail) of which something was said here after the link was made.

    A refusal that came along with the address was said when its own record says.
    """
    said = ConsentRecord.objects.filter(
        Q(recipient=recipient) | Q(address_hash__in=address_hashes(asked.address)),
        at__gt=asked.asked_at,
    ).exclude(source=ConsentSource.ADDRESS)
    return set(said.exclude(topic=None, wants=True).values_list("topic", flat=True))
