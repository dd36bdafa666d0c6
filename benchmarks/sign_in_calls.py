"""A portal of the example with Alice's tokens, and the calls that benchmarks.sign_in measures."""

import io
import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

CHECK = "/access/v1/evaluation"
API = "/identity/o/api"
FORM = "application/x-www-form-urlencoded"
SCOPES = "openid profile email company groups offline_access"
CHECKS = 500


class SignedIn:
    """Alice in the webmail portal."""

    def __init__(self) -> None:
        """Sign Alice in by password, and open the portal for her."""
        from django.conf import settings
        from django.test import Client as Browser

        from accounts.models import User
        from hub.example import PASSWORD
        from hub.wsgi import application
        from portals.models import Portal
        from portals.services.credentials import issue_credentials
        from portals.services.signing_keys import add_signing_key

        settings.ACCOUNT_RATE_LIMITS = False
        settings.ROOT_URLCONF = "benchmarks.sign_in_urls"
        self.application = application
        self.browser = Browser(HTTP_HOST="localhost")
        add_signing_key(actor=None)
        self.portal = Portal.objects.get(slug="webmail")
        Portal.objects.filter(pk=self.portal.pk).update(pkce=False)
        self.credentials = issue_credentials(actor=None, portal=self.portal)._asdict()
        self.redirect_uri = self.portal.redirect_uris[0]
        alice = User.objects.get(email="alice@alder.example")
        alice.set_password(PASSWORD)  # with the production hasher, whoever loaded the example
        alice.save()
        self.sign_in()
        self.tokens = self.redeem(SCOPES)

    def call(self, path: str, form: dict[str, str], **headers: str) -> tuple[int, bytes]:
        """Call Django's application; return status and body."""
        body = urlencode(form).encode()
        environ = {
            "REQUEST_METHOD": "POST" if form else "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            **headers,
        }
        said: list[int] = []
        response = self.application(environ, lambda status, _: said.append(int(status[:3])))
        content = b"".join(response)
        response.close()
        return said[0], content

    def redeem(self, scopes: str) -> dict[str, str]:
        """Return fresh tokens."""
        query = {
            "response_type": "code",
            "client_id": self.credentials["client_id"],
            "redirect_uri": self.redirect_uri,
            "scope": scopes,
        }
        answer = self.browser.get("/identity/o/authorize", query)
        code = answer["Location"].partition("code=")[2].partition("&")[0]
        return self.ask("token", grant_type="authorization_code", code=code)

    def ask(self, endpoint: str, **form: str) -> Any:
        """Call an endpoint as the portal. Exit at a refusal."""
        form = {"redirect_uri": self.redirect_uri, **self.credentials, **form}
        status, body = self.call(f"{API}/{endpoint}", form)
        if status != 200:
            sys.exit(f"{endpoint}: {status} {body[:200]!r}")
        return json.loads(body) if body else None

    def empty(self) -> None:
        """Get the view that does nothing."""
        assert self.call("/empty", {}) == (200, b"true")

    def token(self) -> None:
        """Get a token for the portal's credentials."""
        self.ask("token", grant_type="client_credentials")

    def refresh(self) -> None:
        """Exchange the refresh token."""
        value = self.tokens["refresh_token"]
        self.tokens = self.ask("token", grant_type="refresh_token", refresh_token=value)

    def userinfo(self) -> None:
        """Read the claims by the access token."""
        bearer = f"Bearer {self.tokens['access_token']}"
        status, body = self.call(f"{API}/userinfo", {}, HTTP_AUTHORIZATION=bearer)
        assert (status, json.loads(body)["company"]) == (200, "alder")

    def sign_in(self) -> None:
        """Give the password in the browser that then opens portals."""
        from hub.example import PASSWORD

        self.browser.logout()
        form = {"login": "alice@alder.example", "password": PASSWORD}
        answer = self.browser.post("/accounts/login/", form)
        assert answer["Location"] == "/", answer.status_code

    # --- Requests for the served hub, with the answer: whether "true" is in it ---

    def plans(self, tokens: int) -> dict[str, list[tuple[str, bool]]]:
        """Return the requests of each kind; introspection is about this many tokens."""
        return {
            "empty view": [("GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n", True)],
            "check": self.checks(),
            "introspection": self.introspections(SCOPES, tokens),
            "introspection, permissions": self.introspections(f"{SCOPES} permissions", tokens),
        }

    def checks(self) -> list[tuple[str, bool]]:
        """Return checks about the people and mailboxes of Alice's company."""
        from accounts.models import User
        from portals.decision import decide
        from portals.models import Resource

        token = self.ask("token", grant_type="client_credentials")["access_token"]
        people = User.objects.filter(memberships__customer__slug="alder")
        mailboxes = Resource.objects.filter(
            subscription__customer__slug="alder", resource_type__code="mailbox"
        )
        privileges = self.portal.privileges.filter(resource_type__code="mailbox")
        requests = []
        for person, mailbox, privilege in itertools.product(people, mailboxes, privileges):
            question = {
                "subject": {"type": "user", "id": str(person.sub)},
                "resource": {"type": "mailbox", "id": mailbox.external_id},
                "action": {"name": privilege.code},
            }
            may = decide(person, privilege.codename, mailbox) != "not_allowed"
            bearer = f"Authorization: Bearer {token}\r\n"
            requests.append((posted(CHECK, "application/json", json.dumps(question), bearer), may))
        return requests[:CHECKS]

    def introspections(self, scopes: str, tokens: int) -> list[tuple[str, bool]]:
        """Return questions about tokens, a quarter of which was revoked."""
        requests = []
        for number in range(tokens):
            value = self.redeem(scopes)["access_token"]
            if number % 4 == 0:
                self.ask("revoke", token=value)
            form = urlencode({**self.credentials, "token": value})
            requests.append((posted(f"{API}/introspect", FORM, form), number % 4 != 0))
        return requests


def posted(path: str, kind: str, body: str, headers: str = "") -> str:
    """Return a POST as HTTP text."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: {kind}\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


def calls_a_second(call: Callable[[], None], count: int) -> float:
    """Return how many calls one core makes in a second, by CPU time."""
    began = time.process_time()
    for _ in range(count):
        call()
    return count / (time.process_time() - began)
