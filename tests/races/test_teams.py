"""Concurrent acts on teams, on PostgreSQL: a deleted team leaves nothing behind."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError

from accounts.models import AuditEvent, TeamMembership
from accounts.services.audit import verify_chain
from accounts.services.memberships import remove_membership
from accounts.services.teams import add_to_team, create_team, delete_team
from portals.models import Portal, Privilege, Resource, TeamGrant
from portals.services.grants import grant_privilege
from portals.services.subscriptions import subscribe_customer
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


def test_deleting_a_team_against_joining_it_and_giving_to_it(olive):  # noqa: F811
    portal = Portal.objects.get(slug="domains")
    privilege = Privilege.objects.get(portal=portal, codename="subscription.open")
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        bob = join(customer, main, "bob")
        team = create_team(actor=main.user, customer=customer, name="Office")

        deleted, added, given = race(
            lambda: delete_team(actor=main.user, team=team),
            lambda: add_to_team(actor=main.user, team=team, membership=bob),
            lambda: grant_privilege(
                actor=main.user, grantee=team, privilege=privilege, resource=root
            ),
        )

        assert not isinstance(deleted, REFUSALS)
        assert not isinstance(added, IntegrityError)  # refused by name, not by the database
        assert not isinstance(given, IntegrityError)
        assert not customer.teams.exists()
        assert not TeamMembership.objects.filter(membership=bob).exists()
        assert not TeamGrant.objects.filter(content_object=root).exists()
        assert not Group.objects.filter(name=f"team:{team.uuid}").exists()
        assert AuditEvent.objects.filter(customer=customer, kind="team.deleted").count() == 1
        assert verify_chain(f"customer:{customer.pk}")


def test_one_team_deleted_twice(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        team = create_team(actor=main.user, customer=customer, name="Office")

        results = race(*[lambda main=main, team=team: delete_team(actor=main.user, team=team)] * 4)

        assert sum(not isinstance(result, REFUSALS) for result in results) == 1
        assert AuditEvent.objects.filter(customer=customer, kind="team.deleted").count() == 1


def test_removal_against_joining_a_team(olive):  # noqa: F811
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        bob = join(customer, main, "bob")
        team = create_team(actor=main.user, customer=customer, name="Office")

        left, _added = race(
            lambda: remove_membership(actor=main.user, membership=bob),
            lambda: add_to_team(actor=main.user, team=team, membership=bob),
        )

        assert not isinstance(left, REFUSALS)
        assert not TeamMembership.objects.filter(membership=bob).exists()
        assert verify_chain(f"customer:{customer.pk}")
