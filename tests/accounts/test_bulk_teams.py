"""Several teams deleted at once, the search in their list, and the exports of lists."""

import csv
import io

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEvent, Team
from accounts.selectors import sentence_of
from accounts.services import teams as module
from accounts.services.customers import suspend_customer
from accounts.services.teams import TeamRefused, create_team, delete_teams

LIST = "/c/alder/teams/"
DELETE = "/c/alder/teams/delete/"


@pytest.fixture
def two(alice, alder):
    return [create_team(actor=alice, customer=alder, name=name) for name in ("North", "South")]


def ids(teams):
    return {"team": [str(team.uuid) for team in teams]}


def names(slug="alder"):
    return set(Team.objects.filter(customer__slug=slug).values_list("name", flat=True))


def test_the_page_names_what_stops_and_the_act_can_be_undone(as_, alice, two):
    client = as_(alice)
    page = client.get(DELETE, ids(two)).text
    assert "Delete 2 teams?" in page
    assert "North" in page
    assert {"North", "South"} <= names()

    html = client.post(DELETE, ids(two), follow=True).text

    assert "2 teams are deleted" in html
    assert not names() & {"North", "South"}
    undo = html.split('action="/c/alder/undo/')[1].split('"')[0]
    client.post(f"/c/alder/undo/{undo}")
    assert {"North", "South"} <= names()


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_others_are_refused(who, request, as_, alder, two):
    person = request.getfixturevalue(who)
    assert as_(person).post(DELETE, ids(two)).status_code in (403, 404)
    with pytest.raises(PermissionDenied):
        delete_teams(actor=person, customer=alder, teams=two)
    assert {"North", "South"} <= names()


def test_a_team_of_another_company_stops_all(as_, alice, alder, birch, charlie, two):
    theirs = create_team(actor=charlie, customer=birch, name="Drivers")

    with pytest.raises(TeamRefused):
        delete_teams(actor=alice, customer=alder, teams=[*two, theirs])
    html = as_(alice).post(DELETE, ids([*two, theirs]), follow=True).text

    assert "was deleted" in html
    assert {"North", "South"} <= names()
    assert "Drivers" in names("birch")


def test_all_or_nothing(alice, alder, two, monkeypatch):
    real = module.delete_team

    def fail_at_the_second(*, actor, team):
        if team.name == "South":
            raise TeamRefused("stop")
        return real(actor=actor, team=team)

    monkeypatch.setattr(module, "delete_team", fail_at_the_second)
    with pytest.raises(TeamRefused):
        delete_teams(actor=alice, customer=alder, teams=two)
    assert {"North", "South"} <= names()


def test_none_too_many_and_a_suspended_company(as_, alice, alder, olive, two, monkeypatch):
    assert "at least one team" in as_(alice).get(DELETE, follow=True).text
    with pytest.raises(TeamRefused):
        delete_teams(actor=alice, customer=alder, teams=[])
    with monkeypatch.context() as patch:
        patch.setattr(module, "MAX_AT_ONCE", 1)
        with pytest.raises(TeamRefused):
            delete_teams(actor=alice, customer=alder, teams=two)
    suspend_customer(actor=olive, customer=alder, reason="Unpaid.")
    alder.refresh_from_db()
    with pytest.raises(PermissionDenied):
        delete_teams(actor=alice, customer=alder, teams=two)


def test_the_list_is_searched_by_the_beginnings_of_words(as_, alice, two):
    html = as_(alice).get(LIST, {"q": "sou"}).text
    assert "South" in html
    assert "North" not in html
    assert "No team matches “zzz”." in as_(alice).get(LIST, {"q": "zzz"}).text


# --- Exports ---


def rows(response):
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("name", "kind", "heading", "holds"),
    [
        ("teams", "team.exported", ["Name", "Members"], "Reception"),
        ("requests", "request.exported", ["Name", "Request", "Reason"], "Emma Roy"),
        ("invitations", "invitation.exported", ["Address", "Name", "Role"], None),
        ("resources", "resources.exported", ["Name", "ID", "Type"], "alder.example"),
    ],
)
def test_each_list_is_exported_and_recorded(name, kind, heading, holds, as_, alice, alder):
    response = as_(alice).post(f"/c/alder/lists/{name}/export/")

    first, *others = rows(response)
    assert first[: len(heading)] == heading
    assert holds is None or any(holds in row for row in others)
    event = AuditEvent.objects.filter(customer=alder).latest("pk")
    assert (event.kind, event.actor) == (kind, alice)
    assert sentence_of(event) == f"Alice Martin exported the list of {name} ({len(others)})."


def test_an_export_is_narrowed_as_the_list_is(as_, alice, two):
    response = as_(alice).post("/c/alder/lists/teams/export/?q=sou")
    assert rows(response)[1:] == [["South", "0"]]


def test_exports_are_refused_to_others_and_record_nothing(as_, bob, charlie):
    assert as_(bob).post("/c/alder/lists/teams/export/").status_code == 403
    assert as_(charlie).post("/c/alder/lists/teams/export/").status_code == 404
    assert not AuditEvent.objects.filter(kind="team.exported").exists()


def test_an_unknown_list_is_not_found(as_, alice):
    assert as_(alice).post("/c/alder/lists/secrets/export/").status_code == 404
    assert as_(alice).get("/c/alder/lists/teams/export/").status_code == 405
