"""Require, measure and take pictures, for each part of the journey."""

import time
from pathlib import Path

from measures import PATIENCE
from people import Person
from place import Place
from playwright.sync_api import Page
from provider import Provider

LIMIT = 5.0  # seconds in which a suspended person is refused everywhere


class Failed(Exception):
    """The journey found something else than it should; the text says what."""


class Walk:
    """A walk through the portals."""

    def __init__(self, place: Place, provider: Provider, pictures: Path | None) -> None:
        """Begin with nobody signed in."""
        self.place, self.provider, self.pictures = place, provider, pictures
        self.tickets: dict[str, str] = {}  # name of a person: the number of their ticket

    def measure(self, name: str, person: Person, portal: str, began: float) -> None:
        """Wait until a portal refuses, and say how long it took."""
        at, status = person.refusal(portal)
        self.require(0 <= at - began <= LIMIT, f"{name}: refused after {at - began:.1f} s")
        say(f"{name}: refused after {at - began:.1f} s (status {status})")

    def logouts(self, portal: str) -> int:
        """Return how many back-channel logouts a portal has taken, by its web server's log."""
        log = (self.place.folder / "log/access.log").read_text()
        return log.count(f' {self.place.ports[portal]} "POST /sign-in/callback" 200\n')

    def wait_for_logout(self, portal: str, before: int) -> None:
        """Wait until a portal has taken one more back-channel logout than before."""
        deadline = time.time() + PATIENCE
        while self.logouts(portal) <= before:
            self.require(time.time() < deadline, f"{portal} heard of the sign-out")
            time.sleep(0.2)

    def refused(
        self, person: Person, portal: str, path: str, status: int, **options: object
    ) -> None:
        """Require that a portal refuses this address with this status."""
        answered, _text = person.ask(portal, path, **options)
        self.require(answered == status, f"{person.name} at {portal}{path}: {answered}")

    def require(self, found: bool, text: str) -> None:
        """Raise Failed with this text if it was not found so."""
        if not found:
            raise Failed(text)

    def picture(self, page: Page, name: str) -> None:
        """Save what a tab shows."""
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.pictures / f"real-portals-{name}.png")


def say(text: str) -> None:
    """Print a line at once."""
    print(f"  {text}", flush=True)
