"""Inviting many, pasted and from a file, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

EITHER = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)


def row(page: Page, text: str):
    return page.get_by_role("row").filter(has_text=text)


@EITHER
def test_three_people_are_pasted_and_one_line_is_bad(open_browser, read_mail, javascript):
    at = "pasted.example" if javascript else "plain.example"
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    alice.goto("/c/alder/people/")
    alice.get_by_role("main").get_by_role("link", name="Invite people").click()
    alice.get_by_label("Email addresses").fill(
        f"Ivan Stone <ivan@{at}>\nnobody at all\njo@{at}, kim@{at}"
    )
    alice.get_by_role("button", name="Check list").click()

    expect(
        alice.get_by_text("You can invite 3 people. We haven't sent any emails yet.")
    ).to_be_visible()
    expect(row(alice, "nobody at all")).to_contain_text("Can't be read")
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Make changes").click()
    expect(alice.get_by_label("Email addresses")).to_have_value(re.compile("nobody at all"))
    alice.get_by_role("button", name="Check list").click()
    alice.get_by_role("button", name="Send 3 invitations").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("3 invitations sent")
    expect(row(alice, f"jo@{at}")).to_contain_text("Invited")
    assert faults_of(alice) == []
    with alice.expect_download() as download:
        alice.get_by_role("button", name="Download this list").click()
    assert f"kim@{at}" in download.value.path().read_text()
    read_mail(open_browser(javascript=javascript), f"ivan@{at}", "Alder Dental")

    # The list of those who are invited; withdraw two of them with one press.
    alice.get_by_role("link", name="See pending invitations").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text("Pending invitations")
    assert faults_of(alice) == []
    for name in ("ivan", "jo"):
        alice.get_by_role("checkbox", name=f"Select {name}@{at}").check()
    alice.get_by_role("button", name="Withdraw all").click()
    expect(alice.get_by_text("The links in 2 invitations no longer work")).to_be_visible()
    alice.get_by_role("button", name=f"Send the invitation to kim@{at} again").click()
    expect(alice.get_by_text(f"We sent the invitation to kim@{at} again")).to_be_visible()
    alice.get_by_role("button", name=f"Withdraw the invitation to kim@{at}").click()
    expect(alice.get_by_text("no longer works")).to_be_visible()


@EITHER
def test_a_file_whose_columns_must_be_named(open_browser, javascript):
    at = "file.example" if javascript else "plainfile.example"
    alice = open_browser("Alice", javascript=javascript)
    alice.goto("/c/alder/people/invite/")
    alice.get_by_text("Import a file instead").click()
    text = f"Qui;Où;Quoi\nLéa Roy;lea@{at};Super utilisateur\nBob;bob@alder.example;\n"
    alice.get_by_label("File").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode("cp1252")}
    )
    alice.get_by_role("button", name="Check list").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("What do the columns contain?")
    assert faults_of(alice) == []
    for heading, holds in (("Qui", "Name"), ("Où", "Email address"), ("Quoi", "Role")):
        alice.get_by_label(heading, exact=True).select_option(label=holds)
    alice.get_by_role("button", name="Check list").click()

    expect(row(alice, f"lea@{at}")).to_contain_text("Super User")
    expect(row(alice, "bob@alder.example")).to_contain_text("Already a member")
    alice.get_by_role("button", name="Send 1 invitation", exact=True).click()
    expect(row(alice, f"lea@{at}")).to_contain_text("Invited")
    alice.goto("/c/alder/people/invitations/")
    alice.get_by_role("button", name=f"Withdraw the invitation to lea@{at}").click()
    expect(alice.get_by_text("no longer works")).to_be_visible()


@EITHER
def test_a_suspended_person_of_a_file_is_ticked(open_browser, javascript):
    at = "slack.example" if javascript else "plainslack.example"
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})
    alice.goto("/c/alder/people/invite/")
    alice.get_by_text("Import a file instead").click()
    text = f'email,status,fullname\nida@{at},Member,Ida\npia@{at},Deactivated,Pia\nx@{at},"Bot\n'
    alice.get_by_label("File").set_input_files(
        {"name": "slack.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    alice.get_by_role("button", name="Check list").click()

    expect(alice.get_by_text("1 account may be suspended")).to_be_visible()
    expect(row(alice, "This line can't be read")).to_contain_text("Line 4")
    assert faults_of(alice) == []
    tick = alice.get_by_role("checkbox", name=f"Invite pia@{at}")
    expect(tick).not_to_be_checked()
    tick.check()
    alice.get_by_role("button", name="Send invitations").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("2 invitations sent")
    expect(row(alice, f"pia@{at}")).to_contain_text("Invited")
