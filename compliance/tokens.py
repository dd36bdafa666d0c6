"""Tokens of links that work without a sign-in: encrypted, so nobody can read or forge them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Language
from accounts.encryption import LinkCipher
from compliance.choices.privacy_requests import PrivacyRequestKind
from compliance.models import Referral

PRIVACY = "compliance.tokens.privacy"
REFERRAL = "compliance.tokens.referral"
CONFIRM_WITHIN = timedelta(days=7)


class BadToken(Exception):
    """The token is not one of ours for this purpose, or too old; no more is told."""


@dataclass(frozen=True)
class PrivacyLink:
    """A request whose address is not proved yet; nothing of it is stored until then."""

    address: str
    kind: PrivacyRequestKind
    language: Language
    asked_at: datetime


def privacy_token(*, address: str, kind: str, language: str, at: float) -> str:
    """Return the token by which an address proves itself; `at` is seconds since 1970."""
    return LinkCipher(PRIVACY).encrypt(f"{at}/{language}/{kind}/{address}")


def read_privacy_token(token: str) -> PrivacyLink:
    """Read a token. Raises BadToken, whatever is wrong with it, its age included."""
    try:
        at, language, kind, address = LinkCipher(PRIVACY).decrypt(token).split("/", 3)
        link = PrivacyLink(
            address,
            PrivacyRequestKind(kind),
            Language(language),
            datetime.fromtimestamp(float(at), UTC),
        )
    except (InvalidToken, ValueError, OverflowError) as error:
        raise BadToken from error
    if not timezone.now() - CONFIRM_WITHIN < link.asked_at:
        raise BadToken
    return link


def referral_path(referral: Referral) -> str:
    """Return the path of the page on which a contact answers."""
    token = LinkCipher(REFERRAL).encrypt(str(referral.uuid))
    return reverse("compliance:referral", args=[token])


def read_referral_token(token: str) -> Referral:
    """Read a token of a referral that still names its contact. Raises BadToken."""
    try:
        uuid = LinkCipher(REFERRAL).decrypt(token)
        return Referral.objects.select_related("customer", "referrer").get(
            uuid=uuid, blanked_at=None
        )
    except (InvalidToken, ValueError, ValidationError, Referral.DoesNotExist) as error:
        raise BadToken from error
