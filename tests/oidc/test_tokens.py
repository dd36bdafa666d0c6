"""Access tokens: for their own portal alone; introspection, revocation and userinfo."""

import base64
import hashlib
import json
import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.oidc.conftest import INTROSPECT, ISSUER, REVOKE, TOKEN, USERINFO, statements, userinfo

OFFLINE = "openid email offline_access"


@pytest.fixture
def tokens(webmail, signed_in, alice) -> dict[str, str]:
    return webmail.tokens(signed_in(alice), scope=OFFLINE)


def test_userinfo_by_get_header_post_header_and_post_body(tokens, alice):
    value = tokens["access_token"]
    bearer = {"Authorization": f"Bearer {value}"}
    answers = [
        Browser().get(USERINFO, headers=bearer),
        Browser().post(USERINFO, headers=bearer),
        Browser().post(USERINFO, {"access_token": value}),
    ]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert {answer.json()["sub"] for answer in answers} == {str(alice.sub)}
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}


@pytest.mark.parametrize(
    ("header", "status", "challenge"),
    [
        ("", 401, 'Bearer realm="hub"'),
        ("Basic eDp5", 401, 'Bearer realm="hub"'),
        ("Bearer", 401, 'Bearer realm="hub"'),
        ("Bearer unknown", 401, 'Bearer realm="hub", error="invalid_token"'),
        ("Bearer é", 401, 'Bearer realm="hub", error="invalid_token"'),
    ],
)
def test_userinfo_without_a_valid_token(db, header, status, challenge):
    answer = Browser().get(USERINFO, headers={"Authorization": header} if header else {})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (status, challenge)


def test_a_token_in_the_address_is_not_read(tokens):
    assert Browser().get(f"{USERINFO}?access_token={tokens['access_token']}").status_code == 401


def test_an_id_token_is_no_access_token(webmail, tokens):
    """E6."""
    assert userinfo(tokens["id_token"]).status_code == 401
    assert webmail.introspect(tokens["id_token"]) == {"active": False}


def test_an_expired_token_opens_nothing(webmail, tokens):
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert userinfo(tokens["access_token"]).status_code == 401
        assert webmail.introspect(tokens["access_token"]) == {"active": False}


def test_a_token_is_found_by_an_index_however_many_there_are(webmail, tokens):
    """One statement took six seconds among 600,000 tokens: their index begins with the type.

    Of the statements of introspection and userinfo, test_introspection.py reads the plan.
    """
    with CaptureQueriesContext(connection) as queries:
        for value in (tokens["access_token"], tokens["refresh_token"], "unknown"):
            webmail.refresh(value)
            webmail.post(REVOKE, token=value)

    found = [query["sql"] for query in queries if '"hash" = ' in query["sql"]]
    of_tokens = [sql for sql in found if "allauth_idp_oidc_token" in sql]
    assert len(of_tokens) >= 6
    for sql in of_tokens:
        assert re.search(r'"type" (=|IN) ', sql), sql


def test_a_portals_own_token_names_nobody(webmail):
    own = webmail.post("/identity/o/api/token", grant_type="client_credentials").json()

    assert userinfo(own["access_token"]).status_code == 401
    told = webmail.introspect(own["access_token"])
    assert told["active"] is True
    assert "sub" not in told


def test_a_persons_token_opens_no_api_of_the_hub(tokens):
    """E7; security.md section 0, 6: tokens are bound to their portal."""
    answer = Browser().get(
        "/api/v1/resources", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )

    assert answer.status_code == 401


def test_introspection_tells_a_portal_about_its_own_tokens(webmail, tokens, alice):
    told = webmail.introspect(tokens["access_token"])

    assert told["active"] is True
    assert (told["iss"], told["token_type"]) == (ISSUER, "Bearer")
    assert told["client_id"] == told["aud"] == webmail.credentials.client_id
    assert (told["sub"], told["email"]) == (str(alice.sub), "alice@alder.example")
    assert told["username"] == "alice@alder.example"
    assert told["scope"] == OFFLINE
    assert told["exp"] - told["iat"] == 3600
    refresh = webmail.introspect(tokens["refresh_token"])
    assert refresh["active"] is True
    assert "token_type" not in refresh


@pytest.mark.parametrize("scope", ["openid", "openid profile"])
def test_without_the_scope_email_nothing_tells_the_address(webmail, signed_in, alice, scope):
    """Another claim that holds the address would tell it past the person's consent."""
    tokens = webmail.tokens(signed_in(alice), scope=scope)

    answers = [
        webmail.introspect(tokens["access_token"]),
        userinfo(tokens["access_token"]).json(),
        webmail.claims(tokens["id_token"]),
    ]

    assert answers[0]["username"] == str(alice.sub)
    assert "alice@alder.example" not in json.dumps(answers)


def test_a_reserved_name_is_no_user_name_in_introspection(webmail, signed_in, alice):
    alice.email = "root@alder.example"
    alice.save()
    token = webmail.tokens(signed_in(alice), scope=OFFLINE)["access_token"]

    assert webmail.introspect(token)["username"] == str(alice.sub)


def basic(client_id, secret, charset="utf-8"):
    encoded = base64.b64encode(f"{client_id}:{secret}".encode(charset)).decode()
    return {"Authorization": f"Basic {encoded}"}


@pytest.mark.parametrize("text", ["a%00b", "a\x00b", "%0d%0a", "%7f"])
def test_a_client_id_that_no_database_could_keep_is_a_bad_request(webmail, text):
    """J6: it is form-encoded (RFC 6749, 2.3.1), so it is looked at as it reads decoded."""
    header = basic(text, webmail.credentials.client_secret)

    answer = webmail.post(TOKEN, header, grant_type="client_credentials")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("secret", ["a\x00b", "a\nb", "a\x7fb"])
def test_a_secret_with_a_control_character_is_a_bad_request(webmail, secret):
    header = basic(webmail.credentials.client_id, secret)

    answer = webmail.post(TOKEN, header, grant_type="client_credentials")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "secret",
    ["a+b/c=d&e:f é g", "100%", "%41%2B", "line%0Abreak%00", "%E9 and é", "ÿ", "漢字:🐟"],
)
def test_a_secret_from_another_product_is_understood_however_clients_write_it(webmail, secret):
    """RFC 6749, 2.3.1: openid-client encodes it, idpyoidc doesn't, Authlib sends Latin 1."""
    client = Client.objects.get(pk=webmail.credentials.client_id)
    client.secret = make_password(secret, hasher="keyed_sha256")
    client.save()
    headers = [
        basic(client.pk, quote_plus(secret)),
        basic(client.pk, quote(secret, safe="")),
        basic(client.pk, secret),
    ]
    with suppress(UnicodeEncodeError):
        headers.append(basic(client.pk, secret, "latin-1"))

    answers = [webmail.post(TOKEN, header, grant_type="client_credentials") for header in headers]

    assert {answer.status_code for answer in answers} == {200}
    wrong = webmail.post(TOKEN, basic(client.pk, secret + "x"), grant_type="client_credentials")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic", "Basic é", "Basic YQ==", "Basic OmE=", "Bearer eDp5"])
def test_a_header_without_id_and_secret_is_none(webmail, header):
    answer = webmail.post(TOKEN, {"Authorization": header}, grant_type="client_credentials")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "resource",
    ["http://[", "https://a.example/\x00", "https://a.example/\n", "https://[::g]/", "x"],
)
def test_a_resource_that_is_no_address_is_refused_by_name(webmail, resource):
    """J6, RFC 8707."""
    answer = webmail.post(TOKEN, grant_type="client_credentials", resource=resource)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert not Token.objects.exists()


def test_introspection_by_another_portal_says_nothing(domains, tokens):
    """E7; goauthentik/authentik CVE-2024-47077."""
    assert domains.introspect(tokens["access_token"]) == {"active": False}
    assert domains.introspect(tokens["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
def test_only_portals_that_know_their_secret_may_call(webmail, tokens, path):
    stranger = {"client_id": webmail.credentials.client_id, "client_secret": "wrong"}
    answers = [
        Browser().post(path, {"token": tokens["access_token"]}),
        Browser().post(path, {"token": tokens["access_token"], **stranger}),
        Browser().post(
            path,
            {"token": tokens["access_token"]},
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert userinfo(tokens["access_token"]).status_code == 200


def test_sixty_introspections_a_minute_pass(webmail, tokens):
    """Dovecot asks at each IMAP sign-in."""
    assert all(webmail.introspect(tokens["access_token"])["active"] for _ in range(60))


def test_a_revoked_access_token_ends_alone(webmail, tokens):
    assert webmail.post(REVOKE, token=tokens["access_token"]).status_code == 200

    assert userinfo(tokens["access_token"]).status_code == 401
    assert webmail.refresh(tokens["refresh_token"]).status_code == 200


def test_a_revoked_refresh_token_ends_all_of_its_sign_in(webmail, tokens):
    """Section 0, 7 of the attack list: the access token ends too."""
    webmail.post(REVOKE, token=tokens["refresh_token"])

    assert userinfo(tokens["access_token"]).status_code == 401
    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not Token.objects.exists()


def test_a_portal_revokes_only_its_own_tokens(domains, tokens, webmail):
    for value in (tokens["access_token"], tokens["refresh_token"], "unknown"):
        assert domains.post(REVOKE, token=value).status_code == 200

    assert userinfo(tokens["access_token"]).status_code == 200
    assert webmail.refresh(tokens["refresh_token"]).status_code == 200


def test_each_call_makes_few_statements(webmail, signed_in, bob):
    """Each statement costs the token endpoint CPU: below 10 ms a call (benchmarks/sign_in.py)."""
    everything = "openid profile email company groups offline_access"
    code = webmail.code(signed_in(bob), scope=everything)
    with statements() as own:
        webmail.post(TOKEN, grant_type="client_credentials")
    with statements() as first:
        refresh_token = webmail.redeem(code).json()["refresh_token"]
    with statements() as again:
        webmail.refresh(refresh_token)

    counted = [
        len([text for text in found if "SAVEPOINT" not in text]) for found in (own, first, again)
    ]
    # The client and its token. For a person also session and code or token (read after the session
    # is locked), access, use, two kinds of rows, and the key that signs.
    assert counted == [2, 8, 7]


def test_the_id_token_is_bound_to_its_access_token(webmail, signed_in, alice):
    """OIDC Core 3.1.3.6: the left half of the hash of the access token."""
    tokens = webmail.tokens(signed_in(alice))
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]

    expected = base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert webmail.claims(tokens["id_token"])["at_hash"] == expected
