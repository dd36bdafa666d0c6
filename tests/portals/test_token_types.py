"""Every API that portals call takes a portal's access token, and no other kind of token."""

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.urls import reverse
from django.utils import timezone

from portals.choices import Scope
from tests.portals.test_evaluation import keep_token, portals  # noqa: F401 — a fixture
from tests.test_access import ADDRESSES, PORTAL

APIS = [
    name
    for name, address in ADDRESSES.items()
    if address.who is PORTAL and not name.startswith("idp:")  # see oidc/test_tokens.py
]
EVERY_SCOPE = "\n".join(Scope.values)
OTHERS = [kind for kind in Token.Type if kind != Token.Type.ACCESS_TOKEN]


@pytest.fixture
def status_of(portals, client):  # noqa: F811
    """Return a function that calls an API with a token of these fields: the status, and why."""

    def call(name, **fields):
        keep_token("value", portals["domains"], scopes=EVERY_SCOPE, **fields)
        address = ADDRESSES[name]
        response = client.generic(
            address.method,
            reverse(name, kwargs=address.arguments),
            "{}",
            content_type="application/json",
            headers={"Authorization": "Bearer value"},
        )
        return response.status_code, response.headers.get("WWW-Authenticate", "")

    return call


def test_the_apis_of_portals_are_all_here():
    assert len(APIS) >= 6


@pytest.mark.parametrize("name", APIS)
def test_an_access_token_of_the_portal_opens_it(name, status_of):
    assert status_of(name)[0] in (200, 400, 404, 415)  # no such log request, or no file


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", APIS)
def test_no_other_token_does(name, kind, status_of):
    status, challenge = status_of(name, type=kind)

    assert status == 401
    assert 'error="invalid_token"' in challenge


@pytest.mark.parametrize("name", APIS)
def test_an_access_token_of_a_person_does_not(name, status_of, bob):
    assert status_of(name, user=bob)[0] == 401


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize(("early", "opens"), [(1, True), (0, False)])
def test_an_access_token_opens_it_until_the_moment_of_its_end(name, early, opens, status_of):
    end = timezone.now() + timedelta(hours=1)
    with time_machine.travel(end - timedelta(microseconds=early), tick=False):
        assert (status_of(name, expires_at=end)[0] != 401) is opens
