"""The authorization request: read, checked against the portal's manifest, and answered."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.http import HttpResponse, QueryDict

from portals.choices import SignInScope
from portals.oidc.errors import OAuthError, UntrustedRequest
from portals.oidc.id_tokens import SCOPE_OF
from portals.oidc.parameters import is_printable, read_parameters, split_list
from portals.services.portal_sessions import CodeTerms

NAMES = (
    "response_type",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "ui_locales",
    "acr_values",
    "claims",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "display",
    "resource",
)
# Not supported, and refused by these names (OIDC Core 6.1, 6.2 and 7.2.1).
REFUSED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
CLAIMS = frozenset(SCOPE_OF)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_HINT = 8000  # an ID token


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that may be answered at its redirect address."""

    client: Client
    redirect_uri: str
    state: str
    terms: CodeTerms
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None  # seconds
    acr_values: tuple[str, ...] = ()
    id_token_hint: str = ""
    login_hint: str = ""
    subject: str = ""  # the `sub` that `claims` asks for


def read_authorization_request(given: QueryDict) -> AuthorizationRequest:
    """Return the request. Raises UntrustedRequest where nobody can be answered (RFC 6749, 4.1.2.1).

    Raises Redirected for an error that its portal can be told.
    """
    client, redirect_uri = _addressee(given)
    state = given.get("state", "") if is_printable(given.get("state", "")) else ""
    try:
        return _read(client, redirect_uri, given)
    except OAuthError as error:
        raise Redirected(redirect_uri, state, error) from error


class Redirected(Exception):
    """An error that the portal is told at its redirect address."""

    def __init__(self, redirect_uri: str, state: str, error: OAuthError) -> None:
        """Keep whom to tell what."""
        super().__init__(error.code)
        self.redirect_uri, self.state, self.error = redirect_uri, state, error

    def response(self) -> HttpResponse:
        """Return the redirection."""
        return redirect_to_portal(self.redirect_uri, self.state, from_hub(self.error.parameters()))


def from_hub(parameters: dict[str, str]) -> dict[str, str]:
    """Return the parameters of an authorization response, with the issuer (RFC 9207)."""
    return {**parameters, "iss": get_adapter().get_issuer()}


def redirect_to_portal(redirect_uri: str, state: str, parameters: dict[str, str]) -> HttpResponse:
    """Return a redirection to a portal with the parameters and the state, if any."""
    parameters = {**parameters, "state": state} if state else parameters
    joint = "&" if urlsplit(redirect_uri).query else "?"
    location = f"{redirect_uri}{joint}{urlencode(parameters)}" if parameters else redirect_uri
    return HttpResponse(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _addressee(given: QueryDict) -> tuple[Client, str]:
    """Return the client, and its address: literally one of its manifest (RFC 9700, 2.1)."""
    try:
        named = read_parameters(given, names=["client_id", "redirect_uri"])
    except OAuthError as error:
        raise UntrustedRequest(error.description) from error
    client = (
        Client.objects.filter(pk=named.get("client_id", ""), portal__isnull=False)
        .select_related("portal")
        .first()
    )
    if client is None:
        raise UntrustedRequest("client_id names no portal.")
    if named.get("redirect_uri") not in client.portal.redirect_uris:
        raise UntrustedRequest("redirect_uri is not one of the portal's manifest.")
    return client, named["redirect_uri"]


def _read(client: Client, redirect_uri: str, given: QueryDict) -> AuthorizationRequest:
    for name, code in REFUSED.items():
        if name in given:
            raise OAuthError(code)
    values = read_parameters(given, names=NAMES, most=_LONGEST_HINT)
    _check_response(values)
    scopes = _scopes(values)
    _check_resource(client, given)
    claims, subject = _claims(values.get("claims", ""))
    prompts = frozenset(split_list(values.get("prompt", "")))
    if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise OAuthError(
            "invalid_request", "prompt is none alone, or login, consent, select_account."
        )
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=values.get("state", ""),
        terms=CodeTerms(
            redirect_uri=redirect_uri,
            scopes=scopes,
            nonce=_at_most(values, "nonce", 1000),
            code_challenge=_code_challenge(client, values),
            claims=claims,
        ),
        prompts=prompts,
        max_age=_max_age(values),
        acr_values=tuple(split_list(values.get("acr_values", ""))),
        id_token_hint=values.get("id_token_hint", ""),
        login_hint=values.get("login_hint", ""),
        subject=subject,
    )


def _check_response(values: dict[str, str]) -> None:
    if "response_type" not in values:
        raise OAuthError("invalid_request", "response_type is missing.")
    if values["response_type"] != "code":
        raise OAuthError("unsupported_response_type", "response_type is code.")
    if values.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "response_mode is query.")


def _scopes(values: dict[str, str]) -> list[str]:
    """Return the scopes; unknown ones are ignored (OIDC Core 3.1.2.1), but openid is needed."""
    scopes = [word for word in split_list(values.get("scope", "")) if word in SignInScope.values]
    if SignInScope.OPENID not in scopes:
        raise OAuthError("invalid_scope", "scope holds openid.")
    return scopes


def _check_resource(client: Client, given: QueryDict) -> None:
    """Tokens of a person are for the portal itself, whichever part of it they name (RFC 8707)."""
    home = client.portal.home_url.rstrip("/")
    for resource in given.getlist("resource"):
        if resource.rstrip("/") != home and not resource.startswith(f"{home}/"):
            raise OAuthError("invalid_target", "resource is not part of the portal.")


def _code_challenge(client: Client, values: dict[str, str]) -> str:
    """Return the S256 challenge; "" only where the manifest says that the portal can't send one."""
    challenge = values.get("code_challenge", "")
    if challenge:
        if values.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "code_challenge_method is S256.")
        if not _CHALLENGE.fullmatch(challenge):
            raise OAuthError("invalid_request", "code_challenge has 43 characters of base64url.")
    elif client.portal.pkce or "code_challenge_method" in values:
        raise OAuthError("invalid_request", "code_challenge is missing.")
    return challenge


def _max_age(values: dict[str, str]) -> int | None:
    text = values.get("max_age", "")
    if text and not re.fullmatch(r"[0-9]{1,9}", text):
        raise OAuthError("invalid_request", "max_age is a number of seconds.")
    return int(text) if text else None


def _at_most(values: dict[str, str], name: str, most: int) -> str:
    value = values.get(name, "")
    if len(value) > most:
        raise OAuthError("invalid_request", f"{name} has more than {most} characters.")
    return value


def _claims(text: str) -> tuple[dict[str, list[str]], str]:
    """Return the known claims asked for in ID token and userinfo, and the `sub` asked for, if any.

    OIDC Core 5.5: any claim may stay away, and unknown members are ignored.
    """
    if not text:
        return {}, ""
    try:
        asked = json.loads(text)
        members = {name: dict(asked.get(name) or {}) for name in ("id_token", "userinfo")}
        subjects = {_value(member["sub"]) for member in members.values() if member.get("sub")}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise OAuthError("invalid_request", "claims is no JSON object of its kind.") from error
    names = {name: sorted(CLAIMS & member.keys()) for name, member in members.items()}
    subjects.discard("")
    if len(subjects) > 1:
        raise OAuthError("invalid_request", "claims asks for two people.")
    return {name: claims for name, claims in names.items() if claims}, "".join(subjects)


def _value(asked: Any) -> str:
    return str(asked.get("value", ""))
