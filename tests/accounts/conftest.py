"""What tests of people and companies share."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.invitations import accept_invitation, invite_person

PASSWORD = "three unrelated words"


@pytest.fixture
def events(db: None) -> Callable[[], int]:
    """How many events the trail holds: what did not happen leaves none."""
    return AuditEvent.objects.count


@pytest.fixture
def join(alice, alder) -> Callable[..., User]:
    """Someone new at Alder, through an invitation: join("gina", role="super_user")."""

    def accept(name, *, actor=alice, customer=alder, role="user"):
        invitation = invite_person(
            actor=actor,
            customer=customer,
            address=f"{name}@{customer.slug}.example",
            name=f"{name.title()} Newcomer",
            role=role,
        )
        return accept_invitation(
            actor=None, token=invitation.token, name=invitation.name, password=PASSWORD
        ).user

    return accept


@pytest.fixture
def explain(alder, birch) -> Callable[[object], str]:
    """How the database finds these rows once there are thousands of them."""
    people = User.objects.bulk_create(
        User(email=f"p{n}@crowd.example", name=f"{n % 97} Person {n}") for n in range(3000)
    )
    Membership.objects.bulk_create(
        Membership(customer=birch if n % 30 else alder, user=person, work_name=person.name)
        for n, person in enumerate(people)
    )
    Customer.objects.bulk_create(
        Customer(slug=f"c{n}", name=f"{n % 97} Company {n}") for n in range(3000)
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            chain="crowd", sequence=n, at=timezone.now(), customer=birch if n % 30 else alder
        )
        for n in range(3000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return lambda rows: rows.explain()
