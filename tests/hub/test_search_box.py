"""The search of every page: what each person finds, at a fixed number of statements."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, User
from accounts.services.teams import create_team
from portals.models import Resource
from portals.selectors.launcher import launcher_of


@pytest.fixture
def found(as_):
    """Return a function: group → labels that a person finds, on the page and as suggestions."""

    def search(person, text):
        page = as_(person).get("/search/", {"q": text}).text
        main = page[page.index("<main") :]
        groups = {}
        for part in main.split("<section")[1:]:
            title = re.search(r"<h2[^>]*>([^<]+)", part).group(1)
            groups[title] = re.findall(r'<li><a href="[^"]+">([^<]+)', part)
        options = as_(person).get("/search/", {"q": text}, headers={"HX-Request": "true"}).text
        suggested = re.findall(r'<div role="group" aria-label="([^"]+)', options)
        assert suggested == list(groups)
        return groups

    return search


def test_a_super_user_finds_what_is_in_the_company(found, alice, alder):
    create_team(actor=alice, customer=alder, name="Roy’s helpers")

    assert found(alice, "roy") == {"People": ["Emma Roy"], "Teams": ["Roy’s helpers"]}
    assert found(alice, "alderdental.ex") == {"Resources": ["alderdental.example"]}
    assert found(alice, "invite") == {"Pages": ["Invite people"]}
    assert found(alice, "activ log") == {"Pages": ["Your own activity log", "Activity log"]}


def test_nobody_finds_what_is_in_another_company(found, alice, charlie, bob):
    assert found(charlie, "bob") == {}
    assert found(charlie, "alder") == {}
    assert found(alice, "birch") == {}
    assert found(bob, "emma") == {}
    assert found(bob, "invite") == {}


def test_a_user_finds_the_resources_of_their_own_access(found, bob, emma):
    resources = Resource.objects.filter(subscription__customer__slug="alder")
    mine = found(bob, "alder.example").get("Your access", [])

    assert mine
    assert len(mine) < resources.count()
    assert found(bob, "new req") == {"Pages": ["New request"]}


def test_people_find_the_portals_that_they_may_open(found, as_, alice, bob):
    assert found(alice, "domains")["Portals"] == ["Domains portal"]
    assert 'href="https://domains.harbour.example/"' in as_(alice).get("/search/?q=domains").text
    assert found(bob, "webmail portal")["Portals"] == ["Webmail portal"]
    closed = launcher_of(bob).groups[0].closed_portals
    assert closed
    for portal in closed:
        assert found(alice, f"{portal} portal")["Portals"] == [f"{portal} portal"]
        assert "Portals" not in found(bob, f"{portal} portal")


def test_staff_find_what_their_permissions_let_them_see(found, dana, olive):
    assert found(dana, "tremblay") == {"Support desk": ["Bob Tremblay"]}
    assert found(olive, "alder den")["Companies"] == ["Alder Dental"]
    assert found(olive, "new mess") == {"Pages": ["New message"]}
    assert "Companies" not in found(dana, "alder den") or dana.has_perm("accounts.view_customer")


def test_who_lost_the_role_or_the_company_finds_nothing(found, alice, bob, membership):
    Membership.objects.filter(user=bob).update(role="super_user")
    assert found(bob, "emma")["People"] == ["Emma Roy"]
    Membership.objects.filter(user=bob).update(suspended_at="2026-01-01T00:00Z")
    assert found(bob, "emma") == {}


@pytest.mark.parametrize("text", ["", "  ", "\x00", "%", "x" * 255, "<script>"])
def test_odd_texts_find_nothing_and_break_nothing(as_, alice, text):
    for headers in ({}, {"HX-Request": "true"}):
        response = as_(alice).get("/search/", {"q": text}, headers=headers)
        assert response.status_code == 200
        assert "<script>" not in response.text.partition("<main")[2]
        assert "Emma" not in response.text


@pytest.mark.parametrize("name", ["alice", "bob", "olive"])
def test_the_suggestions_take_few_statements_whatever_is_found(as_, name):
    client = as_(User.objects.get(email__startswith=f"{name}@"))
    client.get("/search/", {"q": "a"}, headers={"HX-Request": "true"})
    counts = set()
    for text in ("a", "alder", "zzz", "a l e x a n d e r"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/search/", {"q": text}, headers={"HX-Request": "true"})
        counts.add(len(queries))
    assert max(counts) <= 9, counts
    assert len(counts) == 1, counts


def test_every_page_has_the_box_and_pages_for_strangers_have_none(as_, alice):
    html = as_(alice).get("/profile/").text

    assert 'action="/search/"' in html
    assert 'aria-controls="search-options"' in html
    assert 'action="/search/"' not in as_(None).get("/accounts/login/").text
    assert as_(None).get("/search/", {"q": "bob"}).status_code == 302
