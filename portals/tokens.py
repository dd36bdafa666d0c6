"""What the hub signs for anyone to check: with its RSA key, whose public half its JWKS publishes.

A signed text names its kind in the header (RFC 7515, `typ`), so that none can be taken for an ID
token, or for a text of another kind.
"""

from allauth.core.internal.jwkkit import load_jwk_from_pem
from allauth.idp.oidc.adapter import get_adapter
from django.conf import settings
from django.urls import reverse
from jwt import PyJWS, get_unverified_header
from jwt.exceptions import InvalidTokenError

ALGORITHM = "RS256"


class BadSignature(Exception):
    """Not signed by us as this kind of text; nothing more is said."""


def can_sign() -> bool:
    """Whether a key is configured (HUB_OIDC_PRIVATE_KEY)."""
    return bool(get_adapter().list_private_keys(did_activate=True, is_active=True))


def jwks_address() -> str:
    """Where everybody finds the public keys."""
    return f"{settings.HUB_BASE_URL}{reverse('idp:oidc:jwks')}"


def sign_text(text: bytes, *, kind: str) -> str:
    """A compact JWS that holds the text. Raises ImproperlyConfigured where no key is configured."""
    described, key = load_jwk_from_pem(get_adapter().get_signing_key().pem)
    headers = {"kid": described["kid"], "typ": kind}
    return PyJWS().encode(text, key, algorithm=ALGORITHM, headers=headers)


def read_signed_text(token: str, *, kind: str) -> bytes:
    """The text of a JWS of ours. Raises BadSignature, whatever is wrong with it."""
    try:
        header = get_unverified_header(token)
        for private in get_adapter().list_private_keys(is_active=True):
            described, key = load_jwk_from_pem(private.pem)
            if (header.get("kid"), header.get("typ")) == (described["kid"], kind):
                found: bytes = PyJWS().decode(token, key.public_key(), algorithms=[ALGORITHM])
                return found
    except (InvalidTokenError, ValueError, AttributeError) as error:
        raise BadSignature from error
    raise BadSignature
