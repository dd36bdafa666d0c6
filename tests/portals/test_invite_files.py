"""Inviting people from the files of other tools, on the page: ticks, columns, reports."""

import csv as csv_module
import io

import pytest
from django.urls import reverse

from accounts.models import Invitation
from tests.portals.test_invite_page import carried, csv, snapshot, states

SLACK = (
    "username,email,status,billing-active,userid,fullname,displayname\n"
    "ida,ida@pine.example,Member,1,U1,Ida Oak,\n"
    "pia,pia@pine.example,Deactivated,0,U3,Pia Ash,pia\n"
    'kay,kay@pine.example,Member,1,U4,"Kay,kay\n'
)


@pytest.fixture
def page(alder):
    return reverse("portals:invite", args=[alder.slug])


def check(client, page, **fields):
    return client.post(page, {"act": "check", "role": "user", **fields})


def pending():
    found = Invitation.objects.filter(address__endswith="@pine.example")
    return sorted(found.values_list("address", flat=True))


def test_a_suspended_person_waits_for_a_tick(as_, alice, page):  # Slack
    client, before = as_(alice), snapshot()
    checked = check(client, page, file=csv(SLACK))
    rows = [("ida@pine.example", "valid"), ("pia@pine.example", "inactive"), ("", "bad")]
    assert states(checked) == rows
    assert snapshot() == before
    html = checked.content.decode()
    assert 'name="ticked" value="pia@pine.example" form="send"' in html
    assert "checked" not in html.split('name="ticked"')[1].split(">")[0]
    assert "1 account may be suspended" in html
    assert "“Deactivated”" in html

    sent = client.post(page, {**carried(checked), "act": "send"})
    assert states(sent) == [(rows[0][0], "sent"), *rows[1:]]
    assert 'name="ticked"' not in sent.content.decode()
    assert pending() == ["ida@pine.example"]

    ticked = {"ticked": ["pia@pine.example", "eve@pine.example"]}
    client.post(page, {**carried(checked), **ticked, "act": "send"})
    assert pending() == ["ida@pine.example", "pia@pine.example"], "a tick adds nobody to the list"


def test_a_list_of_suspended_people_alone_invites_nobody_unasked(as_, alice, page):
    client = as_(alice)
    checked = check(client, page, file=csv("Email,Suspended\npia@pine.example,true\n"))
    client.post(page, {**carried(checked), "act": "send"})
    assert pending() == []
    client.post(page, {**carried(checked), "ticked": "pia@pine.example", "act": "send"})
    assert pending() == ["pia@pine.example"]


@pytest.mark.parametrize("who", ["bob", "dana", "charlie"])
def test_nobody_else_may_tick(who, request, as_, page):
    client, before = as_(request.getfixturevalue(who)), snapshot()
    rows = '[["pia@pine.example", "Pia", "", "", "", "2", "Suspended", "Status", ""]]'
    answer = client.post(
        page, {"act": "send", "role": "user", "rows": rows, "ticked": "pia@pine.example"}
    )
    assert answer.status_code in (403, 404)
    assert snapshot() == before


def test_the_columns_of_a_known_file_can_be_named_again(as_, alice, page):
    client = as_(alice)
    checked = check(client, page, file=csv(SLACK), reason="New branch")
    html = checked.content.decode().split("<main")[1].split("</form>")[1]
    assert "Name the columns" in html
    data = dict(checked.context["columns"]) | {
        "column": [value for name, value in checked.context["columns"] if name == "column"]
    }
    asked = client.post(page, {**data, "act": "columns"})
    chosen = [column["chosen"] for column in asked.context["columns"]]
    assert chosen == ["", "address", "status", "", "", "name", ""]
    chosen[2] = ""
    again = client.post(page, {**carried(asked), "act": "check", "column": chosen})
    assert states(again)[:2] == [("ida@pine.example", "valid"), ("pia@pine.example", "valid")]
    assert carried(again)["reason"] == ["New branch"]


@pytest.mark.parametrize(
    ("pasted", "people"),
    [
        ("Ida Oak\tida@pine.example\nOle Elm\tole@pine.example", ["Ida Oak", "Ole Elm"]),
        ("Prénom\tNom\tCourriel\nIda\tOak\tida@pine.example", ["Ida Oak"]),
        ("E-mail\tName\nida@pine.example\tIda Oak", ["Ida Oak"]),
    ],
)
def test_pasted_cells_are_read(pasted, people, as_, alice, page):
    checked = check(as_(alice), page, people=pasted)
    assert [row.invitee.name for row in checked.context["examined"]] == people
    assert all(row.is_valid for row in checked.context["examined"])


def test_three_pasted_columns_without_heading_are_asked_about(as_, alice, page):
    client = as_(alice)
    asked = check(client, page, people="Ida\tOak\tida@pine.example\nOle\tElm\tole@pine.example")
    assert "What do the columns contain?" in asked.content.decode()
    columns = ["first_name", "last_name", "address"]
    checked = client.post(page, {**carried(asked), "act": "check", "column": columns})
    assert [row.invitee.name for row in checked.context["examined"]] == ["Ida Oak", "Ole Elm"]


def test_a_heading_alone_is_no_list(as_, alice, page):
    answer = check(as_(alice), page, file=csv("Email,Name\n"))
    assert "a heading but no people" in answer.context["form"].errors["file"][0]


def test_no_page_carries_the_passwords_of_a_file(as_, alice, page):  # cPanel, Microsoft Entra
    text = "who,Initial password [passwordProfile] Required\nida@pine.example,Secret1!\n"
    asked = check(as_(alice), page, file=csv(text))
    assert "What do the columns contain?" in asked.content.decode()
    assert "Secret1!" not in asked.content.decode()
    assert "Secret1!" not in str(asked.context["columns"])


def test_the_report_says_line_column_value_and_what_to_do(as_, alice, page):
    checked = check(as_(alice), page, file=csv(SLACK + "x,nobody,Member,1,U5,Nobody,\n"))
    report = {"report": checked.context["report"]}
    answer = as_(alice).post(reverse("portals:invite-report", args=["alder"]), report)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv_module.reader(io.StringIO(text)))
    assert rows[0] == ["Line", "Address", "Name", "Role", "Result", "Column", "Value", "Next step"]
    assert [row[0] for row in rows[1:]] == ["2", "3", "4", "5"]
    assert rows[1][5:] == ["", "", ""]
    assert rows[2][5:7] == ["status", "Deactivated"]
    assert rows[3][6] == 'kay,kay@pine.example,Member,1,U4,"Kay,kay'
    assert rows[4][5:7] == ["Email address", "nobody"]
    assert all(row[7] for row in rows[2:])


@pytest.mark.parametrize(
    "rows",
    ['[["a@x.example", "", "", "", "", "x"]]', '[["a@x.example", "", "", "", "", "²"]]',
     '[["a@x.example", "", "", "", "", "-1", "", "", "", "more"]]'],
)  # fmt: skip
def test_tampered_rows_are_refused(rows, as_, alice, page):
    client, before = as_(alice), snapshot()
    answer = client.post(page, {"act": "send", "role": "user", "rows": rows})
    assert "errorlist" in answer.content.decode()
    assert snapshot() == before
