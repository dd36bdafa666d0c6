"""The example provider, Harbour, with the customers and people that demo and tests use.

Alder Dental: Alice (main Super User), Bob, Emma. Birch Logistics: Charlie. Cedar Books: Frank.
Harbour itself: Dana at the support desk, Olive the operator.
"""

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer, Invitation, User
from accounts.services.customers import create_customer
from accounts.services.invitations import accept_invitation, invite_main_super_user, invite_person
from accounts.services.teams import add_to_team, create_team
from hub.example_review import load_review
from hub.example_topics import load_topics
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE
from portals.models import Portal, Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.presets import create_preset
from portals.services.requests import request_access
from portals.services.resources import Report, sync_resources
from portals.services.subscriptions import subscribe_customer

PASSWORD = "harbour-example-2026"  # noqa: S105 — public, the demo shows it
CUSTOMERS = {"alder": "Alder Dental", "birch": "Birch Logistics", "cedar": "Cedar Books"}
MAIN_SUPER_USERS = {
    "alder": ("alice", "Alice Martin"),
    "birch": ("charlie", "Charlie Nguyen"),
    "cedar": ("frank", "Frank Lavoie"),
}
USERS = {"alder": [("bob", "Bob Tremblay"), ("emma", "Emma Roy")]}
STAFF = {"dana": ("Dana Okafor", "Support"), "olive": ("Olive Bergeron", "Operators")}
MANIFESTS = settings.BASE_DIR / "portals" / "manifests"
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
    "alder": {"hosting": "Website and hosting", "email": "E-mail", "billing": "Invoices"},
    "birch": {"network": "Network and phones", "billing": "Invoices"},
}
USAGE_REPORTS = {
    "alder": {
        "web": "Website traffic, month by month",
        "mail": "Mail traffic, month by month",
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
    olive = [_create_staff(*person) for person in STAFF.items()][-1]
    for slug, name in CUSTOMERS.items():
        create_customer(actor=olive, slug=slug, name=name)
    load_portals(olive)
    load_topics(olive)
    for slug, (first, full) in MAIN_SUPER_USERS.items():
        customer = Customer.objects.get(slug=slug)
        invitation = invite_main_super_user(
            actor=olive, customer=customer, address=f"{first}@{slug}.example", name=full
        )
        super_user = _accept(invitation)
        customer.refresh_from_db()
        for first, full in USERS.get(slug, []):
            _accept(
                invite_person(
                    actor=super_user,
                    customer=customer,
                    address=f"{first}@{slug}.example",
                    name=full,
                )
            )
    load_owners()
    load_grants()
    load_presets()
    load_requests()


def _create_staff(first: str, details: tuple[str, str]) -> User:
    full, group = details
    user = User.objects.create_user(f"{first}@harbour.example", PASSWORD, name=full, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def _accept(invitation: Invitation) -> User:
    return accept_invitation(
        actor=None, token=invitation.token, name=invitation.name, password=PASSWORD
    ).user


def load_portals(actor: User) -> None:
    """Apply the four manifests, subscribe the customers and report their resources."""
    for slug in ("domains", "statistics", "ticketing", "webmail"):
        apply_manifest(actor=None, manifest=read_manifest(MANIFESTS / f"{slug}.toml"))
    portals = {portal.slug: portal for portal in Portal.objects.all()}
    for slug, subscribed in SUBSCRIPTIONS.items():
        customer = Customer.objects.get(slug=slug)
        for name in subscribed:
            subscribe_customer(actor=actor, customer=customer, portal=portals[name])
    for slug, portal, type_code, reports in _resources():
        sync_resources(actor=portals[portal], customer=slug, type_code=type_code, reports=reports)


def _resources() -> Iterator[tuple[str, str, str, list[Report]]]:
    """Yield what the portals report: (customer, portal, type, reports)."""
    for slug, names in DOMAINS.items():
        yield slug, "domains", "domain", [Report(name, name) for name in names]
    for slug, (domain, mailboxes) in MAILBOXES.items():
        yield slug, "webmail", "mail_domain", [Report(domain, domain)]
        addresses = [f"{name}@{domain}" for name in mailboxes]
        parent = ("mail_domain", domain)
        yield slug, "webmail", "mailbox", [Report(name, name, parent) for name in addresses]
    for slug, queues in QUEUES.items():
        yield slug, "ticketing", "queue", [Report(f"{slug}-{i}", n) for i, n in queues.items()]
    for slug, usage in USAGE_REPORTS.items():
        yield (
            slug,
            "statistics",
            "usage_report",
            [Report(f"{slug}-{i}", n) for i, n in usage.items()],
        )


def load_owners() -> None:
    """Report whose each mailbox is, now that the people have accepted: the others are shared."""
    webmail = Portal.objects.get(slug="webmail")
    for slug, (domain, names) in MAILBOXES.items():
        people = {user.email for user in User.objects.filter(memberships__customer__slug=slug)}
        reports = [
            Report(address, address, ("mail_domain", domain), address)
            for address in (f"{name}@{domain}" for name in names)
            if address in people
        ]
        sync_resources(actor=webmail, customer=slug, type_code="mailbox", reports=reports)


def load_grants() -> None:
    """Give Alder's people some access, partly through a team, and begin a review."""
    alder = Customer.objects.get(slug="alder")
    alice = User.objects.get(email="alice@alder.example")
    people = {m.user.email.split("@")[0]: m for m in alder.memberships.select_related("user")}
    reception = create_team(actor=alice, customer=alder, name="Reception")
    add_to_team(actor=alice, team=reception, membership=people["emma"])
    for grantee, portal, codename, external_id, reason in ACCESS:
        grant_privilege(
            actor=alice,
            grantee=reception if grantee == "reception" else people[grantee],
            privilege=Privilege.objects.get(portal__slug=portal, codename=codename),
            resource=Resource.objects.get(
                subscription__customer=alder,
                subscription__portal__slug=portal,
                resource_type__code=codename.split(".")[0],
                external_id=external_id,
            ),
            terms=GrantTerms(reason=reason),
            signed_in_at=timezone.now(),
        )
    load_review(actor=alice, customer=alder)


def load_presets() -> None:
    """Create Alder's two presets."""
    alder = Customer.objects.get(slug="alder")
    for name, lines in PRESETS.items():
        create_preset(
            actor=User.objects.get(email="alice@alder.example"),
            customer=alder,
            name=name,
            lines=[
                (Privilege.objects.get(portal__slug=portal, codename=codename), everywhere)
                for portal, codename, everywhere in lines
            ],
        )


def load_requests() -> None:
    """Create a request by Emma that is still open."""
    alder = Customer.objects.get(slug="alder")
    root = Resource.objects.get(
        subscription__customer=alder,
        subscription__portal__slug="domains",
        resource_type__code=ROOT_TYPE,
    )
    request_access(
        actor=User.objects.get(email="emma@alder.example"),
        customer=alder,
        text="I look after the new website and need to see when our domain names run out.",
        rights=[(root, root.resource_type.privileges.get(code=OPEN_PRIVILEGE))],
    )
