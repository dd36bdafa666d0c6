"""Every kind of linked page: accessible, usable at 320 px, light and dark, without errors."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.journeys.accessibility import faults_of

NOT_OURS = re.compile(r"^/(admin|static|api|access|identity|\.well-known)/")
MOST = 60


def kind_of(path: str) -> str:
    """/c/alder/people/<id>/ is one kind of page, whoever it shows."""
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}/", "/<id>/", path)
    path = re.sub(r"^/demo/mail/[^/]+/$", "/demo/mail/<mail>/", path)
    path = re.sub(r"^/(c|provider/customers)/[a-z]+/", r"/\1/<customer>/", path)
    return re.sub(r"/\d+/", "/<number>/", path)


def linked_paths(page: Page) -> list[str]:
    """Where the links of this page lead, inside the hub."""
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    here = urlsplit(page.url)
    found = [urlsplit(link) for link in links]
    inside = [link.path for link in found if link.netloc == here.netloc]
    return [path for path in inside if not NOT_OURS.match(path)]


@pytest.mark.parametrize("name", [None, "Alice", "Bob", "Dana", "Olive"])
def test_every_page(open_browser, name):
    page = open_browser(name, viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    page.on(
        "console", lambda said: said.type == "error" and faults.append(f"{page.url}: {said.text}")
    )
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    waiting, seen = (["/"] if name else ["/accounts/login/"]), set()

    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        if kind_of(path) in seen:
            continue
        seen.add(kind_of(path))
        response = page.goto(path)
        if response is None or response.status != 200:
            faults.append(f"{path}: {response and response.status}")
            continue
        waiting += linked_paths(page)
        for scheme, width in (("light", 1280), ("dark", 320)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            faults += [f"{path} ({scheme}, {width} px): {fault}" for fault in faults_of(page)]

    assert faults == []
    assert len(seen) > (1 if name is None else 3)


def test_the_check_of_pages_finds_faults(open_browser):
    page = open_browser()
    page.goto("/accounts/login/")
    page.locator("main").evaluate("main => { main.innerHTML = '<img><input>'; main.lang = 'x y' }")
    page.locator("main").evaluate("main => { main.style.minWidth = '4000px' }")

    faults = " ".join(faults_of(page))

    assert "px wider" in faults
    assert "0 first headings" in faults
    assert "image-alt" in faults
