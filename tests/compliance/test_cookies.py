"""The hub sets only the cookies it lists, none for longer than it says (L61, R33)."""

from collections.abc import Iterable
from datetime import timedelta
from http.cookies import Morsel

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance.registry.cookies import cookie_called, cookies
from hub.compliance import _days
from preferences.tokens import unsubscribe_url
from tests import test_access
from tests.acts import PASSWORD
from tests.oidc.test_forward import FORWARD, come_in, statistics
from tests.test_access import ADDRESSES, READERS, arguments_of

ids = test_access.ids
__all__ = ["ids", "statistics"]  # fixtures
LONGEST = timedelta(days=365)


def life_of(morsel: Morsel) -> timedelta | None:
    """Return how long the browser keeps a cookie; None until it closes."""
    if not morsel["max-age"]:
        assert not morsel["expires"], "a date would depend on the browser's clock"
        return None
    return timedelta(seconds=int(morsel["max-age"]))


def fault_of(morsel: Morsel) -> str | None:
    """Return what a cookie does that the list does not say."""
    listed, is_deleted = cookie_called(morsel.key), morsel["max-age"] == 0
    if listed is None:
        return f"{morsel.key} is not listed"
    if is_deleted:
        return None
    life = life_of(morsel)
    if life is None:
        return None
    if listed.life is None or life > listed.life:
        return f"{morsel.key} lives for {life}"
    return f"{morsel.key} lives for more than a year" if life > LONGEST else None


def faults_of(answers: Iterable[HttpResponse]) -> set[str]:
    found = {fault_of(morsel) for answer in answers for morsel in answer.cookies.values()}
    return {fault for fault in found if fault}


@pytest.mark.parametrize("reader", READERS)
def test_every_page_sets_only_listed_cookies_L61_R33(reader, request, as_, ids):
    person = None if reader == "nobody" else request.getfixturevalue(reader)
    found, answered = set(), 0
    for name, address in ADDRESSES.items():
        with transaction.atomic():
            answer = as_(person).generic(
                address.method, reverse(name, kwargs=arguments_of(address, ids))
            )
            transaction.set_rollback(True)
        answered += bool(answer.cookies)
        found |= {f"{name}: {fault}" for fault in faults_of([answer])}

    assert found == set()
    assert answered > 10


@pytest.mark.parametrize(
    ("name", "attributes", "fault"),
    [
        ("tracker", {}, "tracker is not listed"),
        ("hub_session", {"max-age": 43201}, "hub_session lives for 12:00:01"),
        ("hub_language", {"max-age": 60}, "hub_language lives for 0:01:00"),
        ("hub-statistics-state", {"max-age": 3600}, "hub-statistics-state lives for 1:00:00"),
    ],
)
def test_an_unlisted_cookie_and_a_longer_life_are_found_L61(name, attributes, fault):
    answer = HttpResponse()
    answer.set_cookie(name, "1")
    answer.cookies[name].update(attributes)

    assert faults_of([answer]) == {fault}


def test_each_listed_cookie_is_set_somewhere_L61(alice, bob, statistics, settings):
    """One step for each: signing in, a form, a link of an email, a portal behind a proxy."""
    alice.set_password(PASSWORD)
    alice.save()
    browser = Client()
    answers = [
        browser.get(reverse("account_login")),
        browser.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD}),
        browser.get(reverse("home")),
    ]
    link = unsubscribe_url(bob.recipient).removeprefix(settings.HUB_BASE_URL)
    answers.append(Client().post(link))
    at_portal = come_in(browser)
    cookie_sets = [answer.cookies for answer in answers]
    cookie_sets += [Client().get(f"{FORWARD}/start?to=/").cookies, at_portal.cookies, told(browser)]

    seen = {cookie_called(name).name for each in cookie_sets for name in each}

    unsecured = {name for name in (each.name for each in cookies()) if "<portal>" in name} - seen
    assert unsecured == {"hub-<portal>", "hub-<portal>-state"}  # for portals without TLS
    assert {each.name for each in cookies()} - unsecured == seen


def told(browser: Client) -> dict[str, Morsel]:
    """Return the cookies of an answer that tells something on the next page."""
    form = browser.get(reverse("accounts:profile")).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return browser.post(reverse("accounts:profile"), values).cookies


def test_the_page_names_every_cookie_with_its_life_L61(as_, bob):
    for reader in (None, bob):
        page = as_(reader).get(reverse("compliance:cookie-list")).content.decode()
        for cookie in cookies():
            assert cookie.name.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "12 hours" in page
    assert "10 minutes" in page
    assert "1 year" in page
    assert "until you close the browser" in page


def test_the_life_of_the_form_cookie_is_chosen_L61():
    assert settings.CSRF_COOKIE_AGE == 30 * 24 * 60 * 60
    assert (_days("1"), _days("365")) == (1, 365)
    for wrong in ("0", "366", "-1"):
        with pytest.raises(ValueError, match="365"):
            _days(wrong)
