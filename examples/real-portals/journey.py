"""Walk through the hub and its four portals as Bob, Alice and Charlie, and measure."""

import base64
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from endings import BOB, Endings
from hub_pages import expect_request_for
from measures import call_api, opens_mailbox, read_mailbox, resolve
from people import Person
from place import Place
from playwright.sync_api import Error, expect, sync_playwright
from programs.webmail import EMAILS
from provider import Provider
from walk import Failed, say

LOGINS = 60  # at IMAP, in a minute
CHARLIE = "charlie@birch.example"


class Journey(Endings):
    """The walk, one method for each part."""

    def walk(self) -> None:
        """Walk it all. Raises Failed, or an error of the browser."""
        hashed = base64.b64encode(hashlib.sha256(_public_key(self.place)).digest()).decode()
        os.environ["NODE_EXTRA_CA_CERTS"] = str(self.place.folder / "ca.pem")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=[
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-timer-throttling",
                    f"--ignore-certificate-errors-spki-list={hashed}",  # this one, no other
                ],
            )
            bob, charlie, alice = (
                Person(browser, self.place, self.provider, name)
                for name in ("Bob", "Charlie", "Alice")
            )
            self.open_all(bob)
            self.refuse_to_bob(bob)
            self.keep_companies_apart(bob, charlie)
            self.change_a_zone(alice, bob)
            self.keep_name_servers(Person(browser, self.place, self.provider, "Emma"))
            self.become_nobody_else(Person(browser, self.place, self.provider, "Rowan"))
            self.sign_in_to_imap(bob)
            self.sign_out(alice)
            self.remove_access(alice, bob)
            self.suspend(alice, bob)
            browser.close()

    def open_all(self, bob: Person) -> None:
        """One sign-in opens all four portals, each with what is Bob's."""
        bob.sign_in()
        self.picture(bob.hub, "home")
        for name in ("Webmail", "Usage statistics", "Support tickets", "Domains"):
            expect(bob.hub.get_by_role("link", name=name).first).to_be_visible()
        webmail = bob.open("webmail")
        expect(webmail.get_by_text(EMAILS[BOB][1])).to_be_visible()
        self.picture(webmail, "webmail")
        expect(bob.open("statistics").get_by_role("listitem")).to_have_text(["alder-web"])
        statistics = bob.open("statistics", "/alder-web/")
        self.require("alder.example" in statistics.title(), "AWStats shows alder.example")
        self.picture(statistics, "statistics")
        self.open_ticket(bob, "alder-hosting", "The contact form sends nothing")
        self.picture(bob.tabs["ticketing"], "tickets")
        domains = bob.open("domains")
        expect(domains.get_by_role("listitem")).to_have_text(["alder.example"])
        expect(
            bob.open("domains", "/zones/alder.example").get_by_text("192.0.2.10")
        ).to_be_visible()
        self.picture(bob.tabs["domains"], "domains")
        say("One sign-in opened Roundcube, AWStats, Request Tracker and the zones.")

    def open_ticket(self, person: Person, queue: str, subject: str) -> None:
        """Open a ticket in self-service, in the one queue that is offered."""
        tab = person.open("ticketing", "/SelfService/CreateTicketInQueue.html")
        queues = tab.locator("a[href*='Create.html?Queue=']")
        names = {text.strip() for text in queues.all_inner_texts()}
        self.require(queue in names, f"{person.name} may open a ticket in {queue}: {names}")
        queues.filter(has_text=queue).first.click()
        tab.locator("input[name=Subject]").fill(subject)
        tab.get_by_role("button", name="Create ticket").click()
        tab.wait_for_url("**/SelfService/Display.html?*")
        tab.wait_for_load_state("networkidle")
        self.tickets[person.name] = tab.url.partition("id=")[2].partition("&")[0]

    def refuse_to_bob(self, bob: Person) -> None:
        """Refuse what is not his, inside his own company too."""
        tab = bob.open("domains", "/zones/alder.example")
        tab.get_by_role("link", name="Ask your Super User").click()
        expect_request_for(tab, "Change DNS records")
        bob.open("domains")
        self.refused(bob, "domains", "/zones/alderdental.example", 403)
        change: dict[str, Any] = {"method": "POST", "body": "name=new&type=A&content=192.0.2.99"}
        change["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
        self.refused(bob, "domains", "/zones/alder.example", 403, **change)
        token = bob.token("webmail")
        self.require(BOB in read_mailbox(self.place, BOB, token), "IMAP opens Bob's mailbox")
        for other in ("alice@alder.example", CHARLIE):
            self.require(
                not opens_mailbox(self.place, other, token), f"IMAP keeps {other} from Bob"
            )
        zones = call_api(self.place, bob.token("domains"))
        names = [zone["name"] for zone in zones.json()]
        self.require(names == ["alder.example."], f"the API lists one zone to Bob: {names}")
        for portal in ("webmail", "statistics"):  # a token is good for its own portal
            status = call_api(self.place, bob.token(portal)).status_code
            self.require(status == 401, f"the API refuses {portal}'s token: {status}")
        say("Bob is refused another mailbox, another zone, and every change of his own zone.")

    def keep_companies_apart(self, bob: Person, charlie: Person) -> None:
        """The second company sees its own and nothing of the first, and the other way round."""
        charlie.sign_in()
        expect(charlie.open("webmail").get_by_text(EMAILS[CHARLIE][1])).to_be_visible()
        expect(charlie.open("statistics").get_by_role("listitem")).to_have_text(["birch-web"])
        self.open_ticket(charlie, "birch-network", "A telephone is dead")
        expect(charlie.open("domains").get_by_text("alder.example")).to_have_count(0)
        for person, other, report, zone in (
            (charlie, bob, "alder-web", "alder.example"),
            (bob, charlie, "birch-web", "birch.example"),
        ):
            self.refused(person, "statistics", f"/{report}/awstats.pl", 302)  # to ask for it
            self.refused(person, "domains", f"/zones/{zone}", 403)
            own, others = self.tickets[person.name], self.tickets[other.name]
            status, text = person.ask("ticketing", f"/SelfService/Display.html?id={own}")
            self.require(status == 200 and "No permission" not in text, "RT shows one's own")
            _status, text = person.ask("ticketing", f"/SelfService/Display.html?id={others}")
            self.require("No permission" in text, f"RT keeps {other.name}'s ticket")
        # A report is its address: no parameter leads to another.
        _status, text = charlie.ask("statistics", "/birch-web/awstats.pl?config=alder-web")
        self.require("alder.example" not in text, "AWStats keeps to its address")
        charlie.open("statistics", "/alder-web/")
        self.picture(charlie.tabs["statistics"], "refused")
        status = call_api(self.place, charlie.token("domains"), "/alder.example.").status_code
        self.require(status == 403, f"the API refuses the other company's zone: {status}")
        say("Birch Logistics sees nothing of Alder Dental, and the other way round.")

    def change_a_zone(self, alice: Person, bob: Person) -> None:
        """Alice may change her zone; DNS answers at once. Bob sees it."""
        alice.sign_in()
        tab = alice.open("domains", "/zones/alder.example")
        for label, text in (("Name", "shop"), ("Type", "A"), ("Content", "192.0.2.33")):
            tab.get_by_label(label).fill(text)
        tab.get_by_role("button", name="Add record").click()
        expect(tab.get_by_text("192.0.2.33")).to_be_visible()
        answers = resolve(self.place, "shop.alder.example.")
        self.require(answers == ["192.0.2.33"], f"DNS answers: {answers}")
        expect(
            bob.open("domains", "/zones/alder.example").get_by_text("192.0.2.33")
        ).to_be_visible()
        say("Alice added a record, and DNS answers with it.")

    def keep_name_servers(self, emma: Person) -> None:
        """Emma may change records, and neither the zone's name servers nor another zone."""
        emma.sign_in()
        token = emma.token("domains")
        record = {"ttl": 300, "changetype": "REPLACE"}
        for zone, name, kind, content, status in (
            ("alder.example.", "new.alder.example.", "A", "192.0.2.40", 204),
            ("alder.example.", "Alder.example.", "ns", "ns.evil.example.", 403),
            ("alderdental.example.", "www.alderdental.example.", "A", "192.0.2.41", 403),
        ):
            records = [{"content": content, "disabled": False}]
            rrset = {**record, "name": name, "type": kind, "records": records}
            answer = call_api(self.place, token, f"/{zone}", rrsets=[rrset])
            self.require(answer.status_code == status, f"{kind} {name}: {answer.status_code}")
        say("Emma changed a record; the zone's name servers are refused to her.")

    def become_nobody_else(self, rowan: Person) -> None:
        """An address that begins with `root` makes nobody Request Tracker's administrator."""
        rowan.sign_in()
        tab = rowan.open("ticketing")
        name = tab.locator(".current-user").inner_text()
        self.require("/SelfService/" in tab.url and name != "root", f"RT takes Rowan for {name}")
        self.refused(rowan, "ticketing", "/Admin/Users/", 302)  # back to self-service
        say("root@alder.example is nobody special to Request Tracker.")

    def sign_in_to_imap(self, bob: Person) -> None:
        """Sixty IMAP logins in a minute pass; Dovecot asks the hub about each."""
        token, began = bob.token("webmail"), time.monotonic()
        passed = sum(opens_mailbox(self.place, BOB, token) for _login in range(LOGINS))
        seconds = time.monotonic() - began
        self.require(passed == LOGINS and seconds < 60, f"{passed} of {LOGINS} in {seconds:.1f} s")
        say(f"{LOGINS} IMAP logins passed in {seconds:.1f} s.")


def walk(place: Place, provider: Provider, pictures: Path | None) -> int:
    """Walk the journey; return 0 if all was as it should be, else 1 with a line that says what."""
    try:
        Journey(place, provider, pictures).walk()
    except (Failed, AssertionError, Error, OSError) as failure:
        print(f"Failed: {failure}", file=sys.stderr)
        return 1
    say("Everything is as it should be.")
    return 0


def _public_key(place: Place) -> bytes:
    certificate = x509.load_pem_x509_certificate((place.folder / "certificate.pem").read_bytes())
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
