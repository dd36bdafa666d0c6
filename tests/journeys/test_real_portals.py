"""The hub's pages that `make real-portals` uses, on the demo: it needs root and is not run here."""

import runpy
from pathlib import Path
from types import SimpleNamespace

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "real-portals"
PAGES = SimpleNamespace(**runpy.run_path(str(FOLDER / "hub_pages.py")))


def test_the_walk_finds_its_way_on_the_pages_of_the_hub(open_browser, demo):
    alice, bob = open_browser("Alice"), open_browser("Bob")
    bob.goto("/ask/?portal=domains&type=domain&resource=alder.example&privilege=renew")
    PAGES.expect_request_for(bob, "Renew domain")
    PAGES.open_person(alice, demo.url, "Bob Tremblay")
    PAGES.removal_of(alice, "Bob Tremblay", "Website and hosting").click()
    alice.wait_for_load_state()
    PAGES.suspension(alice).click()
    alice.wait_for_load_state()
    bob.goto("/")
    assert "suspended" in bob.locator("main").inner_text()
