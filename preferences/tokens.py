"""Links that act without a sign-in: encrypted, so that they say nothing and cannot be forged.

Each purpose has a key of its own, so that a token of one is nothing to another.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes

from preferences.models import Recipient, Topic
from preferences.selectors.send_decisions import find_recipient

UNSUBSCRIBE = "preferences.tokens.unsubscribe"
PAGE = "preferences.tokens.page"
CONFIRMATION = "preferences.tokens.confirmation"
CONFIRM_WITHIN = timedelta(days=7)


class BadToken(Exception):
    """Not a token of ours for this purpose; nothing more is said."""


def cipher(purpose: str) -> MultiFernet:
    """Encryption for one purpose, under a key of its own; former secret keys still open."""
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(force_bytes(secret))
                )
            )
            for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
    )


def _seal(purpose: str, content: str) -> str:
    return cipher(purpose).encrypt(content.encode()).decode().rstrip("=")


def _open(purpose: str, token: str) -> str:
    padded = token + "=" * (-len(token) % 4)
    try:
        return cipher(purpose).decrypt(padded.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise BadToken from error


def _recipient(key: str) -> Recipient:
    """Who a token's key is now; a subscriber whose address became a person's is that person."""
    try:
        found = Recipient.objects.select_related("user", "followed_by__user").get(pk=int(key))
    except (ValueError, OverflowError, Recipient.DoesNotExist) as error:
        raise BadToken from error
    return found.followed_by or found


def _addressed(named: str) -> Recipient:
    """Who has an address now, or the row that a subscriber there would get."""
    address, language = json.loads(named)
    return find_recipient(address) or Recipient(address=address, language=language)


def unsubscribe_token(recipient: Recipient, *topics: Topic) -> str:
    """What names one reader and some topics; without any, all optional mail.

    It never expires: it can only reduce mail (R6, R14).
    """
    named = ".".join(str(topic.pk) for topic in topics)
    return _seal(UNSUBSCRIBE, f"{recipient.pk}/{named}")


def unsubscribe_url(recipient: Recipient, *topics: Topic) -> str:
    """The address for List-Unsubscribe and for the link in the mail, on the configured host."""
    return _unsubscribe_address(unsubscribe_token(recipient, *topics))


def unsubscribe_url_of_address(address: str, language: str) -> str:
    """The same, of all optional mail, for an address that nobody here has."""
    return _unsubscribe_address(_seal(UNSUBSCRIBE, f"{json.dumps([address, language])}/"))


def _unsubscribe_address(token: str) -> str:
    return f"{settings.HUB_BASE_URL}{reverse('preferences:unsubscribe', args=[token])}"


def read_unsubscribe_token(token: str) -> tuple[Recipient, list[Topic]]:
    """The reader and the topics of a token; no topic means all optional mail.

    Who was named by address and has no row yet comes as one that is not saved. Raises BadToken,
    whatever is wrong with it (R4).
    """
    reader, _slash, named = _open(UNSUBSCRIBE, token).rpartition("/")
    recipient = _addressed(reader) if reader.startswith("[") else _recipient(reader)
    try:
        keys = [int(key) for key in named.split(".") if key]
    except ValueError as error:
        raise BadToken from error
    topics = list(Topic.objects.filter(pk__in=keys))
    if len(topics) != len(keys):
        raise BadToken
    return recipient, topics


def page_token(recipient: Recipient) -> str:
    """What opens one reader's preference page without a sign-in. It never expires (R14)."""
    return _seal(PAGE, str(recipient.pk))


def page_url(recipient: Recipient) -> str:
    """The address of that page for a mail, on the configured host."""
    return f"{settings.HUB_BASE_URL}{page_path(recipient)}"


def page_path(recipient: Recipient) -> str:
    """The path of that page, for a page of ours."""
    return reverse("preferences:mail", args=[page_token(recipient)])


def read_page_token(token: str) -> Recipient:
    """Whose page a token opens. Raises BadToken, whatever is wrong with it (R4)."""
    return _recipient(_open(PAGE, token))


@dataclass(frozen=True)
class TopicSignup:
    """What somebody asked for at an address, and when; nothing of it is stored before the yes."""

    address: str
    language: str
    topics: list[Topic]
    asked_at: datetime


def confirmation_url(*, address: str, language: str, topics: Iterable[Topic]) -> str:
    """The address that confirms a subscription, good for CONFIRM_WITHIN."""
    asked = [address, language, [topic.pk for topic in topics], timezone.now().isoformat()]
    token = _seal(CONFIRMATION, json.dumps(asked))
    return f"{settings.HUB_BASE_URL}{reverse('preferences:confirm', args=[token])}"


def read_confirmation_token(token: str) -> TopicSignup:
    """What a confirmation link confirms; topics that meanwhile closed are left out.

    Raises BadToken, whatever is wrong with it, its age included.
    """
    try:
        address, language, keys, at = json.loads(_open(CONFIRMATION, token))
        asked_at = datetime.fromisoformat(at)
    except (ValueError, TypeError) as error:
        raise BadToken from error
    if not timezone.now() - CONFIRM_WITHIN < asked_at:
        raise BadToken
    topics = list(Topic.objects.for_anyone().filter(pk__in=keys))
    return TopicSignup(address, language, topics, asked_at)
