"""Redeem codes, refresh and revoke tokens.

Every act locks its session first. Codes and tokens that come together are so judged one after the
other, and the second finds what the first did: each works once, on PostgreSQL and on SQLite.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portals.choices import SessionEnd, SignInScope
from portals.models import AuthorizationCode, PortalSession, SessionToken
from portals.selectors.sign_in import Person, live_person
from portals.services.portal_sessions.ending import end_portal_sessions, end_replayed_session
from portals.services.portal_sessions.opening import hash_of

CODE_LIFETIME = timedelta(seconds=60)
REFRESH_LIFETIME = timedelta(days=30)  # from the sign-in, however often it is used


# The columns that a refresh reads: all of these tables' would cost it a millisecond.
_READ_AT_REFRESH = [
    "token__expires_at",
    *(f"code__{name}" for name in ("scopes", "claims", "nonce", "created_at")),
    *(f"code__session__{name}" for name in ("ended_at", "auth_time", "amr")),
    *(f"code__session__user__{name}" for name in ("sub", "email", "language", "time_zone")),
    "code__session__customer__slug",
    "code__session__client__portal__refresh_grace",
]


class GrantNotValid(Exception):
    """A code or refresh token that is unknown, used, expired, another portal's, or powerless."""


class ScopeNotGranted(Exception):
    """A refresh that asks for more than was granted."""


@dataclass(frozen=True)
class IssuedTokens:
    """Fresh tokens; their values are in no table."""

    code: AuthorizationCode
    person: Person
    scopes: list[str]
    access_token: str
    refresh_token: str | None

    @property
    def session(self) -> PortalSession:
        """The session they belong to."""
        return self.code.session


def redeem_code(
    *, client: Client, value: str, redirect_uri: str, code_verifier: str
) -> IssuedTokens:
    """Exchange an authorization code for tokens.

    A code that comes again ends the session with all its tokens (RFC 9700, 2.1.1 and 4.2). Raises
    GrantNotValid.
    """
    with transaction.atomic():
        session = _locked_session(client, codes__hash=hash_of(value))
        code = AuthorizationCode.objects.get(hash=hash_of(value))
        code.session = session
        if code.redeemed_at is None:
            person = live_person(session)
            if timezone.now() - code.created_at > CODE_LIFETIME or person is None:
                raise GrantNotValid("The code has expired, or the person's access has ended.")
            if redirect_uri != code.redirect_uri:
                raise GrantNotValid("The redirect_uri differs from the one of the authorization.")
            _check_verifier(code, code_verifier)
            code.redeemed_at = timezone.now()
            code.save(update_fields=["redeemed_at"])
            return _issue(code, person, code.scopes)
        end_replayed_session(session)
    raise GrantNotValid("The code was used before.")


def refresh_tokens(*, client: Client, value: str, scopes: list[str]) -> IssuedTokens:
    """Exchange a refresh token for fresh ones, with these scopes or, if none, the same.

    The former one stops working, at once or after the portal's `refresh_grace`; if it comes again,
    the session ends with all its tokens (RFC 9700, 4.14). Raises GrantNotValid; ScopeNotGranted for
    a scope that was never granted.
    """
    with transaction.atomic():
        former = _locked_refresh_token(client, value)
        code = former.code
        now = timezone.now()
        person = live_person(code.session)
        if person is None:
            raise GrantNotValid("The person's access has ended.")
        if former.token.expires_at is not None and former.token.expires_at <= now:
            raise GrantNotValid("The refresh token has expired. Sign in again.")
        if set(scopes) - set(code.scopes):
            raise ScopeNotGranted
        row = SessionToken.objects.filter(pk=former.pk)
        if row.filter(rotated_at=None).update(rotated_at=now):
            return _issue(code, person, scopes or code.scopes)
        rotated_at = row.values_list("rotated_at", flat=True).first()
        if rotated_at is None:
            raise GrantNotValid("The refresh token was revoked.")
        if now - rotated_at < timedelta(seconds=code.session.client.portal.refresh_grace):
            return _issue(code, person, scopes or code.scopes)
        end_replayed_session(code.session)
    raise GrantNotValid("The refresh token was used before.")


def revoke_token(*, client: Client, value: str) -> None:
    """Revoke a portal's own token (RFC 7009); unknown ones, and other portals', are let be.

    With a refresh token end all tokens of its authorization; an access token ends alone.
    """
    with transaction.atomic():
        types = [Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN]  # the index begins with them
        token = Token.objects.filter(hash=hash_of(value), type__in=types, client=client).first()
        if token is None:
            return
        belongs = SessionToken.objects.filter(token=token).first()
        if belongs is None or token.type == Token.Type.ACCESS_TOKEN:
            token.delete()
            return
        session = _locked_session(client, codes=belongs.code_id)
        Token.objects.filter(of_session__code=belongs.code_id).delete()
        if not SessionToken.objects.filter(code__session=session).exists():
            end_portal_sessions(reason=SessionEnd.PORTAL, pk=session.pk)


def _locked_session(client: Client, **which: Any) -> PortalSession:
    """Lock and return a client's session: of a code or a token. Raises GrantNotValid.

    What belongs to it is read afterwards, because it may have changed while this waited.
    """
    try:
        return (
            PortalSession.objects.select_for_update(of=("self",))
            .select_related("user", "customer", "client__portal")
            .get(client=client, **which)
        )
    except PortalSession.DoesNotExist as error:
        raise GrantNotValid("The code or token is unknown.") from error


def _locked_refresh_token(client: Client, value: str) -> SessionToken:
    """Lock the session of a client's refresh token, and return the token. Raises GrantNotValid.

    Whether it was rotated or revoked while this waited, only another statement can say.
    """
    known = (
        SessionToken.objects.select_for_update(of=("code__session",))
        .select_related(
            "token",
            "code__session__user",
            "code__session__customer",
            "code__session__client__portal",
        )
        .only(*_READ_AT_REFRESH)
        .filter(
            token__hash=hash_of(value), token__type=Token.Type.REFRESH_TOKEN, token__client=client
        )
    )
    try:
        return known.get()
    except SessionToken.DoesNotExist as error:
        raise GrantNotValid("The refresh token is unknown.") from error


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _check_verifier(code: AuthorizationCode, verifier: str) -> None:
    """Check PKCE (RFC 7636; RFC 9700, 4.8.2: a verifier without a challenge is refused too)."""
    challenge = challenge_of(verifier) if verifier else ""
    if not hmac.compare_digest(challenge, code.code_challenge):
        raise GrantNotValid("The code_verifier does not match the code_challenge.")


def _issue(code: AuthorizationCode, person: Person, scopes: list[str]) -> IssuedTokens:
    lifetime = timedelta(seconds=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN)
    access, refresh = secrets.token_urlsafe(32), None
    tokens = [_token(code, Token.Type.ACCESS_TOKEN, access, scopes, timezone.now() + lifetime)]
    if SignInScope.OFFLINE_ACCESS in code.scopes:
        refresh = secrets.token_urlsafe(32)
        until = code.created_at + REFRESH_LIFETIME
        tokens.append(_token(code, Token.Type.REFRESH_TOKEN, refresh, code.scopes, until))
    Token.objects.bulk_create(tokens)
    SessionToken.objects.bulk_create([SessionToken(token=token, code=code) for token in tokens])
    return IssuedTokens(code, person, scopes, access, refresh)


def _token(
    code: AuthorizationCode, kind: Token.Type, value: str, scopes: list[str], expires_at: datetime
) -> Token:
    token = Token(
        type=kind,
        hash=hash_of(value),
        client=code.session.client,
        user=code.session.user,
        expires_at=expires_at,
    )
    token.set_scopes(scopes)
    return token
