"""Recoveries of a company: of two people at one moment, exactly one wins (C5)."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import AuditEvent, SuperUserRecovery, User
from accounts.services.audit import verify_chain
from accounts.services.recoveries import (
    accept_recovery,
    approve_recovery,
    offer_due_recoveries,
    propose_recovery,
    stop_recovery,
)
from tests.races import test_races
from tests.races.test_races import ROUNDS, join, new_customer, race, won

pytestmark = test_races.pytestmark
_on_postgresql, olive = test_races._on_postgresql, test_races.olive

LONG_AGO = timedelta(days=5)
WHY = {"name": "", "ticket": "T-1", "evidence": "The register.", "proof": "Extract 1"}


@pytest.fixture
def dana():
    return User.objects.get(email="dana@harbour.example")


@pytest.fixture
def sam():
    """A third agent."""
    sam = User.objects.create_user("sam@harbour.example", name="Sam", is_staff=True)
    sam.groups.add(Group.objects.get(name="Support"))
    return sam


def proposal(agent, customer, member):
    now, address = timezone.now(), member.user.email
    return propose_recovery(
        actor=agent, customer=customer, address=address, signed_in_at=now, **WHY
    )


def approval(agent, recovery):
    return approve_recovery(actor=agent, recovery=recovery, signed_in_at=timezone.now())


def approved(olive, dana, days=LONG_AGO):
    """A company whose recovery was approved so long ago."""
    customer, main = new_customer(olive)
    bob = join(customer, main, "bob")
    with time_machine.travel(timezone.now() - days):
        recovery = approval(dana, proposal(olive, customer, bob))
    return customer, main, bob, recovery


def events_of(customer, *kinds):
    assert verify_chain(f"customer:{customer.pk}")
    return AuditEvent.objects.filter(customer=customer, kind__in=kinds).count()


def test_two_proposals(olive, dana):
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob, eve = join(customer, main, "bob"), join(customer, main, "eve")

        results = race(
            lambda customer=customer, bob=bob: proposal(olive, customer, bob),
            lambda customer=customer, eve=eve: proposal(dana, customer, eve),
        )

        assert won(results) == 1, results
        assert SuperUserRecovery.objects.open().filter(customer=customer).count() == 1
        assert events_of(customer, "recovery.proposed") == 1


def test_two_approvals(olive, dana, sam):
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        recovery = proposal(olive, customer, join(customer, main, "bob"))

        results = race(
            lambda recovery=recovery: approval(dana, recovery),
            lambda recovery=recovery: approval(sam, recovery),
        )

        assert won(results) == 1, results
        assert events_of(customer, "recovery.approved") == 1


def test_stopping_against_acceptance(olive, dana):
    """The one who is gone comes back in the moment in which the next one accepts."""
    for _round in range(ROUNDS):
        customer, main, bob, recovery = approved(olive, dana)
        assert offer_due_recoveries() == 1

        results = race(
            lambda recovery=recovery, main=main: stop_recovery(
                actor=main.user, recovery=recovery, membership=main
            ),
            lambda recovery=recovery, bob=bob: accept_recovery(
                actor=bob.user, recovery=recovery, signed_in_at=timezone.now()
            ),
        )

        assert won(results) == 1, results
        recovery.refresh_from_db()
        customer.refresh_from_db()
        keeper = bob if recovery.state == "done" else main
        assert customer.main_super_user == keeper
        assert events_of(customer, "recovery.done", "recovery.stopped") == 1


def test_stopping_against_the_effect(olive, dana):
    """Whatever comes first, the recovery is stopped, and its offer is none."""
    for _round in range(ROUNDS):
        customer, main, bob, recovery = approved(olive, dana)

        race(
            offer_due_recoveries,
            lambda recovery=recovery, bob=bob: stop_recovery(
                actor=bob.user, recovery=recovery, membership=bob
            ),
        )

        recovery.refresh_from_db()
        customer.refresh_from_db()
        assert (recovery.state, customer.main_super_user) == ("stopped", main)


def test_two_workers_offer_once(olive, dana):
    for _round in range(ROUNDS):
        customer, *_rest = approved(olive, dana)
        assert sum(race(*[offer_due_recoveries] * 4)) == 1
        assert events_of(customer, "recovery.offered") == 1
