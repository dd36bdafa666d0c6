"""Rotate the keys with which the hub signs ID tokens, logout tokens and receipts."""

from contextlib import suppress
from datetime import timedelta

from allauth.core.internal.jwkkit import load_jwk_from_pem
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record_event
from portals.models import SigningKey
from portals.tokens import can_sign

KEY_BITS = 2048
# Portals keep the keys for an hour, so a new one is published twice as long before it signs.
PUBLISHED_BEFORE = timedelta(hours=2)


@transaction.atomic
def add_signing_key(*, actor: User | None) -> SigningKey:
    """Make a key that will sign in two hours, or at once where there is none yet.

    Former keys stay published: what they signed can still be verified. They are sealed again, under
    the present secret key.
    """
    pem, kid = _new_key()
    while kid.startswith("-"):  # `signing_key retire` would take it for an option
        pem, kid = _new_key()
    now = timezone.now()
    key = SigningKey(
        kid=kid,
        issued_at=now,
        not_before=now + PUBLISHED_BEFORE if can_sign() else now,
    )
    key.seal(pem)
    key.save(force_insert=True)
    _seal_again()
    record_event(kind="signing_key.added", actor=actor, kid=key.kid)
    return key


@transaction.atomic
def retire_signing_key(*, actor: User | None, kid: str) -> SigningKey:
    """Retire a key at once, as one that leaked: whatever it signed is refused from now on.

    Raises ValidationError for an unknown or retired key, and for the last one that can sign.
    """
    now = timezone.now()
    keys = SigningKey.objects.select_for_update()
    key = keys.filter(kid=kid, expires_at=None).first()
    if key is None:
        raise ValidationError(f"No key in use is called {kid}.")
    others = keys.exclude(pk=key.pk).filter(expires_at=None, not_before__lte=now)
    if not others.exists():
        raise ValidationError("This is the only key that signs. Add another one first.")
    key.expires_at = now
    key.save(update_fields=["expires_at"])
    record_event(kind="signing_key.retired", actor=actor, kid=key.kid)
    return key


def _new_key() -> tuple[str, str]:
    """Return a private key as PEM and its id, the thumbprint of RFC 7638."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return pem, load_jwk_from_pem(pem)[0]["kid"]


def _seal_again() -> None:
    for key in SigningKey.objects.select_for_update():
        with suppress(InvalidToken):  # its secret key is gone, and so is it
            key.seal(key.pem)
            key.save(update_fields=["sealed_pem"])
