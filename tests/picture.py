"""Take README's picture from the demo: `python -m tests.picture` writes docs/person.png."""

import re
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.demo import ROOT, running_demo
from tests.machine import find_chromium


def main() -> None:
    """Sign in as Alice, open Bob's page and save a screenshot."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(base_url=demo.url, viewport={"width": 1200, "height": 900})
        page.goto("/accounts/login/")
        page.get_by_role("button", name=re.compile("^Alice")).click()
        page.wait_for_url("/")
        page.goto("/c/alder/people/")
        page.get_by_role("link", name="Bob Tremblay").click()
        page.wait_for_url(re.compile(r"/people/[0-9a-f-]{36}/"))
        page.screenshot(path=ROOT / "docs" / "person.png")
        browser.close()


if __name__ == "__main__":
    main()
