"""Concurrent bulk acts, on PostgreSQL: the first one wins, all or nothing."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.services.audit import verify_chain
from accounts.services.bulk import remove_people, restore_people, suspend_people
from accounts.services.memberships import change_role, remove_membership
from tests.races.test_races import (
    REFUSALS,
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


def events(customer, kind):
    return AuditEvent.objects.filter(customer=customer, kind=f"membership.{kind}").count()


def test_two_bulk_acts_on_overlapping_people(olive):  # noqa: F811
    """Three are meant by one, three by the other, two by both: one act happens, whole."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        people = [join(customer, main, name) for name in ("ann", "ben", "cleo", "dora")]
        first, second = people[:3], list(reversed(people[1:]))

        results = race(
            lambda customer=customer, main=main, first=first: suspend_people(
                actor=main.user, customer=customer, people=first
            ),
            lambda customer=customer, main=main, second=second: suspend_people(
                actor=main.user, customer=customer, people=second
            ),
        )

        winners = [result for result in results if not isinstance(result, REFUSALS)]
        assert len(winners) == 1, results
        suspended = Membership.objects.filter(customer=customer, suspended_at__isnull=False)
        assert {m.pk for m in suspended} == {m.pk for m in winners[0]}
        assert events(customer, "suspended") == 3
        assert verify_chain(f"customer:{customer.pk}")


def test_removal_of_many_against_removal_of_one(olive):  # noqa: F811
    """If the one is first, nobody else is removed; if the many are, the one finds nobody."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        ann, ben, cleo = (join(customer, main, name) for name in ("ann", "ben", "cleo"))
        change_role(actor=main.user, membership=cleo, role="super_user")

        many, one = race(
            lambda customer=customer, main=main, people=[ann, ben]: remove_people(
                actor=main.user,
                customer=customer,
                people=people,
                confirmation_name=customer.name,
                signed_in_at=timezone.now(),
            ),
            lambda cleo=cleo, ben=ben: remove_membership(actor=cleo.user, membership=ben),
        )

        assert isinstance(many, REFUSALS) != isinstance(one, REFUSALS), (many, one)
        gone = set(Membership.objects.exclude(ended_at=None).filter(customer=customer))
        assert gone == ({ben} if isinstance(many, REFUSALS) else {ann, ben})
        assert events(customer, "removed") == len(gone)
        assert verify_chain(f"customer:{customer.pk}")


def test_suspension_against_restoration(olive):  # noqa: F811
    """One of the two is about people as they are, the other about people as they were."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        people = [join(customer, main, name) for name in ("ann", "ben")]

        suspended, _restored = race(
            lambda customer=customer, main=main, people=people: suspend_people(
                actor=main.user, customer=customer, people=people
            ),
            lambda customer=customer, main=main, people=people: restore_people(
                actor=main.user, customer=customer, people=people
            ),
        )

        assert not isinstance(suspended, REFUSALS)
        now = Membership.objects.filter(customer=customer, suspended_at__isnull=False).count()
        assert now in (0, 2)
        assert events(customer, "suspended") == 2
        assert events(customer, "restored") == 2 - now
