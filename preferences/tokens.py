"""Tokens of links that work without a sign-in: encrypted, so nobody can read or forge them.

Each purpose has its own key, so that a token for one purpose is refused by another.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.encryption import LinkCipher
from preferences.models import Recipient, Topic
from preferences.selectors.send_decisions import find_recipient

UNSUBSCRIBE = "preferences.tokens.unsubscribe"
PAGE = "preferences.tokens.page"
CONFIRMATION = "preferences.tokens.confirmation"
CONFIRM_WITHIN = timedelta(days=7)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # of the moments in tokens


class BadToken(Exception):
    """The token is not one of ours for this purpose; no more is told."""


def _open(purpose: str, token: str) -> str:
    try:
        return LinkCipher(purpose).decrypt(token)
    except InvalidToken as error:
        raise BadToken from error


def _recipient(key: str) -> Recipient:
    """Return the recipient with this key, or the person who took over their address."""
    try:
        recipient = Recipient.objects.select_related("user", "followed_by__user").get(pk=int(key))
    except (ValueError, OverflowError, Recipient.DoesNotExist) as error:
        raise BadToken from error
    return recipient.followed_by or recipient


def _recipient_at(content: str) -> Recipient:
    """Return the recipient of an address, or an unsaved one where nobody has it."""
    address, language = json.loads(content)
    return find_recipient(address) or Recipient(address=address, language=language)


def unsubscribe_token(recipient: Recipient, *topics: Topic) -> str:
    """Return a token for a recipient and some topics; without topics, all optional email.

    It never expires, because it can only reduce email (R6, R14).
    """
    keys = ".".join(str(topic.pk) for topic in topics)
    return LinkCipher(UNSUBSCRIBE).encrypt(f"{recipient.pk}/{keys}")


def unsubscribe_url(recipient: Recipient, *topics: Topic) -> str:
    """Return the URL to unsubscribe, for the header and the link in an email."""
    return _absolute_unsubscribe_url(unsubscribe_token(recipient, *topics))


def unsubscribe_url_of_address(address: str, language: str) -> str:
    """Return the URL to unsubscribe from all optional email, for an address without recipient."""
    named = f"{json.dumps([address, language])}/"
    return _absolute_unsubscribe_url(LinkCipher(UNSUBSCRIBE).encrypt(named))


def _absolute_unsubscribe_url(token: str) -> str:
    return f"{settings.HUB_BASE_URL}{reverse('preferences:unsubscribe', args=[token])}"


def read_unsubscribe_token(token: str) -> tuple[Recipient, list[Topic]]:
    """Read the recipient and the topics of a token; no topic means all optional email.

    The recipient is not saved where the token names an address that nobody has. Raises BadToken,
    whatever is wrong with it (R4).
    """
    named, _slash, topic_keys = _open(UNSUBSCRIBE, token).rpartition("/")
    recipient = _recipient_at(named) if named.startswith("[") else _recipient(named)
    try:
        keys = [int(key) for key in topic_keys.split(".") if key]
    except ValueError as error:
        raise BadToken from error
    topics = list(Topic.objects.filter(pk__in=keys))
    if len(topics) != len(keys):
        raise BadToken
    return recipient, topics


def page_token(recipient: Recipient) -> str:
    """Return a token for a recipient's preference page. It never expires (R14)."""
    return LinkCipher(PAGE).encrypt(str(recipient.pk))


def page_url(recipient: Recipient) -> str:
    """Return the absolute URL of that page, for an email."""
    return f"{settings.HUB_BASE_URL}{page_path(recipient)}"


def page_path(recipient: Recipient) -> str:
    """Return the path of that page, for a page of ours."""
    return reverse("preferences:mail", args=[page_token(recipient)])


def read_page_token(token: str) -> Recipient:
    """Return the recipient whose page a token opens. Raises BadToken (R4)."""
    return _recipient(_open(PAGE, token))


@dataclass(frozen=True)
class TopicSignup:
    """A request to subscribe an address; nothing of it is stored before it is confirmed."""

    address: str
    language: str
    topics: list[Topic]
    requested_at: datetime


def confirmation_url(*, address: str, language: str, topics: Iterable[Topic]) -> str:
    """Return the URL that confirms a subscription; it works for CONFIRM_WITHIN."""
    keys = ".".join(str(topic.pk) for topic in topics)
    at = (timezone.now() - EPOCH) // timedelta(microseconds=1)
    content = f"{at:x}/{language}/{keys}/{address}"
    token = LinkCipher(CONFIRMATION).encrypt(content)
    return f"{settings.HUB_BASE_URL}{reverse('preferences:confirm', args=[token])}"


def read_confirmation_token(token: str) -> TopicSignup:
    """Read a confirmation token; topics that were closed meanwhile are left out.

    Raises BadToken, whatever is wrong with it, its age included.
    """
    try:
        at, language, keys, address = _open(CONFIRMATION, token).split("/", 3)
        requested_at = EPOCH + timedelta(microseconds=int(at, 16))
        topic_keys = [int(key) for key in keys.split(".") if key]
    except (ValueError, OverflowError) as error:
        raise BadToken from error
    if not timezone.now() - CONFIRM_WITHIN < requested_at:
        raise BadToken
    topics = list(Topic.objects.for_anyone().filter(pk__in=topic_keys))
    return TopicSignup(address, language, topics, requested_at)
