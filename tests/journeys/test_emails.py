"""The HTML part of the emails that the example sent, in a browser: light, dark, small, large."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults_of
from tests.journeys.kept_email import open_kept_email

MOST = 12  # kinds of email


def open_list(page: Page) -> None:
    """Open the list of kept email, once the worker has sent that of the example."""
    open_kept_email(page, page.locator("tbody tr"), least=20)


def kinds_of_email(page: Page) -> dict[str, str]:
    """Return the address of the page of one email of each kind, by its subject without names."""
    open_list(page)
    links = page.locator("td a").evaluate_all("a => a.map(a => [a.textContent, a.pathname])")
    kinds = {re.sub(r"\W*\b[A-Z“][^ ]*", "", subject): path for subject, path in links}
    return dict(list(kinds.items())[:MOST])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_email_is_accessible(open_browser, scheme):
    page = open_browser("Olive", color_scheme=scheme)
    kinds = kinds_of_email(page)
    assert len(kinds) >= 3
    faults: list[str] = []
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for subject, path in kinds.items():
        html = page.request.get(f"{path}html/").text()
        page.goto("about:blank")
        page.set_content(html)
        for width in (320, 640):
            page.set_viewport_size({"width": width, "height": 800})
            faults += [f"{subject} ({scheme}, {width} px): {fault}" for fault in faults_of(page)]
    assert faults == []
    assert [url for url in requests if url != "about:blank"] == []


def test_an_email_is_shown_with_both_parts_in_a_frame_that_runs_nothing(open_browser):
    page = open_browser("Olive")
    errors: list[str] = []
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    for path in kinds_of_email(page).values():
        page.goto(path)
        frame = page.frame_locator("iframe")
        heading = frame.get_by_role("heading", level=1).inner_text()
        assert heading == page.get_by_role("heading", level=1).inner_text()
        assert page.get_by_role("heading", name="Text part").is_visible()
        assert faults_of(page) == []
    assert errors == []


def test_the_list_of_kept_email_shows_twenty_whole_rows(open_browser):
    page = open_browser(viewport={"width": 1280, "height": 800})
    open_list(page)

    expect(page.locator("tbody tr").nth(19)).to_be_in_viewport(ratio=1)
    assert faults_of(page) == []
