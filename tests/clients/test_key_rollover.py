"""The hub's signing key changes while people are signed in, in clients that have read the old one.

The worst case: the new key signs at once, and no client has seen it, as after a leak.
"""

import jwt
import pytest
import requests
from joserfc.errors import JoseError

from tests.clients.kept import Kept
from tests.clients.test_clients import leads_to_the_hub, wait_until_told


def rotate(clients):
    """Add a key, let it sign now, and return its id."""
    kid = clients.manage("signing_key", "add").split()[0]
    clients.write(
        "UPDATE portals_signingkey SET not_before = '2020-01-01 00:00:00',"
        f" issued_at = (SELECT datetime('now')) WHERE kid = '{kid}'"
    )
    return kid


def key_of(token):
    return jwt.get_unverified_header(token)["kid"]


def published(clients):
    return [
        key["kid"] for key in requests.get(f"{clients.hub}/.well-known/jwks.json").json()["keys"]
    ]


def with_pyjwt(clients, token):
    """Verify an ID token with another library, which has read no key yet."""
    key = jwt.PyJWKClient(f"{clients.hub}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    return jwt.decode(token, key, ["RS256"], audience=clients.ids["kept"], issuer=clients.hub)


def test_who_is_signed_in_goes_on_and_a_retired_key_proves_nothing(clients, visitor):
    first = rotate(clients)
    kept = Kept(clients, visitor)
    old = kept.token["id_token"]
    assert key_of(old) == first
    assert kept.read(old)["email"] == "alice@alder.example"

    second = rotate(clients)

    assert {first, second} <= set(published(clients))
    assert kept.read(old)["sub"] == with_pyjwt(clients, old)["sub"]
    assert kept.userinfo(kept.token).status_code == 200
    assert kept.introspect(kept.token["access_token"])["active"] is True
    fresh = kept.refresh(kept.token["refresh_token"])
    assert key_of(fresh["id_token"]) == second
    assert kept.read(fresh["id_token"])["sid"] == kept.read(old)["sid"]  # it asks for the new key
    assert with_pyjwt(clients, fresh["id_token"])["sub"] == kept.read(old)["sub"]
    kept.sign_in(visitor)  # once more, with the keys it has
    assert key_of(kept.token["id_token"]) == second

    clients.manage("signing_key", "retire", first)

    assert first not in published(clients) and second in published(clients)
    kept.portal.client.fetch_jwk_set(force=True)  # as each client does within the hour
    with pytest.raises(JoseError):
        kept.read(old)
    with pytest.raises(jwt.PyJWKClientError):
        with_pyjwt(clients, old)
    refused = visitor.get(f"{clients.hub}/identity/o/logout?id_token_hint={old}", timeout=20)
    assert refused.status_code == 400
    assert kept.userinfo(fresh).status_code == 200
    again = kept.refresh(fresh["refresh_token"])
    assert kept.read(again["id_token"])["email"] == "alice@alder.example"


@pytest.mark.parametrize("host", ["apache", "apache-post"])
def test_apache_with_the_old_keys_takes_a_sign_in_and_a_sign_out_by_a_new_one(
    clients, visitor, host
):
    home = clients.homes[host]
    visitor.open(f"{home}/alder/page")
    assert not leads_to_the_hub(visitor, clients, home)

    rotate(clients)

    page = visitor.get(f"{clients.hub}/accounts/logout/", timeout=20)
    visitor.send_form(page, "/accounts/logout/")
    wait_until_told(clients)  # by a logout token of the new key
    assert leads_to_the_hub(visitor, clients, home)
    rotate(clients)
    page = visitor.open(f"{home}/alder/page")
    assert page.json()["Remote-User"] == "alice@alder.example"


@pytest.mark.parametrize("library", ["authlib", "idpyoidc", "openid-client"])
def test_a_library_signs_in_after_a_rotation(clients, visitor, library):
    rotate(clients)

    page = visitor.open(f"{clients.homes[library]}/start?method=client_secret_basic")

    assert page.status_code == 200, page.text
    assert page.json()["id_token"]["email"] == "alice@alder.example"
