"""Introspection (RFC 7662): a portal asks about a token of its own; any other is not active.

The same functions read the question and say what a row of the one statement means for it, whether
Django's view calls them (endpoints.py) or the front, ahead of Django (hub/front/).
"""

import json
from typing import Any, Final, NamedTuple

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Token
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import QueryDict

from portals.oidc.clients import CREDENTIALS, knows_secret, named_client
from portals.oidc.errors import OAuthError
from portals.oidc.id_tokens import claims_about
from portals.oidc.methods import acr_of
from portals.oidc.parameters import read_parameters
from portals.selectors.live_tokens import (
    Find,
    LiveToken,
    SignedIn,
    access_claims,
    introspected,
)
from portals.selectors.sign_in import user_name

PATH: Final = "/identity/o/api/introspect"
FORM: Final = "application/x-www-form-urlencoded"


class Question(NamedTuple):
    """A call: who says that it is which portal, and the token in question ("" for none)."""

    client_id: str
    secrets: list[str]  # that the caller may mean
    token: str


def read_question(form: QueryDict, authorization: str) -> Question:
    """Return the question of a call. Raises OAuthError."""
    parameters = read_parameters(form, names=("token", *CREDENTIALS))
    client_id, secrets = named_client(authorization, parameters)
    return Question(client_id, secrets, parameters.get("token", ""))


async def answer_question(question: Question, find: Find) -> dict[str, Any] | None:
    """Return the answer, or None where the caller does not prove to be that portal.

    `find` runs a statement. Raises OAuthError for a call without a token.
    """
    found = await introspected(question.client_id, question.token, find)
    if found is None:
        return None
    secret, token = found
    if not knows_secret(question.secrets, secret):
        return None
    if not question.token:
        raise OAuthError("invalid_request", "token is missing.")
    return {"active": False} if token is None else _claims(token)


async def introspect(
    *, content_type: str, authorization: str, body: bytes, find: Find
) -> bytes | None:
    """Return the answer to a call, or None for a call that Django's view has to refuse.

    The view counts wrong secrets and words the errors.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        return None
    try:
        told = await answer_question(read_question(QueryDict(body), authorization), find)
    except (OAuthError, SuspiciousOperation, DatabaseError):
        return None
    return None if told is None else json.dumps(told).encode()


def _claims(token: LiveToken) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "active": True,
        "iss": get_adapter().get_issuer(),
        "client_id": token.client_id,
        "aud": token.resources or token.client_id,
        "scope": " ".join(token.scopes),
        "iat": int(token.created_at.timestamp()),
    }
    if token.expires_at is not None:
        claims["exp"] = int(token.expires_at.timestamp())
    if token.type == Token.Type.ACCESS_TOKEN:
        claims["token_type"] = "Bearer"  # noqa: S105 -- its kind
        if token.session is not None:
            claims |= _claims_of_person(token.session, token.scopes)
    return claims


def _claims_of_person(session: SignedIn, scopes: list[str]) -> dict[str, Any]:
    return {
        "username": user_name(session.person, scopes),
        "sub": session.person.sub,
        "sid": session.sid,
        "auth_time": int(session.auth_time.timestamp()),
        "amr": session.amr,
        "acr": acr_of(session.amr),
        **claims_about(session.person, scopes, session.claims.get("userinfo", [])),
        **access_claims(session, scopes),
    }
