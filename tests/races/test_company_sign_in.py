"""A company's own sign-in under parallel acts, on PostgreSQL: one wins each time."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import CompanyDomain, CompanyIdentity, CompanySignIn, Customer, User
from accounts.services import company_sign_in as services
from accounts.services.invitations import invite_person
from tests.races.test_races import race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL")


def claim(slug: str) -> CompanyDomain:
    customer = Customer.objects.get(slug=slug)
    actor = customer.main_super_user.user
    return services.add_domain(actor=actor, customer=customer, domain="group.example")


def test_one_of_two_companies_proves_a_domain():
    rows = [claim("alder"), claim("birch")]

    def prove(row):
        return lambda: services.prove_domain_by_dns(
            actor=row.customer.main_super_user.user, domain=row, records=[row.challenge]
        )

    race(*[prove(row) for row in rows for _twice in range(2)])

    assert CompanyDomain.objects.filter(proven_at__isnull=False).count() == 1


@pytest.fixture
def own() -> CompanySignIn:
    alder = Customer.objects.get(slug="alder")
    now = timezone.now()
    CompanyDomain.objects.create(customer=alder, domain="alder.example", proven_at=now, proof="dns")
    return CompanySignIn.objects.create(
        customer=alder, issuer="https://login.alder.example", tried_at=now, in_force_since=now
    )


def come(own, subject, address):
    claims = {"sub": subject, "email": address, "email_verified": True}
    return lambda: services.match_person(actor=None, sign_in=own, claims=claims, language="en")


def test_one_account_of_the_provider_becomes_the_persons(own):
    race(*[come(own, f"bob-{number}", "bob@alder.example") for number in range(6)])

    assert CompanyIdentity.objects.get().user.email == "bob@alder.example"


def test_an_invited_person_gets_one_account(own):
    alice = User.objects.get(email="alice@alder.example")
    invite_person(actor=alice, customer=own.customer, address="zoe@alder.example", name="Zoe")

    race(*[come(own, "zoe-1", "zoe@alder.example") for _number in range(6)])

    zoe = User.objects.get(email="zoe@alder.example")
    assert CompanyIdentity.objects.get().user == zoe
    assert zoe.memberships.count() == 1
