"""Links that act without a sign-in: encrypted, so that they say nothing and cannot be forged."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.urls import reverse
from django.utils.encoding import force_bytes

from preferences.models import Recipient, Topic

UNSUBSCRIBE = "preferences.tokens.unsubscribe"


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


def unsubscribe_token(recipient: Recipient, *topics: Topic) -> str:
    """What names one reader and some topics; without any, all optional mail.

    It never expires: it can only reduce mail (R6, R14).
    """
    named = ".".join(str(topic.pk) for topic in topics)
    sealed = cipher(UNSUBSCRIBE).encrypt(f"{recipient.pk}/{named}".encode())
    return sealed.decode().rstrip("=")


def unsubscribe_url(recipient: Recipient, *topics: Topic) -> str:
    """The address for List-Unsubscribe and for the link in the mail, on the configured host."""
    path = reverse("preferences:unsubscribe", args=[unsubscribe_token(recipient, *topics)])
    return f"{settings.HUB_BASE_URL}{path}"


def read_unsubscribe_token(token: str) -> tuple[Recipient, list[Topic]]:
    """The reader and the topics of a token; no topic means all optional mail.

    Raises BadToken, whatever is wrong with it (R4).
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        reader, _slash, named = cipher(UNSUBSCRIBE).decrypt(padded.encode()).decode().partition("/")
        recipient = Recipient.objects.select_related("user", "followed_by__user").get(
            pk=int(reader)
        )
        keys = [int(key) for key in named.split(".") if key]
    except (InvalidToken, ValueError, Recipient.DoesNotExist) as error:
        raise BadToken from error
    topics = list(Topic.objects.filter(pk__in=keys))
    if len(topics) != len(keys):
        raise BadToken
    return recipient.followed_by or recipient, topics
