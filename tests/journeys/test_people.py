"""The people list: filters, selection and bulk acts, with and without JavaScript."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.accessibility import faults_of

BOTH = ["Bob Tremblay", "Emma Roy"]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_filter_select_suspend_restore_export(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript, viewport={"width": 375, "height": 800})

    def show(**chosen):
        alice.goto("/c/alder/people/")
        alice.locator("summary", has_text="Filter and sort").click()
        for label, option in chosen.items():
            alice.get_by_label(label).select_option(label=option)
        if not javascript:
            alice.get_by_role("button", name="Show").click()
        for label, option in chosen.items():
            expect(alice.get_by_role("link", name=f"{label}: {option}")).to_be_visible()

    def act(button):
        if javascript:
            alice.get_by_role("checkbox", name="Select all on this page").check()
        else:
            for name in BOTH:
                alice.get_by_role("checkbox", name=f"Select {name}").check()
        alice.get_by_role("button", name=button).click()

    show(Role="User")
    expect(alice.get_by_role("link", name="Alice Martin")).to_have_count(0)
    act("Suspend…")
    expect(alice.get_by_role("heading", level=1)).to_have_text("Suspend 2 people?")
    if javascript:
        assert faults_of(alice) == []
    alice.get_by_role("button", name="Suspend people").click()
    expect(
        alice.get_by_text(
            "2 people can no longer use any portal of the company. We told them by email."
        )
    ).to_be_visible()
    assert "role=user" in alice.url

    show(State="Suspended")
    act("Restore…")
    alice.get_by_role("button", name="Restore people").click()
    expect(
        alice.get_by_text("2 people can use the company's portals again. We told them by email.")
    ).to_be_visible()

    # Nobody is suspended any more: it says so, and one press shows everybody again.
    expect(alice.get_by_role("heading", name="Nobody found")).to_be_visible()
    if javascript:
        assert faults_of(alice) == []
    alice.get_by_role("link", name="Clear all filters").click()
    for name in BOTH:
        expect(alice.get_by_role("link", name=name)).to_be_visible()

    with alice.expect_download() as download:
        alice.get_by_role("button", name="Export this list as CSV").click()
    assert re.fullmatch(r"alder-people-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert {row[0] for row in csv.reader(io.StringIO(text))} >= set(BOTH)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_one_permission_for_several_people(open_browser, javascript):
    alice = open_browser("Alice", javascript=javascript)
    alice.goto("/c/alder/people/?role=user")
    for name in BOTH:
        alice.get_by_role("checkbox", name=f"Select {name}").check()
    alice.get_by_role("button", name="Give access…").click()
    alice.get_by_role("combobox", name="Resources").fill("alderdental.example")
    if javascript:
        alice.get_by_role("option", name="alderdental.example").first.click()
    else:
        alice.get_by_role("button", name="Show permissions").click()
    alice.get_by_role("checkbox", name="See domain and DNS records").first.check()
    assert faults_of(alice) == []
    alice.get_by_role("button", name="Give access").click()

    can = "Bob Tremblay and Emma Roy can see alderdental.example and its records."
    expect(alice.get_by_text(can)).to_be_visible()
    assert "/c/alder/people/?role=user" in alice.url


def test_removing_several_people_names_what_ends(open_browser):
    alice = open_browser("Alice")
    alice.goto("/c/alder/people/")
    for name in BOTH:
        alice.get_by_role("checkbox", name=f"Select {name}").check()
    alice.get_by_role("button", name="Remove…").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("Remove 2 people?")
    assert faults_of(alice) == []
    alice.get_by_label("Company name to confirm").fill("Alder")
    alice.get_by_role("button", name="Remove people").click()
    expect(alice.get_by_text("Type the name of the company")).to_be_visible()
    alice.get_by_role("link", name="Cancel").click()
    for name in BOTH:
        expect(alice.get_by_role("link", name=name)).to_be_visible()
