"""The kept signing keys, as allauth's key functions take them."""

import structlog
from allauth.idp.oidc.models import PrivateKey
from cryptography.fernet import InvalidToken
from django.db.models import Q
from django.utils import timezone

from portals.models import SigningKey

log = structlog.get_logger(__name__)


def kept_keys(*, did_activate: bool, is_active: bool) -> list[PrivateKey]:
    """Return the kept keys; only those that sign already, or are not retired, where asked for."""
    now = timezone.now()
    keys = SigningKey.objects.all()
    if did_activate:
        keys = keys.filter(not_before__lte=now)
    if is_active:
        keys = keys.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return [
        PrivateKey(
            pem=pem,
            issued_at=key.issued_at,
            not_before=key.not_before,
            expires_at=key.expires_at,
        )
        for key in keys
        if (pem := _readable(key))
    ]


def _readable(key: SigningKey) -> str:
    """Return the private key, "" where the secret key that sealed it is gone."""
    try:
        return key.pem
    except InvalidToken:
        log.error(
            "a signing key can't be read: its secret key is no longer configured", kid=key.kid
        )
        return ""
