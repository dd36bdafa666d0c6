"""The demo's list of kept email, in a browser."""

import time

from playwright.sync_api import Locator, Page


def open_kept_email(page: Page, rows: Locator, least: int = 1) -> None:
    """Open the list once it has at least so many of these rows; on a busy machine that takes long.

    Raises AssertionError after a minute.
    """
    deadline = time.monotonic() + 60
    while page.goto("/demo/mail/") and rows.count() < least:
        assert time.monotonic() < deadline, f"too few emails: {page.content()}"
        time.sleep(0.3)
