"""Asking a company's provider: by https, at a public address, for a short time, a small answer."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from urllib3.exceptions import HTTPError

TIMEOUT = (3.0, 5.0)  # seconds to connect, and to wait for each part of the answer
LONGEST = 10.0  # seconds for all of an answer
PART = 16 * 1024  # bytes that are read at once
LARGEST = 256 * 1024  # bytes; the largest providers publish some 20 KB of keys


class ProviderUnreachable(Exception):
    """The provider gave no answer that can be used; the text says why, for its administrator."""


class GuardedSession(HTTPSession):
    """A session that reaches public addresses by https alone, and reads no endless answer.

    requests-hardened pins the address that was checked and follows no redirection.
    """

    def __init__(self) -> None:
        super().__init__(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=False,
                never_redirect=True,
                default_timeout=TIMEOUT,
                user_agent_override="hub",
            )
        )
        self.trust_env = False  # a proxy would resolve the name again, and .netrc holds passwords
        self.mount("http://", _Refusing())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send it, and read the answer up to the limit. Raises RequestException."""
        until = time.monotonic() + LONGEST
        answer = super().send(request, **{**kwargs, "stream": True})
        body = b""
        try:
            while part := answer.raw.read1(PART, decode_content=True):
                body += part
                if len(body) > LARGEST or time.monotonic() > until:
                    raise requests.RequestException("the answer is too large or takes too long")
        except HTTPError as error:  # of urllib3
            raise requests.ConnectionError(error) from error
        finally:
            answer.close()
        answer._content = body
        return answer


class _Refusing(HTTPAdapter):
    """Sends nothing: the address is not https."""

    def send(self, *_args: Any, **_kwargs: Any) -> requests.Response:
        raise requests.exceptions.InvalidSchema("only https is asked")


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Gives allauth's client the guarded session."""

    def get_requests_session(self) -> requests.Session:
        """Return a new session."""
        return GuardedSession()


def is_https(address: object) -> bool:
    """Return whether an address is one of https, with a host and without a name and password."""
    if not isinstance(address, str) or any(sign in address for sign in "\\ \t\r\n"):
        return False
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 -- raises for a port that is none
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def fetch(address: str, *, token: str = "") -> dict[str, Any]:
    """Return the JSON object at an address. Raises ProviderUnreachable."""
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with GuardedSession() as session:
            answer = session.get(address, headers=headers)
    except requests.RequestException as error:
        raise ProviderUnreachable(f"{address}: {type(error).__name__}") from error
    if answer.status_code != 200:
        raise ProviderUnreachable(f"{address}: status {answer.status_code}")
    try:
        document = json.loads(answer.content)
    except ValueError as error:
        raise ProviderUnreachable(f"{address}: no JSON") from error
    if not isinstance(document, dict):
        raise ProviderUnreachable(f"{address}: no JSON object")
    return document
