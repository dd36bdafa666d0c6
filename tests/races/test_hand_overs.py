"""The role of main Super User goes to exactly one person in every race (C2).

Races for one offer among eight processes are in test_processes.py.
"""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, HandOver
from accounts.services.audit import verify_chain
from accounts.services.hand_overs import (
    accept_hand_over,
    offer_hand_over,
)
from accounts.services.memberships import change_role, remove_membership, suspend_membership
from tests.races import test_races
from tests.races.test_races import ROUNDS, join, new_customer, race, won

pytestmark = test_races.pytestmark
_on_postgresql, olive = test_races._on_postgresql, test_races.olive

SETTLING = [
    "customer.main_super_user_changed",
    "hand_over.declined",
    "hand_over.withdrawn",
    "hand_over.lapsed",
]


def world(olive):
    """A customer with its main Super User and two more."""
    customer, main = new_customer(olive)
    others = [join(customer, main, name) for name in ("bob", "third")]
    for promoted in others:
        change_role(actor=main.user, membership=promoted, role="super_user")
        promoted.refresh_from_db()
    return customer, main, *others


def offered(customer, main, to):
    now = timezone.now()
    return offer_hand_over(
        actor=main.user, customer=customer, to=to, confirmation_name=customer.name, signed_in_at=now
    )


def settled(customer):
    """A live main Super User, nothing open, and the events that settled it."""
    customer.refresh_from_db()
    keeper = customer.main_super_user
    assert keeper.is_live
    assert keeper.role == "super_user"
    assert verify_chain(f"customer:{customer.pk}")
    return list(
        AuditEvent.objects.filter(customer=customer, kind__in=SETTLING).values_list(
            "kind", flat=True
        )
    )


@pytest.mark.parametrize("act", ["remove", "suspend", "demote"])
def test_acceptance_against_what_happens_to_the_receiver(act, olive):
    """Whoever is first, the customer keeps a live main Super User."""
    for _round in range(ROUNDS):
        customer, main, bob, third = world(olive)
        offer, now = offered(customer, main, bob), timezone.now()

        def end(bob=bob, third=third):
            if act == "remove":
                return remove_membership(actor=third.user, membership=bob)
            if act == "suspend":
                return suspend_membership(actor=third.user, membership=bob)
            return change_role(actor=third.user, membership=bob, role="user")

        def accept(offer=offer, bob=bob, now=now):
            return accept_hand_over(actor=bob.user, hand_over=offer, signed_in_at=now)

        results = race(accept, end)

        assert won(results) == 1, results
        kinds = settled(customer)
        assert len(kinds) == (0 if act != "remove" and customer.main_super_user == main else 1)
        if act == "remove":
            assert not HandOver.objects.open().filter(customer=customer).exists()


def test_eight_offers_at_once(olive):
    """One open offer for a customer."""
    for _round in range(ROUNDS):
        customer, main, bob, third = world(olive)

        def to(receiver, customer=customer, main=main):
            return lambda: offered(customer, main, receiver)

        results = race(*[to(bob), to(third)] * 4)

        assert won(results) == 1, results
        assert HandOver.objects.open().filter(customer=customer).count() == 1
        assert AuditEvent.objects.filter(customer=customer, kind="hand_over.offered").count() == 1
