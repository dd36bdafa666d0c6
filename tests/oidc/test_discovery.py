"""Discovery says exactly what works, on the configured address (OIDF config plan)."""

import pytest
from django.test import Client as Browser

from tests.oidc.conftest import ISSUER, userinfo

CONFIGURATION = "/.well-known/openid-configuration"


@pytest.fixture
def told(db) -> dict[str, object]:
    answer = Browser().get(CONFIGURATION, headers={"Host": "localhost:99"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "max-age=3600" in answer["Cache-Control"]
    return answer.json()


def test_the_issuer_is_pinned(told):
    assert told["issuer"] == ISSUER


def test_every_endpoint_named_is_there(told):
    endpoints = {k: v for k, v in told.items() if k.endswith("_endpoint") or k == "jwks_uri"}

    assert len(endpoints) >= 6
    for address in endpoints.values():
        assert address.startswith(f"{ISSUER}/")
        assert Browser().get(address.removeprefix(ISSUER)).status_code != 404


def test_it_names_what_is_supported_and_no_more(told):
    assert told["response_types_supported"] == ["code"]
    assert told["response_modes_supported"] == ["query"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert told["subject_types_supported"] == ["public"]
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
    ]
    assert told["request_parameter_supported"] is False
    assert told["request_uri_parameter_supported"] is False
    assert told["claims_parameter_supported"] is True
    assert told["authorization_response_iss_parameter_supported"] is True
    assert {"sub", "iss", "auth_time", "acr", "email", "groups"} <= set(told["claims_supported"])


def test_every_claim_that_a_portal_gets_is_named(told, webmail, signed_in, alice):
    tokens = webmail.tokens(signed_in(alice))

    given = {*webmail.claims(tokens["id_token"]), *userinfo(tokens["access_token"]).json()}
    assert "permissions_complete" in given
    assert given - {"at_hash", "jti"} <= set(told["claims_supported"])


def test_keys_say_what_they_are_for(db):
    answer = Browser().get("/.well-known/jwks.json")

    key = answer.json()["keys"][0]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert key["kid"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()
    assert "key_ops" not in key  # beside `use`, idpyoidc refuses the key (RFC 7517, 4.3)
    assert "max-age=3600" in answer["Cache-Control"]
