"""Reading a provider's ID token (OpenID Connect Core 3.1.3.7)."""

import time
from typing import Any

import jwt
from django.core.cache import cache

from accounts.addresses import number_in
from accounts.models.company_sign_in import SUBJECT_LENGTH
from accounts.openid.discovery import Provider
from accounts.openid.outgoing import fetch

# By a provider's own key: neither unsigned, nor signed with the secret that the client knows too.
ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]
ALGORITHMS.append("EdDSA")
KEY_TYPES = {"RSA", "EC", "OKP"}
LEEWAY = 60  # seconds that clocks may differ
LARGEST = 32 * 1024  # characters
KEPT_FOR = 600  # seconds that keys are remembered


class BadIdToken(Exception):
    """The ID token is not one of this sign-in; the text says why."""


def read_id_token(
    text: object, *, provider: Provider, client_id: str, nonce: str
) -> dict[str, Any]:
    """Return the claims of an ID token of this provider for this client and this sign-in.

    Raises BadIdToken; ProviderUnreachable.
    """
    if not isinstance(text, str) or len(text) > LARGEST:
        raise BadIdToken("no ID token came")
    try:
        header = jwt.get_unverified_header(text)
        if header.get("alg") not in ALGORITHMS:
            raise BadIdToken("it is not signed by a key of the provider")
        claims: dict[str, Any] = jwt.decode(
            text,
            _key(provider, header.get("kid")),
            algorithms=ALGORITHMS,
            audience=client_id,
            issuer=provider.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise BadIdToken(type(error).__name__) from error
    if claims.get("nonce") != nonce:
        raise BadIdToken("it is of another sign-in")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise BadIdToken("it is for another client")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH:
        raise BadIdToken("its subject is unusable")
    return claims


def signed_in_there_at(claims: dict[str, Any]) -> float | None:
    """Return when the person last proved to the provider who they are; None where it doesn't say.

    A moment to come is the present one: the provider's clock may be ahead.
    """
    moment = claims.get("auth_time")
    if isinstance(moment, str):
        moment = number_in(moment)
    if isinstance(moment, bool) or not isinstance(moment, int | float) or moment <= 0:
        return None
    return min(float(moment), time.time())


def _key(provider: Provider, kid: object) -> jwt.PyJWK:
    """Return the provider's key of this name; its keys are asked again for an unknown one."""
    cached = f"company_keys:{provider.jwks_uri}"
    document = cache.get(cached)
    for again in (False, True):
        if document is None or again:
            document = fetch(provider.jwks_uri)
            cache.set(cached, document, KEPT_FOR)
        keys = document.get("keys")
        for key in keys if isinstance(keys, list) else []:
            if isinstance(key, dict) and _fits(key, kid, alone=len(keys) == 1):
                return jwt.PyJWK(key)
    raise BadIdToken("it is signed by no key of the provider")


def _fits(key: dict[str, Any], kid: object, *, alone: bool) -> bool:
    is_named = key.get("kid") == kid if kid is not None else alone
    return is_named and key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"
