"""Importing an existing list, with and without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of

EITHER = pytest.mark.parametrize(
    "javascript", [True, False], ids=["with JavaScript", "without JavaScript"]
)


def row(page: Page, text: str):
    return page.get_by_role("row").filter(has_text=text)


@EITHER
def test_an_existing_list_is_imported(open_browser, javascript):
    at = "list.example" if javascript else "plainlist.example"
    olive = open_browser("Olive", javascript=javascript, viewport={"width": 375, "height": 800})
    olive.goto("/provider/topics/")
    olive.get_by_role("link", name="Import a list").click()
    assert faults_of(olive) == []
    text = f"Qui;Quand\nlea@{at};2026-05-01\nnobody at all;\nlea@{at};\n"
    olive.get_by_label("File").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": text.encode("cp1252")}
    )
    olive.get_by_label("Topic").select_option(label="Newsletter")
    olive.get_by_label("Basis of consent").select_option(label="Express consent")
    olive.get_by_label("How was consent given?").fill("The box on the order form.")
    olive.get_by_label("Date of consent for lines without a date").fill("2026-04-01")
    olive.get_by_role("button", name="Check the list").click()

    expect(olive.get_by_role("heading", level=1)).to_have_text("What do the columns contain?")
    assert faults_of(olive) == []
    olive.get_by_label("Qui", exact=True).select_option(label="Email address")
    olive.get_by_label("Quand", exact=True).select_option(label="Date of consent")
    olive.get_by_role("button", name="Check the list").click()

    expect(olive.get_by_role("heading", level=1)).to_have_text("Are these people subscribed?")
    assert faults_of(olive) == []
    olive.get_by_label("Quand: empty").select_option(label="Subscribed")
    olive.get_by_role("button", name="Check the list").click()

    expect(olive.get_by_text("1 line can be imported. Nothing is imported yet.")).to_be_visible()
    expect(row(olive, "nobody at all")).to_contain_text("this is not an email address")
    assert faults_of(olive) == []
    olive.get_by_role("button", name="Make changes").click()
    expect(olive.get_by_text("4 lines of your file are kept")).to_be_visible()
    olive.get_by_role("button", name="Check the list").click()
    olive.get_by_role("button", name="Import 1 line", exact=True).click()

    expect(olive.get_by_role("heading", level=1)).to_have_text("The list is imported")
    expect(row(olive, f"lea@{at}").first).to_contain_text("another line has this address")
    assert faults_of(olive) == []
    with olive.expect_download() as download:
        olive.get_by_role("button", name="Download this list").click()
    assert f"lea@{at},Added" in download.value.path().read_text()
