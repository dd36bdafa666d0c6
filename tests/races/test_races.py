"""Two people do the same at one moment, on PostgreSQL.

RACE_ROUNDS is the number of rounds (default 20; `make races` runs 1,000). SQLite has one writer at
a time, so there is no race. The five most important races (invitation, request, hand-over, double
grant, removal against grant) run in eight processes: test_processes.py. The others are threads,
each with its own connection, because they race only in the database. meeting.py makes them meet.

A race fails where the database had to refuse what a service should have, and where an error was
only logged.
"""

import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Customer, Membership, User
from accounts.services.customers import create_customer
from accounts.services.invitations import (
    accept_invitation,
    invite_main_super_user,
    invite_person,
)
from accounts.services.memberships import change_role
from portals.models import Portal, Privilege, Resource
from portals.services.requests import request_access
from portals.services.subscriptions import subscribe_customer
from tests.races.swallowed import nothing_swallowed

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]

REFUSALS = (ValidationError, PermissionDenied)


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
    with nothing_swallowed():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "an act hangs"
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


def test_the_database_alone_enforces_the_rule(olive):
    """The same race by raw SQL, past every service: the triggers lock the customer's row."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        change_role(actor=main.user, membership=bob, role="super_user")

        def hand_over(customer=customer, bob=bob):
            with suppress(IntegrityError), transaction.atomic():
                Customer.objects.filter(pk=customer.pk).update(main_super_user=bob)

        def remove(bob=bob):
            with suppress(IntegrityError), transaction.atomic():
                Membership.objects.filter(pk=bob.pk).update(ended_at=timezone.now())

        race(hand_over, remove)

        customer.refresh_from_db()
        assert customer.main_super_user.is_live


def test_one_portal_requested_twice(olive):
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
                    actor=bob.user, customer=customer, privileges=[(root, privilege)]
                )
            ]
            * 3
        )

        assert won(results) == 1, results
        assert bob.requests.count() == 1
