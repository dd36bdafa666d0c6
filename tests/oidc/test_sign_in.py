"""Signing in to a portal, from its request to the claims it reads."""

from tests.oidc.conftest import ISSUER, read_redirect, userinfo


def test_a_person_signs_in(webmail, signed_in, alice, alder):
    browser = signed_in(alice)

    answer = webmail.ask(browser)

    back = read_redirect(answer)
    assert answer["Location"].startswith(webmail.redirect_uri + "?")
    assert (back["state"], back["iss"]) == ("the-state", ISSUER)
    tokens = webmail.redeem(back["code"]).json()
    assert tokens["token_type"] == "Bearer"
    claims = webmail.claims(tokens["id_token"])
    assert claims["sub"] == str(alice.sub)
    assert claims["nonce"] == "the-nonce"
    assert claims["email"] == claims["preferred_username"] == "alice@alder.example"
    assert claims["email_verified"] is True
    assert claims["amr"] == ["pwd"]
    assert not {"groups", "permissions", "company"} & claims.keys()
    told = userinfo(tokens["access_token"]).json()
    assert told["company"] == "alder"
    assert told["groups"][:2] == ["alder", "alder/super_user"]
    assert "subscription/alder/open" in told["permissions"]
