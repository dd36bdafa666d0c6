"""Who may open a portal is asked at each step, for the company for which it is opened."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.support import end_all_sessions
from portals.choices import SubscriptionStatus
from portals.models import (
    AuthorizationCode,
    PersonGrant,
    Portal,
    PortalConsent,
    PortalSession,
    Subscription,
)
from portals.services.portal_sessions import end_sessions_without_access
from tests.cases import verified_case
from tests.oidc.conftest import read_redirect, userinfo

OFFLINE = "openid company offline_access"


def test_who_may_not_open_it_reads_whom_to_ask(portal_of, signed_in, bob):
    answer = portal_of("statistics").ask(signed_in(bob))

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "You can't open Usage statistics" in page
    assert "Alice Martin" in page
    assert 'action="/c/alder/requests/portals/statistics/"' in page
    assert not AuthorizationCode.objects.exists()


def test_who_has_asked_for_it_reads_so(portal_of, signed_in, bob):
    browser = signed_in(bob)

    assert browser.post("/c/alder/requests/portals/statistics/").status_code == 302

    page = portal_of("statistics").ask(browser).content.decode()
    assert "You have already asked for access. Alice Martin will answer." in page


def test_staff_of_no_company_reads_so(domains, signed_in, olive):
    answer = domains.ask(signed_in(olive))

    assert answer.status_code == 403
    assert "None of your companies uses Domains." in answer.content.decode()


@pytest.mark.parametrize("status", ["active", "suspended", "closed"])
def test_who_is_suspended_reads_so_and_whom_to_ask(webmail, signed_in, bob, status):
    _suspend_member(bob)
    if status != "closed":  # a closed company has no main Super User
        Customer.objects.filter(slug="alder").update(status=status)
    else:
        Customer.objects.filter(slug="alder").update(status=status, main_super_user=None)
    browser = signed_in(bob)

    answer = webmail.ask(browser)
    home = browser.get("/").content.decode()

    assert answer.status_code == 403
    for page in (answer.content.decode(), home):
        told = "You are suspended at Alder Dental" in page and "Ask Alice Martin." in page
        assert told == (status != "closed")
    assert ("None of your companies uses Webmail." in answer.content.decode()) != told
    assert ("You belong to no company" in home) != told


def test_silently_it_is_an_error(domains, signed_in, emma):
    assert read_redirect(domains.ask(signed_in(emma), prompt="none"))["error"] == "access_denied"


def _end_subscription(person: User) -> None:
    Subscription.objects.filter(portal__slug="webmail").update(status=SubscriptionStatus.SUSPENDED)


def _suspend_member(person: User) -> None:
    Membership.objects.filter(user=person).update(suspended_at=timezone.now())


def _suspend_person(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def _suspend_company(person: User) -> None:
    Customer.objects.filter(slug="alder").update(status="suspended")


def _remove_access(person: User) -> None:
    PersonGrant.objects.filter(
        user=person, permission__codename="webmail.subscription.open"
    ).delete()


ENDS = [_end_subscription, _suspend_member, _suspend_person, _suspend_company, _remove_access]


@pytest.mark.parametrize("end", ENDS)
def test_a_code_of_who_may_no_longer_open_it_is_refused(webmail, signed_in, bob, end):
    code = webmail.code(signed_in(bob))
    end(bob)

    assert webmail.redeem(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("end", ENDS)
def test_tokens_of_who_may_no_longer_open_it_open_nothing(webmail, signed_in, bob, end):
    tokens = webmail.tokens(signed_in(bob), scope=OFFLINE)
    end(bob)

    assert userinfo(tokens["access_token"]).status_code == 401
    assert webmail.introspect(tokens["access_token"]) == {"active": False}
    assert webmail.introspect(tokens["refresh_token"]) == {"active": False}
    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("end", ENDS)
def test_the_clock_ends_their_sessions_for_good(webmail, signed_in, bob, alice, end):
    """Rule 1 of the attack list, goauthentik/authentik CVE-2025-53942: nothing comes back."""
    webmail.tokens(signed_in(bob), scope=OFFLINE)
    assert end_sessions_without_access() == 0
    end(bob)

    assert end_sessions_without_access() == 1

    assert PortalSession.objects.get(user=bob).end_reason == "access"
    assert end_sessions_without_access() == 0


def test_support_ends_them_at_once(webmail, signed_in, bob, dana):
    tokens = webmail.tokens(signed_in(bob), scope=OFFLINE)

    end_all_sessions(actor=dana, case=verified_case(dana, bob))

    assert PortalSession.objects.get(user=bob).ended_at is not None
    assert userinfo(tokens["access_token"]).status_code == 401
    assert webmail.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.fixture
def in_two_companies(alice, birch):
    Membership.objects.create(user=alice, customer=birch, role="super_user")
    Subscription.objects.get_or_create(customer=birch, portal_id=_webmail_id())
    return alice


def _webmail_id() -> int:
    return Subscription.objects.filter(portal__slug="webmail").values_list("portal", flat=True)[0]


def _choose(browser, page, company: str, person: User | None = None):
    context = page.context
    return browser.post(
        "/identity/o/authorize/continue",
        {
            "query": context["query"],
            "person": str((person or context["user"]).sub),
            "action": "company",
            "company": company,
        },
    )


def test_a_person_in_two_companies_chooses_one(webmail, signed_in, in_two_companies):
    browser = signed_in(in_two_companies)
    page = webmail.ask(browser, scope=OFFLINE)
    assert page.status_code == 200
    assert "Continue for Birch Logistics" in page.content.decode()

    back = _choose(browser, page, "birch")

    code = read_redirect(browser.get(back["Location"]))["code"]
    tokens = webmail.redeem(code).json()
    assert userinfo(tokens["access_token"]).json()["company"] == "birch"
    # The choice holds for this session.
    again = webmail.tokens(browser, scope=OFFLINE)
    assert userinfo(again["access_token"]).json()["company"] == "birch"


def test_choosing_the_other_company_ends_the_former_session(webmail, signed_in, in_two_companies):
    browser = signed_in(in_two_companies)
    _choose(browser, webmail.ask(browser, scope=OFFLINE), "alder")
    former = webmail.tokens(browser, scope=OFFLINE)

    _choose(browser, webmail.ask(browser, scope=OFFLINE, prompt="select_account"), "birch")
    fresh = webmail.tokens(browser, scope=OFFLINE)

    assert userinfo(former["access_token"]).status_code == 401
    assert userinfo(fresh["access_token"]).json()["company"] == "birch"


def test_silently_nobody_chooses(webmail, signed_in, in_two_companies):
    answer = read_redirect(webmail.ask(signed_in(in_two_companies), prompt="none"))

    assert answer["error"] == "interaction_required"


@pytest.mark.parametrize("company", ["cedar", "", "unknown", "birch'"])
def test_only_a_company_of_ones_own_can_be_chosen(webmail, signed_in, in_two_companies, company):
    browser = signed_in(in_two_companies)

    back = _choose(browser, webmail.ask(browser), company)

    assert browser.get(back["Location"]).status_code == 200  # the question again
    assert not AuthorizationCode.objects.exists()


def test_a_form_of_somebody_else_chooses_nothing(webmail, signed_in, in_two_companies, bob):
    """E1, section 0, 10: Alice's form does nothing once Bob is signed in."""
    browser = signed_in(in_two_companies)

    back = _choose(browser, webmail.ask(browser), "birch", person=bob)

    assert browser.get(back["Location"]).status_code == 200


@pytest.fixture
def asking(webmail):
    Portal.objects.update(ask_consent=True)
    return webmail


def _decide(browser, page, action: str, person: User):
    return browser.post(
        "/identity/o/authorize/continue",
        {"query": page.context["query"], "person": str(person.sub), "action": action},
    )


def test_consent_is_asked_once_for_each_portal_and_scope(asking, signed_in, alice):
    browser = signed_in(alice)
    page = asking.ask(browser, scope="openid email")
    assert "Your email address" in page.content.decode()
    assert read_redirect(asking.ask(browser, prompt="none"))["error"] == "consent_required"

    back = _decide(browser, page, "consent", alice)

    assert "code" in read_redirect(browser.get(back["Location"]))
    assert "code" in read_redirect(
        asking.ask(signed_in(alice), scope="openid email", prompt="none")
    )
    assert asking.ask(browser, scope="openid email groups").status_code == 200


def test_consent_to_one_portal_is_none_to_another(asking, domains, signed_in, alice):
    """security.md section 0, 5: prompt=none for a portal that was never agreed to."""
    browser = signed_in(alice)
    _decide(browser, asking.ask(browser), "consent", alice)
    asking.tokens(browser)

    assert read_redirect(domains.ask(browser, prompt="none"))["error"] == "consent_required"


def test_who_cancels_is_sent_back_with_the_error(asking, signed_in, alice):
    browser = signed_in(alice)

    answer = _decide(browser, asking.ask(browser), "refuse", alice)

    back = read_redirect(answer)
    assert (back["error"], back["state"]) == ("access_denied", "the-state")
    assert not PortalConsent.objects.exists()


def test_single_claims_need_consent_as_their_scope_does(asking, signed_in, alice):
    browser = signed_in(alice)
    _decide(browser, asking.ask(browser, scope="openid"), "consent", alice)

    wanted = {"scope": "openid", "claims": '{"userinfo": {"email": null}}', "prompt": "none"}

    assert read_redirect(asking.ask(browser, **wanted))["error"] == "consent_required"


def test_prompt_consent_asks_again(webmail, signed_in, alice):
    browser = signed_in(alice)
    page = webmail.ask(browser, prompt="consent")
    assert page.status_code == 200

    back = _decide(browser, page, "consent", alice)

    assert "code" in read_redirect(browser.get(back["Location"]))
    assert webmail.ask(browser, prompt="consent").status_code == 200


def test_the_page_lets_its_form_end_at_the_portal(asking, signed_in, alice):
    """Browsers hold form-action to the redirections that follow a form."""
    policy = asking.ask(signed_in(alice))["Content-Security-Policy"]

    directive = next(part for part in policy.split(";") if "form-action" in part)
    assert directive.split() == ["form-action", "'self'", "https://webmail.harbour.example"]


@pytest.mark.parametrize("local", ["root", "admin", "postmaster", "www-data"])
def test_no_portal_gets_the_name_of_an_administrator(webmail, signed_in, alice, local):
    """A person named root became the ticket system's superuser (real-portals.md)."""
    User.objects.filter(pk=alice.pk).update(email=f"{local}@alder.example")
    alice.refresh_from_db()

    claims = webmail.claims(webmail.tokens(signed_in(alice))["id_token"])

    assert claims["preferred_username"] == str(alice.sub)


def test_the_sign_in_is_in_the_persons_own_history(webmail, signed_in, bob):
    browser = signed_in(bob)
    webmail.tokens(browser)
    webmail.tokens(browser)  # goes on with the same session

    event = AuditEvent.objects.get(kind="portal.opened")
    assert (event.actor, event.chain) == (bob, "provider")


def test_many_permissions_are_cut_and_it_says_so(webmail, signed_in, alice, monkeypatch):
    monkeypatch.setattr("portals.selectors.live_tokens.MOST_PERMISSIONS", 3)
    told = userinfo(webmail.tokens(signed_in(alice))["access_token"]).json()

    assert len(told["permissions"]) == 3
    assert told["permissions_complete"] is False
