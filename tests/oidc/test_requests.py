"""Authorization requests that are refused: on a page where nobody can be told, else by name."""

import json

import pytest
from django.test import Client as Browser

from portals.models import AuthorizationCode, Portal
from tests.oidc.conftest import AUTHORIZE, ISSUER, read_redirect


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"client_id": "unknown"},
        {"client_id": "\x00"},
        {"redirect_uri": None},
        {"redirect_uri": "{}?next=x"},
        {"redirect_uri": "{};x=1"},
        {"redirect_uri": "{}/"},
        {"redirect_uri": "{}#fragment"},
        {"redirect_uri": "HTTPS://WEBMAIL.harbour.example/sign-in/callback"},
        {"redirect_uri": "https://webmail.harbour.example:443/sign-in/callback"},
        {"redirect_uri": "https://webmail.harbour.example@evil.example/sign-in/callback"},
        {"redirect_uri": "https://webmail.harbour.example.evil.example/sign-in/callback"},
        {"redirect_uri": "http://webmail.harbour.example/sign-in/callback"},
    ],
)
def test_nobody_is_sent_to_an_address_of_no_manifest(webmail, signed_in, alice, change):
    """goauthentik/authentik CVE-2024-52289: literal comparison; an error page, no redirection."""
    change = {k: v and v.format(webmail.redirect_uri) for k, v in change.items()}

    answer = webmail.ask(signed_in(alice), **change)

    assert answer.status_code == 400
    assert b"Sign-in can" in answer.content
    assert not AuthorizationCode.objects.exists()


def test_a_repeated_client_id_or_redirect_uri_is_shown_on_a_page(webmail, signed_in, alice):
    for name in ("client_id", "redirect_uri"):
        answer = signed_in(alice).get(f"{webmail.url()}&{name}=x")
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": "access:check"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
        ({"request_uri": "https://webmail.harbour.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"id_token": 5}'}, "invalid_request"),
        ({"claims": "[" * 2000}, "invalid_request"),
        ({"nonce": "n" * 1001}, "invalid_request"),
        ({"id_token_hint": "abc"}, "invalid_request"),
        ({"resource": "https://tickets.harbour.example/"}, "invalid_target"),
    ],
)
def test_a_portal_is_told_by_name(webmail, signed_in, alice, change, error):
    answer = read_redirect(webmail.ask(signed_in(alice), **change))

    assert (answer["error"], answer["state"], answer["iss"]) == (error, "the-state", ISSUER)
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize("name", ["scope", "nonce", "prompt", "code_challenge", "state"])
def test_a_repeated_parameter_is_refused(webmail, signed_in, alice, name):
    answer = read_redirect(signed_in(alice).get(f"{webmail.url()}&{name}=openid"))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize(
    "more",
    [
        *["scopes=access:check", "user=1", "client=x", "extra_credentials=x", "unknown=1"],
        *["display=popup", "ui_locales=fr", "claims_locales=fr", "acr_values=1 2"],
        "login_hint=bob@alder.example",
    ],
)
def test_unknown_and_voluntary_parameters_change_nothing(webmail, signed_in, alice, more):
    answer = signed_in(alice).get(f"{webmail.url()}&{more}")

    tokens = webmail.redeem(read_redirect(answer)["code"]).json()
    assert webmail.claims(tokens["id_token"])["sub"] == str(alice.sub)
    assert "access:check" not in tokens["scope"]


def test_unknown_scopes_are_ignored(webmail, signed_in, alice):
    tokens = webmail.tokens(signed_in(alice), scope="openid address phone email access:check")

    assert tokens["scope"] == "openid email"


def test_a_portal_that_can_send_no_challenge_says_so_in_its_manifest(webmail, signed_in, alice):
    Portal.objects.filter(slug="webmail").update(pkce=False)
    without = {"code_challenge": None, "code_challenge_method": None}
    code = webmail.code(signed_in(alice), **without)

    downgraded = webmail.redeem(code)  # a verifier that nobody asked for (RFC 9700, 4.8.2)

    assert downgraded.json()["error"] == "invalid_grant"
    assert webmail.redeem(code, code_verifier="").status_code == 200


def test_people_may_be_sent_by_post(webmail, signed_in, alice):
    """From another site no cookie comes along, so the request begins anew as a GET."""
    browser = signed_in(alice)

    answer = Browser(enforce_csrf_checks=True).post(AUTHORIZE, webmail.query())

    assert answer.status_code == 303
    assert "code" in read_redirect(browser.get(answer["Location"]))


def test_a_request_of_any_length_is_answered(webmail, signed_in, alice):
    browser = signed_in(alice)

    assert webmail.ask(browser, state="s" * 20_000).status_code == 400
    assert browser.post(AUTHORIZE, webmail.query(state="s" * 20_000)).status_code == 400
    assert read_redirect(webmail.ask(browser, state="s" * 9000))["error"] == "invalid_request"


def test_single_claims_can_be_asked_for(webmail, signed_in, alice):
    claims = {
        "id_token": {"name": {"essential": True}, "shoe_size": None},
        "userinfo": {"email": None},
    }
    tokens = webmail.tokens(signed_in(alice), scope="openid", claims=json.dumps(claims))

    told = webmail.claims(tokens["id_token"])
    assert told["name"] == "Alice Martin"
    assert "email" not in told
    assert "shoe_size" not in told


def test_a_wrong_host_header_changes_no_address(webmail, signed_in, alice):
    browser = signed_in(alice)

    answer = browser.get(webmail.url(), headers={"Host": "localhost:99"})

    assert read_redirect(answer)["iss"] == ISSUER
