"""Sign texts with the hub's RSA key, so that anybody can check them with its JWKS.

A signed text names its kind in the header (`typ`, RFC 7515), so that it can't pass for an ID token
or for a text of another kind.
"""

import json
from functools import lru_cache
from typing import Any

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


@lru_cache(maxsize=8)
def _loaded(pem: str) -> tuple[dict[str, Any], Any]:
    """Return a key as its public JWK and its private key; reading one takes milliseconds."""
    jwk, key = load_jwk_from_pem(pem)
    return jwk, key


def public_keys() -> list[dict[str, Any]]:
    """Return the keys of the JWKS: those that sign, will sign, or have signed.

    They say what they are for by `use`, so `key_ops` stays away (RFC 7517, 4.3): idpyoidc takes no
    key with both.
    """
    keys = [_loaded(key.pem)[0] for key in get_adapter().list_private_keys(is_active=True)]
    use = {"alg": ALGORITHM, "use": "sig"}
    return [{name: key[name] for name in ("kty", "kid", "n", "e")} | use for key in keys]


def sign_claims(claims: dict[str, Any], *, kind: str) -> str:
    """Return a signed JWT with these claims. Raises ImproperlyConfigured without a key."""
    return sign_text(json.dumps(claims, separators=(",", ":")).encode(), kind=kind)


def read_claims(token: str, *, kind: str) -> dict[str, Any]:
    """Return the claims of a JWT of the hub, whenever it expires. Raises BadSignature."""
    try:
        claims = json.loads(read_signed_text(token, kind=kind))
    except (ValueError, RecursionError) as error:
        raise BadSignature from error
    if not isinstance(claims, dict):
        raise BadSignature
    return claims


def sign_text(text: bytes, *, kind: str) -> str:
    """Return a compact JWS with the text. Raises ImproperlyConfigured without a key."""
    jwk, key = _loaded(get_adapter().get_signing_key().pem)
    headers = {"kid": jwk["kid"], "typ": kind}
    return PyJWS().encode(text, key, algorithm=ALGORITHM, headers=headers)


def read_signed_text(token: str, *, kind: str) -> bytes:
    """Return the text of a JWS of the hub. Raises BadSignature, whatever is wrong with it."""
    try:
        header = get_unverified_header(token)
        for private in get_adapter().list_private_keys(is_active=True):
            jwk, key = _loaded(private.pem)
            if (header.get("kid"), header.get("typ")) == (jwk["kid"], kind):
                text: bytes = PyJWS().decode(token, key.public_key(), algorithms=[ALGORITHM])
                return text
    except (InvalidTokenError, ValueError, AttributeError) as error:
        raise BadSignature from error
    raise BadSignature
