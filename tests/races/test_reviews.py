"""Concurrent acts on access reviews, on PostgreSQL: one winner and one event."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Customer
from accounts.services.audit import verify_chain
from accounts.services.memberships import change_role
from portals.models import AccessReview, PersonGrant, Portal, Privilege, PrivilegeUse, Resource
from portals.services.grants import grant_privilege, revoke_privilege
from portals.services.reviews import ItemDecision, begin_review, rounds, run_reviews, save_decisions
from portals.services.subscriptions import subscribe_customer
from portals.services.uses import EPOCH, SECONDS_PER_DAY, save_uses
from tests.races.meeting import race_at
from tests.races.test_races import (
    REFUSALS,
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


def with_rights(olive):  # noqa: F811
    """A new customer: two Super Users, and Bob with one grant."""
    customer, main = new_customer(olive)
    portal = Portal.objects.get(slug="domains")
    subscribe_customer(actor=olive, customer=customer, portal=portal)
    second, bob = join(customer, main, "second"), join(customer, main, "bob")
    change_role(actor=main.user, membership=second, role="super_user")
    PersonGrant.objects.filter(content_object__subscription__customer=customer).delete()
    grant = grant_privilege(
        actor=main.user,
        grantee=bob,
        privilege=Privilege.objects.get(portal=portal, codename="subscription.open"),
        resource=Resource.objects.get(subscription__customer=customer),
    )
    return customer, main, second, bob, grant


def events(customer, kind):
    return AuditEvent.objects.filter(customer=customer, kind=kind).count()


def bobs_line(review):
    return review.items.get(kind="person")


def test_two_super_users_decide_the_same_line(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main, second, _bob, grant = with_rights(olive)
        review = begin_review(actor=main.user, customer=customer)
        line = bobs_line(review)

        def decide(actor, decision, review=review, line=line):
            return save_decisions(
                actor=actor, review=review, decisions=[ItemDecision(line.pk, decision)]
            )

        results = race(lambda: decide(main.user, "keep"), lambda: decide(second.user, "remove"))

        assert won(results) == 1, results
        assert events(customer, "review.part_saved") == 1
        line.refresh_from_db()
        assert PersonGrant.objects.filter(pk=grant.pk).exists() == (line.decision == "keep")
        review.refresh_from_db()
        assert (review.decided, review.kept) == (1, int(line.decision == "keep"))
        verify_chain(f"customer:{customer.pk}")


def test_a_review_decision_against_a_revoke(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main, second, _bob, grant = with_rights(olive)
        review = begin_review(actor=main.user, customer=customer)
        line = bobs_line(review)
        decisions = [ItemDecision(line.pk, "remove")]

        results = race(
            lambda: save_decisions(actor=main.user, review=review, decisions=decisions),
            lambda: revoke_privilege(actor=second.user, grant=grant),
        )

        assert won(results) == 2, results
        line.refresh_from_db()
        assert events(customer, "grant.revoked") == 1
        assert line.decision in ("remove", "overtaken")
        assert not PersonGrant.objects.filter(pk=grant.pk).exists()


def test_the_last_two_parts_finish_it_once(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main, second, _bob, _grant = with_rights(olive)
        review = begin_review(actor=main.user, customer=customer)
        own = {item.membership_id: item for item in review.items.filter(kind="role")}
        keep = [ItemDecision(bobs_line(review).pk, "keep")]
        save_decisions(actor=main.user, review=review, decisions=keep)

        results = race(
            lambda: save_decisions(
                actor=main.user, review=review, decisions=[ItemDecision(own[second.pk].pk, "keep")]
            ),
            lambda: save_decisions(
                actor=second.user, review=review, decisions=[ItemDecision(own[main.pk].pk, "keep")]
            ),
        )

        assert won(results) == 2, results
        review.refresh_from_db()
        assert (review.state, review.decided) == ("finished", 3)
        assert events(customer, "review.finished") == 1


def test_two_super_users_begin_one_review(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main, second, _bob, _grant = with_rights(olive)

        results = race(
            lambda: begin_review(actor=main.user, customer=customer),
            lambda: begin_review(actor=second.user, customer=customer),
        )

        assert won(results) == 1, results
        assert AccessReview.objects.filter(customer=customer).count() == 1


def test_several_workers_begin_one_round(olive):  # noqa: F811
    Customer.objects.update(status="suspended")  # the example's own are no part of this
    for _round in range(ROUNDS):
        customer, _main, _second, _bob, _grant = with_rights(olive)
        Customer.objects.filter(pk=customer.pk).update(
            created_at=timezone.now() - timedelta(days=100)
        )

        results = race(run_reviews, run_reviews, run_reviews)

        assert not any(isinstance(result, REFUSALS) for result in results)
        review = AccessReview.objects.get(customer=customer)
        assert (review.total, review.items.count()) == (3, 3)
        assert events(customer, "review.begun") == 1


def test_several_workers_gather_a_line_once(olive, monkeypatch):  # noqa: F811
    monkeypatch.setattr("portals.services.reviews.items.LINES_PER_STEP", 1)
    monkeypatch.setattr("portals.services.reviews.items.GRANTEES_PER_STEP", 1)
    monkeypatch.setattr(rounds, "MAX_STEPS_PER_MINUTE", 1)
    for _round in range(ROUNDS):
        customer, main, _second, _bob, _grant = with_rights(olive)
        review = begin_review(actor=main.user, customer=customer)
        for _minute in range(3):
            race_at("portals.services.reviews.items._next_items", run_reviews, run_reviews)
        review.refresh_from_db()
        assert review.ready_at is not None
        assert (review.total, review.items.count()) == (3, 3)


def test_several_processes_write_the_same_uses(olive):  # noqa: F811
    today = int(time.time() // SECONDS_PER_DAY)
    _customer, _main, _second, _bob, _grant = with_rights(olive)
    privilege = Privilege.objects.get(portal__slug="domains", codename="subscription.open")
    resources = list(Resource.objects.values_list("pk", flat=True))
    for number in range(ROUNDS):
        keys = [f"{olive.pk} {resource} {privilege.pk}" for resource in resources]
        race(
            lambda keys=keys, n=number: save_uses([(key, today + n) for key in keys]),
            lambda keys=keys, n=number: save_uses([(key, today + n - 5) for key in keys[::-1]]),
            lambda keys=keys, n=number: save_uses([(key, today + n - 1) for key in keys]),
        )
        days = set(PrivilegeUse.objects.filter(user=olive).values_list("day", flat=True))
        assert days == {EPOCH + timedelta(today + number)}
