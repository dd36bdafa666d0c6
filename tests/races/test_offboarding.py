"""Concurrent offboarding and undo, on PostgreSQL: one winner, one event, nothing left over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Offboarding, TeamMembership, Undo
from accounts.services.audit import verify_chain
from accounts.services.membership_expiry import end_due_memberships
from accounts.services.memberships import change_role, remove_membership
from accounts.services.offboarding import cancel_offboarding
from accounts.services.teams import add_to_team, create_team
from accounts.services.undo import undo_event
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.grants import grant_privilege, revoke_privilege
from portals.services.offboarding import plan_offboarding
from portals.services.subscriptions import subscribe_customer
from tests.races.test_races import (
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


class Company:
    """A fresh customer with Bob, Emma, a second Super User, and a portal Bob may open."""

    def __init__(self, olive):  # noqa: F811
        self.customer, self.main = new_customer(olive)
        portal = Portal.objects.get(slug="domains")
        self.open_privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
        subscribe_customer(actor=olive, customer=self.customer, portal=portal)
        self.root = Resource.objects.get(subscription__customer=self.customer)
        self.bob, self.emma, self.second = (
            join(self.customer, self.main, name) for name in ("bob", "emma", "second")
        )
        change_role(actor=self.main.user, membership=self.second, role="super_user")
        PersonGrant.objects.filter(content_object=self.root).delete()

    def give(self, grantee):
        return grant_privilege(
            actor=self.main.user, grantee=grantee, privilege=self.open_privilege, resource=self.root
        )

    def plan(self, leaves_at=None, actor=None):
        return plan_offboarding(
            actor=(actor or self.main).user,
            membership=self.bob,
            grants=[
                (grant, self.emma)
                for grant in PersonGrant.objects.filter(
                    user=self.bob.user, content_object=self.root
                )
            ],
            leaves_at=leaves_at,
        )

    def fall_due(self):
        """The planned moment is now over."""
        past = timezone.now() - timedelta(seconds=1)
        Membership.objects.filter(pk=self.bob.pk).update(ends_at=past)

    def held_by(self, membership):
        return PersonGrant.objects.filter(user=membership.user, content_object=self.root).count()

    def events(self, kind):
        return AuditEvent.objects.filter(customer=self.customer, kind=kind).count()

    def has_left(self):
        return not Membership.objects.filter(pk=self.bob.pk, ended_at=None).exists()

    def check(self):
        """Whatever happened, the trail holds and who left holds nothing."""
        assert verify_chain(f"customer:{self.customer.pk}")
        if self.has_left():
            assert self.held_by(self.bob) == 0
            assert not TeamMembership.objects.filter(membership=self.bob).exists()


@pytest.fixture
def company(olive):  # noqa: F811
    return lambda: Company(olive)


def test_offboarding_against_a_grant_to_leaver_and_receiver(company):
    for _round in range(ROUNDS):
        one = company()
        one.give(one.bob)
        left, _given, _other = race(
            one.plan, lambda one=one: one.give(one.bob), lambda one=one: one.give(one.emma)
        )
        assert isinstance(left, Offboarding), left
        assert one.held_by(one.emma) == 1
        assert one.events("membership.left") == 1
        one.check()


def test_removal_against_joining_a_team(company):
    for _round in range(ROUNDS):
        one = company()
        team = create_team(actor=one.main.user, customer=one.customer, name="Office")
        left, _added = race(
            one.plan,
            lambda one=one, team=team: add_to_team(
                actor=one.main.user, team=team, membership=one.bob
            ),
        )
        assert isinstance(left, Offboarding), left
        one.check()


def test_two_clocks_and_a_cancel_after_the_end(company):
    for _round in range(ROUNDS):
        one = company()
        one.give(one.bob)
        one.plan(timezone.now() + timedelta(days=1))
        one.fall_due()
        first, second, cancelled = race(
            end_due_memberships,
            end_due_memberships,
            lambda one=one: cancel_offboarding(actor=one.main.user, membership=one.bob),
        )
        assert first + second == 1
        assert won([cancelled]) == 0
        assert one.has_left()
        assert (one.held_by(one.emma), one.events("membership.left")) == (1, 1)
        one.check()


def test_two_cancellations_against_a_removal(company):
    for _round in range(ROUNDS):
        one = company()
        one.give(one.bob)
        one.plan(timezone.now() + timedelta(days=1))
        results = race(
            lambda one=one: cancel_offboarding(actor=one.main.user, membership=one.bob),
            lambda one=one: cancel_offboarding(actor=one.second.user, membership=one.bob),
            lambda one=one: remove_membership(actor=one.main.user, membership=one.bob),
        )
        assert won(results[2:]) == 1
        assert one.events("offboarding.cancelled") == won(results[:2]) <= 1
        assert not Offboarding.objects.filter(membership=one.bob, state="open").exists()
        one.check()


def test_an_offboarding_planned_twice(company):
    for _round in range(ROUNDS):
        one = company()
        then = timezone.now() + timedelta(days=1)
        results = race(
            lambda one=one, then=then: one.plan(then),
            lambda one=one, then=then: one.plan(then, actor=one.second),
        )
        assert won(results) == 1, results
        assert one.events("offboarding.planned") == 1
        one.check()


def test_one_removal_undone_twice(company):
    for _round in range(ROUNDS):
        one = company()
        event = revoke_privilege(actor=one.main.user, grant=one.give(one.bob))
        results = race(*[lambda one=one, e=event: undo_event(actor=one.main.user, event=e)] * 4)
        assert won(results) == 1, results
        assert one.held_by(one.bob) == 1
        assert one.events("grant.reinstated") == 1
        assert Undo.objects.filter(event=event).count() == 1
        one.check()


def test_undo_against_a_new_grant_and_a_removal(company):
    for _round in range(ROUNDS):
        one = company()
        event = revoke_privilege(actor=one.main.user, grant=one.give(one.bob))
        race(
            lambda one=one, event=event: undo_event(actor=one.main.user, event=event),
            lambda one=one: one.give(one.bob),
            lambda one=one: remove_membership(actor=one.second.user, membership=one.bob),
        )
        assert one.has_left()
        one.check()


def test_an_offboarding_undone_twice(company):
    for _round in range(ROUNDS):
        one = company()
        one.give(one.bob)
        event = one.plan().event
        results = race(*[lambda one=one, e=event: undo_event(actor=one.main.user, event=e)] * 3)
        assert won(results) == 1, results
        assert not one.has_left()
        assert (one.held_by(one.bob), one.held_by(one.emma)) == (1, 0)
        one.check()
