"""prompt, max_age, acr_values and hints: what a portal may demand of a sign-in, once."""

import json
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.http import METHOD
from portals.models import Portal
from portals.oidc.steps import STEPS
from portals.services.portal_sessions import SignedOut
from tests.oidc.conftest import AUTHORIZE, read_redirect

PASSWORD = "three unrelated words"
REFEDS_MFA = "https://refeds.org/profile/mfa"


@pytest.fixture
def alice(alice):
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def _step(answer) -> tuple[str, str]:
    """The page a person is led to, and the address it leads back to."""
    assert answer.status_code == 302
    parts = urlsplit(answer["Location"])
    return parts.path, parse_qs(parts.query)["next"][0]


def test_who_is_signed_out_signs_in_and_comes_back(webmail, as_, alice):
    browser = as_(None)
    page, back = _step(webmail.ask(browser))
    assert page == "/accounts/login/"
    assert back.startswith(AUTHORIZE)

    done = browser.post(
        f"{page}?next=x", {"login": alice.email, "password": PASSWORD, "next": back}
    )

    assert done["Location"] == back
    assert webmail.redeem(read_redirect(browser.get(back))["code"]).status_code == 200


def test_silent_when_signed_out(webmail, as_):
    answer = read_redirect(webmail.ask(as_(None), prompt="none"))

    assert answer["error"] == "login_required"


def test_silent_when_signed_in(webmail, signed_in, alice):
    assert "code" in read_redirect(webmail.ask(signed_in(alice), prompt="none"))


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_fresh_sign_in_is_demanded_once(webmail, signed_in, alice, demand):
    """E1: max_age=0 and prompt=login always show a page, and the answer says when it was."""
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        browser = signed_in(alice)
    before = time.time()
    page, back = _step(webmail.ask(browser, **demand))
    assert page == "/accounts/reauthenticate/"
    # Not done: the page is shown again.
    assert _step(browser.get(back))[0] == page

    done = browser.post(page, {"password": PASSWORD, "next": back})

    code = read_redirect(browser.get(done["Location"]))["code"]
    assert webmail.claims(webmail.redeem(code).json()["id_token"])["auth_time"] >= int(before)
    # The very same request later demands it again.
    assert _step(browser.get(back))[0] == page


def test_max_age(webmail, signed_in, alice):
    with time_machine.travel(timezone.now() - timedelta(seconds=100)):
        browser = signed_in(alice)

    assert "code" in read_redirect(webmail.ask(browser, max_age="10000"))
    assert _step(webmail.ask(browser, max_age="50"))[0] == "/accounts/reauthenticate/"
    silent = read_redirect(webmail.ask(browser, max_age="50", prompt="none"))
    assert silent["error"] == "login_required"


def test_a_portal_that_wants_two_factors_asks_who_has_two(webmail, signed_in, alice):
    browser = signed_in(alice)
    assert "code" in read_redirect(webmail.ask(browser, acr_values=REFEDS_MFA))

    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})

    assert webmail.ask(browser, acr_values=REFEDS_MFA)["Location"].startswith("/accounts/")
    assert "code" in read_redirect(webmail.ask(browser))  # unless it wants no more than one


def test_an_answered_request_leaves_nothing_in_the_session(webmail, signed_in, alice):
    """Five requests under way are kept, so answered ones must not push them out."""
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        browser = signed_in(alice)
    page, back = _step(webmail.ask(browser, prompt="login"))
    assert browser.session[STEPS]
    done = browser.post(page, {"password": PASSWORD, "next": back})
    assert "code" in read_redirect(browser.get(done["Location"]))
    assert browser.session[STEPS] == {}

    webmail.ask(browser, prompt="login")
    assert browser.session[STEPS]
    assert "error" in read_redirect(webmail.ask(browser, prompt="login none"))


def test_a_sign_out_meanwhile_is_an_answer(webmail, signed_in, alice, monkeypatch):
    def signed_out(**_facts):
        raise SignedOut

    monkeypatch.setattr("portals.oidc.authorization.authorize_portal", signed_out)

    assert read_redirect(webmail.ask(signed_in(alice)))["error"] == "login_required"


def test_the_id_token_says_how_strong_the_sign_in_was(webmail, signed_in, alice):
    single = webmail.claims(webmail.tokens(signed_in(alice))["id_token"])
    assert (single["amr"], single["acr"]) == (["pwd"], "https://refeds.org/profile/sfa")

    browser = signed_in(alice, "mfa", type="webauthn", passwordless=True)
    passkey = webmail.claims(webmail.tokens(browser)["id_token"])
    assert (passkey["amr"], passkey["acr"]) == (["hwk", "mfa"], REFEDS_MFA)


@pytest.mark.parametrize(
    ("several", "amr"), [(True, ["pwd", "otp", "mfa"]), (False, ["pwd", "otp"])]
)
def test_a_companys_provider_is_believed_where_the_hub_took_its_word(
    webmail, signed_in, alice, several, amr
):
    browser = signed_in(alice, METHOD, amr=["pwd", "otp"], second_factor=several)
    assert webmail.claims(webmail.tokens(browser)["id_token"])["amr"] == amr


@pytest.fixture
def hint(webmail, signed_in, alice) -> str:
    return webmail.tokens(signed_in(alice))["id_token"]


def test_a_hint_of_who_is_meant(webmail, signed_in, alice, bob, hint):
    assert "code" in read_redirect(webmail.ask(signed_in(alice), prompt="none", id_token_hint=hint))

    other = read_redirect(webmail.ask(signed_in(bob), prompt="none", id_token_hint=hint))
    assert other["error"] == "login_required"


def test_an_expired_hint_still_says_who(webmail, signed_in, alice, hint):
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        answer = webmail.ask(signed_in(alice), prompt="none", id_token_hint=hint)

    assert "code" in read_redirect(answer)


def test_a_hint_of_another_portal_or_a_changed_one_is_refused(
    webmail, domains, signed_in, alice, hint
):
    browser = signed_in(alice)
    changed = hint[:-4] + ("AAAA" if not hint.endswith("AAAA") else "BBBB")

    assert read_redirect(domains.ask(browser, id_token_hint=hint))["error"] == "invalid_request"
    assert read_redirect(webmail.ask(browser, id_token_hint=changed))["error"] == "invalid_request"


def test_a_sub_asked_for(webmail, signed_in, alice, bob):
    claims = json.dumps({"id_token": {"sub": {"value": str(alice.sub)}}})

    assert "code" in read_redirect(webmail.ask(signed_in(alice), claims=claims))
    other = read_redirect(webmail.ask(signed_in(bob), claims=claims))
    assert other["error"] == "login_required"


def test_who_has_to_set_up_a_second_factor_does_so_first(webmail, signed_in, alice, alder):
    alder.second_factor_from = timezone.now() - timedelta(days=1)
    alder.save()
    browser = signed_in(alice)

    assert webmail.ask(browser)["Location"] == "/accounts/2fa/"
    silent = read_redirect(webmail.ask(browser, prompt="none"))
    assert silent["error"] == "interaction_required"

    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})

    assert "/identity/o/authorize" in browser.get("/accounts/2fa/").content.decode()


def test_a_request_in_another_spelling_asks_once(webmail, signed_in, alice):
    """Browsers leave the braces of `claims={…}` as they are; redirections escape them."""
    Portal.objects.filter(slug="webmail").update(ask_consent=True)
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        browser = signed_in(alice)
    claims = '{"userinfo":{"email":null}}'
    query = urlencode(webmail.query(prompt="login consent")) + f"&claims={claims}"

    page, back = _step(browser.generic("GET", AUTHORIZE, QUERY_STRING=query))
    browser.post(page, {"password": PASSWORD, "next": back})
    asked = browser.get(back)
    assert b"Agree and continue" in asked.content
    answer = {"query": asked.context["query"], "person": alice.sub, "action": "consent"}
    back = browser.post("/identity/o/authorize/continue", answer)["Location"]

    assert "code" in read_redirect(browser.get(back))
