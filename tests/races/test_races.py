"""Two people do the same thing at the same moment, on PostgreSQL.

RACE_ROUNDS says how often (20 unless told; `make races` runs 1,000). SQLite lets one writer in at
a time, so there is nothing to race for.
"""

import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.audit import verify_chain
from accounts.services.customers import create_customer
from accounts.services.invitations import (
    accept_invitation,
    invite_main_super_user,
    invite_person,
)
from accounts.services.memberships import change_role, remove_membership
from accounts.services.requests import approve_request, refuse_request, withdraw_request
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.grants import grant_privilege
from portals.services.requests import request_access
from portals.services.subscriptions import subscribe_customer

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]

REFUSALS = (ValidationError, PermissionDenied, IntegrityError)


@pytest.fixture(autouse=True)
def _on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL")


def race(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at one moment, each on its own connection; results or refusals, in order."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=20)
            results[place] = act()
        except REFUSALS as refusal:
            results[place] = refusal
        except BaseException as error:
            results[place] = AssertionError(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(isinstance(result, AssertionError) for result in results), results
    return results


def won(results: list[Any]) -> int:
    return sum(not isinstance(result, REFUSALS) for result in results)


@pytest.fixture
def olive() -> User:
    return User.objects.get(email="olive@harbour.example")


def new_customer(olive: User) -> tuple[Customer, Membership]:
    """A fresh active customer with a main Super User, for one round."""
    slug = f"r{uuid.uuid4().hex[:12]}"
    customer = create_customer(actor=olive, slug=slug, name=slug)
    invitation = invite_main_super_user(
        actor=olive, customer=customer, address=f"main@{slug}.example"
    )
    main = accept_invitation(
        actor=None, token=invitation.token, name="Main", password="a long passphrase 1"
    )
    customer.refresh_from_db()
    return customer, main


def join(customer: Customer, main: Membership, name: str) -> Membership:
    invitation = invite_person(
        actor=main.user, customer=customer, address=f"{name}@{customer.slug}.example"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name=name, password="a long passphrase 1"
    )


def test_the_database_alone_keeps_the_rule(olive):
    """The same race by raw SQL, past every service: the triggers lock the customer's row."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        change_role(actor=main.user, membership=bob, role="super_user")

        def hand_over(customer=customer, bob=bob):
            with transaction.atomic():
                Customer.objects.filter(pk=customer.pk).update(main_super_user=bob)

        def remove(bob=bob):
            with transaction.atomic():
                Membership.objects.filter(pk=bob.pk).update(ended_at=timezone.now())

        race(hand_over, remove)

        customer.refresh_from_db()
        assert customer.main_super_user.is_live


def test_one_invitation_accepted_twice(olive):
    """D2: one winner, one membership, one event."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        invitation = invite_person(
            actor=main.user, customer=customer, address=f"gina@{customer.slug}.example"
        )

        results = race(
            *[
                lambda token=invitation.token: accept_invitation(
                    actor=None, token=token, name="Gina", password="a long passphrase 1"
                )
            ]
            * 8
        )

        assert won(results) == 1, results
        assert Membership.objects.filter(customer=customer, user__name="Gina").count() == 1
        accepted = AuditEvent.objects.filter(
            customer=customer, kind="invitation.accepted", person__name="Gina"
        )
        assert accepted.count() == 1


def test_one_grant_given_twice(olive):
    """J4: one row, one event."""
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        bob = join(customer, main, "bob")
        PersonGrant.objects.filter(user=bob.user).delete()
        before = AuditEvent.objects.filter(kind="grant.given", customer=customer).count()

        results = race(
            *[
                lambda main=main, bob=bob, root=root: grant_privilege(
                    actor=main.user, holder=bob, privilege=privilege, resource=root
                )
            ]
            * 4
        )

        assert won(results) == 4, results
        assert PersonGrant.objects.filter(user=bob.user, content_object=root).count() == 1
        after = AuditEvent.objects.filter(kind="grant.given", customer=customer).count()
        assert after == before + 1


def test_leaving_against_a_grant(olive):
    """Nothing is left behind, whoever is first."""
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        bob = join(customer, main, "bob")

        race(
            lambda: remove_membership(actor=main.user, membership=bob),
            lambda: grant_privilege(
                actor=main.user, holder=bob, privilege=privilege, resource=root
            ),
        )

        assert not PersonGrant.objects.filter(user=bob.user).exists()


def test_one_request_answered_by_two(olive):
    """One answer, one event; the right is given with a yes, never after a no."""
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        bob, second = join(customer, main, "bob"), join(customer, main, "second")
        change_role(actor=main.user, membership=second, role="super_user")
        asked = request_access(actor=bob.user, customer=customer, rights=[(root, privilege)])

        results = race(
            lambda: approve_request(actor=main.user, asked=asked),
            lambda: refuse_request(actor=second.user, asked=asked, reason="No."),
            lambda: approve_request(actor=second.user, asked=asked),
            lambda: withdraw_request(actor=bob.user, asked=asked),
        )

        assert won(results) == 1, results
        asked.refresh_from_db()
        ends = [f"request.{state}" for state in ("approved", "refused", "withdrawn")]
        events = AuditEvent.objects.filter(customer=customer, kind__in=ends)
        assert [event.kind for event in events] == [f"request.{asked.state}"]
        given = PersonGrant.objects.filter(user=bob.user, content_object=root).count()
        assert given == (asked.state == "approved")
        assert verify_chain(f"customer:{customer.pk}")


def test_one_portal_asked_for_twice(olive):
    """A tile pressed twice is one request."""
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        bob = join(customer, main, "bob")

        results = race(
            *[
                lambda customer=customer, bob=bob, root=root: request_access(
                    actor=bob.user, customer=customer, rights=[(root, privilege)]
                )
            ]
            * 3
        )

        assert won(results) == 1, results
        assert bob.requests.count() == 1
