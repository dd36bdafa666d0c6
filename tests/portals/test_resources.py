"""Reports of resources by portals: all or nothing, idempotent, without leftover grants."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from portals.models import PersonGrant, Portal, Resource, ResourceAncestor
from portals.services.resources import (
    LIMIT,
    Outcome,
    Removal,
    Report,
    ResourcesRefused,
    delete_resource,
    put_resource,
    sync_resources,
)
from portals.services.subscriptions import set_subscription_status


@pytest.fixture
def domains(db) -> Portal:
    return Portal.objects.get(slug="domains")


@pytest.fixture
def webmail(db) -> Portal:
    return Portal.objects.get(slug="webmail")


def _ids(customer: str, type_code: str) -> set[str]:
    rows = Resource.objects.filter(
        subscription__customer__slug=customer, resource_type__code=type_code
    )
    return set(rows.values_list("external_id", flat=True))


def _events() -> int:
    return AuditEvent.objects.filter(kind="resources.changed").count()


def _put(portal: Portal, *report: object, customer: str = "alder", type_code: str = "domain"):
    return put_resource(
        actor=portal, customer=customer, type_code=type_code, report=Report(*report)
    )


def _sync(portal: Portal, reports, customer="alder", type_code="domain", **how):
    return sync_resources(
        actor=portal, customer=customer, type_code=type_code, reports=reports, **how
    )


def test_put_adds_changes_and_is_idempotent(domains, alder):
    before = _events()

    assert _put(domains, "new.example", "New").added == 1
    assert _put(domains, "new.example", "Newer").changed == 1
    assert _put(domains, "new.example", "Newer") == Outcome(0, 0, 0, 1)

    assert Resource.objects.get(external_id="new.example").name == "Newer"
    assert _events() == before + 2
    event = AuditEvent.objects.filter(kind="resources.changed").order_by("pk").last()
    assert (event.customer, event.actor, event.actor_name) == (alder, None, "Domains")


def test_sync_adds_and_removes_nothing_unless_told(domains):
    outcome = _sync(domains, [Report("alder.example", "alder.example"), Report("b.example", "B")])

    assert outcome == Outcome(added=1, changed=0, removed=0, unchanged=1)
    assert "alderdental.example" in _ids("alder", "domain")


def test_replace_removes_what_is_missing_of_this_type_and_customer_only(domains):
    others = _ids("birch", "domain")

    outcome = _sync(domains, [Report("alder.example", "alder.example")], replace=True)

    assert outcome == Outcome(added=0, changed=0, removed=1, unchanged=1)  # without any grant
    assert _ids("alder", "domain") == {"alder.example"}
    assert _ids("birch", "domain") == others
    [removed] = AuditEvent.objects.order_by("pk").last().data["removed_resources"]
    assert removed["external_id"] == "alderdental.example"


def test_replace_with_nothing_removes_all_of_the_type(webmail):
    outcome = _sync(webmail, [], type_code="mailbox", replace=True, confirm=Removal(5, 3))

    assert outcome == Outcome(0, 0, 5, 0, grants_ended=3)
    assert _ids("alder", "mail_domain") == {"alder.example"}


def test_ten_thousand_take_few_statements_and_a_repeat_no_event(domains):
    reports = [Report(f"d{n}.example", f"Domain {n}") for n in range(LIMIT)]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert _sync(domains, reports).added == LIMIT

    assert len(queries) < (26 if connection.vendor == "postgresql" else 130)
    assert len(_ids("alder", "domain")) == LIMIT + 2
    assert ResourceAncestor.objects.filter(ancestor__external_id="alder").count() > LIMIT
    events = AuditEvent.objects.count()
    assert _sync(domains, reports).unchanged == LIMIT
    assert AuditEvent.objects.count() == events


def test_one_bad_row_among_ten_thousand_changes_nothing(domains):
    reports = [Report(f"d{n}.example", f"Domain {n}") for n in range(LIMIT)]
    reports[4711] = Report("d4711.example", "Domain\x004711")
    before = _ids("alder", "domain"), AuditEvent.objects.count()

    with pytest.raises(ResourcesRefused) as refused:
        _sync(domains, reports, replace=True)

    assert list(refused.value.message_dict) == ["resources[4711].name"]
    assert (_ids("alder", "domain"), AuditEvent.objects.count()) == before


def test_more_than_ten_thousand_are_refused(domains):
    with pytest.raises(ResourcesRefused, match="at most 10,000"):
        _sync(domains, [Report(str(n), str(n)) for n in range(LIMIT + 1)])


def test_every_bad_row_is_named_by_index_field_and_reason(webmail):
    parent = ("mail_domain", "alder.example")
    reports = [
        Report("ok@alder.example", "OK", parent),
        Report("", "Empty", parent),
        Report("x" * 256, "Long", parent),
        Report("twice", "Twice", parent),
        Report("twice", "Twice", parent),
        Report("orphan", "Orphan"),
        Report("wrong", "Wrong", ("mailbox", "bob@alder.example")),
        Report(" space", "\u202egnp.exe", parent),
    ]

    with pytest.raises(ResourcesRefused) as refused:
        _sync(webmail, reports, type_code="mailbox")

    assert refused.value.message_dict == {
        "resources[1].id": ["Send 1 to 255 characters."],
        "resources[2].id": ["Send 1 to 255 characters."],
        "resources[3].id": ["This ID was sent twice."],
        "resources[4].id": ["This ID was sent twice."],
        "resources[5].parent": ["This type needs a parent of type mail_domain."],
        "resources[6].parent": ["This type needs a parent of type mail_domain."],
        "resources[7].id": ["Remove the space at the beginning or the end."],
        "resources[7].name": ["Remove the invisible character U+202E."],
    }


@pytest.mark.parametrize("parent", ["gone.example", "birch.example"])
def test_a_parent_is_of_the_same_customer(webmail, parent):
    with pytest.raises(ResourcesRefused) as refused:
        _put(webmail, "x@alder.example", "X", ("mail_domain", parent), type_code="mailbox")

    assert refused.value.message_dict == {
        "parent.id": ["This company has no mail_domain with this ID."]
    }


def test_a_type_at_the_top_takes_no_parent(domains):
    with pytest.raises(ResourcesRefused) as refused:
        _put(domains, "x.example", "X", ("subscription", "alder"))

    assert list(refused.value.message_dict) == ["parent"]


@pytest.mark.parametrize("type_code", ["mailbox", "subscription", "nothing"])
def test_only_types_of_its_own_manifest(domains, type_code):
    with pytest.raises(ResourcesRefused) as refused:
        _put(domains, "x", "X", type_code=type_code)

    assert list(refused.value.message_dict) == ["type"]


def test_an_unknown_customer_is_answered_like_an_unsubscribed_one(db):
    statistics = Portal.objects.get(slug="statistics")
    answers = []
    for customer in ("nobody", "cedar"):
        with pytest.raises(ResourcesRefused) as refused:
            _put(statistics, "x", "X", customer=customer, type_code="usage_report")
        answers.append(refused.value.message_dict)

    assert answers[0] == answers[1] == {"customer": ["No subscribed company has this short name."]}


def test_no_report_into_an_ended_subscription(domains, olive, alder):
    subscription = alder.subscriptions.get(portal=domains)
    set_subscription_status(actor=olive, subscription=subscription, status="suspended")
    assert _put(domains, "x.example", "X").added == 1
    set_subscription_status(actor=olive, subscription=subscription, status="ended")

    with pytest.raises(ResourcesRefused, match="No subscribed company"):
        _put(domains, "y.example", "Y")


def test_deletion_ends_access_at_once(domains, alice, bob, membership, resource, give):
    give(alice, membership(bob), "domains.domain.manage_dns", resource("domain", "alder.example"))

    domain = resource("domain", "alder.example")
    assert delete_resource(actor=domains, resource=domain)

    assert not bob.has_perm("portals.domains.domain.manage_dns", domain)
    assert not PersonGrant.objects.filter(permission__codename="domains.domain.manage_dns").exists()
    event = AuditEvent.objects.get(kind="resources.changed", public__removed=1)
    ended = {(part["grantee"], part["codename"], part["resource"]) for part in event.data["grants"]}
    assert ("Bob Tremblay", "domain.manage_dns", "alder.example") in ended


def test_deletion_removes_all_descendants(webmail, resource, alice, bob, membership, give):
    give(
        alice,
        membership(bob),
        "webmail.mailbox.read",
        resource("mailbox", "info@alder.example"),
        reason="cover",
    )

    delete_resource(actor=webmail, resource=resource("mail_domain", "alder.example"))

    assert not _ids("alder", "mailbox")
    assert _ids("birch", "mailbox")
    event = AuditEvent.objects.order_by("pk").last()
    assert event.data["removed"] == 6
    ended = {(grant["codename"], grant["resource"]) for grant in event.data["grants"]}
    assert ("mailbox.read", "info@alder.example") in ended


def test_deleting_again_is_no_event(domains, resource):
    gone = resource("domain", "alder.example")
    delete_resource(actor=domains, resource=Resource.objects.get(pk=gone.pk))
    events = AuditEvent.objects.count()

    assert not delete_resource(actor=domains, resource=gone)
    assert AuditEvent.objects.count() == events


def test_a_portal_deletes_only_its_own_resources(domains, resource):
    root = Resource.objects.get(external_id="alder", subscription__portal=domains)

    for kept in (resource("mailbox", "bob@alder.example"), root):
        with pytest.raises(PermissionDenied):
            delete_resource(actor=domains, resource=kept)


def test_an_id_moved_to_another_customer_keeps_no_grants(
    domains, alder, birch, alice, bob, membership, resource, give
):
    give(alice, membership(bob), "domains.domain.manage_dns", resource("domain", "alder.example"))
    former = resource("domain", "alder.example").pk
    ended = PersonGrant.objects.filter(content_object=former).count()
    assert ended >= 2

    outcome = _put(domains, "alder.example", "alder.example", customer="birch")

    assert (outcome.added, outcome.moved, outcome.grants_ended) == (1, 1, ended)
    moved = resource("domain", "alder.example")
    assert moved.pk != former
    assert moved.subscription.customer == birch
    assert not PersonGrant.with_removed.filter(content_object=moved).exists()
    added, left = AuditEvent.objects.order_by("-pk")[:2]
    assert (added.customer, added.kind, added.data["added"]) == (birch, "resources.changed", 1)
    assert (left.customer, left.kind, left.data["count"]) == (alder, "resources.moved", 1)
    assert left.data["privileges"] == len(left.data["grants"]) == ended


def test_a_new_parent_changes_what_is_inherited(webmail, alice, bob, membership, resource, give):
    _put(webmail, "other.example", "Other", type_code="mail_domain")
    give(
        alice,
        membership(bob),
        "webmail.mail_domain.manage",
        resource("mail_domain", "alder.example"),
    )
    info = resource("mailbox", "info@alder.example")
    assert bob.has_perm("portals.webmail.mailbox.manage", info)

    parent = ("mail_domain", "other.example")
    outcome = _put(webmail, info.external_id, info.name, parent, type_code="mailbox")

    assert outcome.changed == 1
    assert not bob.has_perm("portals.webmail.mailbox.manage", info)


def test_two_portals_may_use_the_same_id(db, domains, webmail):
    assert Resource.objects.filter(external_id="alder.example").count() == 2
