"""What a browser gets under an https address, whole: every header and cookie is written out here.

The settings are those of a production start at https://hub.example. A header or flag that changes,
comes or goes fails a test, so whoever changes one decides it twice.
"""

import os
import re
import runpy
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.conf import settings as tested
from django.test import Client, override_settings
from django.utils import timezone

from tests.acts import PASSWORD
from tests.hub.test_demo_command import PRODUCTION
from tests.tree import ROOT

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'none'",
    "script-src 'self' 'nonce-…'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "manifest-src 'self'",
}
EVERYWHERE = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": "en",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": {"Accept-Encoding", "Accept-Language", "Cookie", "HX-Request"},
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SIGNED_IN = {**EVERYWHERE, "Cache-Control": {"no-store", "private"}}
SIGNED_OUT = {
    **EVERYWHERE,
    "Cache-Control": {"max-age=0", "must-revalidate", "no-cache", "no-store", "private"},
}
# What differs under the test's own database, mail and files says nothing about a visitor.
NOT_FOR_BROWSERS = {
    "DATABASES", "CACHES", "STORAGES", "TEMPLATES", "PASSWORD_HASHERS", "HUB_MAIL_TRANSPORT",
}  # fmt: skip


def production_settings():
    """Return the settings of a production start that differ from the tests'."""
    with patch.dict(os.environ, PRODUCTION):
        loaded = runpy.run_path(str(ROOT / "hub" / "settings.py"))
    return {
        name: value
        for name, value in loaded.items()
        if name.isupper()
        and not name.startswith("EMAIL_")
        and name not in NOT_FOR_BROWSERS
        and getattr(tested, name, None) != value
    }


@pytest.fixture(scope="module")
def started():
    return production_settings()


@pytest.fixture
def visitor(started):
    """A browser behind the provider's proxy, which says that people came by https."""
    with override_settings(**started):
        yield Client(
            HTTP_HOST="hub.example",
            HTTP_X_FORWARDED_PROTO="https",
            HTTP_ORIGIN="https://hub.example",  # browsers say so with every form
            enforce_csrf_checks=True,
        )


@pytest.fixture
def person(alice):
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def token_in(page):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]


def sign_in(visitor, person, **headers):
    data = {"login": person.email, "password": PASSWORD}
    data["csrfmiddlewaretoken"] = token_in(visitor.get("/accounts/login/"))
    return visitor.post("/accounts/login/", data, **headers)


def headers_of(response):
    """Return all headers, lists of words as sets, without the length and the moment."""
    headers = dict(response.headers)
    headers.pop("Content-Length")
    headers.pop("Expires", None)  # of "never cache": the moment itself
    policy = re.sub(r"'nonce-[^']{22,}'", "'nonce-…'", headers["Content-Security-Policy"])
    return {
        **headers,
        "Content-Security-Policy": set(policy.split("; ")),
        "Cache-Control": set(headers["Cache-Control"].split(", ")),
        "Vary": set(headers["Vary"].split(", ")),
    }


def cookies_of(response):
    """Return each cookie's flags."""
    kept = {}
    for name, cookie in response.cookies.items():
        flags = {key: value for key, value in cookie.items() if value != ""}
        flags.pop("expires", None)  # says the same as max-age
        kept[name] = flags
    return kept


LAX = {"path": "/", "secure": True, "samesite": "Lax"}
CSRF_COOKIE = {**LAX, "max-age": 30 * 24 * 60 * 60}


def test_every_header_of_the_home_page_and_of_a_companys_page(visitor, person):
    sign_in(visitor, person)
    home, page = visitor.get("/"), visitor.get("/c/alder/people/")

    assert (home.status_code, page.status_code) == (200, 200)
    assert headers_of(home) == headers_of(page) == SIGNED_IN
    assert cookies_of(home) == cookies_of(page) == {"__Host-csrf": CSRF_COOKIE}


def test_every_header_of_the_sign_in_page(visitor):
    page = visitor.get("/accounts/login/")

    assert page.status_code == 200
    assert headers_of(page) == SIGNED_OUT
    assert cookies_of(page) == {"__Host-csrf": CSRF_COOKIE}


def test_each_page_has_its_own_nonce(visitor):
    pages = [visitor.get("/accounts/login/") for _ in range(2)]

    nonces = {re.search(r"'nonce-([^']+)'", page["Content-Security-Policy"])[1] for page in pages}
    assert len(nonces) == 2


def test_every_cookie_of_a_sign_in(visitor, person):
    """All but the device's, which is known for a year, end with the browser."""
    response = sign_in(visitor, person)

    assert (response.status_code, response["Location"]) == (302, "/")
    assert cookies_of(response) == {
        "__Host-csrf": CSRF_COOKIE,
        "__Host-session": {**LAX, "httponly": True},
        "__Host-device": {**LAX, "httponly": True, "max-age": 365 * 24 * 60 * 60},
        "__Host-typist": {**LAX, "httponly": True},
        "hub_language": LAX,
    }


def test_a_chosen_language_is_kept_by_a_secure_cookie(visitor):
    token = token_in(visitor.get("/accounts/login/"))
    response = visitor.post("/i18n/setlang/", {"language": "fr", "csrfmiddlewaretoken": token})

    assert response.status_code == 302
    assert cookies_of(response)["hub_language"] == LAX
    assert response.cookies["hub_language"].value == "fr"


def test_a_session_ends_after_twelve_hours(visitor, person):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        sign_in(visitor, person)
    last = start + timedelta(hours=12, seconds=-1)
    with time_machine.travel(last, tick=False):
        assert visitor.get("/").status_code == 200
    with time_machine.travel(last + timedelta(seconds=2), tick=False):
        assert visitor.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_plain_http_is_never_told_to_come_by_https_only(visitor):
    """A proxy that forwards plain http says so; a browser would ignore the header there."""
    page = visitor.get("/accounts/login/", HTTP_X_FORWARDED_PROTO="http")

    assert "Strict-Transport-Security" not in page.headers


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("https://hub.example", True),
        ("http://hub.example", False),
        ("https://hub.example:8443", False),
        ("https://pages.hub.example", False),
        ("https://attacker.example", False),
        ("null", False),
    ],
)
def test_only_the_own_address_may_send_forms(origin, trusted, visitor, person):
    response = sign_in(visitor, person, HTTP_ORIGIN=origin)

    assert response.status_code == (302 if trusted else 403)
    assert ("__Host-session" in response.cookies) is trusted


def test_only_the_own_host_is_answered_and_trusted(visitor, started):
    assert started["ALLOWED_HOSTS"] == ["hub.example"]
    assert started["CSRF_TRUSTED_ORIGINS"] == ["https://hub.example"]
    assert visitor.get("/accounts/login/", HTTP_HOST="attacker.example").status_code == 400
