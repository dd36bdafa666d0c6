"""Fixtures for tests of people and companies."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.hand_overs import accept_hand_over, offer_hand_over
from accounts.services.invitations import accept_invitation, invite_person

PASSWORD = "three unrelated words"


@pytest.fixture
def events(db: None) -> Callable[[], int]:
    """Return a function that counts the audit events."""
    return AuditEvent.objects.count


@pytest.fixture
def join(alice, alder) -> Callable[..., User]:
    """Return a function that adds a member by invitation: join("gina", role="super_user")."""

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
def hand_over(alder) -> Callable[[User, Membership], None]:
    """Return a function that hands the main role over: hand_over(alice, membership(gina))."""

    def give(giver, to, *, customer=alder):
        now = timezone.now()
        offer = offer_hand_over(
            actor=giver, customer=customer, to=to, confirmation_name=customer.name, signed_in_at=now
        )
        accept_hand_over(actor=to.user, hand_over=offer, signed_in_at=now)

    return give


@pytest.fixture
def fresh(as_) -> Callable[[User], Client]:
    """Return a function that gives a client with a fresh sign-in: fresh(alice)."""

    def sign_in(user):
        client = as_(user)
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": timezone.now().timestamp()}
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        return client

    return sign_in


@pytest.fixture
def explain(alder, birch) -> Callable[[object], str]:
    """Create thousands of rows and return a function that explains a queryset's plan."""
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
