"""`manage.py seed` writes the requested sizes and follows the hub's rules."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Customer, Membership, User
from accounts.models.audit import chain_name
from accounts.selectors import sentence_of
from accounts.services.audit import record_event, verify_chain
from portals.decision import decide
from portals.models import PersonGrant, Resource, ResourceAncestor, TeamGrant


def seeded():
    return Customer.objects.filter(slug__startswith="seeded-")


def test_seed_writes_the_requested_sizes(db, capsys):
    before = User.objects.count(), PersonGrant.objects.count() + TeamGrant.objects.count()

    call_command("seed", grants=300, people=45, resources=200)

    assert seeded().count() == 3
    assert User.objects.count() == before[0] + 45
    assert PersonGrant.objects.count() + TeamGrant.objects.count() == before[1] + 300
    resources = Resource.objects.filter(subscription__customer__in=seeded())
    assert resources.filter(parent__isnull=False).count() == 200
    assert all(customer.main_super_user.is_super_user for customer in seeded())
    assert not Membership.objects.filter(search_name="").exists()
    owned = resources.exclude(owner=None)
    assert owned.filter(resource_type__code="mailbox").count() == owned.count() > 20
    assert all(one.owner.customer == one.subscription.customer for one in owned)
    mailbox = resources.filter(resource_type__code="mailbox").first()
    assert ResourceAncestor.objects.filter(resource=mailbox).count() == 3
    told = capsys.readouterr()
    assert "Added 300 grants, 45 people, 200 resources in 3 customers." in told.out
    assert "█" in told.err


def test_seed_adds_to_existing_data(db):
    call_command("seed", grants=50)
    call_command("seed", grants=50)

    assert seeded().count() == 2


def test_every_seeded_customer_has_its_chain(db, capsys):
    """`manage.py audit verify` finds nothing missing, and the chain goes on from there."""
    call_command("seed", grants=300, people=45, resources=200)
    call_command("seed", grants=50)
    call_command("audit", "verify")

    assert "every one is in its place" in capsys.readouterr().out
    for customer in seeded():
        (event,) = customer.audit_events.all()
        assert sentence_of(event) == f"The hub created the company {customer.name}."
    with transaction.atomic():
        record_event(kind="customer.updated", actor=None, customer=customer, fields="name")
    assert verify_chain(chain_name(customer)) == 2


def test_seeded_grants_are_in_force(db):
    call_command("seed", grants=100)
    grant = PersonGrant.objects.filter(
        expires_at=None, content_object__subscription__customer__in=seeded()
    ).latest("pk")

    assert decide(
        grant.user, grant.permission.codename.partition(".")[2], grant.content_object
    ) in (
        "grant",
        "owner",
        "role",
    )


@pytest.mark.parametrize(
    "sizes",
    [
        {"grants": 1000, "people": 1, "resources": 10},
        {"grants": -1},
        {"grants": 10, "people": -5},
    ],
)
def test_impossible_sizes_are_refused_and_nothing_is_written(db, sizes):
    with pytest.raises(CommandError):
        call_command("seed", **sizes)

    assert not seeded().exists()


def test_seed_needs_a_portal(db, monkeypatch):
    monkeypatch.setattr("hub.seeding.Portal.objects.all", list)

    with pytest.raises(CommandError, match="no portal yet"):
        call_command("seed", grants=10)


def test_seed_is_refused_in_production(db, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command("seed", grants=10)
