"""Concurrent reports, on PostgreSQL: an id has one owner and no grant outlives its resource."""

import pytest
from django.db import connection

from accounts.models import AuditChain, Membership, User
from accounts.services.audit import verify_chain
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.services.grants import grant_privilege
from portals.services.resources import Report, delete_resource, put_resource, sync_resources
from tests.races.test_races import ROUNDS, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_postgresql(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL")


def test_customers_race_for_the_same_ids():
    domains = Portal.objects.get(slug="domains")
    reports = [Report(f"d{n}.example", f"Domain {n}") for n in range(50)]

    for _ in range(ROUNDS):
        race(
            *(
                lambda customer=customer, rows=rows: sync_resources(
                    actor=domains, customer=customer, type_code="domain", reports=rows
                )
                for customer, rows in (("alder", reports), ("birch", reports[::-1]))
            )
        )
        mine = Resource.objects.filter(name__startswith="Domain ")
        assert mine.count() == 50
        assert mine.values("subscription").order_by().distinct().count() == 1

    for chain in AuditChain.objects.all():
        verify_chain(chain.name)


def test_a_grant_races_with_the_deletion_of_its_resource():
    domains = Portal.objects.get(slug="domains")
    alice = User.objects.get(email="alice@alder.example")
    bob = Membership.objects.get(user__email="bob@alder.example", ended_at=None)
    renew = Privilege.objects.get(portal=domains, codename="domain.renew")

    for number in range(ROUNDS):
        report = Report(f"r{number}.example", "Race")
        put_resource(actor=domains, customer="alder", type_code="domain", report=report)
        domain = Resource.objects.get(external_id=report.external_id)
        race(
            lambda: grant_privilege(actor=alice, grantee=bob, privilege=renew, resource=domain),
            lambda: delete_resource(actor=domains, resource=domain),
            lambda: put_resource(
                actor=domains, customer="birch", type_code="domain", report=report
            ),
        )
        assert not PersonGrant.objects.filter(
            content_object__external_id=report.external_id
        ).exists()
