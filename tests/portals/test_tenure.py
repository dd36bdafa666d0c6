"""Which company had a resource on which day is recorded by triggers, from now on (L37)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts import signals
from portals.models import Portal, Resource, ResourceTenure
from portals.services.resources import (
    Report,
    delete_resource,
    put_resource,
    rename_resource,
)

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def domains(db) -> Portal:
    return Portal.objects.get(slug="domains")


@pytest.fixture
def put(domains):
    def report(customer="alder", external_id="new.example"):
        put_resource(
            actor=domains,
            customer=customer,
            type_code="domain",
            report=Report(external_id, external_id, None),
        )
        return Resource.objects.get(resource_type__code="domain", external_id=external_id)

    return report


def tenures(external_id="new.example"):
    """Return company, start and end of each tenure of a domain, the first first."""
    rows = ResourceTenure.objects.filter(type_code="domain", external_id=external_id)
    return list(rows.order_by("pk").values_list("customer__slug", "started_at", "ended_at"))


def test_every_resource_has_one_open_tenure_L37(db):
    below = Resource.objects.exclude(parent=None)
    held = {
        (row.portal_id, row.type_code, row.external_id): (row.customer_id, row.started_at)
        for row in ResourceTenure.objects.filter(ended_at=None)
    }

    assert held == {
        (row.resource_type.portal_id, row.resource_type.code, row.external_id): (
            row.subscription.customer_id,
            row.held_since,
        )
        for row in below.select_related("resource_type", "subscription")
    }


def test_it_begins_with_the_report_and_a_new_name_leaves_it(put, domains):
    with time_machine.travel(timezone.now() + DAY, tick=False):
        resource, now = put(), timezone.now()
    rename_resource(actor=domains, resource=resource, name="Another name")

    assert tenures() == [("alder", now, None)]


def test_it_ends_at_the_removal_and_stays_for_good(put, domains):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        start, resource = timezone.now(), put()
        clock.shift(DAY)
        removed = timezone.now()
        delete_resource(actor=domains, resource=resource)
        assert tenures() == [("alder", start, removed)]
        clock.shift(8 * DAY)
        signals.periodic_tick.send(None)
        assert not Resource.with_removed.filter(external_id="new.example").exists()
        assert tenures() == [("alder", start, removed)]
        clock.shift(DAY)
        put()
        assert tenures()[1:] == [("alder", timezone.now(), None)]


def test_what_comes_back_within_seven_days_was_never_gone(put, domains):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        start, resource = timezone.now(), put()
        clock.shift(DAY)
        delete_resource(actor=domains, resource=resource)
        clock.shift(6 * DAY)
        put()

    assert tenures() == [("alder", start, None)]


def test_a_moved_resource_is_of_one_company_at_a_time(put):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        start = timezone.now()
        put()
        clock.shift(DAY)
        moved = timezone.now()
        put("birch")

    assert tenures() == [("alder", start, moved), ("birch", moved, None)]


def test_a_new_id_begins_a_new_tenure(put, domains):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        start, resource = timezone.now(), put()
        clock.shift(DAY)
        renamed = timezone.now()
        rename_resource(actor=domains, resource=resource, external_id="other.example")

    assert tenures() == [("alder", start, renamed)]
    assert tenures("other.example") == [("alder", renamed, None)]


def test_an_id_that_was_removed_and_taken_by_another_inherits_no_day(put, domains):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        start, resource = timezone.now(), put()
        clock.shift(DAY)
        removed = timezone.now()
        delete_resource(actor=domains, resource=resource)
        clock.shift(DAY)
        put("birch")

    assert tenures() == [("alder", start, removed), ("birch", removed + DAY, None)]


def test_what_is_below_a_removed_resource_ends_with_it(db):
    webmail = Portal.objects.get(slug="webmail")
    mail_domain = Resource.objects.get(
        resource_type__code="mail_domain", external_id="alder.example"
    )
    below = list(mail_domain.children.values_list("external_id", flat=True))
    delete_resource(actor=webmail, resource=mail_domain)
    of_mailboxes = ResourceTenure.objects.filter(type_code="mailbox", external_id__in=below)

    assert below
    assert of_mailboxes.count() == len(below)
    assert not of_mailboxes.filter(ended_at=None).exists()


def test_a_row_deleted_past_every_service_ends_now(put):
    resource, before = put(), timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM portals_resourceancestor WHERE resource_id = %s", [resource.pk])
        cursor.execute("DELETE FROM portals_resourcesearchentry WHERE row_id = %s", [resource.pk])
        cursor.execute("DELETE FROM portals_resource WHERE id = %s", [resource.pk])
    [(company, start, end)] = tenures()

    assert company == "alder"
    assert start <= end
    assert before - 60 * SECOND <= end <= timezone.now() + SECOND
