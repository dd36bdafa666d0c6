"""Concurrent reports, on PostgreSQL: an id has one owner and no grant outlives its resource."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditChain, AuditEvent, Membership, User
from accounts.services.audit import verify_chain
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.models.resources import KEPT_FOR
from portals.services.grants import grant_privilege
from portals.services.resources import (
    Removal,
    RemovalUnconfirmed,
    Report,
    delete_resource,
    end_removed_resources,
    put_resource,
    sync_resources,
)
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
        assert not PersonGrant.with_removed.filter(
            content_object__external_id=report.external_id
        ).exists()


@pytest.fixture
def domains():
    return Portal.objects.get(slug="domains")


@pytest.fixture
def alice():
    return User.objects.get(email="alice@alder.example")


@pytest.fixture
def bob():
    return Membership.objects.get(user__email="bob@alder.example", ended_at=None)


@pytest.fixture
def renew(domains):
    return Privilege.objects.get(portal=domains, codename="domain.renew")


def _put(portal, external_id):
    return put_resource(
        actor=portal,
        customer="alder",
        type_code="domain",
        report=Report(external_id, external_id),
    )


def test_a_grant_races_with_a_removal_and_counts_only_after_the_return(domains, alice, bob, renew):
    for number in range(ROUNDS):
        _put(domains, f"g{number}.example")
        domain = Resource.objects.get(external_id=f"g{number}.example")
        granted, removed = race(
            lambda: grant_privilege(actor=alice, grantee=bob, privilege=renew, resource=domain),
            lambda: delete_resource(actor=domains, resource=domain),
        )
        assert removed is True
        assert not bob.user.has_perm("portals.domains.domain.renew", domain)
        _put(domains, domain.external_id)
        in_time = isinstance(granted, PersonGrant)
        assert bob.user.has_perm("portals.domains.domain.renew", domain) is in_time


def test_a_return_races_with_the_end_at_the_last_instant(domains, alice, bob, renew):
    """The resource is back with its access, or new without it, and the log says the same."""
    for number in range(ROUNDS):
        name = f"e{number}.example"
        _put(domains, name)
        domain = Resource.objects.get(external_id=name)
        grant_privilege(actor=alice, grantee=bob, privilege=renew, resource=domain)
        delete_resource(actor=domains, resource=domain)
        deadline = timezone.now() + timedelta(milliseconds=number)
        Resource.with_removed.filter(pk=domain.pk).update(removed_at=deadline - KEPT_FOR)
        before = AuditEvent.objects.order_by("-pk")[0].pk

        reported, *_ended = race(
            partial(_put, domains, name), end_removed_resources, end_removed_resources
        )

        now = Resource.objects.get(external_id=name)
        events = AuditEvent.objects.filter(pk__gt=before)
        kinds = sorted(events.values_list("kind", flat=True))
        if reported.returned:
            assert (now.pk, kinds) == (domain.pk, ["resources.returned"])
            assert now.person_grants.exists()
        else:
            assert (reported.added, kinds) == (1, ["resources.changed", "resources.ended"])
            assert now.pk != domain.pk
            assert not PersonGrant.with_removed.filter(content_object__in=[domain, now]).exists()


def test_several_workers_end_the_same_once(domains, alice, bob, renew):
    for number in range(ROUNDS):
        names = [f"w{number}-{part}.example" for part in range(5)]
        for name in names:
            _put(domains, name)
            domain = Resource.objects.get(external_id=name)
            grant_privilege(actor=alice, grantee=bob, privilege=renew, resource=domain)
            delete_resource(actor=domains, resource=domain)
        ours = Resource.with_removed.filter(external_id__in=names)
        ours.update(removed_at=timezone.now() - KEPT_FOR)

        race(end_removed_resources, end_removed_resources, end_removed_resources)

        assert not ours.exists()
    ended = AuditEvent.objects.filter(kind="resources.ended")
    assert ended.count() == ROUNDS
    assert all((event.data["count"], event.data["privileges"]) == (5, 5) for event in ended)


def test_an_empty_and_a_full_report_race(domains):
    """Never a part of the type; what was confirmed is what was lost."""
    full = [
        Report(row.external_id, row.name)
        for row in Resource.objects.filter(
            resource_type__portal=domains,
            resource_type__code="domain",
            subscription__customer__slug="alder",
        )
    ]
    names = {report.external_id for report in full}
    grants = PersonGrant.with_removed.filter(content_object__external_id__in=names).count()

    def sync(reports, confirm=None):
        try:
            return sync_resources(
                actor=domains,
                customer="alder",
                type_code="domain",
                reports=reports,
                replace=True,
                confirm=confirm,
            )
        except RemovalUnconfirmed as refusal:
            return refusal.removal

    for _ in range(ROUNDS):
        lost = sync([])
        assert isinstance(lost, Removal)
        emptied, filled = race(partial(sync, [], lost), partial(sync, full))
        present = Resource.objects.filter(
            resource_type__code="domain", subscription__customer__slug="alder"
        ).count()
        assert present in (0, len(full))
        assert (emptied.removed, emptied.grants_ended) == tuple(lost)
        assert filled.returned == present
        sync(full)
        assert PersonGrant.objects.filter(content_object__external_id__in=names).count() == grants
    for chain in AuditChain.objects.all():
        verify_chain(chain.name)
