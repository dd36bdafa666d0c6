"""Attacks on the way to a company's provider and back: each is refused, and nobody is signed in.

OpenID Connect Core 3.1.3.7 and 5.3.2, RFC 9700, RFC 9207; nOAuth is in test_company_sign_in.py.
"""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from accounts.models import AuditEvent, CompanyIdentity, CompanySignIn
from accounts.openid.discovery import discover
from accounts.services import company_sign_in as services
from hub.limits import ACCOUNT_RATE_LIMITS
from tests.accounts.company_provider import (
    CLIENT_ID,
    ISSUER,
    OTHER_KEY,
    SECRET,
    go,
)
from tests.accounts.test_company_sign_in import come_in, is_in
from tests.accounts.test_factors import sign_in


def refused(answer, client, why=""):
    assert answer.status_code in (400, 403), (answer.status_code, answer.content[:500])
    assert why in answer.content.decode()
    assert not is_in(client)
    assert not CompanyIdentity.objects.filter(subject="bob-1").exists()
    return True


# --- The request ---


def test_the_request_has_state_nonce_and_code_challenge_and_nothing_of_the_query(
    own_sign_in, provider
):
    client = Client()
    way = go(client, scope="admin", auth_params="prompt=none", process="connect", action="x")
    asked = parse_qs(urlsplit(way).query)

    assert asked["tenant"] == ["alder"]  # the endpoint's own query stays
    assert asked["response_type"] == ["code"] and asked["scope"] == ["openid email profile"]
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43
    assert asked["redirect_uri"] == ["http://localhost:8000/accounts/company/alder/callback/"]
    assert "prompt" not in asked
    other = parse_qs(urlsplit(go(client)).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43 and asked[name] != other[name]


def test_the_secret_goes_to_the_token_endpoint_alone_and_form_encoded(own_sign_in, provider):
    come_in(provider)

    token = next(request for request in provider.asked if request.method == "POST")
    pair = base64.b64decode(token.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "the-hub:a+longer+secret%3A+with+%25+%2B+%2F+and+%C3%A9"
    assert "secret" not in str(token.body)
    assert not [request for request in provider.asked if "secret" in str(request.url)]


def test_the_secret_is_sealed_at_rest(own_sign_in):
    row = CompanySignIn.objects.get()
    assert SECRET not in row.sealed_secret and services.client_secret_of(row) == SECRET


def test_the_secret_goes_into_the_form_where_the_provider_wants_it(own_sign_in, provider):
    provider.document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    cache.clear()
    client, _answer = come_in(provider)

    token = next(request for request in provider.asked if request.method == "POST")
    assert "Authorization" not in token.headers and "client_secret=" in str(token.body)
    assert is_in(client)


# --- The way back ---


def test_a_state_works_once(own_sign_in, provider):
    client = Client()
    way = go(client)
    provider.claims = {"email_verified": False}
    provider.sign_in(client, way)
    provider.claims = {}

    assert refused(provider.sign_in(client, way), client, "too long ago, or of another browser")


def test_a_state_of_another_browser_does_not_work(own_sign_in, provider):
    way, victim = go(Client()), Client()
    assert refused(provider.sign_in(victim, way), victim)
    go(victim)
    assert refused(provider.sign_in(victim, way), victim)


@pytest.mark.parametrize("state", [None, "", "made-up"])
def test_without_a_state_of_ours_nothing_is_asked(state, own_sign_in, provider):
    client = Client()
    way = go(client)
    asked = len(provider.asked)

    assert refused(provider.sign_in(client, way, state=state), client)
    assert len(provider.asked) == asked


def test_a_state_is_too_old_after_ten_minutes(own_sign_in, provider, monkeypatch):
    client = Client()
    way = go(client)
    moment = timezone.now().timestamp() + 601
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: moment)
    assert refused(provider.sign_in(client, way), client)


@pytest.mark.parametrize("issuer", [None, "https://login.birch.example", f"{ISSUER}/"])
def test_an_answer_of_another_provider_is_refused_RFC_9207(issuer, own_sign_in, provider):
    client = Client()
    answer = provider.sign_in(client, go(client), iss=issuer)
    assert refused(answer, client, "of another provider")


def test_mix_up_a_state_of_one_company_does_not_work_at_another(
    own_sign_in, provider, charlie, birch
):
    services.connect_provider(
        actor=charlie,
        customer=birch,
        provider=discover(ISSUER),
        client_id="birch",
        client_secret="secret",
        signed_in_at=timezone.now(),
    )
    client = Client()
    way = go(client)
    query = {"code": "x", "state": parse_qs(urlsplit(way).query)["state"][0], "iss": ISSUER}

    answer = client.get(reverse("accounts:company-sign-in-callback", args=["birch"]), query)

    assert refused(answer, client, "of another browser")


def test_a_code_of_another_sign_in_is_not_redeemed(own_sign_in, provider):
    """The code challenge binds it: an injected code fails at the provider (RFC 9700, 2.1.1)."""
    attacker = Client()
    provider.claims = {"email_verified": False}
    provider.sign_in(attacker, go(attacker))
    asked = {k: v[0] for k, v in parse_qs(urlsplit(go(Client())).query).items()}
    provider.codes["stolen"] = asked
    provider.claims = {}

    client = Client()
    answer = provider.sign_in(client, go(client), code="stolen")

    assert refused(answer, client, "did not take the code")


@pytest.mark.parametrize("error", ["access_denied", "server_error", "<script>"])
def test_an_error_of_the_provider_signs_nobody_in(error, own_sign_in, provider):
    client = Client()
    answer = provider.sign_in(client, go(client), code=None, error=error)
    assert refused(answer, client)
    assert b"<script>" not in answer.content.split(b"<body")[1]


def test_a_provider_that_is_away_is_named_and_leaves_the_main_super_users_way(
    own_sign_in, provider
):
    cache.clear()
    provider.is_away = True
    answer = Client().get("/accounts/company/alder/go/")
    assert answer.status_code == 502
    assert "doesn't answer" in answer.content.decode()


def test_a_provider_is_not_asked_without_end(own_sign_in, provider, settings):
    assert "company_sign_in" in ACCOUNT_RATE_LIMITS
    settings.ACCOUNT_RATE_LIMITS = {"company_sign_in": "3/m/ip"}
    client = Client()
    answers = [client.get("/accounts/company/alder/go/").status_code for _time in range(4)]
    assert answers == [302] * 3 + [429]

    asked = len(provider.asked)
    assert client.get("/accounts/company/alder/callback/?state=x&code=y").status_code == 429
    assert len(provider.asked) == asked


# --- The ID token ---


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.birch.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": ["another-client"]},
        {"aud": [CLIENT_ID, "another-client"]},  # without azp
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 9_999_999_999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
def test_an_id_token_that_is_not_of_this_sign_in_is_refused(claims, own_sign_in, provider):
    client, answer = come_in(provider, **claims)
    assert refused(answer, client, "ID token:")


@pytest.mark.parametrize(("ago", "is_taken"), [(30, True), (90, False)])
def test_an_id_token_is_taken_for_a_minute_after_its_end_where_clocks_differ(
    ago, is_taken, own_sign_in, provider
):
    client, _answer = come_in(provider, exp=int(timezone.now().timestamp()) - ago)
    assert is_in(client) is is_taken


def test_the_longest_subject_that_openid_connect_allows_is_taken(own_sign_in, provider):
    client, _answer = come_in(provider, sub="x" * 255)
    assert is_in(client)


def test_an_id_token_for_several_that_names_us_is_ours(own_sign_in, provider):
    client, _answer = come_in(provider, aud=[CLIENT_ID, "api"], azp=CLIENT_ID)
    assert is_in(client)


def unsigned(provider, **header):
    real = provider.id_token

    def without(asked):
        _head, body, _signature = real(asked).split(".")
        head = base64.urlsafe_b64encode(json.dumps({"alg": "none", **header}).encode())
        return f"{head.decode().rstrip('=')}.{body}."

    provider.id_token = without


def test_an_unsigned_id_token_is_refused(own_sign_in, provider):
    unsigned(provider, kid="1")
    client, answer = come_in(provider)
    assert refused(answer, client, "not signed by a key of the provider")


@pytest.mark.parametrize("key", [SECRET, b"x" * 32])
@pytest.mark.parametrize("kid", ["1", "shared"])
def test_an_id_token_signed_with_a_shared_secret_is_refused(key, kid, own_sign_in, provider):
    """HS256 with the client secret, or with a symmetric key that the provider publishes."""
    provider.algorithm, provider.key, provider.header = "HS256", key, {"kid": kid}
    client, answer = come_in(provider)
    assert refused(answer, client, "not signed by a key of the provider")


def test_a_symmetric_key_among_the_providers_is_none(own_sign_in, provider):
    provider.header = {"kid": "shared"}
    client, answer = come_in(provider)
    assert refused(answer, client, "signed by no key")


@pytest.mark.parametrize("header", [{"kid": "1"}, {"kid": "2"}, {}])
def test_an_id_token_of_another_key_is_refused(header, own_sign_in, provider):
    provider.key, provider.header = OTHER_KEY, header
    client, answer = come_in(provider)
    assert refused(answer, client, "ID token:")


def test_a_key_in_the_tokens_own_header_is_not_used(own_sign_in, provider):
    numbers = OTHER_KEY.public_key().public_numbers()
    encode = lambda n: base64.urlsafe_b64encode(n.to_bytes(256, "big")).decode().rstrip("=")  # noqa: E731
    provider.key = OTHER_KEY
    provider.header = {
        "jwk": {"kty": "RSA", "n": encode(numbers.n), "e": "AQAB"},
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/cert",
    }
    client, answer = come_in(provider)
    assert refused(answer, client, "signed by no key")
    assert not [request for request in provider.asked if "evil" in str(request.url)]


@pytest.mark.parametrize("text", [None, "", "a.b.c", "x" * 40_000, 5, ["x"]])
def test_what_is_no_id_token_is_refused(text, own_sign_in, provider):
    provider.id_token = lambda asked: text
    client, answer = come_in(provider)
    assert refused(answer, client, "ID token:")


def test_a_new_key_of_the_provider_is_asked_for(own_sign_in, provider):
    cache.set(f"company_keys:{ISSUER}/keys", {"keys": []})
    assert is_in(come_in(provider)[0])


# --- userinfo ---


def test_userinfo_gives_the_address_that_the_id_token_lacks(own_sign_in, provider):
    provider.userinfo = {"sub": "bob-1", "email": "bob@alder.example", "email_verified": True}
    client, _answer = come_in(provider, email=None, email_verified=None)
    assert is_in(client)


def test_userinfo_of_somebody_else_is_refused(own_sign_in, provider):
    provider.userinfo = {"sub": "eve-1", "email": "bob@alder.example", "email_verified": True}
    client, answer = come_in(provider, email=None, email_verified=None)
    assert refused(answer, client, "userinfo is of somebody else")


def test_userinfo_verifies_no_address_of_the_id_token(own_sign_in, provider):
    provider.userinfo = {"sub": "bob-1", "email": "bob@alder.example", "email_verified": True}
    client, answer = come_in(provider, email_verified=None)
    assert refused(answer, client)


# --- The session ---


def test_the_sessions_key_is_a_new_one_after_the_sign_in(own_sign_in, provider):
    client = Client()
    way = go(client)
    before = client.session.session_key
    provider.sign_in(client, way)
    assert client.session.session_key != before


def test_what_was_proven_before_does_not_strengthen_it(own_sign_in, provider, bob):
    """A right password that is refused leaves no trace that a later sign-in could count."""
    client, _answer = sign_in(bob)
    assert "account_authentication_methods" not in client.session
    come_in(provider, client)
    methods = [record["method"] for record in client.session["account_authentication_methods"]]
    assert methods == ["company"]


def test_somebody_who_is_signed_in_is_not_replaced(own_sign_in, provider, emma, as_):
    way_of_bob = go(browser := Client())
    browser.force_login(emma, backend="accounts.backends.PersonBackend")

    answer = provider.sign_in(browser, way_of_bob)

    assert answer.status_code in (400, 403)
    assert browser.get("/profile/").context["user"] == emma


def test_each_refusal_of_a_person_is_in_the_log_and_readable(own_sign_in, provider, as_, alice):
    come_in(provider, email="eve@evil.example\r\n<b>", email_verified=True)
    event = AuditEvent.objects.get(kind="company_sign_in.refused")
    assert event.data["address"] == "eve@evil.example<b>"
    page = as_(alice).get("/c/alder/activity/").content.decode()
    assert "eve@evil.example&lt;b&gt;" in page


def test_nothing_else_of_allauths_social_accounts_is_mounted():
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert not [name for name in names if name.startswith(("socialaccount", "openid_connect"))]
    for name in ("socialaccount_connections", "socialaccount_signup", "openid_connect_login"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    for path in ("/accounts/3rdparty/", "/accounts/oidc/x/login/", "/accounts/social/signup/"):
        assert Client().get(path).status_code in (302, 404)
