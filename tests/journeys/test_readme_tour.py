"""README's five-minute tour, step by step, with and without JavaScript."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.readme import commands, run_commands, section

TOUR = "The five-minute tour"
DNS = "Change its DNS records"


def choose_domain(page: Page, label: str, name: str) -> None:
    """Pick a domain (a mail domain has the same name) in a list of resources."""
    option = page.locator('optgroup[label^="Domains"] option', has_text=re.compile(f"^{name}$"))
    page.get_by_label(label).select_option(value=option.get_attribute("value"))


@pytest.mark.parametrize(
    ("address", "javascript"),
    [("gina@alder.example", True), ("gerd@alder.example", False)],
    ids=["with JavaScript", "without JavaScript"],
)
def test_invite_accept_check_revoke(demo, open_browser, read_mail, address, javascript):
    first_name = address.split("@")[0].title()
    alice = open_browser("Alice", javascript=javascript)

    # Alice invites her with one offer.
    alice.goto("/c/alder/people/")
    alice.get_by_role("main").get_by_role("link", name="Invite").first.click()
    alice.get_by_label("E-mail addresses").fill(f"{first_name} Stone <{address}>")
    choose_domain(alice, "Add a thing", "alder.example")
    alice.get_by_role("button", name="Add", exact=True).click()
    alice.get_by_role("checkbox", name=DNS).check()
    alice.get_by_role("button", name="Check the list").click()
    alice.get_by_role("button", name="Send 1 invitation").click()
    expect(alice.get_by_role("row").filter(has_text=address)).to_contain_text("Invited")

    # She accepts from the mail the demo shows.
    gina = open_browser(javascript=javascript)
    read_mail(gina, address, "Alder Dental")
    gina.get_by_role("main").get_by_role("link", name=re.compile("invitations")).click()
    expect(gina.get_by_role("main")).to_contain_text(DNS)
    gina.get_by_label("Your name").fill(f"{first_name} Stone")
    gina.get_by_label("Choose a password").fill("a-long-and-quiet-harbour")
    gina.get_by_role("main").get_by_role("button").last.click()
    gina.wait_for_url("/")
    expect(gina.get_by_text("Welcome to Alder Dental.")).to_be_visible()

    # Her page carries her id; the domains portal asks, and the answer is yes.
    alice.goto("/c/alder/people/")
    alice.get_by_role("link", name=f"{first_name} Stone").click()
    alice.wait_for_url(re.compile(r"/people/[0-9a-f-]{36}/$"))
    person_id = alice.url.rstrip("/").rsplit("/", 1)[1]
    get_token, ask = commands(TOUR)
    token = run_commands(f'{get_token}\necho "$TOKEN"', demo).strip()

    def check() -> dict[str, object]:
        answer: dict[str, object] = json.loads(
            run_commands(f"TOKEN={token}\n{ask}", demo, GINA=person_id)
        )
        return answer

    assert check() == {"decision": True}

    # Alice revokes; the very next check, with the same token, says no.
    alice.get_by_role("button", name=f"Revoke “{DNS}” on alder.example").click()
    expect(alice.get_by_text("no longer has")).to_be_visible()
    assert check() == {"decision": False}


def test_the_tour_uses_the_words_of_the_pages():
    tour = section(TOUR)

    for words in ("Alice", "gina@alder.example", DNS, "/demo/mail/", "Revoke"):
        assert words in tour
