"""Links that act without a sign-in: encrypted, so that they say nothing and cannot be forged."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.urls import reverse
from django.utils.encoding import force_bytes

from accounts.models import User
from preferences.models import Topic

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


def unsubscribe_token(user: User, topic: Topic) -> str:
    """What names one person and one topic. It never expires: it can only reduce mail (R6, R14)."""
    sealed = cipher(UNSUBSCRIBE).encrypt(f"{user.sub}/{topic.pk}".encode())
    return sealed.decode().rstrip("=")


def unsubscribe_url(user: User, topic: Topic) -> str:
    """The address for List-Unsubscribe and for the link in the mail, on the configured host."""
    path = reverse("preferences:unsubscribe", args=[unsubscribe_token(user, topic)])
    return f"{settings.HUB_BASE_URL}{path}"


def read_unsubscribe_token(token: str) -> tuple[User, Topic]:
    """The person and the topic of a token. Raises BadToken, whatever is wrong with it (R4)."""
    try:
        padded = token + "=" * (-len(token) % 4)
        sub, _slash, topic = cipher(UNSUBSCRIBE).decrypt(padded.encode()).decode().partition("/")
        return User.objects.get(sub=sub), Topic.objects.get(pk=int(topic))
    except (InvalidToken, ValueError, User.DoesNotExist, Topic.DoesNotExist) as error:
        raise BadToken from error
