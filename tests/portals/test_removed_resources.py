"""What a portal removes: asked about when it is much, powerless at once, back within seven days.

Reports: an empty synchronisation takes everything (owncloud/core#29547, awslabs/ssosync#159);
access survives a move to another owner (GeoNode/geonode-mapstore-client#1977).
"""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import signals
from accounts.models import AuditEvent
from accounts.selectors import sentence_of
from accounts.services.audit import verify_chain
from accounts.services.memberships import remove_membership
from accounts.services.teams import add_to_team, create_team, delete_team
from portals.decision import decide
from portals.models import PersonGrant, Portal, PrivilegeUse, Resource, ResourceType, TeamGrant
from portals.services.grants import GrantRefused
from portals.services.resources import (
    Outcome,
    Removal,
    RemovalUnconfirmed,
    Report,
    ResourcesRefused,
    delete_resource,
    put_resource,
    rename_resource,
    sync_resources,
)
from portals.services.subscriptions import set_subscription_status

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
DNS = "domains.domain.manage_dns"
HAS_DNS = f"portals.{DNS}"
MAIL_DOMAIN = ("mail_domain", "alder.example")


@pytest.fixture
def domains(db) -> Portal:
    return Portal.objects.get(slug="domains")


@pytest.fixture
def webmail(db) -> Portal:
    return Portal.objects.get(slug="webmail")


@pytest.fixture
def put(domains):
    def report(external_id, customer="alder", portal=domains, type_code="domain", parent=None):
        return put_resource(
            actor=portal,
            customer=customer,
            type_code=type_code,
            report=Report(external_id, external_id, parent),
        )

    return report


@pytest.fixture
def fleet(domains):
    """Ten more domains, without a grant, so that one is less than 10 % of Alder's."""
    reports = [Report(f"d{number}.example", f"d{number}.example") for number in range(10)]
    sync_resources(actor=domains, customer="alder", type_code="domain", reports=reports)
    return reports


@pytest.fixture
def tick():
    """Run the periodic jobs, as the worker does, after so long."""

    def strike(after=timedelta()):
        with time_machine.travel(timezone.now() + after, tick=False):
            for _receiver, answer in signals.periodic_tick.send_robust(sender=None):
                assert not isinstance(answer, Exception)

    return strike


def everything(portal, customer="alder", type_code="domain", without=()):
    rows = Resource.objects.filter(
        subscription__customer__slug=customer,
        resource_type__portal=portal,
        resource_type__code=type_code,
    ).select_related("parent__resource_type", "parent")
    return [
        Report(
            row.external_id,
            row.name,
            None
            if row.parent.parent_id is None
            else (row.parent.resource_type.code, row.parent.external_id),
        )
        for row in rows
        if row.external_id not in without
    ]


def replace(portal, reports, customer="alder", type_code="domain", confirm=None):
    return sync_resources(
        actor=portal,
        customer=customer,
        type_code=type_code,
        reports=reports,
        replace=True,
        confirm=confirm,
    )


def state():
    return (
        set(Resource.with_removed.values_list("pk", "subscription", "removed_at")),
        set(PersonGrant.with_removed.values_list("pk", flat=True)),
        set(TeamGrant.with_removed.values_list("pk", flat=True)),
        AuditEvent.objects.count(),
    )


def ids_in(event):
    return [part["external_id"] for part in event.data["removed_resources"]]


def last(kind, customer="alder"):
    return AuditEvent.objects.filter(kind=kind, customer__slug=customer).order_by("-pk")[0]


# --- Much is refused until it is confirmed ---


def test_an_empty_report_is_refused_with_its_counts_and_changes_nothing(webmail):
    """owncloud/core#29547, awslabs/ssosync#159."""
    before = state()

    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(webmail, [], type_code="mailbox")

    assert refused.value.removal == Removal(resources=5, grants=3)
    assert "5 resources" in refused.value.message
    assert "3 grants" in refused.value.message
    assert state() == before


def test_all_of_a_type_is_refused_even_without_a_grant(domains, put):
    PersonGrant.objects.filter(content_object__resource_type__portal=domains).delete()
    TeamGrant.objects.filter(content_object__resource_type__portal=domains).delete()

    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(domains, [])

    assert refused.value.removal == Removal(resources=2, grants=0)
    assert replace(domains, [], confirm=refused.value.removal).removed == 2


def test_an_empty_list_where_nothing_exists_is_no_removal(domains):
    replace(domains, [], confirm=Removal(2, removal_grants("domain")))

    assert replace(domains, []) == Outcome(0, 0, 0, 0)


def removal_grants(type_code, customer="alder"):
    on = {
        "content_object__resource_type__code": type_code,
        "content_object__subscription__customer__slug": customer,
    }
    return PersonGrant.objects.filter(**on).count() + TeamGrant.objects.filter(**on).count()


@pytest.mark.parametrize("wrong", [Removal(5, 2), Removal(4, 3), Removal(0, 0), None])
def test_other_counts_than_those_named_are_refused_again(webmail, wrong):
    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(webmail, [], type_code="mailbox", confirm=wrong)

    assert refused.value.removal == Removal(5, 3)


def test_counts_of_yesterday_are_refused(webmail, alice, bob, membership, resource, give):
    """A grant that was given since is part of what the portal must know."""
    give(
        alice, membership(bob), "webmail.mailbox.read", resource("mailbox", "info@alder.example"),
        reason="Cover",
    )  # fmt: skip

    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(webmail, [], type_code="mailbox", confirm=Removal(5, 3))

    assert refused.value.removal == Removal(5, 4)


@pytest.mark.parametrize(("existing", "passes"), [(10, True), (9, False)])
def test_a_tenth_of_a_type_goes_unconfirmed_and_more_does_not(
    domains, alice, bob, membership, resource, give, put, existing, passes
):
    for number in range(existing - 2):
        put(f"d{number}.example")
    give(alice, membership(bob), DNS, resource("domain", "d0.example"))
    reports = everything(domains, without=["d0.example"])

    if passes:
        assert replace(domains, reports) == Outcome(0, 0, 1, 9, grants_ended=1)
    else:
        with pytest.raises(RemovalUnconfirmed):
            replace(domains, reports)


def test_half_of_a_type_without_a_grant_goes_unconfirmed(domains, fleet):
    outcome = replace(domains, everything(domains, without=[r.external_id for r in fleet]))

    assert (outcome.removed, outcome.grants_ended) == (10, 0)


def test_an_expired_grant_ends_nothing(domains, fleet, alice, bob, membership, resource, give):
    grant = give(alice, membership(bob), DNS, resource("domain", "d0.example"))
    PersonGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())

    reports = everything(domains, without=[report.external_id for report in fleet])

    assert replace(domains, reports).removed == 10


def test_grants_on_what_stands_below_are_counted(webmail):
    """All mail domains: their mailboxes, and the grants on these, go with them."""
    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(webmail, [], type_code="mail_domain")

    grants = removal_grants("mailbox") + removal_grants("mail_domain")
    assert refused.value.removal == Removal(resources=6, grants=grants)


def test_much_below_is_refused_though_its_parent_is_one_of_many(webmail, put, resource):
    """One mail domain of fourteen, with all of the company's mailboxes and their grants."""
    for number in range(13):
        put(f"m{number}.example", portal=webmail, type_code="mail_domain")
    reports = everything(webmail, type_code="mail_domain", without=["alder.example"])

    with pytest.raises(RemovalUnconfirmed) as refused:
        replace(webmail, reports, type_code="mail_domain")

    assert refused.value.removal.resources == 6
    empty = everything(webmail, type_code="mail_domain", without=["m0.example"])
    assert replace(webmail, empty, type_code="mail_domain").removed == 1


def test_another_companys_list_is_refused_before_it_takes_the_resources_away(webmail, domains):
    """Alder's domains reported for Birch: a wrong name in the portal, and final if it were done."""
    before = state()
    reports = everything(domains)

    with pytest.raises(RemovalUnconfirmed) as refused:
        sync_resources(actor=domains, customer="birch", type_code="domain", reports=reports)

    assert refused.value.removal == Removal(2, removal_grants("domain"))
    assert state() == before

    outcome = sync_resources(
        actor=domains, customer="birch", type_code="domain", reports=reports,
        confirm=refused.value.removal,
    )  # fmt: skip
    assert (outcome.added, outcome.moved) == (2, 2)
    assert outcome.grants_ended == refused.value.removal.grants
    moved = last("resources.moved")
    assert (moved.data["count"], moved.data["privileges"]) == tuple(refused.value.removal)


# --- Hidden and powerless ---


def test_access_ends_at_once_for_people_teams_and_super_users(
    webmail, alice, bob, alder, membership, resource, give
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(bob))
    info = resource("mailbox", "info@alder.example")
    give(alice, team, "webmail.mailbox.read", info, reason="Cover")
    assert decide(bob, "mailbox.read", info) == "team"

    replace(webmail, [], type_code="mailbox", confirm=Removal(5, 4))

    for person in (alice, bob):
        for codename in ("mailbox.read", "mailbox.use", "mailbox.manage"):
            for mailbox in Resource.with_removed.filter(resource_type=info.resource_type):
                assert decide(person, codename, mailbox) == "not_allowed"


def test_the_row_and_its_grants_are_kept_and_found_only_by_name(domains, resource):
    domain = resource("domain", "alder.example")
    grants = set(domain.person_grants.values_list("pk", flat=True))
    assert grants

    delete_resource(actor=domains, resource=domain)

    assert not Resource.objects.filter(pk=domain.pk).exists()
    assert not PersonGrant.objects.filter(pk__in=grants).exists()
    assert not domain.person_grants.exists()
    assert not domain.subscription.resources.filter(pk=domain.pk).exists()
    assert set(
        PersonGrant.with_removed.filter(content_object=domain).values_list("pk", flat=True)
    ) == grants  # fmt: skip


def test_nobody_gives_access_to_a_removed_resource(domains, alice, bob, membership, resource, give):
    domain = resource("domain", "alder.example")
    delete_resource(actor=domains, resource=domain)

    with pytest.raises(GrantRefused, match="no longer exists"):
        give(alice, membership(bob), "domains.domain.renew", domain)


@pytest.mark.parametrize("model", [PersonGrant, TeamGrant])
def test_the_database_refuses_a_grant_on_a_removed_resource(
    domains, alice, bob, alder, resource, privilege_of, model
):
    domain, other = resource("domain", "alder.example"), resource("domain", "alderdental.example")
    team = create_team(actor=alice, customer=alder, name="Night shift")
    to = {"user": bob} if model is PersonGrant else {"group": team.group}
    renew = {"permission_id": privilege_of("domains.domain.renew").pk, "granted_by": alice}
    delete_resource(actor=domains, resource=domain)

    with pytest.raises(IntegrityError, match="removed"), transaction.atomic():
        model.objects.create(content_object=domain, **to, **renew)
    grant = model.objects.create(content_object=other, **to, **renew)
    with pytest.raises(IntegrityError, match="removed"), transaction.atomic():
        model.objects.filter(pk=grant.pk).update(content_object=domain)


def test_the_database_keeps_removal_and_the_tree_together(domains, webmail, resource, put):
    """Raw updates: everything below goes too, nothing appears below, the root stays."""
    mail_domain = resource(*MAIL_DOMAIN)
    now = timezone.now()
    Resource.objects.filter(pk=mail_domain.pk).update(removed_at=now)

    below = Resource.with_removed.filter(parent=mail_domain)
    assert set(below.values_list("removed_at", flat=True)) == {now}
    with pytest.raises(IntegrityError, match="removed"), transaction.atomic():
        below.filter(external_id="bob@alder.example").update(removed_at=None)
    with pytest.raises(IntegrityError, match="removed"), transaction.atomic():
        Resource.objects.create(
            subscription=mail_domain.subscription,
            resource_type=ResourceType.objects.get(portal=webmail, code="mailbox"),
            external_id="new@alder.example",
            name="New",
            parent=mail_domain,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Resource.objects.filter(pk=mail_domain.parent_id).update(removed_at=now)


def test_nothing_is_reported_below_a_removed_resource(webmail, resource, put):
    delete_resource(actor=webmail, resource=resource(*MAIL_DOMAIN))

    with pytest.raises(ResourcesRefused, match="no mail_domain with this ID"):
        put("bob@alder.example", portal=webmail, type_code="mailbox", parent=MAIL_DOMAIN)


# --- Back within seven days ---


def test_the_full_list_an_hour_later_gives_everything_back(webmail, domains, bob, resource):
    """owncloud/core#29547: one empty answer of the source, and a good one after it."""
    reports = everything(webmail, type_code="mailbox")
    mailbox = resource("mailbox", "bob@alder.example")
    before = state()
    replace(webmail, [], type_code="mailbox", confirm=Removal(5, 3))
    assert decide(bob, "mailbox.use", mailbox) == "not_allowed"

    outcome = replace(webmail, reports, type_code="mailbox")

    assert outcome == Outcome(0, 0, 0, 0, returned=5)
    assert state()[:3] == before[:3]  # the same rows, grants with their dates and reasons
    assert decide(bob, "mailbox.use", mailbox) == "owner"
    event = last("resources.returned")
    assert (event.data["count"], event.data["privileges"]) == (5, 3)
    assert {part["external_id"] for part in event.data["returned_resources"]} == {
        report.external_id for report in reports
    }
    assert event.data["grants_returned"][0]["grantee"] in ("bob@alder.example", "Bob Tremblay")
    assert sentence_of(event) == (
        "Webmail reported removed resources again (Mailbox): 5. Permissions restored: 3."
    )
    assert not Resource.with_removed.exclude(removed_at=None).exists()
    verify_chain(f"customer:{event.customer_id}")


def test_a_deleted_resource_comes_back_too(domains, bob, resource, put):
    domain = resource("domain", "alder.example")
    assert bob.has_perm("portals.domains.domain.view", domain)
    delete_resource(actor=domains, resource=domain)

    assert put("alder.example") == Outcome(0, 0, 0, 0, returned=1)

    assert resource("domain", "alder.example").pk == domain.pk
    assert bob.has_perm("portals.domains.domain.view", domain)
    assert put("alder.example") == Outcome(0, 0, 0, 1)


def test_what_was_used_is_still_known(domains, bob, resource, put, privilege_of):
    domain = resource("domain", "alder.example")
    PrivilegeUse.objects.filter(resource=domain).delete()
    use = PrivilegeUse.objects.create(
        user=bob, resource=domain, privilege=privilege_of(DNS), day=timezone.now().date()
    )
    delete_resource(actor=domains, resource=domain)
    put("alder.example")

    assert PrivilegeUse.objects.filter(pk=use.pk).exists()


@pytest.mark.parametrize(("after", "back"), [(7 * DAY - INSTANT, True), (7 * DAY, False)])
def test_seven_days_to_the_instant(domains, bob, resource, put, after, back):
    domain, now = resource("domain", "alder.example"), timezone.now()
    with time_machine.travel(now, tick=False):
        delete_resource(actor=domains, resource=domain)

    with time_machine.travel(now + after, tick=False):
        outcome = put("alder.example")

    assert (outcome.returned, outcome.added) == ((1, 0) if back else (0, 1))
    reported = resource("domain", "alder.example")
    assert (reported.pk == domain.pk) is back
    assert PersonGrant.with_removed.filter(content_object=reported).exists() is back
    assert decide(bob, "domain.view", reported) == ("grant" if back else "not_allowed")


def test_in_another_company_a_removed_id_inherits_nothing(domains, bob, resource, put):
    domain = resource("domain", "alder.example")
    count = domain.person_grants.count()
    delete_resource(actor=domains, resource=domain)

    assert put("alder.example", customer="birch").added == 1

    assert not PersonGrant.with_removed.filter(
        content_object__external_id="alder.example", content_object__resource_type__portal=domains
    ).exists()
    ended = last("resources.ended")
    assert (ids_in(ended), ended.data["privileges"]) == (["alder.example"], count)
    put("alder.example")  # and it does not come back from there
    assert decide(bob, "domain.view", resource("domain", "alder.example")) == "not_allowed"


def test_a_returning_resource_takes_its_new_name_and_parent(webmail, bob, resource, put):
    put("other.example", portal=webmail, type_code="mail_domain")
    mailbox = resource("mailbox", "bob@alder.example")
    delete_resource(actor=webmail, resource=resource(*MAIL_DOMAIN))

    outcome = put(
        "bob@alder.example", portal=webmail, type_code="mailbox",
        parent=("mail_domain", "other.example"),
    )  # fmt: skip

    assert outcome.returned == 1
    mailbox.refresh_from_db()
    assert mailbox.parent.external_id == "other.example"
    assert decide(bob, "mailbox.use", mailbox) == "owner"


def test_what_was_removed_with_its_parent_comes_back_with_it(webmail, bob, resource, put):
    mailbox = resource("mailbox", "bob@alder.example")
    gone_before = resource("mailbox", "info@alder.example")
    delete_resource(actor=webmail, resource=gone_before)
    delete_resource(actor=webmail, resource=resource(*MAIL_DOMAIN))

    outcome = put("alder.example", portal=webmail, type_code="mail_domain")

    assert outcome.returned == 1
    assert last("resources.returned").data["count"] == 5  # the mail domain and four mailboxes
    assert decide(bob, "mailbox.use", mailbox) == "owner"
    assert Resource.with_removed.get(pk=gone_before.pk).removed_at is not None


def test_who_left_meanwhile_does_not_come_back(domains, alice, bob, membership, resource, put):
    domain = resource("domain", "alder.example")
    delete_resource(actor=domains, resource=domain)
    remove_membership(actor=alice, membership=membership(bob))

    put("alder.example")

    assert not PersonGrant.with_removed.filter(user=bob, content_object=domain).exists()
    assert "alder.example" in [
        kept["resource"] for kept in last("membership.removed").data["grants"]
    ]


def test_a_team_that_was_deleted_meanwhile_does_not_come_back(
    domains, alice, alder, resource, put, give
):
    domain = resource("domain", "alder.example")
    team = create_team(actor=alice, customer=alder, name="Night shift")
    give(alice, team, DNS, domain)
    delete_resource(actor=domains, resource=domain)
    group = team.group_id
    delete_team(actor=alice, team=team)

    put("alder.example")

    assert not TeamGrant.with_removed.filter(group=group).exists()


def test_an_ended_subscription_ends_what_was_hidden(domains, olive, alder, bob, resource, put):
    domain = resource("domain", "alder.example")
    delete_resource(actor=domains, resource=domain)
    subscription = alder.subscriptions.get(portal=domains)
    for status in ("ended", "active"):
        set_subscription_status(actor=olive, subscription=subscription, status=status)

    assert put("alder.example").returned == 1
    assert decide(bob, "domain.view", domain) == "not_allowed"


# --- Ended for good ---


def test_a_job_ends_it_after_seven_days_once(domains, resource, put, tick):
    domain, now = resource("domain", "alder.example"), timezone.now()
    grants = domain.person_grants.count()
    birch = Resource.objects.filter(subscription__customer__slug="birch").count()
    with time_machine.travel(now, tick=False):
        delete_resource(actor=domains, resource=domain)
    tick(7 * DAY - timedelta(minutes=1))
    assert Resource.with_removed.filter(pk=domain.pk).exists()

    tick(7 * DAY + timedelta(minutes=1))
    tick(7 * DAY + timedelta(minutes=2))

    assert not Resource.with_removed.filter(pk=domain.pk).exists()
    assert not PersonGrant.with_removed.filter(content_object=domain.pk).exists()
    [event] = AuditEvent.objects.filter(kind="resources.ended")
    assert (event.customer.slug, ids_in(event)) == ("alder", ["alder.example"])
    assert event.data["privileges"] == len(event.data["grants"]) == grants > 0
    assert sentence_of(event) == (
        "Resources removed by Domains can no longer be restored (Domain): 1."
        f" Permissions ended: {grants}."
    )
    assert Resource.objects.filter(subscription__customer__slug="birch").count() == birch


def test_the_job_ends_a_tree_once_and_what_was_removed_earlier_first(webmail, resource, tick):
    early, now = resource("mailbox", "info@alder.example"), timezone.now()
    with time_machine.travel(now, tick=False):
        delete_resource(actor=webmail, resource=early)
    with time_machine.travel(now + DAY, tick=False):
        delete_resource(actor=webmail, resource=resource(*MAIL_DOMAIN))

    with time_machine.travel(now + 7 * DAY + timedelta(hours=1), tick=False):
        tick()
    assert ids_in(last("resources.ended")) == ["info@alder.example"]
    assert Resource.with_removed.exclude(removed_at=None).count() == 5
    with time_machine.travel(now + 8 * DAY + timedelta(hours=1), tick=False):
        tick()

    assert last("resources.ended").data["count"] == 5
    assert not Resource.with_removed.exclude(removed_at=None).exists()
    assert AuditEvent.objects.filter(kind="resources.ended").count() == 2


def test_one_portal_that_fails_does_not_stop_the_others(
    domains, webmail, resource, tick, monkeypatch
):
    from portals.services.resources import deletion

    delete_resource(actor=domains, resource=resource("domain", "alder.example"))
    delete_resource(actor=webmail, resource=resource("mailbox", "info@alder.example"))
    lock = deletion.lock_portal

    def broken(portal):
        if portal == domains:
            raise RuntimeError
        lock(portal)

    monkeypatch.setattr(deletion, "lock_portal", broken)
    tick(8 * DAY)

    left = Resource.with_removed.exclude(removed_at=None)
    assert [row.external_id for row in left] == ["alder.example"]


# --- Another id or name ---


def test_a_renamed_id_keeps_access_and_the_log_has_both_names(domains, bob, resource):
    domain = resource("domain", "alder.example")

    renamed = rename_resource(
        actor=domains, resource=domain, external_id="alder2.example", name="Alder, new"
    )

    assert renamed.pk == domain.pk
    assert decide(bob, "domain.view", resource("domain", "alder2.example")) == "grant"
    assert list(Resource.objects.matching("alder n", customer=domain.subscription.customer)) == [
        domain
    ]
    assert list(Resource.objects.matching("alder2", customer=domain.subscription.customer)) == [
        domain
    ]
    event = last("resources.renamed")
    assert sentence_of(event) == (
        "Domains renamed a resource (Domain): alder.example is now Alder, new (alder2.example)."
    )
    assert event.resources() == {domain.pk}


def test_a_rename_to_the_same_is_no_event(domains, resource):
    domain, before = resource("domain", "alder.example"), state()

    rename_resource(actor=domains, resource=domain, external_id=domain.external_id)

    assert state() == before


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"external_id": "alderdental.example"}, "id"),  # Alder's other domain
        ({"external_id": "birch.example"}, "id"),
        ({"external_id": ""}, "id"),
        ({"external_id": " x"}, "id"),
        ({"external_id": "x" * 256}, "id"),
        ({"name": "a\u202eb"}, "name"),
        ({}, "__all__"),
    ],
)
def test_a_bad_rename_names_the_field_and_changes_nothing(domains, resource, wanted, field):
    domain, before = resource("domain", "alder.example"), state()

    with pytest.raises(ResourcesRefused) as refused:
        rename_resource(actor=domains, resource=domain, **wanted)

    errors = getattr(refused.value, "error_dict", {"__all__": refused.value})
    assert list(errors) == [field]
    assert state() == before


def test_a_rename_takes_the_id_of_a_removed_resource_and_none_of_its_access(domains, bob, resource):
    domain, other = resource("domain", "alder.example"), resource("domain", "alderdental.example")
    delete_resource(actor=domains, resource=domain)

    rename_resource(actor=domains, resource=other, external_id="alder.example")

    assert decide(bob, "domain.view", resource("domain", "alder.example")) == "not_allowed"
    assert ids_in(last("resources.ended")) == ["alder.example"]
    assert not Resource.with_removed.filter(pk=domain.pk).exists()


def test_only_its_own_portal_renames_a_resource(domains, webmail, resource):
    root = Resource.objects.get(external_id="alder", subscription__portal=domains)
    for portal, row in ((webmail, resource("domain", "alder.example")), (domains, root)):
        with pytest.raises(PermissionDenied):
            rename_resource(actor=portal, resource=row, name="Mine")


def test_a_removed_resource_is_not_renamed(domains, resource):
    domain = resource("domain", "alder.example")
    delete_resource(actor=domains, resource=domain)

    with pytest.raises(ResourcesRefused, match="no longer exists"):
        rename_resource(actor=domains, resource=domain, name="Back")
