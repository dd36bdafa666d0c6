"""Grants that end: exact to the second, announced before, renewable."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts import signals
from accounts.models import AccessRequest, AuditEvent
from accounts.permissions import FreshSignInRequired
from accounts.selectors import page_of
from accounts.services.audit import verify_chain
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role
from accounts.services.requests import approve_request
from hub.navigation import sections_for
from portals.decision import decide, permitted_people, permitted_privileges, permitted_resources
from portals.models import PersonGrant, TeamGrant
from portals.selectors.grant_expiry import (
    RECENTLY_ENDED,
    expiring_person_grants,
    of_customer,
    with_person_details,
)
from portals.services.grant_expiry import renew_grant
from portals.services.grants import GrantRefused
from portals.services.requests import Approval, request_access

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
DNS = "domains.domain.manage_dns"
LIST = "/c/alder/expiring-access/"


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def bobs(give, alice, bob, membership, domain):
    """Bob may change DNS records for 30 days."""
    end = timezone.now() + 30 * DAY
    return give(alice, membership(bob), DNS, domain, expires_at=end, reason="The move")


def strike(at):
    with time_machine.travel(at, tick=False):
        signals.periodic_tick.send(sender=None)


def announcements(deliver):
    return [mail for mail in deliver() if "at Alder Dental end soon:" in mail.body]


# --- The decision, to the second ---


def test_start_and_end_are_exact_to_the_second(
    as_, give, alice, bob, membership, domain, privilege_of, client
):
    start, end = timezone.now() + DAY, timezone.now() + 2 * DAY
    give(alice, membership(bob), DNS, domain, starts_at=start, expires_at=end)
    privilege = privilege_of(DNS)
    cases = ((start - SECOND, False), (start, True), (end - SECOND, True), (end, False))
    for moment, expected in cases:
        with time_machine.travel(moment, tick=False):
            assert (decide(bob, "domain.manage_dns", domain) != "not_allowed") is expected
            assert bob.has_perm(f"portals.{DNS}", domain) is expected
            assert permitted_resources(bob, privilege).filter(pk=domain.pk).exists() is expected
            assert permitted_people(privilege, domain).filter(pk=bob.pk).exists() is expected
            assert permitted_privileges(bob, domain).filter(pk=privilege.pk).exists() is expected
            html = as_(bob).get(f"/c/alder/people/{bob.sub}/").content.decode()
            listed = "Change DNS records" in html
            begins_later = re.search(r">\s*from \d", html)
            assert (listed and not begins_later) is expected


# --- The announcement ---


@pytest.mark.parametrize(
    ("length", "due_days"), [(1, []), (5, [4]), (30, [23, 29]), (400, [393, 399])]
)
def test_an_end_is_announced_once_when_due(
    give, alice, bob, membership, domain, deliver, length, due_days
):
    began = timezone.now()
    give(alice, membership(bob), DNS, domain, expires_at=began + length * DAY)
    told = []
    every = range(0, 24 * length, 6) if length <= 30 else range(0, 24 * length, 24 * 50)
    for hours in [*every, *(24 * day + 1 for day in due_days)]:
        before = AuditEvent.objects.filter(kind="grants.announced").count()
        strike(began + timedelta(hours=hours))
        strike(began + timedelta(hours=hours))
        after = AuditEvent.objects.filter(kind="grants.announced").count()
        assert after - before in (0, 1)
        told += [hours // 24] * (after - before)
    assert told == due_days
    assert len([m for m in announcements(deliver) if m.to == [bob.email]]) == len(due_days)


def test_the_email_explains_how_to_renew(bobs, alice, bob, deliver, alder):
    strike(bobs.expires_at - 6 * DAY)
    mails = {mail.to[0]: mail.body for mail in announcements(deliver)}
    assert set(mails) == {alice.email, bob.email}
    assert "Bob Tremblay: “Change DNS records” on alder.example" in mails[alice.email]
    assert "/c/alder/expiring-access/" in mails[alice.email]
    assert "/c/alder/requests/new/?portal=domains&type=domain" in mails[bob.email]
    assert "/expiring-access/" not in mails[bob.email]
    assert verify_chain(f"customer:{alder.pk}")


def test_each_person_gets_one_expiry_email_a_day(
    bobs, give, alice, emma, membership, resource, deliver
):
    for hours, name in ((3, "alderdental.example"), (20, "alder.example")):
        end = bobs.expires_at + timedelta(hours=hours)
        give(alice, membership(emma), DNS, resource("domain", name), expires_at=end)
    for hours in range(0, 30):
        strike(bobs.expires_at - 7 * DAY + timedelta(hours=hours))
    [mail] = [mail for mail in announcements(deliver) if mail.to == [alice.email]]
    assert mail.body.count("Change DNS records") == 3


def test_super_users_are_told_if_the_granter_cannot_be(bobs, alice, emma, membership, deliver):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    PersonGrant.objects.filter(pk=bobs.pk).update(granted_by=membership(bobs.user).user)
    strike(bobs.expires_at - 6 * DAY)
    assert {mail.to[0] for mail in announcements(deliver)} == {
        alice.email,
        emma.email,
        bobs.user.email,
    }


def test_no_announcement_for_a_suspended_customer_or_a_renewed_grant(
    bobs, alice, alder, olive, deliver
):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    strike(bobs.expires_at - 6 * DAY)
    assert announcements(deliver) == []


def test_a_renewed_grant_is_announced_again(bobs, alice, deliver):
    first = bobs.expires_at - 6 * DAY
    strike(first)
    with time_machine.travel(first, tick=False):
        renewed = renew_grant(actor=alice, grant=bobs)
    strike(first + DAY)
    before = len(announcements(deliver))
    strike(renewed.expires_at - 6 * DAY)
    assert len(announcements(deliver)) == before + 2


def test_the_end_of_a_teams_grant_is_announced_to_the_granter(
    give, alice, alder, resource, deliver
):
    team = alder.teams.get()
    end = timezone.now() + 30 * DAY
    give(alice, team, DNS, resource("domain", "alder.example"), expires_at=end)
    strike(end - 6 * DAY)
    [mail] = announcements(deliver)
    assert mail.to == [alice.email]
    assert "Reception: “Change DNS records”" in mail.body


# --- Renewal ---


def test_a_grant_is_renewed_for_the_same_time_with_its_reason(bobs, alice, bob):
    moment = bobs.expires_at - 2 * DAY
    with time_machine.travel(moment, tick=False):
        renewed = renew_grant(actor=alice, grant=bobs)
    assert renewed.expires_at - moment == bobs.expires_at - bobs.granted_at
    assert (renewed.reason, renewed.user) == ("The move", bob)
    assert AuditEvent.objects.filter(kind="grant.replaced").count() == 1


@pytest.mark.parametrize(("length", "days"), [("30", 30), ("90", 90), ("none", None)])
def test_a_grant_is_renewed_for_another_time(bobs, alice, length, days):
    with time_machine.travel(timezone.now(), tick=False):
        renewed = renew_grant(actor=alice, grant=bobs, length=length)
        assert renewed.expires_at == (days and timezone.now() + days * DAY)


def test_a_grant_is_renewed_once(bobs, alice):
    renew_grant(actor=alice, grant=bobs)
    with pytest.raises(GrantRefused, match="in the meantime"):
        renew_grant(actor=alice, grant=bobs)
    with pytest.raises(GrantRefused) as refusal:
        renew_grant(
            actor=alice,
            grant=PersonGrant.objects.get(user=bobs.user, permission=bobs.permission),
            length="7",
        )
    assert list(refusal.value.message_dict) == ["length"]


def test_only_super_users_renew(bobs, bob, emma, charlie, olive, dana):
    for person in (bob, emma, charlie, olive, dana):
        with pytest.raises(PermissionDenied):
            renew_grant(actor=person, grant=bobs)


def test_renewing_a_sensitive_grant_needs_the_same_care(give, alice, bob, membership, resource):
    mailbox = resource("mailbox", "info@alder.example")
    end = timezone.now() + 30 * DAY
    grant = give(
        alice, membership(bob), "webmail.mailbox.read", mailbox, expires_at=end, reason="LeaveTeam"
    )
    with pytest.raises(FreshSignInRequired):
        renew_grant(actor=alice, grant=grant)
    assert renew_grant(actor=alice, grant=grant, signed_in_at=timezone.now()).reason == "LeaveTeam"


# --- Pages ---


def test_the_list_of_ending_access_renews(as_, alice, bob, bobs, give, alder, resource):
    end = timezone.now() + 3 * DAY
    team = give(
        alice, alder.teams.get(), DNS, resource("domain", "alderdental.example"), expires_at=end
    )
    client = as_(alice)
    html = client.get(LIST).content.decode()
    assert "Bob Tremblay" in html
    assert "Reception" in html
    assert 'badge info">1<' in html  # what ends within a week

    page = client.post(f"{LIST}teams/{team.pk}/renew/", {"length": "90"}, follow=True)
    said = page.content.decode()
    assert "“Change DNS records” on alderdental.example now ends on " in said
    assert ".m.." not in said
    assert TeamGrant.objects.get(content_object=team.content_object).expires_at > end + 80 * DAY
    person = f"/c/alder/people/{bob.sub}/"
    host = "http://testserver"
    back = client.post(f"{LIST}people/{bobs.pk}/renew/", headers={"Referer": f"{host}{person}"})
    assert back["Location"] == f"{host}{person}"
    again = client.post(f"{LIST}people/{bobs.pk}/renew/")
    assert again.status_code == 404


@pytest.mark.parametrize(
    "where",
    ["https://evil.example/", "//evil.example", "http://testserver/accounts/reauthenticate/"],
)
def test_the_renewal_redirects_to_this_host_only(as_, alice, bobs, where):
    path = f"{LIST}people/{bobs.pk}/renew/"
    response = as_(alice).post(path, headers={"Referer": where})
    assert response["Location"] == LIST


def test_opening_the_emailed_link_changes_nothing(as_, alice, bobs):
    before = AuditEvent.objects.exclude(kind="sign_in.done").count()
    as_(alice).get(LIST)
    assert as_(alice).get(f"{LIST}people/{bobs.pk}/renew/").status_code == 405
    assert AuditEvent.objects.exclude(kind="sign_in.done").count() == before


def test_the_list_has_a_constant_number_of_queries(
    as_, alice, bobs, give, membership, emma, resource
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_(alice)
    client.get(LIST)
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    end = timezone.now() + 3 * DAY
    give(alice, membership(emma), DNS, resource("domain", "alder.example"), expires_at=end)
    give(alice, membership(emma), DNS, resource("domain", "alderdental.example"), expires_at=end)
    with CaptureQueriesContext(connection) as three:
        client.get(LIST)
    assert len(three) == len(one) <= 6


def test_the_list_is_read_page_by_page(as_, alice, bobs, give, membership, emma, bob, resource):
    now = timezone.now()
    alder, dental = resource("domain", "alder.example"), resource("domain", "alderdental.example")
    ends = [(emma, alder, 5), (bob, dental, 3), (emma, dental, -2)]
    for person, domain, days in ends:
        given = give(alice, membership(person), DNS, domain, expires_at=now + 9 * DAY)
        PersonGrant.objects.filter(pk=given.pk).update(
            granted_at=now - 9 * DAY, expires_at=now + days * DAY
        )
    client = as_(alice)

    def rows(page):
        return [(grant.grantee_name, grant.place) for grant in page]

    everything = rows(client.get(LIST).context["of_people"])
    assert everything[:3] == [
        ("Emma Roy", "alderdental.example"),
        ("Bob Tremblay", "alderdental.example"),
        ("Emma Roy", "alder.example"),
    ]
    by_two, after = [], ""
    while after is not None:
        page = page_of(
            of_customer(
                expiring_person_grants(since=RECENTLY_ENDED), membership(alice).customer_id
            ),
            among=PersonGrant.objects.all(),
            order=("expires_at", "pk"),
            after=after,
            size=2,
            details=with_person_details,
        )
        by_two += rows(page)
        after = page.next_cursor or None
    assert by_two == everything


def test_the_menu_counts_access_that_ends_within_a_week(give, alice, bob, membership, domain):
    def waiting():
        links = [link for section in sections_for(alice, "/") for link in section.links]
        return {link.url: link.waiting for link in links}[LIST]

    give(alice, membership(bob), DNS, domain, expires_at=timezone.now() + 8 * DAY)
    assert waiting() == 0
    give(alice, membership(bob), DNS, domain, expires_at=timezone.now() + 6 * DAY)
    assert waiting() == 1


# --- Keeping it, for who may not renew ---


def test_a_person_requests_renewal_of_ending_access(
    as_, alice, bob, bobs, privilege_of, domain, alder
):
    client = as_(bob)
    html = client.get(f"/c/alder/people/{bob.sub}/").content.decode()
    address = "/c/alder/requests/new/?portal=domains&type=domain&resource=alder.example"
    address += "&privilege=domain.manage_dns"
    assert address.replace("&", "&amp;") in html
    assert "/renew/" not in html

    page = client.get(address).content.decode()
    value = f"{domain.pk}:{privilege_of(DNS).pk}"
    assert f'value="{value}" checked' in page
    end = (timezone.localtime() + 30 * DAY).strftime("%Y-%m-%d")
    assert f'value="{end}T' in page
    end = (timezone.localtime() + 40 * DAY).strftime("%Y-%m-%d")
    sent = client.post(
        address, {"privileges": value, "expires_at": f"{end}T12:00", "text": "Still on."}
    )
    assert sent.status_code == 302
    access_request = AccessRequest.objects.get(membership__user=bob)
    approve_request(
        actor=alice, access_request=access_request, how=Approval(signed_in_at=timezone.now())
    )
    grant = PersonGrant.objects.get(user=bob, content_object=domain, permission=bobs.permission)
    assert grant.pk != bobs.pk
    assert str(timezone.localtime(grant.expires_at).date()) == end


def test_access_that_does_not_end_soon_cannot_be_requested_again(
    give, alice, bob, membership, domain, privilege_of, alder
):
    give(alice, membership(bob), DNS, domain, expires_at=timezone.now() + 40 * DAY)
    with pytest.raises(Exception, match="You already have"):
        request_access(actor=bob, customer=alder, privileges=[(domain, privilege_of(DNS))])


def test_the_list_of_ending_access_names_last_days(as_, alice, emma, membership):
    """A company read "No access ends soon" while somebody's last day was near."""
    page = "/c/alder/expiring-access/"
    assert "Last days" not in as_(alice).get(page).text

    leaver = membership(emma)
    leaver.ends_at = timezone.now() + timedelta(days=7)
    leaver.save()

    html = as_(alice).get(page).text
    assert "Last days" in html
    assert "Emma Roy" in html
    assert "No access ends soon" not in html
