"""Client credentials: from issue to token, over HTTP."""

from base64 import b64encode
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEvent
from hub.settings import ACCOUNT_RATE_LIMITS
from portals.models import Portal
from portals.services.credentials import issue_credentials

TOKEN = "/identity/o/api/token"


@pytest.fixture
def domains(db) -> Portal:
    return Portal.objects.get(slug="domains")


def _ask(credentials, *, headers=None, **values):
    data = {"grant_type": "client_credentials", **credentials._asdict(), **values}
    return Browser().post(TOKEN, data, headers=headers)


def test_a_token_for_the_portals_scopes(domains):
    credentials = issue_credentials(actor=None, portal=domains)

    answer = _ask(credentials)

    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert set(body["scope"].split()) == {
        "access:check", "resources:write", "preferences:read", "logs:tabulate",
        "authorisations:read",
    }  # fmt: skip
    assert answer["Cache-Control"] == "no-store"
    token = Token.objects.get()
    assert (token.user, token.client.portal) == (None, domains)
    assert body["access_token"] not in token.hash


def test_a_token_by_basic_authentication(domains):
    credentials = issue_credentials(actor=None, portal=domains)
    basic = b64encode(":".join(credentials).encode()).decode()

    answer = Browser().post(
        TOKEN, {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "description"),
    [
        ({"client_id": "{id}"}, 200, ""),
        ({"client_id": "another"}, 400, "The client_id of the form differs from the one in the"),
        ({"client_id": "", "client_secret": ""}, 200, ""),
        ({"client_id": "{id}", "client_secret": "{secret}"}, 400, "Send the client's secret once"),
        ({"client_id": ["{id}", "{id}"]}, 400, "Send client_id once."),
        ({"scope": ["access:check", "resources:write"]}, 400, "Send scope once."),
    ],
)
def test_a_client_names_itself_once(domains, form, status, description):
    """giantswarm/mcp-oauth#318, cdelmonte-zg/nanoidp#277; RFC 6749, sections 2.3 and 5.2."""
    credentials = issue_credentials(actor=None, portal=domains)
    basic = b64encode(":".join(credentials).encode()).decode()
    names = {"{id}": credentials.client_id, "{secret}": credentials.client_secret}
    form = {
        key: [names.get(one, one) for one in ([value] if isinstance(value, str) else value)]
        for key, value in form.items()
    }

    answer = Browser().post(
        TOKEN,
        {"grant_type": "client_credentials", **form},
        headers={"Authorization": f"Basic {basic}"},
    )

    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"] == "invalid_request"
        assert answer.json()["error_description"].startswith(description)
    assert Token.objects.exists() == (status == 200)


def test_fewer_scopes_on_request(domains):
    credentials = issue_credentials(actor=None, portal=domains)

    assert _ask(credentials, scope="access:check").json()["scope"] == "access:check"
    assert _ask(credentials, scope="openid").json()["error"] == "invalid_scope"


def test_no_password_hasher_runs(domains, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "portals.hashers.KeyedHasher",
    ]
    with patch.object(PBKDF2PasswordHasher, "encode", side_effect=AssertionError("slow")):
        credentials = issue_credentials(actor=None, portal=domains)
        answer = _ask(credentials)

    assert answer.status_code == 200
    assert domains.__class__.objects.get(pk=domains.pk).client.secret.startswith("keyed_sha256$")


def test_rotation_revokes_the_former_credentials_and_tokens(domains):
    former = issue_credentials(actor=None, portal=domains)
    _ask(former)

    fresh = issue_credentials(actor=None, portal=domains)

    assert not Token.objects.exists()
    assert not Client.objects.filter(pk=former.client_id).exists()
    assert _ask(former).status_code == 401
    assert _ask(fresh).status_code == 200


def test_issuing_is_in_the_providers_chain_without_the_secret(domains):
    credentials = issue_credentials(actor=None, portal=domains)

    event = AuditEvent.objects.get(kind="portal.credentials_issued")
    assert (event.chain, event.data["client_id"]) == ("provider", credentials.client_id)
    assert credentials.client_secret not in str(event.data)


@pytest.mark.parametrize(
    ("values", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": "\x00é"}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
            400,
            "unsupported_grant_type",
        ),
    ],
)
def test_refusals(domains, values, status, error):
    answer = _ask(issue_credentials(actor=None, portal=domains), **values)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not Token.objects.exists()


@pytest.fixture
def limits(settings):
    """The rates of production, with nothing counted yet."""
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    cache.clear()
    yield
    cache.clear()


def test_wrong_secrets_are_slowed_down_and_nobody_is_locked_out(domains, limits):
    """frappe/frappe#41542, keycloak/keycloak#30077."""
    right = issue_credentials(actor=None, portal=domains)
    answers = [_ask(right, client_secret=f"guess {number}") for number in range(12)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1]["Retry-After"] == "60"
    assert answers[-1].json()["error"] == "invalid_client"
    assert _ask(right).status_code == 200  # from the same address, and at once
    assert _ask(right, client_secret="guess 13").status_code == 429

    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert _ask(right, client_secret="guess 14").status_code == 401


def test_guessing_from_many_addresses_is_slowed_down_too(domains, limits, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    other = issue_credentials(actor=None, portal=domains)
    for number in range(30):
        where = {"X-Forwarded-For": f"192.0.2.{number}"}
        assert _ask(other, headers=where, client_secret="guess").status_code == 401
    where = {"X-Forwarded-For": "192.0.2.77"}
    assert _ask(other, headers=where, client_secret="guess").status_code == 429
    assert _ask(other, headers=where, client_id="another").status_code == 401
    assert _ask(other, headers=where).status_code == 200


def test_a_nul_in_the_client_id_is_refused(domains):
    answer = _ask(issue_credentials(actor=None, portal=domains), client_id="\x00")

    assert answer.status_code in (400, 401)


@pytest.mark.parametrize("path", ["device", "api/device/code", "api/register"])
def test_unsupported_endpoints_are_not_found(db, path):
    """E12: the device grant and client registration are off."""
    assert Browser().get(f"/identity/o/{path}").status_code == 404
    assert Browser().post(f"/identity/o/{path}").status_code == 404


def test_an_expired_token_is_refused(domains):
    value = _ask(issue_credentials(actor=None, portal=domains)).json()["access_token"]
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = Browser().get("/api/v1/resources", headers={"Authorization": f"Bearer {value}"})

    assert answer.status_code == 401
