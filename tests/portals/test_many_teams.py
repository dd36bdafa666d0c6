"""A company with many teams: team names are typed, and every team can be reached."""

import pytest
from django.urls import reverse

from accounts.models import Invitation
from accounts.services.teams import add_to_team, create_team


@pytest.fixture
def teams(alice, alder):
    return [
        create_team(actor=alice, customer=alder, name=name)
        for name in ("Zürich", "Zug North", "Zug South")
    ]


@pytest.fixture
def listed(as_, alice, alder):
    return lambda **query: as_(alice).get(reverse("portals:people", args=["alder"]), query)


def test_the_list_is_narrowed_by_a_typed_name(listed, teams, alice, bob, membership):
    add_to_team(actor=alice, team=teams[0], membership=membership(bob))

    page = listed(team="zurich")

    assert [row.user for row in page.context["page"]] == [bob]
    html = page.content.decode()
    assert f'name="team" value="{teams[0].uuid}" checked> <span>Zürich' in html
    assert "Team: Zürich" in html
    assert [row.user for row in listed(team=teams[0].uuid).context["page"]] == [bob]
    assert page.context["filter_query"] == f"team={teams[0].uuid}"


def test_an_ambiguous_team_name_is_refused(listed, teams):
    assert "Several matches for “zug”: Zug North, Zug South." in listed(team="zug").content.decode()
    assert "No match for “Q”." in listed(team="Q").content.decode()


def test_an_exact_team_name_wins_over_a_prefix(listed, teams, alice, alder, bob):
    zug = create_team(actor=alice, customer=alder, name="Zug")
    assert listed(team="zug").context["form"].team == zug


def test_a_team_is_named_on_a_persons_page_and_in_an_invitation(
    as_, alice, bob, teams, membership, alder
):
    client = as_(alice)
    page = reverse("portals:person-teams", args=["alder", bob.sub])
    assert "/c/alder/teams/options/?without=" in client.get(page).content.decode()
    client.post(reverse("accounts:person-team-add", args=["alder", bob.sub]), {"team": "zug s"})
    assert membership(bob).team_memberships.get().team == teams[2]

    client.post(
        reverse("portals:invite", args=["alder"]),
        {"act": "send", "role": "user", "team": ["", "zür"], "rows": '[["gina@alder.example"]]'},
    )
    assert Invitation.objects.get(address="gina@alder.example").team == teams[0]


def test_a_resource_page_says_when_it_lists_only_some_teams(
    monkeypatch, as_, alice, teams, give, resource
):
    domain = resource("domain", "alder.example")
    page = reverse("portals:resource", args=["alder", domain.pk])
    for team in teams:
        give(alice, team, "domains.domain.view", domain)
    assert "show all teams with access" not in as_(alice).get(page).content.decode()
    monkeypatch.setattr("portals.selectors.resource_grantees.MAX_TEAMS", 2)

    html = as_(alice).get(page).content.decode()

    assert "show all teams with access" in html
    assert "Zürich" not in html
    assert "Zürich" in as_(alice).get(page, {"q": "zür"}).content.decode()
