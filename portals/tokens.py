"""Sign texts with the hub's RSA key, so that anybody can check them with its JWKS.

A signed text names its kind in the header (`typ`, RFC 7515), so that it can't pass for an ID token
or for a text of another kind.
"""

from allauth.core.internal.jwkkit import load_jwk_from_pem
from allauth.idp.oidc.adapter import get_adapter
from django.conf import settings
from django.urls import reverse
from jwt import PyJWS, get_unverified_header
from jwt.exceptions import InvalidTokenError

ALGORITHM = "RS256"


class BadSignature(Exception):
    """The text is not signed by the hub as this kind."""


def can_sign() -> bool:
    """Return whether a key is configured (HUB_OIDC_PRIVATE_KEY)."""
    return bool(get_adapter().list_private_keys(did_activate=True, is_active=True))


def jwks_address() -> str:
    """Return the address of the public keys."""
    return f"{settings.HUB_BASE_URL}{reverse('idp:oidc:jwks')}"


def sign_text(text: bytes, *, kind: str) -> str:
    """Return a compact JWS with the text. Raises ImproperlyConfigured without a key."""
    jwk, key = load_jwk_from_pem(get_adapter().get_signing_key().pem)
    headers = {"kid": jwk["kid"], "typ": kind}
    return PyJWS().encode(text, key, algorithm=ALGORITHM, headers=headers)


def read_signed_text(token: str, *, kind: str) -> bytes:
    """Return the text of a JWS of the hub. Raises BadSignature, whatever is wrong with it."""
    try:
        header = get_unverified_header(token)
        for private in get_adapter().list_private_keys(is_active=True):
            jwk, key = load_jwk_from_pem(private.pem)
            if (header.get("kid"), header.get("typ")) == (jwk["kid"], kind):
                text: bytes = PyJWS().decode(token, key.public_key(), algorithms=[ALGORITHM])
                return text
    except (InvalidTokenError, ValueError, AttributeError) as error:
        raise BadSignature from error
    raise BadSignature
