"""The OpenID Foundation's certification plans for providers, module by module.

Each test has the name of a module and does what it does against the hub (docs/conformance.md).
"""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from portals.models import Portal, PortalSession
from tests.oidc.conftest import USERINFO, read_redirect, userinfo

LOGOUT = "/identity/o/logout"
SIGNED_OUT = "https://webmail.harbour.example/signed-out"
CONFIGURATION = "/.well-known/openid-configuration"
REQUIRED = [
    *["issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"],
    *["scopes_supported", "response_types_supported", "subject_types_supported"],
    *["id_token_signing_alg_values_supported", "claims_supported", "grant_types_supported"],
]


@pytest.fixture
def browser(signed_in, alice):
    return signed_in(alice)


@pytest.fixture
def provider(db) -> dict[str, object]:
    return Browser().get(CONFIGURATION).json()


@pytest.fixture
def logout_address(webmail) -> None:
    Portal.objects.filter(slug="webmail").update(post_logout_redirect_uris=[SIGNED_OUT])


# --- Config ---


def test_oidcc_discovery_endpoint_verification(provider):
    assert set(REQUIRED) <= provider.keys()
    assert "RS256" in provider["id_token_signing_alg_values_supported"]
    assert provider["response_types_supported"] == ["code"]
    keys = Browser().get("/.well-known/jwks.json").json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)


# --- Basic ---


def test_oidcc_server(webmail, browser, alice):
    tokens = webmail.tokens(browser)
    claims = webmail.claims(tokens["id_token"])

    assert {"iss", "sub", "aud", "exp", "iat", "nonce"} <= claims.keys()
    assert userinfo(tokens["access_token"]).json()["sub"] == claims["sub"] == str(alice.sub)


def test_oidcc_response_type_missing(webmail, browser):
    assert read_redirect(webmail.ask(browser, response_type=None))["error"] == "invalid_request"


def test_oidcc_userinfo_get(webmail, browser):
    assert userinfo(webmail.tokens(browser)["access_token"]).status_code == 200


def test_oidcc_userinfo_post_header(webmail, browser):
    bearer = {"Authorization": f"Bearer {webmail.tokens(browser)['access_token']}"}
    assert Browser().post(USERINFO, headers=bearer).status_code == 200


def test_oidcc_userinfo_post_body(webmail, browser):
    form = {"access_token": webmail.tokens(browser)["access_token"]}
    assert Browser().post(USERINFO, form).status_code == 200


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(webmail, browser):
    claims = webmail.claims(webmail.tokens(browser, nonce=None)["id_token"])
    assert "nonce" not in claims


SCOPE_CLAIMS = {
    "profile": {"name", "locale", "zoneinfo", "preferred_username"},
    "email": {"email", "email_verified"},
    "address": set(),
    "phone": set(),
    "profile email address phone": {"name", "email"},
}


@pytest.mark.parametrize("scope", SCOPE_CLAIMS)
def test_scopes(webmail, browser, scope):
    """oidcc-scope-profile, oidcc-scope-email, oidcc-scope-address, oidcc-scope-phone and
    oidcc-scope-all.
    """
    tokens = webmail.tokens(browser, scope=f"openid {scope}")
    assert SCOPE_CLAIMS[scope] <= userinfo(tokens["access_token"]).json().keys()


def test_oidcc_ensure_other_scope_order_succeeds(webmail, browser):
    assert "id_token" in webmail.tokens(browser, scope="email openid")


@pytest.mark.parametrize("display", ["page", "popup"])
def test_display(webmail, browser, display):
    """oidcc-display-page and oidcc-display-popup."""
    assert webmail.tokens(browser, display=display)


def test_oidcc_prompt_login(webmail, browser):
    webmail.tokens(browser)

    page = webmail.ask(browser, prompt="login")

    assert page["Location"].startswith("/accounts/reauthenticate/")


def test_oidcc_prompt_none_not_logged_in(webmail, as_):
    assert read_redirect(webmail.ask(as_(None), prompt="none"))["error"] == "login_required"


def test_oidcc_prompt_none_logged_in(webmail, browser):
    first = webmail.claims(webmail.tokens(browser)["id_token"])
    second = webmail.claims(webmail.tokens(browser, prompt="none")["id_token"])

    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_oidcc_max_age_1(webmail, signed_in, alice):
    with time_machine.travel(timezone.now() - timedelta(seconds=2)):
        browser = signed_in(alice)

    assert webmail.ask(browser, max_age="1")["Location"].startswith("/accounts/reauthenticate/")


def test_oidcc_max_age_10000(webmail, browser):
    first = webmail.claims(webmail.tokens(browser, max_age="10000")["id_token"])
    second = webmail.claims(webmail.tokens(browser, max_age="10000")["id_token"])

    assert first["auth_time"] == second["auth_time"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extra", "foobar"),
        ("login_hint", "alice@alder.example"),
        ("ui_locales", "fr en"),
        ("claims_locales", "fr"),
        ("acr_values", "1 2"),
    ],
)
def test_parameters_that_must_not_fail(webmail, browser, name, value):
    """oidcc-ensure-request-with-unknown-parameter-succeeds, oidcc-login-hint, oidcc-ui-locales,
    oidcc-claims-locales and oidcc-ensure-request-with-acr-values-succeeds.
    """
    assert webmail.tokens(browser, **{name: value})


def test_oidcc_id_token_hint(webmail, browser):
    hint = webmail.tokens(browser)["id_token"]
    assert webmail.tokens(browser, prompt="none", id_token_hint=hint)


def test_oidcc_codereuse(webmail, browser):
    code = webmail.code(browser)
    webmail.redeem(code)

    assert webmail.redeem(code).json()["error"] == "invalid_grant"


def test_oidcc_codereuse_30seconds(webmail, browser):
    code = webmail.code(browser)
    token = webmail.redeem(code).json()["access_token"]
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        assert webmail.redeem(code).json()["error"] == "invalid_grant"
        assert userinfo(token).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(webmail, browser):
    assert webmail.ask(browser, redirect_uri=f"{webmail.redirect_uri}x").status_code == 400


def test_oidcc_ensure_post_request_succeeds(webmail, browser):
    answer = browser.post("/identity/o/authorize", webmail.query())
    assert "code" in read_redirect(browser.get(answer["Location"]))


def test_oidcc_server_client_secret_post(webmail, browser):
    assert webmail.redeem(webmail.code(browser)).status_code == 200


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    webmail, browser
):
    answer = read_redirect(webmail.ask(browser, request="eyJhbGciOiJub25lIn0.e30."))
    assert answer["error"] == "request_not_supported"


def test_oidcc_claims_essential(webmail, browser):
    claims = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = webmail.tokens(browser, scope="openid", claims=claims)
    assert userinfo(tokens["access_token"]).json()["name"]


def test_oidcc_ensure_request_object_with_redirect_uri(webmail, browser):
    answer = webmail.ask(browser, request="eyJhbGciOiJub25lIn0.e30.", redirect_uri=None)
    assert answer.status_code == 400


def test_oidcc_refresh_token(webmail, domains, browser):
    tokens = webmail.tokens(browser, scope="openid offline_access")

    assert domains.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    fresh = webmail.refresh(tokens["refresh_token"]).json()
    before, after = webmail.claims(tokens["id_token"]), webmail.claims(fresh["id_token"])
    assert (before["iss"], before["sub"]) == (after["iss"], after["sub"])


def test_oidcc_ensure_request_with_valid_pkce_succeeds(webmail, browser):
    assert webmail.redeem(webmail.code(browser)).status_code == 200


# --- RP-initiated logout ---


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(provider):
    assert provider["end_session_endpoint"].endswith(LOGOUT)


def _log_out(webmail, browser, **values):
    hint = webmail.tokens(browser)["id_token"]
    values = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT, "state": "s"} | values
    return browser.get(LOGOUT, {k: v.format(hint=hint) for k, v in values.items() if v is not None})


def test_oidcc_rp_initiated_logout(webmail, browser, logout_address):
    assert _log_out(webmail, browser)["Location"] == f"{SIGNED_OUT}?state=s"
    assert read_redirect(webmail.ask(browser, prompt="none"))["error"] == "login_required"


def test_oidcc_rp_initiated_logout_no_state(webmail, browser, logout_address):
    assert _log_out(webmail, browser, state=None)["Location"] == SIGNED_OUT


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(webmail, browser, logout_address):
    answer = _log_out(webmail, browser, post_logout_redirect_uri=f"{SIGNED_OUT}/other")
    assert answer.status_code == 400


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    webmail, browser, logout_address
):
    answer = _log_out(webmail, browser, post_logout_redirect_uri=f"{SIGNED_OUT}?foo=bar")
    assert answer.status_code == 400


def test_oidcc_rp_initiated_logout_modified_id_token_hint(webmail, browser, logout_address):
    assert _log_out(webmail, browser, id_token_hint="{hint}x").status_code == 400


def test_oidcc_rp_initiated_logout_bad_id_token_hint(webmail, domains, browser, logout_address):
    foreign = domains.tokens(browser)["id_token"]
    assert _log_out(webmail, browser, id_token_hint=foreign).status_code == 400


def test_oidcc_rp_initiated_logout_no_id_token_hint(webmail, browser, logout_address):
    answer = _log_out(webmail, browser, id_token_hint=None)
    assert answer.status_code == 400  # nobody says whose address it is


def test_oidcc_rp_initiated_logout_no_params(browser):
    page = browser.get(LOGOUT)
    assert page.status_code == 200
    assert b"Stay signed in" in page.content


def test_oidcc_rp_initiated_logout_only_state(browser):
    assert b"Stay signed in" in browser.get(LOGOUT, {"state": "s"}).content


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(webmail, browser, logout_address):
    assert _log_out(webmail, browser, post_logout_redirect_uri=None)["Location"] == "/"


# --- Back-channel logout ---


def test_oidcc_backchannel_rp_initiated_logout_discovery_endpoint_verification(provider):
    assert provider["backchannel_logout_supported"] is True
    assert provider["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(webmail, domains, browser, logout_address):
    """The notice goes only to a registered address; the token: test_logout.py."""
    address = "https://webmail.harbour.example/backchannel"
    Portal.objects.filter(slug="webmail").update(backchannel_logout_uri=address)
    domains.tokens(browser)

    _log_out(webmail, browser)

    told = PortalSession.objects.filter(logout_notice__isnull=False)
    assert [session.client.portal.slug for session in told] == ["webmail"]
    assert read_redirect(webmail.ask(browser, prompt="none"))["error"] == "login_required"


def test_the_documents_name_each_module_of_this_file():
    source = Path(__file__).read_text()
    tested = {name.replace("_", "-") for name in re.findall(r"def test_(oidcc_\w+)\(", source)}
    tested |= set(re.findall(r"oidcc-\w[\w-]*", source))

    assert set(re.findall(r"`(oidcc-[\w-]+)`", Path("docs/conformance.md").read_text())) == tested
