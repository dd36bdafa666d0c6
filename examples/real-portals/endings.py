"""End access by sign-out, removal and suspension, and time until each portal refuses."""

import time

from hub_pages import expect_closed, open_person, removal_of, suspension
from measures import Watch, call_api, opens_mailbox
from people import Person
from playwright.sync_api import Page, expect
from programs.webmail import EMAILS
from walk import LIMIT, Walk, say

BOB = "bob@alder.example"
GIVEN = {"statistics": "Website traffic, month by month", "ticketing": "Website and hosting"}
MESSAGE = "/?_task=mail&_mbox=INBOX&_uid=1&_action=show"


class Endings(Walk):
    """The parts of the journey in which access ends."""

    def sign_out(self, alice: Person) -> None:
        """Sign-out in one portal ends the others."""
        alice.open("webmail")
        alice.open("statistics")
        alice.open("ticketing")
        watched = {
            "webmail": (MESSAGE, EMAILS["alice@alder.example"][1]),
            "statistics": ("/alder-web/awstats.pl", "alder.example"),
            "domains": ("/zones/alder.example", "192.0.2.10"),
        }
        for portal, (path, text) in watched.items():
            alice.watch(portal, path, text)
        told = {portal: self.logouts(portal) for portal in ("statistics", "domains")}
        tab = alice.tabs["ticketing"]
        address = tab.locator("#preferences-logout").get_attribute("href")
        began = time.time()
        tab.goto(f"{self.place.url('ticketing')}{address}")
        expect(tab.get_by_role("heading", name="Signed out")).to_be_visible()
        for portal in watched:
            self.measure(f"{portal} after the sign-out in ticketing", alice, portal, began)
        for portal, before in told.items():
            self.wait_for_logout(portal, before)
        say("The other portals heard of it by back-channel logout.")

    def remove_access(self, alice: Person, bob: Person) -> None:
        """Alice removes two permissions of Bob; each portal refuses just that within seconds."""
        alice.sign_in()
        bob.open("statistics", "/alder-web/")
        bob.open("ticketing")
        bob.watch("statistics", "/alder-web/awstats.pl", "alder.example")
        bob.watch("ticketing", "/SelfService/CreateTicketInQueue.html", "alder-hosting")
        open_person(alice.hub, self.provider.url, "Bob Tremblay")
        for portal, resource in GIVEN.items():
            button = removal_of(alice.hub, "Bob Tremblay", resource)
            began = time.time()
            button.click()
            self.measure(f"{portal} after a removal", bob, portal, began)
        status, text = bob.ask("webmail", MESSAGE)
        self.require(status == 200 and EMAILS[BOB][1] in text, "webmail stays open")

    def suspend(self, alice: Person, bob: Person) -> None:
        """Alice suspends Bob; every portal refuses him within seconds."""
        mail, api = bob.token("webmail"), bob.token("domains")
        number = self.tickets["Bob"]
        for portal in ("webmail", "statistics", "ticketing", "domains"):
            bob.open(portal)
        bob.watch("webmail", MESSAGE, EMAILS[BOB][1])
        bob.watch("statistics", "/", "Sign out")
        bob.watch("ticketing", f"/SelfService/Display.html?id={number}", "contact form")
        bob.watch("domains", "/zones/alder.example", "192.0.2.10")
        threads = {
            "IMAP": Watch(lambda: opens_mailbox(self.place, BOB, mail)),
            "PowerDNS's API": Watch(lambda: call_api(self.place, api).ok),
        }
        open_person(alice.hub, self.provider.url, "Bob Tremblay")
        button = suspension(alice.hub)
        began = time.time()
        button.click()
        for portal in ("webmail", "statistics", "ticketing", "domains"):
            self.measure(f"{portal} after the suspension", bob, portal, began)
        for name, thread in threads.items():
            thread.join()
            seconds = thread.refused_at - began
            self.require(0 <= seconds <= LIMIT, f"{name} after the suspension: {seconds:.1f} s")
            say(f"{name} after the suspension: refused after {seconds:.1f} s")
        page = self.lose_contacts(bob, began)
        self.picture(page, "closed")

    def lose_contacts(self, bob: Person, began: float) -> Page:
        """Wait until webmail closes what needs no mail server; return the hub's page about it."""
        while True:
            page = bob.open("webmail", "/?_task=addressbook")
            again = page.get_by_role("link", name="Login with Harbour")  # or straight to the hub
            if again.count():
                again.click()
            if not page.url.startswith(self.place.url("webmail")):
                expect_closed(page, "Webmail")
                return page
            self.require(time.time() - began < LIMIT, "webmail closes the contacts")
