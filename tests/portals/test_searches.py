"""One matcher behind each search: resources, teams, invitations and requests."""

import pytest
from django.urls import reverse

from accounts.selectors import requests_of, requests_with_provider
from accounts.services.invitations import invite_person
from accounts.services.requests import pass_on_request
from accounts.services.teams import create_team
from portals.selectors.resources import resources_of
from portals.services.requests import request_access


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("alder.ex info", ["info@alder.example"]),
        ("@alder.example bill", ["billing@alder.example"]),
        ("fo@alder", []),
    ],
)
def test_resources_by_the_words_of_name_and_id(search, found, alder, birch):
    assert [row.name for row in resources_of(alder, search=search)] == found
    assert not resources_of(birch, search=search)


def test_teams_on_a_resource_page(as_, alice, alder, give, resource):
    team = create_team(actor=alice, customer=alder, name="Réception du soir")
    give(alice, team, "domains.domain.view", resource("domain", "alder.example"))
    path = reverse("portals:resource", args=["alder", resource("domain", "alder.example").pk])

    assert "Réception du soir" in as_(alice).get(path, {"q": "soir recep"}).content.decode()
    assert "Réception du soir" not in as_(alice).get(path, {"q": "matin"}).content.decode()


def test_the_invitations_page_and_the_people_page(as_, alice, alder):
    invite_person(actor=alice, customer=alder, address="gina@pine.example", name="Gina Moss")
    invite_person(actor=alice, customer=alder, address="hal@pine.example", name="Hal Reed")
    invitations = reverse("portals:invitations", args=["alder"])

    html = as_(alice).get(invitations, {"q": "moss gi"}).content.decode()
    assert "gina@pine.example" in html
    assert "hal@pine.example" not in html
    assert (
        "No invitation matches “zz”." in as_(alice).get(invitations, {"q": "zz"}).content.decode()
    )
    fragment = as_(alice).get(invitations, {"q": "moss"}, headers={"HX-Request": "true"})
    assert fragment.content.decode().lstrip().startswith('<div id="invitations"')

    html = as_(alice).get(reverse("portals:people", args=["alder"]), {"q": "moss"}).content.decode()
    assert "Pending invitations" in html
    assert "gina@pine.example" in html
    assert "hal@pine.example" not in html


@pytest.fixture
def renewal(alder, bob, privilege_of, resource):
    """Bob asks to change DNS of alder.example."""
    wanted = (resource("domain", "alder.example"), privilege_of("domains.domain.manage_dns"))
    return request_access(actor=bob, customer=alder, text="For the new site", privileges=[wanted])


@pytest.mark.parametrize("search", ["tremb", "bob@", "ALDER.EX", "tremblay bob"])
def test_requests_by_who_asks_and_what_for(search, renewal, alice, emma, membership):
    found = requests_of(membership(alice), search=search)

    assert renewal in found
    if search != "ALDER.EX":  # the domain of everybody's address too
        assert not found.exclude(membership=renewal.membership).exists()


def test_requests_by_the_resource_alone(renewal, alice, membership, resource):
    domain = resource("domain", "alder.example")
    domain.name = "Shop front"
    domain.save()

    assert list(requests_of(membership(alice), search="front")) == [renewal]


def test_a_search_shows_a_member_only_their_own_requests(renewal, emma, membership, as_, charlie):
    path = reverse("accounts:requests", args=["alder"])

    assert not requests_of(membership(emma), search="bob").exists()
    assert "Bob Tremblay" not in as_(emma).get(path, {"q": "bob"}).content.decode()
    assert as_(charlie).get(path, {"q": "bob"}).status_code == 404


def test_the_requests_page_finds_and_says_when_it_finds_none(renewal, as_, alice):
    path = reverse("accounts:requests", args=["alder"])

    html = as_(alice).get(path, {"q": "tremblay"}).content.decode()
    assert "Bob Tremblay" in html
    assert "Emma Roy" not in html
    assert "No open request matches “zz”." in as_(alice).get(path, {"q": "zz"}).content.decode()


def test_staff_find_requests_by_company_and_person(renewal, alice, olive, as_):
    pass_on_request(actor=alice, access_request=renewal)
    path = reverse("portals:provider-requests")

    for search in ("dental", "tremblay"):
        assert list(requests_with_provider(search=search)) == [renewal]
        assert "Bob Tremblay" in as_(olive).get(path, {"q": search}).content.decode()
    assert not requests_with_provider(search="birch").exists()
