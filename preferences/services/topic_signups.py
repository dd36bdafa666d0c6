"""Subscribing to topics without an account, on the public page and by a confirmation link."""

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
from preferences.services.recipients import clear_unreachable, get_or_create_subscriber
from preferences.tokens import (
    TopicSignup,
    confirmation_url,
    read_confirmation_token,
    unsubscribe_url,
)


@dataclass(frozen=True)
class SignupConfirmation:
    """The result of a confirmation: topics now subscribed, and topics left unchanged.

    A topic is left unchanged where its recipient chose after the link was made. All are where the
    address belongs to a person (`is_person`): they sign in to choose.
    """

    signup: TopicSignup
    is_person: bool
    subscribed: list[Topic]
    unchanged: list[Topic]


@transaction.atomic
def request_confirmation(
    *, actor: None, address: str, language: str, topics: Sequence[Topic]
) -> None:
    """Send a confirmation link to an address, known here or not.

    Nothing else happens (R6): whoever reads that email confirms, or ignores it.
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
    """Subscribe an address to topics, as somebody asked on the public page.

    A confirmation link is sent for topics with double opt-in, for the address of a person, and for
    topics refused at this address before: a form alone enrols none of these (R6, R44). The other
    topics are subscribed at once, with evidence (R17, R20), and an email says how to stop them.
    """
    at_once = [topic for topic in topics if not topic.double_opt_in and topic.is_public]
    if at_once and not (is_person(address) or is_verified_address(address)):
        entered = _subscribe_unconfirmed(address, language, at_once, network_address)
    else:
        entered = []
    if remaining := [topic for topic in topics if topic not in entered]:
        request_confirmation(actor=actor, address=address, language=language, topics=remaining)


def _subscribe_unconfirmed(
    address: str, language: str, topics: Sequence[Topic], network_address: str | None
) -> list[Topic]:
    """Record an unconfirmed yes to each topic not refused before. Return these topics."""
    with translation.override(language):
        recipient = get_or_create_subscriber(address, language)
        if _belongs_to_person(recipient):
            return []
        chosen = {choice.topic_id: choice for choice in recipient.choices.all()}
        not_refused = [
            topic
            for topic in topics
            if not refused_addresses([address], topic)
            and not refuses(recipient, chosen.get(topic.pk))
        ]
        wanted = _subscribed_keys(recipient)
        for topic in not_refused:
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
    if not_refused:
        stop = unsubscribe_url(recipient, *not_refused)
        send_subscribed(address=address, language=language, topics=not_refused, link=stop)
    return not_refused


def _belongs_to_person(recipient: Recipient) -> bool:
    """Return whether an account was created meanwhile and owns the recipient or its address."""
    return recipient.user is not None or is_person(recipient.email)


def _subscribed_keys(recipient: Recipient) -> set[int]:
    """Return the keys of the topics that the recipient is subscribed to."""
    wanted = recipient.choices.filter(Q(consent__gt=recipient.stopped_id or 0), wants=True)
    return set(wanted.values_list("topic", flat=True))


def is_person(address: str) -> bool:
    """Return whether an account has this address: its person signs in to choose."""
    return User.objects.filter(email=address).exists()


@transaction.atomic
def confirm_signup(
    *, actor: None, token: str, network_address: str | None = None
) -> SignupConfirmation:
    """Record the yes of a confirmed subscription, with its evidence.

    Doing it again succeeds and writes nothing. A topic refused after the link was made stays
    refused. Raises BadToken, whatever is wrong with the token, its age included.
    """
    signup = read_confirmation_token(token)
    if is_person(signup.address):
        return SignupConfirmation(signup, True, [], signup.topics)
    with translation.override(signup.language):
        recipient = get_or_create_subscriber(signup.address, signup.language)
        if _belongs_to_person(recipient):
            return SignupConfirmation(signup, True, [], signup.topics)
        if recipient.unreachable_since and recipient.unreachable_since < signup.requested_at:
            clear_unreachable(recipient)  # the email with the link arrived
        answered = _topics_answered_since(recipient, signup)
        confirmed = [
            topic for topic in signup.topics if topic.pk not in answered and None not in answered
        ]
        for topic in confirmed:
            record_consent(
                actor=actor,
                recipient=recipient,
                topic=topic,
                wants=True,
                source=ConsentSource.SUBSCRIBE,
                network_address=network_address,
            )
            record_event(kind="topic.subscribed", actor=actor, topic=topic.names)
        if confirmed and recipient.language != signup.language:
            recipient.language = signup.language
            recipient.save(update_fields=["language"])
    wanted = _subscribed_keys(recipient)
    return SignupConfirmation(
        signup,
        False,
        [topic for topic in signup.topics if topic.pk in wanted],
        [topic for topic in signup.topics if topic.pk not in wanted],
    )


def _topics_answered_since(recipient: Recipient, signup: TopicSignup) -> set[int | None]:
    """Return the keys of topics answered after the link was made (None: all optional email).

    Records copied from a former owner of the address do not count: the originals do.
    """
    records = ConsentRecord.objects.filter(
        Q(recipient=recipient) | Q(address_hash__in=address_hashes(signup.address)),
        at__gt=signup.requested_at,
    ).exclude(source=ConsentSource.ADDRESS)
    return set(records.exclude(topic=None, wants=True).values_list("topic", flat=True))
