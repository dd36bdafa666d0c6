"""Authlib, idpyoidc, openid-client and mod_auth_openidc, unmodified, against a running hub."""

import time
from urllib.parse import urlsplit

import pytest

from tests.clients.conftest import AWKWARD

LIBRARIES = ["authlib", "idpyoidc", "openid-client"]
METHODS = ["client_secret_basic", "client_secret_post"]
CLAIMS = {"company": "alder", "role": "super_user", "groups": ["alder", "alder/super_user"]}


def wait_until_told(clients):
    """Wait until every portal took its logout token."""
    until = time.monotonic() + 20
    while waiting := clients.untold():
        assert not any(problem for _portal, problem in waiting), waiting
        assert time.monotonic() < until, waiting
        time.sleep(0.05)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_does_everything(clients, visitor, library, method):
    """The library verifies state, nonce, PKCE, issuer, ID token, its times and its `at_hash`."""
    home = clients.homes[library]

    page = visitor.open(f"{home}/start?method={method}")

    assert page.url.startswith(f"{home}/callback"), page.text
    assert page.status_code == 200, page.text
    shown = page.json()
    signed_in, told = shown["id_token"], shown["introspection"]
    assert (signed_in["email"], signed_in["amr"]) == ("alice@alder.example", ["pwd"])
    assert not CLAIMS.keys() & signed_in.keys()
    for claims in (shown["userinfo"], shown["refreshed"], told):
        assert (claims["sub"], claims["email"]) == (signed_in["sub"], "alice@alder.example")
        assert {name: claims[name] for name in CLAIMS} == CLAIMS
    assert (told["active"], told["sid"]) == (True, signed_in["sid"])
    assert shown["revoked"] == {"active": False}

    page = visitor.get(f"{home}/sign-out", timeout=20)

    assert page.url.startswith(f"{home}/signed-out"), page.text
    assert page.status_code == 200, page.text
    assert is_signed_out(visitor, clients)
    wait_until_told(clients)
    assert signed_in["sid"] in clients.ended(library)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_sign_out_at_the_hub_reaches_a_library(clients, visitor, library):
    home = clients.homes[library]
    shown = visitor.open(f"{home}/start?method=client_secret_basic").json()

    page = visitor.get(f"{clients.hub}/accounts/logout/", timeout=20)
    visitor.send_form(page, "/accounts/logout/")

    assert is_signed_out(visitor, clients)
    wait_until_told(clients)
    assert shown["id_token"]["sid"] in clients.ended(library)


def is_signed_out(visitor, clients):
    """Whether the hub's home leads to its sign-in."""
    return urlsplit(visitor.get(f"{clients.hub}/", timeout=20).url).path == "/accounts/login/"


def own_token(clients, visitor, library, method, portal, secret):
    """Let a library ask for a portal's own token."""
    values = {"method": method, "client_id": clients.ids[portal], "client_secret": secret}
    return visitor.get(f"{clients.homes[library]}/own-token", params=values, timeout=20).json()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_secrets_from_another_product_work(clients, visitor, library, method):
    """RFC 6749, 2.3.1 has them form-encoded in Basic. openid-client does it, idpyoidc does not,
    and Authlib sends Latin 1.
    """
    answers = {
        name: own_token(clients, visitor, library, method, f"secret-{name}", secret)
        for name, secret in AWKWARD.items()
        if (library, method, name) != ("authlib", METHODS[0], "symbols")  # it cannot send that
    }

    assert {name: a for name, a in answers.items() if a.get("scope") != "access:check"} == {}
    wrong = own_token(clients, visitor, library, method, "secret-plus", AWKWARD["latin"])
    assert wrong["error"] == "invalid_client"


@pytest.mark.parametrize("library", ["authlib", "openid-client"])  # idpyoidc always has a secret
def test_a_client_without_a_secret_is_refused_as_discovery_says(clients, visitor, library):
    told = visitor.get(f"{clients.hub}/.well-known/openid-configuration", timeout=20).json()
    assert told["token_endpoint_auth_methods_supported"] == METHODS

    answer = own_token(clients, visitor, library, "none", library, "")

    assert answer["error"] == "invalid_client"


# --- mod_auth_openidc ---
@pytest.mark.parametrize("host", ["apache", "apache-post"])
def test_apache_does_everything(clients, visitor, host):
    """With the settings of docs/portals.md; one host sends its secret by Basic, one in the form."""
    home = clients.homes[host]

    page = visitor.open(f"{home}/alder/page")

    assert page.url == f"{home}/alder/page", page.text
    shown = page.json()
    assert shown["Remote-User"] == "alice@alder.example"
    assert shown["OIDC_CLAIM_company"] == "alder"
    assert shown["OIDC_CLAIM_groups"] == "alder,alder/super_user"
    assert visitor.get(f"{home}/birch/", timeout=20).status_code in (401, 403)
    before = shown["OIDC_access_token"]
    # It refreshes only for whoever names the access token.
    refresh = {"refresh": f"{home}/alder/page", "access_token": before}
    refreshed = visitor.get(f"{home}/sign-in/callback", params=refresh, timeout=20)
    assert refreshed.url == f"{home}/alder/page"
    after = refreshed.json()["OIDC_access_token"]
    assert after != before

    bearer = {"Authorization": f"Bearer {after}"}
    called = visitor.get(f"{home}/api/", headers=bearer, cookies={}, timeout=20)
    assert called.json()["Remote-User"] == "alice@alder.example"
    assert visitor.get(f"{home}/api/", headers={"Authorization": "Bearer x"}).status_code == 401

    page = visitor.get(f"{home}/sign-in/callback?logout={home}/signed-out", timeout=20)
    assert page.url.startswith(f"{home}/signed-out"), page.text
    assert is_signed_out(visitor, clients)
    assert leads_to_the_hub(visitor, clients, home)
    wait_until_told(clients)


@pytest.mark.parametrize("host", ["apache", "apache-post"])
def test_apache_revokes_its_tokens_before_it_leads_to_the_hub(clients, visitor, host):
    """It finds `revocation_endpoint` by discovery. The hub's own session goes on until then."""
    home = clients.homes[host]
    token = visitor.open(f"{home}/alder/page").json()["OIDC_access_token"]
    bearer = {"headers": {"Authorization": f"Bearer {token}"}, "cookies": {}, "timeout": 20}
    assert visitor.get(f"{home}/api/", **bearer).status_code == 200

    answer = visitor.get(
        f"{home}/sign-in/callback?logout={home}/signed-out", allow_redirects=False, timeout=20
    )

    assert answer.headers["Location"].startswith(f"{clients.hub}/identity/o/logout?")
    assert visitor.get(f"{home}/api/", **bearer).status_code == 401
    assert not is_signed_out(visitor, clients)


@pytest.mark.parametrize("host", ["apache", "apache-post"])
def test_a_sign_out_at_the_hub_ends_the_session_in_apache(clients, visitor, host):
    """By back-channel logout alone: its session holds the claims, and it asks the hub no more."""
    home = clients.homes[host]
    visitor.open(f"{home}/alder/page")
    assert not leads_to_the_hub(visitor, clients, home)

    page = visitor.get(f"{clients.hub}/accounts/logout/", timeout=20)
    visitor.send_form(page, "/accounts/logout/")

    wait_until_told(clients)
    assert leads_to_the_hub(visitor, clients, home)


def leads_to_the_hub(visitor, clients, home):
    """Whether Apache asks for a sign-in."""
    answer = visitor.get(f"{home}/alder/page", allow_redirects=False, timeout=20)
    return answer.headers.get("Location", "").startswith(f"{clients.hub}/identity/o/authorize?")
