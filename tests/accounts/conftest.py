"""Fixtures for tests of people and companies."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, CompanySignIn, Customer, Membership, User
from accounts.openid.discovery import discover
from accounts.services import company_sign_in
from accounts.services.hand_overs import accept_hand_over, offer_hand_over
from accounts.services.invitations import accept_invitation, invite_person
from tests.accounts.company_provider import CLIENT_ID, SECRET, FakeProvider
from tests.savepoints import made_once

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
def provider(monkeypatch) -> FakeProvider:
    """Return a provider of Alder's that answers wherever the hub asks."""
    fake = FakeProvider()
    monkeypatch.setattr(
        "accounts.openid.outgoing.GuardedSession.send",
        lambda _session, request, **_how: fake.answer(request),
    )
    return fake


@pytest.fixture
def connected(provider, alice, alder) -> CompanySignIn:
    """Return Alder's own sign-in: connected, its domain proven, not tried, not in force."""
    domain = company_sign_in.add_domain(actor=alice, customer=alder, domain="alder.example")
    company_sign_in.prove_domain_by_dns(actor=alice, domain=domain, records=[domain.challenge])
    return company_sign_in.connect_provider(
        actor=alice,
        customer=alder,
        provider=discover(provider.issuer),
        client_id=CLIENT_ID,
        client_secret=SECRET,
        signed_in_at=timezone.now(),
    )


@pytest.fixture
def own_sign_in(connected, alice, alder) -> CompanySignIn:
    """Return Alder's own sign-in, in force; Alice, its main Super User, has a passkey."""
    company_sign_in.try_provider(
        actor=alice,
        sign_in=connected,
        claims={"sub": "alice-1", "email": alice.email, "email_verified": True},
    )
    Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Laptop"})
    return company_sign_in.start_company_sign_in(
        actor=alice, customer=alder, signed_in_at=timezone.now()
    )


def many_rows() -> Callable[[object], str]:
    """Create thousands of rows and return a function that explains a queryset's plan."""
    alder, birch = (Customer.objects.get(slug=slug) for slug in ("alder", "birch"))
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


explain = made_once(many_rows, scope="class")
