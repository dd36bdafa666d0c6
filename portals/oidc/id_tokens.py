"""ID tokens: made for a portal, and read back as a hint of who was meant."""

import base64
import hashlib
import time
import uuid
from typing import Any

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client

from portals.choices import SignInScope
from portals.oidc.methods import acr_of
from portals.selectors.sign_in import Person, identity_claims
from portals.services.portal_sessions import IssuedTokens
from portals.tokens import BadSignature, read_claims, sign_claims

LIFETIME = 300  # seconds; portals read it at once

# Claim → the scope that gives it; the `claims` parameter gives one of them alone.
SCOPE_OF = {
    "email": SignInScope.EMAIL,
    "email_verified": SignInScope.EMAIL,
    "name": SignInScope.PROFILE,
    "locale": SignInScope.PROFILE,
    "zoneinfo": SignInScope.PROFILE,
    "preferred_username": SignInScope.PROFILE,
}


def id_token_for(tokens: IssuedTokens) -> str:
    """Return a signed ID token (OIDC Core 2 and 3.1.3.6).

    It says who signed in, when and how. What may change meanwhile (company, groups, permissions) is
    in userinfo and introspection only, since portals keep an ID token's claims.
    """
    session, code = tokens.session, tokens.code
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": get_adapter().get_issuer(),
        "aud": session.client_id,
        "azp": session.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": uuid.uuid4().hex,
        "auth_time": int(session.auth_time.timestamp()),
        "sid": str(session.pk),
        "amr": session.amr,
        "acr": acr_of(session.amr),
        "at_hash": _half_hash(tokens.access_token),
        **claims_about(tokens.person, tokens.scopes, code.claims.get("id_token", [])),
    }
    if code.nonce:
        claims["nonce"] = code.nonce
    return sign_claims(claims, kind="JWT")


def claims_about(person: Person, scopes: list[str], asked: list[str]) -> dict[str, Any]:
    """Return the claims of these scopes, and the single ones that `claims` asked for."""
    claims = identity_claims(person, scopes)
    if asked:
        all_scopes = [*scopes, *(SCOPE_OF[name] for name in asked)]
        every = identity_claims(person, all_scopes)
        claims |= {name: every[name] for name in asked}
    return claims


def read_id_token_hint(text: str, client: Client | None = None) -> dict[str, Any] | None:
    """Return the claims of an ID token of ours, also of an expired one, or None.

    With a client, it must be this client's.
    """
    try:
        claims = read_claims(text, kind="JWT")
    except BadSignature:
        return None
    if claims.get("iss") != get_adapter().get_issuer():
        return None
    return claims if client is None or claims.get("aud") == client.pk else None


def _half_hash(value: str) -> str:
    digest = hashlib.sha256(value.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
