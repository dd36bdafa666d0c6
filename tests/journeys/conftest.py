"""Fixtures for browser journeys: `manage.py demo` and Chromium, without Django in the process."""

import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.demo import Demo, running_demo
from tests.journeys.kept_email import open_kept_email
from tests.machine import find_chromium

TIMEOUT = 20_000  # ms; a busy machine is slow
expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return the folder and port of a stopped demo with the example; its emails name the port."""
    folder = tmp_path_factory.mktemp("loaded")
    with running_demo(folder) as demo:
        return folder, demo.port


@pytest.fixture(scope="module")
def demo(
    loaded: tuple[Path, int],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Demo]:
    """Run a new copy of the demo for each file of journeys, with portals if it says `PORTALS`."""
    (template, port), folder = loaded, tmp_path_factory.mktemp("demo")
    shutil.copytree(template, folder, dirs_exist_ok=True)
    portals = getattr(request.module, "PORTALS", False)
    with running_demo(folder, port, portals=portals) as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the Chromium of this machine."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine (install chromium)")
    return {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu"]}


Open = Callable[..., Page]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the open pages show, and the last lines of the demo's log, to a failure's report."""
    report = yield
    fixtures = getattr(item, "funcargs", {})
    if report.failed and "open_browser" in fixtures:
        for context in fixtures["open_browser"].contexts:
            for page in context.pages:
                with suppress(PlaywrightError):  # a page that is gone shows nothing
                    shown = page.evaluate("document.body?.innerText ?? ''")
                    report.sections.append((f"Page {page.url}", shown[:2_000]))
        report.sections.append(("Log of the demo", fixtures["demo"].output[-4_000:]))
    return report


@pytest.fixture
def open_browser(browser: Browser, demo: Demo) -> Iterator[Open]:
    """Return a function that opens a new browser, signed in if an example person is named."""
    contexts: list[BrowserContext] = []

    def open_as(name: str | None = None, *, javascript: bool = True, **options: Any) -> Page:
        context = browser.new_context(
            base_url=demo.url, java_script_enabled=javascript, locale="en", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        if name is not None:
            page.goto("/accounts/login/")
            page.get_by_role("button", name=re.compile(f"^{name}")).click()
            page.wait_for_url("/")
        return page

    open_as.contexts = contexts  # type: ignore[attr-defined]  # for the report of a failure
    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def read_mail() -> Callable[[Page, str, str], None]:
    """Return a function that waits for an email by address and subject and opens it."""

    def read(page: Page, address: str, subject: str) -> None:
        row = page.get_by_role("row").filter(has_text=address).filter(has_text=subject)
        open_kept_email(page, row)
        row.first.get_by_role("link").click()

    return read
