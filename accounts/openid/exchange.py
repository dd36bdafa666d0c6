"""The way to a provider and back: the address to go to, and the claims that come of it."""

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from django.http import HttpRequest, QueryDict
from requests import RequestException

from accounts.openid.discovery import Provider, known_provider
from accounts.openid.id_tokens import BadIdToken, read_id_token, signed_in_there_at
from accounts.openid.outgoing import ProviderUnreachable, fetch

SCOPES = "openid email profile"
AUTH_TIME = '{"id_token":{"auth_time":{"essential":true}}}'
CLOCKS_DIFFER = 30  # seconds


class ExchangeRefused(Exception):
    """No sign-in came of it; the text says why, for whoever administers the provider."""


class Cancelled(ExchangeRefused):
    """The provider says that the person, or somebody there, refused it."""


class NotFresh(ExchangeRefused):
    """The provider does not say that the person proved once more who they are."""


@dataclass(frozen=True)
class Registration:
    """The client that the hub is at a provider; `name` is that of the company's sign-in."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    strong_acr: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Registration {self.name}>"  # no log gets the secret


@dataclass(frozen=True)
class Journey:
    """Why somebody goes to the provider: kept in their session under the state."""

    purpose: str  # sign_in, again, try
    page: str = ""  # where they go afterwards
    person: str = ""  # who it must be, by `sub`; "" for anybody


@dataclass(frozen=True)
class Return:
    """The claims with which somebody came back."""

    journey: Journey
    claims: dict[str, Any]
    began_at: float


def way_there(
    request: HttpRequest, registration: Registration, journey: Journey, *, address: str = ""
) -> str:
    """Return the provider's address for this journey, which the session remembers.

    A fresh sign-in is asked for unless it is an ordinary one. Raises ProviderUnreachable;
    UnfitProvider.
    """
    provider = known_provider(registration.issuer)
    proof, nonce = generate_code_challenge(), secrets.token_urlsafe(32)
    kept = {**vars(journey), "nonce": nonce, "verifier": proof["code_verifier"]}
    state = statekit.stash_state(
        request,
        provider_id=registration.name,
        state={**kept, "began_at": time.time()},
        state_id=secrets.token_urlsafe(32),
    )
    query = {
        "response_type": "code",
        "client_id": registration.client_id,
        "redirect_uri": registration.redirect_uri,
        "scope": SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": proof["code_challenge"].decode(),
        "code_challenge_method": proof["code_challenge_method"],
    }
    if address:
        query["login_hint"] = address
    if registration.strong_acr:
        query["acr_values"] = " ".join(registration.strong_acr)
    if journey.purpose == "again":
        query |= {"prompt": "login", "max_age": "0"}
        if provider.takes_claims:
            query["claims"] = AUTH_TIME
    parts = urlsplit(provider.authorization_endpoint)
    both = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=both, fragment=""))


def come_back(request: HttpRequest, registration: Registration, given: QueryDict) -> Return:
    """Return what the provider says of whoever comes back with these parameters.

    The state is of this session and this provider, and works once. Raises ExchangeRefused;
    ProviderUnreachable; UnfitProvider.
    """
    kept = statekit.unstash_state(
        request, state_id=given.get("state", ""), provider_id=registration.name
    )
    if kept is None:
        raise ExchangeRefused("the way there was too long ago, or of another browser")
    provider = known_provider(registration.issuer)
    said = given.get("iss")
    if (said is not None or provider.says_issuer) and said != provider.issuer:
        raise ExchangeRefused("the answer is of another provider")
    if problem := given.get("error"):
        if problem == "access_denied":
            raise Cancelled(problem)
        raise ExchangeRefused(f"the provider answers {problem[:100]}")
    if not given.get("code"):
        raise ExchangeRefused("no code came")
    answer = _redeem(request, registration, provider, str(given["code"]), kept["verifier"])
    try:
        claims = read_id_token(
            answer.get("id_token"),
            provider=provider,
            client_id=registration.client_id,
            nonce=kept["nonce"],
        )
    except BadIdToken as error:
        raise ExchangeRefused(f"ID token: {error}") from error
    claims = _with_address(claims, provider, str(answer["access_token"]))
    journey = Journey(kept["purpose"], kept["page"], kept["person"])
    return Return(journey, claims, kept["began_at"])


def is_fresh(result: Return) -> bool:
    """Return whether the person proved to the provider who they are after they went there."""
    moment = signed_in_there_at(result.claims)
    return moment is not None and moment >= result.began_at - CLOCKS_DIFFER


def _redeem(
    request: HttpRequest, registration: Registration, provider: Provider, code: str, verifier: str
) -> dict[str, Any]:
    """Redeem a code. Credentials in the header are form-encoded first (RFC 6749, 2.3.1)."""
    own = registration
    if provider.by_basic:
        encoded = quote_plus(own.client_id), quote_plus(own.client_secret)
        own = replace(own, client_id=encoded[0], client_secret=encoded[1])
    client = OAuth2Client(
        request,
        own.client_id,
        own.client_secret,
        "POST",
        provider.token_endpoint,
        own.redirect_uri,
        headers={"Accept": "application/json"},
        basic_auth=provider.by_basic,
    )
    try:
        answer = client.get_access_token(code, pkce_code_verifier=verifier)
    except RequestException as error:
        raise ProviderUnreachable(f"{provider.token_endpoint}: {type(error).__name__}") from error
    except (OAuth2Error, KeyError, ValueError) as error:
        raise ExchangeRefused(
            "the provider did not take the code; is the client secret right?"
        ) from error
    if not isinstance(answer, dict):
        raise ExchangeRefused("the provider's answer to the code is unusable")
    return answer


def _with_address(claims: dict[str, Any], provider: Provider, token: str) -> dict[str, Any]:
    """Return the claims with those of the address, from userinfo where the ID token has none."""
    if "email" in claims or not provider.userinfo_endpoint:
        return claims
    more = fetch(provider.userinfo_endpoint, token=token)
    if more.get("sub") != claims["sub"]:  # Core 5.3.2
        raise ExchangeRefused("userinfo is of somebody else")
    about_address = ("email", "email_verified", "xms_edov", "name")
    return {**{name: more[name] for name in about_address if name in more}, **claims}
