"""A company's OpenID provider for tests: it answers in memory where the hub asks over https.

It makes whatever ID token a test wants, right or wrong. A real one is in
`test_company_sign_in_at_another_hub.py`.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import requests
from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://login.alder.example"
CLIENT_ID = "the-hub"
SECRET = "a longer secret: with % + / and é"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeProvider:
    """One provider; `claims` and the other attributes change its next answers."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.document: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize?tenant=alder",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": True,
        }
        self.claims: dict[str, Any] = {}  # of the next ID token, in place of the right ones
        self.header: dict[str, Any] = {"kid": "1"}
        self.key: Any = KEY
        self.algorithm = "RS256"
        self.userinfo: dict[str, Any] | None = None
        self.is_away = False
        self.asked: list[requests.PreparedRequest] = []
        self.codes: dict[str, dict[str, Any]] = {}

    # --- What the hub asks for ---

    def answer(self, request: requests.PreparedRequest) -> requests.Response:
        self.asked.append(request)
        if self.is_away:
            raise requests.ConnectionError("away")
        path = urlsplit(str(request.url)).path.removeprefix(urlsplit(self.issuer).path)
        pages: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": lambda: self.document,
            "/keys": self._keys,
            "/token": lambda: self._token(request),
            "/userinfo": lambda: self.userinfo,
        }
        response = requests.Response()
        content = pages[path]() if path in pages else None
        response.status_code = 200 if content is not None else 400
        response.headers["content-type"] = "application/json"
        response._content = json.dumps(content).encode()
        return response

    def _keys(self) -> dict[str, Any]:
        own = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
        shared = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"x" * 32).decode()}
        return {"keys": [{**own, "kid": "1", "alg": "RS256", "use": "sig"}, shared]}

    def _token(self, request: requests.PreparedRequest) -> dict[str, Any] | None:
        form = dict(parse_qsl(str(request.body)))
        kept = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if kept is None or kept["code_challenge"] != challenge:
            return None
        if kept["redirect_uri"] != form["redirect_uri"]:
            return None
        return {"access_token": "token", "token_type": "Bearer", "id_token": self.id_token(kept)}

    def id_token(self, asked: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "bob-1",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked["nonce"],
            "email": "bob@alder.example",
            "email_verified": True,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, self.algorithm, headers=self.header)

    # --- What a browser does there ---

    def sign_in(self, browser: Client, way: str, **changes: str | None) -> Any:
        """Follow the hub's redirection to the provider and the provider's back to the hub."""
        parts = urlsplit(way)
        assert f"{parts.scheme}://{parts.netloc}" == self.issuer, way
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        code = secrets.token_hex(8)
        self.codes[code] = asked
        query = {"code": code, "state": asked["state"], "iss": self.issuer, **changes}
        query = {name: value for name, value in query.items() if value is not None}
        return browser.get(urlsplit(asked["redirect_uri"]).path, query)


def go(browser: Client, company: str = "alder", **query: str) -> str:
    """Return where the hub sends a browser that goes to the company's sign-in."""
    answer = browser.get(reverse("accounts:company-sign-in-go", args=[company]), query)
    assert answer.status_code == 302, (answer.status_code, answer.content[:3000])
    return answer["Location"]


def confirm(browser: Client, person: Any, method: str = "password", **more: Any) -> None:
    """Let a signed-in browser have a fresh sign-in."""
    request = HttpRequest()
    request.session = browser.session
    record_authentication(request, person, method, **more)
    request.session.save()


def list_device(browser: Client, person: Any) -> None:
    """List a browser of force_login as a device of its person."""
    UserSession.objects.get_or_create(
        user=person, session_key=browser.session.session_key, defaults={"ip": "127.0.0.1"}
    )
