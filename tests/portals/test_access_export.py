"""The export of who may do what."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, User
from accounts.services.customers import suspend_customer
from accounts.services.memberships import suspend_membership
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, Resource
from portals.services.exports import record_access_export
from portals.services.resources import Report, put_resource


@pytest.fixture
def lines(as_, alice):
    """The file Alice gets, as dictionaries."""

    def take(name="access-export", **where):
        address = reverse(f"portals:{name}", kwargs={"customer": "alder", **where})
        text = as_(alice).post(address).getvalue().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    return take


def test_a_line_has_origin_start_end_and_reason(lines, alice, bob, membership, give, resource):
    until = timezone.now() + timedelta(days=30)
    domain = resource("domain", "alder.example")
    give(alice, membership(bob), "domains.domain.renew", domain, expires_at=until, reason="May")

    [line] = [
        one
        for one in lines()
        if (one["Address"], one["Code"], one["Id"]) == (bob.email, "domain.renew", "alder.example")
    ]

    assert line["Person"] == "Bob Tremblay"
    assert (line["Portal"], line["Resource"]) == ("Domains", domain.name)
    assert (line["In force"], line["Through"]) == ("Yes", "Given to this person")
    assert line["Given on resource"] == line["Resource"]
    assert line["Until"] == timezone.localtime(until).strftime("%Y-%m-%d %H:%M:%S")
    assert (line["Given by"], line["Reason"]) == ("Alice Martin", "May")


def test_access_through_teams_and_parents_is_exported(
    lines, alice, alder, bob, membership, give, resource
):
    team = create_team(actor=alice, customer=alder, name="=Night shift")
    add_to_team(actor=alice, team=team, membership=membership(bob))
    PersonGrant.objects.filter(user=bob).delete()
    root = Resource.objects.get(
        subscription__customer=alder, resource_type__portal__slug="domains", parent=None,
        resource_type__code="subscription",
    )  # fmt: skip
    give(alice, team, "domains.domain.manage_dns", root)

    theirs = [line for line in lines() if line["Address"] == bob.email]
    found = [line for line in theirs if line["Through"].startswith("Team: =Night")]

    assert {line["Code"] for line in found} >= {"domain.manage_dns", "domain.view"}
    assert {line["Given on resource"] for line in found} == {str(root)}
    assert {line["Id"] for line in found} >= {"alder.example"}


def test_access_by_role_is_exported(lines, alice):
    ways = {line["Through"] for line in lines() if line["Address"] == alice.email}

    assert "Role: Super User" in ways


def test_no_cell_is_a_formula(lines, alice, bob, alder, membership, give):
    put_resource(
        actor=Resource.objects.filter(resource_type__portal__slug="domains")[
            0
        ].resource_type.portal,
        customer="alder",
        type_code="domain",
        report=Report("evil.example", "=HYPERLINK(1)"),
    )
    evil = Resource.objects.get(external_id="evil.example")
    give(alice, membership(bob), "domains.domain.renew", evil)

    names = {line["Resource"] for line in lines("resource-access-export", pk=evil.pk)}
    assert names == {"'=HYPERLINK(1)"}


def test_an_export_of_one_person_and_of_one_resource(lines, bob, resource):
    mine = lines("person-access-export", person=bob.sub)
    assert {line["Address"] for line in mine} == {bob.email}

    domain = resource("domain", "alder.example")
    on = lines("resource-access-export", pk=domain.pk)
    assert {line["Id"] for line in on} == {"alder.example"}
    whole = [
        line for line in lines() if (line["Portal"], line["Id"]) == ("Domains", "alder.example")
    ]
    assert {tuple(line.items()) for line in on} == {tuple(line.items()) for line in whole}


def test_future_and_suspended_access_is_left_out(
    lines, alice, bob, emma, alder, olive, membership, give, resource
):
    domain = resource("domain", "alder.example")
    later = timezone.now() + timedelta(days=3)
    give(alice, membership(emma), "domains.domain.renew", domain, starts_at=later)
    suspend_membership(actor=alice, membership=membership(bob))

    counts = {}
    for line in lines():
        counts.setdefault((line["Address"], line["Code"]), set()).add(line["In force"])
    assert counts[emma.email, "domain.renew"] == {"No"}
    assert {yes for (who, _code), found in counts.items() if who == bob.email for yes in found} == {
        "No"
    }
    suspend_customer(actor=olive, customer=alder, reason="Unpaid.")
    assert {line["In force"] for line in lines()} == {"No"}


def test_an_export_is_recorded_with_its_scope(lines, bob, alder, resource):
    domain = resource("domain", "alder.example")
    lines()
    lines("person-access-export", person=bob.sub)
    lines("resource-access-export", pk=domain.pk)

    events = AuditEvent.objects.filter(customer=alder, kind__startswith="access.").order_by("pk")
    assert [event.kind for event in events] == [
        "access.exported",
        "access.exported_of_person",
        "access.exported_on_resource",
    ]
    assert (events[1].person, events[2].resources()) == (bob, {domain.pk})


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_super_users_export_access(who, request, alder):
    with pytest.raises(PermissionDenied):
        record_access_export(actor=request.getfixturevalue(who), customer=alder)
    assert not AuditEvent.objects.filter(kind="access.exported").exists()


@pytest.mark.parametrize("people", [1, 40])
def test_the_export_has_a_query_budget(people, as_, alice, alder, django_assert_max_num_queries):
    for number in range(people):
        user = User.objects.create(email=f"p{number}@alder.example", name=f"P{number}")
        Membership.objects.create(customer=alder, user=user, work_name=user.name)
    client = as_(alice)
    with django_assert_max_num_queries(34):
        answer = client.post(reverse("portals:access-export", args=["alder"]))
        assert answer.getvalue().count(b"\n") > 10


def test_an_export_includes_every_person_and_resource(lines, alder, alice, monkeypatch):
    """Some at a time is the same as all at once."""
    whole = lines()
    monkeypatch.setattr("portals.selectors.access_export.PEOPLE_PER_BATCH", 2)
    monkeypatch.setattr("portals.selectors.access_export.RESOURCES_PER_BATCH", 3)

    assert sorted(map(str, lines())) == sorted(map(str, whole))
    assert len({line["Address"] for line in whole}) == alder.memberships.present().count()
    assert Team.objects.filter(customer=alder).exists()
    assert User.objects.count() > len({line["Address"] for line in whole})
