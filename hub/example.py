"""The example provider, Harbour, and its cast: the demo shows them, the tests play with them.

Alder Dental: Alice (main Super User), Bob, Emma. Birch Logistics: Charlie. Cedar Books: Frank.
Harbour itself: Dana at the support desk, Olive the operator.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Customer, Invitation, User
from accounts.services.customers import create_customer
from accounts.services.invitations import accept_invitation, invite_main_super_user, invite_person

PASSWORD = "harbour-example-2026"
CUSTOMERS = {"alder": "Alder Dental", "birch": "Birch Logistics", "cedar": "Cedar Books"}
MAIN_SUPER_USERS = {
    "alder": ("alice", "Alice Martin"),
    "birch": ("charlie", "Charlie Nguyen"),
    "cedar": ("frank", "Frank Lavoie"),
}
USERS = {"alder": [("bob", "Bob Tremblay"), ("emma", "Emma Roy")]}
STAFF = {"dana": ("Dana Okafor", "Support"), "olive": ("Olive Bergeron", "Operators")}


@transaction.atomic
def load_example() -> None:
    """Create the whole example through the hub's own services, on an empty database."""
    olive = [_create_staff(*person) for person in STAFF.items()][-1]
    for slug, name in CUSTOMERS.items():
        create_customer(actor=olive, slug=slug, name=name)
    load_portals(olive)
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
    load_rights()


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
    """Apply the four manifests, subscribe the customers, report their resources."""


def load_rights() -> None:
    """Give Bob and Emma a believable handful of rights."""
