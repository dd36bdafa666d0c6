"""Fixtures for tests of the hub as an OpenID Connect provider."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from jwt import PyJWK, decode

from accounts.models import User
from portals.decision.prepared import PreparedStatement
from portals.models import Portal
from portals.oidc.introspection import FORM
from portals.services.credentials import Credentials, issue_credentials
from tests.portals.test_evaluation import call

AUTHORIZE = "/identity/o/authorize"
TOKEN = "/identity/o/api/token"
USERINFO = "/identity/o/api/userinfo"
INTROSPECT = "/identity/o/api/introspect"
REVOKE = "/identity/o/api/revoke"
ISSUER = "http://localhost:8000"
SCOPES = "openid profile email company groups permissions"
VERIFIER = "a-verifier-of-a-portal-that-is-long-enough-to-be-one"

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class RelyingPortal:
    """A portal as it talks to the hub: over HTTP, with its credentials."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.credentials: Credentials = issue_credentials(actor=None, portal=portal)
        self.redirect_uri = portal.redirect_uris[0]

    def query(self, **changes: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        values = {
            "response_type": "code",
            "client_id": self.credentials.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def url(self, **changes: str | None) -> str:
        return f"{AUTHORIZE}?{urlencode(self.query(**changes))}"

    def ask(self, browser: Browser, **changes: str | None):
        """Send a browser to the hub."""
        return browser.get(self.url(**changes))

    def code(self, browser: Browser, **changes: str | None) -> str:
        answer = read_redirect(self.ask(browser, **changes))
        assert "code" in answer, answer
        return answer["code"]

    def post(self, path: str, headers: dict[str, str] | None = None, **values: str):
        """Call an endpoint with the credentials in the form, unless headers hold them."""
        own = {} if headers else self.credentials._asdict()
        return Browser().post(path, {**own, **values}, headers=headers)

    def redeem(self, code: str, **changes: str):
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post(TOKEN, **values)

    def refresh(self, value: str, **changes: str):
        return self.post(TOKEN, grant_type="refresh_token", refresh_token=value, **changes)

    def tokens(self, browser: Browser, **changes: str | None) -> dict[str, str]:
        """Sign a person in, and return the tokens."""
        answer = self.redeem(self.code(browser, **changes))
        assert answer.status_code == 200, answer.content
        return answer.json()

    def introspect(self, value: str) -> dict[str, object]:
        """Ask the front, which answers ahead of Django, and Django's view."""
        form = urlencode({**self.credentials._asdict(), "token": value}).encode()
        front = call("front", path=INTROSPECT, body=form, CONTENT_TYPE=FORM)
        assert front.status == 200, front.body
        view = self.post(INTROSPECT, token=value)
        assert (view.status_code, view.json()) == (200, front.json)
        return front.json

    def claims(self, id_token: str) -> dict[str, object]:
        """Verify an ID token as a portal does, and return its claims."""
        keys = Browser().get("/.well-known/jwks.json").json()["keys"]
        return decode(
            id_token,
            PyJWK(keys[0]),
            algorithms=["RS256"],
            audience=self.credentials.client_id,
            issuer=ISSUER,
        )


def read_redirect(answer) -> dict[str, str]:
    """The parameters with which a portal gets the browser back."""
    assert answer.status_code == 302, (answer.status_code, answer.content[:2000])
    query = parse_qs(urlsplit(answer["Location"]).query)
    return {name: values[0] for name, values in query.items()}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the names of prepared statements that run, and the other statements' texts."""
    found: list[str] = []
    run = PreparedStatement._run

    def noted(statement: PreparedStatement, *arguments: object) -> object:
        found.append(statement.name.decode())
        return run(statement, *arguments)

    with pytest.MonkeyPatch.context() as patch, CaptureQueriesContext(connection) as others:
        patch.setattr(PreparedStatement, "_run", noted)
        yield found
    found += [query["sql"] for query in others]


def userinfo(token: str):
    return Browser().get(USERINFO, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def _signing_key(settings) -> None:
    settings.IDP_OIDC_PRIVATE_KEY = PEM


@pytest.fixture
def portal_of(db) -> Callable[[str], RelyingPortal]:
    return lambda slug: RelyingPortal(Portal.objects.get(slug=slug))


@pytest.fixture
def webmail(portal_of) -> RelyingPortal:
    return portal_of("webmail")


@pytest.fixture
def domains(portal_of) -> RelyingPortal:
    return portal_of("domains")


@pytest.fixture
def signed_in(as_) -> Callable[..., Browser]:
    """Return a function that signs a person in by password, as the hub's page does."""

    def sign_in(person: User, method: str = "password", **record: object) -> Browser:
        browser = as_(person)
        request = HttpRequest()
        request.session = SessionStore(browser.session.session_key)
        record_authentication(request, person, method, **record)
        request.session.save()
        UserSession.objects.create(
            user=person, session_key=browser.session.session_key, ip="192.0.2.1", user_agent="Test"
        )
        return browser

    return sign_in
