"""Acts on the hub's own pages; tests/journeys/test_real_portals.py tries them on the demo."""

from playwright.sync_api import Locator, Page, expect


def open_person(hub: Page, url: str, name: str) -> None:
    """Open the page of one of Alder Dental's people, at the hub of this address."""
    hub.goto(f"{url}/c/alder/people/")
    hub.get_by_role("link", name=name).click()
    expect(hub.get_by_role("heading", level=1)).to_contain_text(name)


def removal_of(hub: Page, name: str, resource: str) -> Locator:
    """Return the button that removes an access, on the page of the person who has it."""
    button = hub.get_by_role("button", name=f"Remove {resource} – {name}")
    button.wait_for()
    return button


def suspension(hub: Page) -> Locator:
    """Return the button that suspends the person whose page is open."""
    hub.get_by_text("More", exact=True).click()
    button = hub.get_by_role("button", name="Suspend", exact=True)
    button.wait_for()
    return button


def expect_request_for(page: Page, permission: str) -> None:
    """Check that a page asks for a permission, which is ticked."""
    expect(page.get_by_role("heading", name="New request")).to_be_visible()
    expect(page.get_by_role("checkbox", name=permission)).to_be_checked()


def expect_closed(page: Page, portal: str) -> None:
    """Check that the hub says that the person can't open a portal."""
    expect(page.get_by_role("heading", name=f"You can't open {portal}")).to_be_visible()
