"""A portal reports an owner while that person leaves, on PostgreSQL: no leaver owns anything."""

from contextlib import suppress

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.services.audit import verify_chain
from accounts.services.memberships import remove_membership
from portals.models import Portal, Resource
from portals.services.resources import Report, ResourcesRefused, put_resource
from portals.services.subscriptions import subscribe_customer
from tests.races.test_races import (
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


def _domain(olive, number):  # noqa: F811
    """Return a fresh customer's main Super User, Bob, and how the portal reports a domain."""
    customer, main = new_customer(olive)
    portal = Portal.objects.get(slug="domains")
    subscribe_customer(actor=olive, customer=customer, portal=portal)
    bob, name = join(customer, main, "bob"), f"owned-{number}.example"

    def report(owner):
        return put_resource(
            actor=portal,
            customer=customer.slug,
            type_code="domain",
            report=Report(name, name, None, owner),
        )

    report(None)
    return main, bob, report, Resource.objects.get(external_id=name)


def test_a_leaver_never_owns_what_is_reported_meanwhile(olive):  # noqa: F811
    for number in range(ROUNDS):
        main, bob, report, domain = _domain(olive, number)

        removal, reported = race(
            lambda main=main, bob=bob: remove_membership(actor=main.user, membership=bob),
            lambda bob=bob, report=report: report(str(bob.user.sub)),
        )

        assert isinstance(removal, AuditEvent), removal
        domain.refresh_from_db()
        assert domain.owner is None
        if isinstance(reported, ResourcesRefused):
            assert removal.data["owned"] == []
        else:
            assert [kept["resource_id"] for kept in removal.data["owned"]] == [domain.pk]
        assert verify_chain(f"customer:{bob.customer_id}")


def _name_owner(resource: int, owner: int) -> None:
    with suppress(IntegrityError):  # whoever comes second is refused
        Resource.objects.filter(pk=resource).update(owner=owner)


def test_the_database_alone_keeps_it(olive):  # noqa: F811
    """The same race by raw updates, past every service: the triggers lock the membership's row."""
    for number in range(ROUNDS):
        _main, bob, _report, domain = _domain(olive, number + ROUNDS)
        pk, resource = bob.pk, domain.pk

        race(
            lambda pk=pk: Membership.objects.filter(pk=pk).update(ended_at=timezone.now()),
            lambda pk=pk, resource=resource: _name_owner(resource, pk),
        )

        domain.refresh_from_db()
        assert domain.owner is None
