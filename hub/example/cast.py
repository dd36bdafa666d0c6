"""The example provider, Harbour, with the customers and people that demo and tests share.

Alder Dental: Alice (main Super User), Bob, Emma. Birch Logistics: Charlie. Cedar Books: Frank.
Harbour itself: Dana at the support desk, Olive the operator.
"""

from collections.abc import Iterator

from django.db import transaction

from accounts.services.teams import add_to_team, create_team
from hub.example import acts
from hub.example.acts import MANIFESTS, Access
from hub.example.passwords import PASSWORD, hashed_once
from hub.example.policies import load_policy
from hub.example.review import load_review
from hub.example.topics import load_topics
from portals.services.presets import create_preset
from portals.services.resources import Report

__all__ = ["MANIFESTS", "PASSWORD", "load_example"]

CUSTOMERS = {"alder": "Alder Dental", "birch": "Birch Logistics", "cedar": "Cedar Books"}
OPERATOR, ALICE = "olive@harbour.example", "alice@alder.example"
MAIN_SUPER_USERS = {
    "alder": ("alice", "Alice Martin"),
    "birch": ("charlie", "Charlie Nguyen"),
    "cedar": ("frank", "Frank Lavoie"),
}
USERS = {"alder": [("bob", "Bob Tremblay"), ("emma", "Emma Roy")]}
STAFF = {
    "dana": ("Dana Okafor", "Support"),
    "olive": ("Olive Bergeron", "Operators", "Privacy", "Billing"),
}
SUBSCRIPTIONS = {
    "alder": ["domains", "statistics", "ticketing", "webmail"],
    "birch": ["domains", "ticketing", "webmail"],
    "cedar": ["domains", "webmail"],
}
DOMAINS = {
    "alder": ["alder.example", "alderdental.example"],
    "birch": ["birch.example", "birchlogistics.example", "birch-tracking.example"],
    "cedar": ["cedar.example"],
}
MAILBOXES = {
    "alder": ("alder.example", ["alice", "bob", "emma", "info", "billing"]),
    "birch": ("birch.example", ["charlie", "dispatch", "accounts"]),
    "cedar": ("cedar.example", ["frank", "orders"]),
}
QUEUES = {
    "alder": {"hosting": "Website and hosting", "email": "Email help", "billing": "Invoices"},
    "birch": {"network": "Network and phones", "billing": "Invoices"},
}
USAGE_REPORTS = {
    "alder": {
        "web": "Website traffic, month by month",
        "mail": "Email traffic by month",
        "storage": "Storage used, month by month",
    }
}

ACCESS = [  # grantee, portal, privilege, resource, reason; all at Alder
    ("bob", "webmail", "mailbox.use", "bob@alder.example", "His own mailbox"),
    ("emma", "webmail", "mailbox.use", "emma@alder.example", "Her own mailbox"),
    ("reception", "webmail", "mailbox.use", "info@alder.example", "Shared by the front desk"),
    ("bob", "domains", "subscription.open", "alder", ""),
    ("bob", "domains", "domain.view", "alder.example", ""),
    ("bob", "ticketing", "queue.open", "alder-hosting", ""),
    ("emma", "ticketing", "queue.reply", "alder-email", ""),
    ("emma", "statistics", "subscription.open", "alder", "Prepares the yearly report"),
    ("emma", "statistics", "usage_report.export", "alder-web", "Prepares the yearly report"),
]

PRESETS = {  # name: (portal, privilege, on every resource of its type); all at Alder
    "Bookkeeper": [
        ("statistics", "subscription.open", True),
        ("statistics", "usage_report.export", True),
        ("ticketing", "queue.reply", False),
    ],
    "Webmaster": [
        ("domains", "subscription.open", True),
        ("domains", "domain.manage", False),
        ("statistics", "subscription.open", True),
        ("statistics", "usage_report.view", False),
        ("ticketing", "queue.open", False),
    ],
}


@transaction.atomic
def load_example() -> None:
    """Create the example in an empty database, through the hub's own services."""
    with hashed_once():
        for first, (name, *groups) in STAFF.items():
            acts.hire(first, name, *groups)
        load_portals()
        for slug, (first, name) in MAIN_SUPER_USERS.items():
            acts.accept(acts.invite_main(acts.person(OPERATOR), slug, first, name))
            for colleague, full in USERS.get(slug, []):
                acts.accept(acts.invite(f"{first}@{slug}.example", colleague, full))
            acts.report_owners(slug, *MAILBOXES[slug])
    load_grants()
    load_presets()
    ask_for_domains()
    load_policy()


def load_portals() -> None:
    """Add the four portals, the companies with what the portals report, and the topics."""
    acts.apply_manifests()
    operator = acts.person(OPERATOR)
    for slug, name in CUSTOMERS.items():
        acts.found_company(operator, slug, name, SUBSCRIPTIONS[slug])
        for portal, type_code, reports in resources_of(slug):
            acts.report(slug, portal, type_code, reports)
    load_topics(operator)


def resources_of(slug: str) -> Iterator[tuple[str, str, list[Report]]]:
    """Yield what the portals report about a company: (portal, type, reports)."""
    yield "domains", "domain", [Report(name, name) for name in DOMAINS[slug]]
    domain, mailboxes = MAILBOXES[slug]
    yield "webmail", "mail_domain", [Report(domain, domain)]
    addresses = [f"{name}@{domain}" for name in mailboxes]
    parent = ("mail_domain", domain)
    yield "webmail", "mailbox", [Report(name, name, parent) for name in addresses]
    for portal, type_code, named in (
        ("ticketing", "queue", QUEUES.get(slug)),
        ("statistics", "usage_report", USAGE_REPORTS.get(slug)),
    ):
        if named:
            yield portal, type_code, [Report(f"{slug}-{i}", name) for i, name in named.items()]


def load_grants() -> None:
    """Give Alder's people some access, partly through a team, and begin a review."""
    alice = acts.person(ALICE)
    reception = create_team(actor=alice, customer=acts.company("alder"), name="Reception")
    add_to_team(actor=alice, team=reception, membership=acts.member("emma@alder.example"))
    for grantee, portal, codename, external_id, reason in ACCESS:
        to = reception if grantee == "reception" else acts.member(f"{grantee}@alder.example")
        acts.give(ALICE, to, Access(portal, codename, external_id), reason)
    load_review(actor=alice, customer=acts.company("alder"))


def load_presets() -> None:
    """Create Alder's two presets."""
    for name, lines in PRESETS.items():
        create_preset(
            actor=acts.person(ALICE),
            customer=acts.company("alder"),
            name=name,
            lines=[
                (acts.privilege_of(Access(portal, codename, "")), everywhere)
                for portal, codename, everywhere in lines
            ],
        )


def ask_for_domains() -> None:
    """Let Emma ask for something that nobody has answered yet."""
    acts.ask(
        "emma@alder.example",
        Access("domains", "subscription.open", "alder"),
        "I look after the new website and need to see when our domain names expire.",
    )
