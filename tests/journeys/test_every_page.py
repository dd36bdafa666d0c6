"""Every kind of linked page: accessible, usable at 320 px, light and dark, without errors."""

import pytest

from tests.journeys.accessibility import faults_of
from tests.journeys.walk import walk

MOST = 60


@pytest.mark.parametrize("name", [None, "Alice", "Bob", "Dana", "Olive"])
def test_every_page(open_browser, name):
    page = open_browser(name, viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    page.on(
        "console", lambda said: said.type == "error" and faults.append(f"{page.url}: {said.text}")
    )
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    seen = 0
    for path in walk(page, "/" if name else "/accounts/login/", most=MOST):
        seen += 1
        response = page.goto(path)
        if response is None or response.status != 200:
            faults.append(f"{path}: {response and response.status}")
            continue
        for scheme, width in (("light", 1280), ("dark", 320)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            faults += [f"{path} ({scheme}, {width} px): {fault}" for fault in faults_of(page)]

    assert faults == []
    assert seen > (1 if name is None else 3)


def test_the_check_of_pages_finds_faults(open_browser):
    page = open_browser()
    page.goto("/accounts/login/")
    page.locator("main").evaluate("main => { main.innerHTML = '<img><input>'; main.lang = 'x y' }")
    page.locator("main").evaluate("main => { main.style.minWidth = '4000px' }")
    table = "<div class='table-wrap'><table><tr><td>x</td></tr></table></div>"
    page.locator("main").evaluate("(main, table) => { main.innerHTML += table }", table)
    page.locator("main td").evaluate("cell => { cell.closest('table').style.width = '5000px' }")

    faults = " ".join(faults_of(page))

    assert "px wider" in faults
    assert "of a table cut off" in faults
    assert "0 first headings" in faults
    assert "image-alt" in faults
