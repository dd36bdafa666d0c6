"""A person's pages: what they have, through what, and who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import TeamMembership
from accounts.services.memberships import change_role, suspend_membership
from portals.models import Resource

DNS = "domains.domain.manage_dns"
VIEW = "domains.domain.view"
TABS = ("person", "person-teams", "person-details", "person-activity")


@pytest.fixture
def page(alder, emma):
    return reverse("portals:person", args=[alder.slug, emma.sub])


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


def sign_in_afresh(client, person):
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def rows(client, path, **query):
    """The rows of a page by portal: portal → [(resource, permissions, through)]."""
    access = client.get(path, query).context["access"]
    return {
        portal.root.resource_type.portal.slug: [
            (
                row.target.title,
                [privilege.code for privilege in row.privileges],
                str(row.team or row.reason.value),
            )
            for row in portal.rows
        ]
        for portal in access.portals
    }


def test_only_what_a_person_has_is_shown_portal_by_portal(
    as_, alice, emma, membership, page, give, resource, domain
):
    client = as_(alice)
    before = rows(client, page)
    assert before["domains"] == []
    assert ("emma@alder.example", ["use"], "owner") in before["webmail"]
    assert ("info@alder.example", ["use"], "Reception") in before["webmail"]

    give(alice, membership(emma), "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    give(alice, membership(emma), DNS, domain)
    after = rows(client, page)
    assert after["domains"] == [("alder.example", ["manage_dns"], "grant")]
    assert ("Every mailbox in alder.example, future ones too", ["view"], "grant") in after[
        "webmail"
    ]


def test_permissions_with_the_same_terms_share_a_row(
    as_, alice, emma, membership, page, give, domain
):
    until = timezone.now() + timedelta(days=90)
    for name in (DNS, "domains.domain.renew", VIEW):
        give(alice, membership(emma), name, domain, expires_at=until, reason="The move")
    give(alice, membership(emma), "domains.domain.manage_contacts", domain)
    found = rows(as_(alice), page)["domains"]
    assert sorted(codes for _title, codes, _through in found) == [
        ["manage_contacts"],
        ["manage_dns", "renew"],
    ]
    html = as_(alice).get(page).content.decode()
    assert "by Alice Martin" in html
    assert "The move" in html


def test_each_portal_says_whether_it_opens_and_why(as_, alice, emma, bob, page):
    client = as_(alice)
    html = client.get(page).content.decode()
    assert "No portal access" in html
    assert "Give portal access" in html
    assert "Portal access for every member" in html
    of_bob = client.get(reverse("portals:person", args=["alder", bob.sub])).content.decode()
    assert "Portal access since" in of_bob
    of_alice = client.get(reverse("portals:person", args=["alder", alice.sub])).content.decode()
    assert "Portal access as Super User" in of_alice
    assert "Alder Dental</a>" not in html.split("<table")[1], "a portal has its own name"


def test_a_super_user_has_a_row_for_each_portal_by_role(as_, alice, alder, bob, membership, page):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    found = rows(as_(alice), reverse("portals:person", args=["alder", bob.sub]))
    assert all("role" in [through for _t, _c, through in portal] for portal in found.values())


def test_ends_and_later_starts_are_said(as_, alice, emma, membership, page, give, domain, resource):
    soon, later = timezone.now() + timedelta(days=9, hours=1), timezone.now() + timedelta(days=40)
    give(alice, membership(emma), DNS, domain, expires_at=soon)
    other = resource("domain", "alderdental.example")
    give(alice, membership(emma), DNS, other, starts_at=later)
    html = as_(alice).get(page).content.decode()
    assert "Ends in 9 days" in html
    assert "from " in html
    assert "No end date" in html


def test_the_tabs_have_addresses_of_their_own(as_, alice, emma, alder):
    client = as_(alice)
    for name in TABS:
        path = reverse(f"portals:{name}", args=["alder", emma.sub])
        html = client.get(path).content.decode()
        assert f'<a href="{path}" aria-current="page">' in html
        assert "Give access" in html
    assert (
        "Reception"
        in client.get(reverse("portals:person-teams", args=["alder", emma.sub])).content.decode()
    )
    details = client.get(reverse("portals:person-details", args=["alder", emma.sub]))
    assert "Make Super User" in details.content.decode()
    activity = client.get(reverse("portals:person-activity", args=["alder", emma.sub]))
    assert "Emma Roy" in activity.content.decode()


def test_people_see_their_own_access_and_cannot_change_it(as_, emma, page):
    html = as_(emma).get(page).content.decode()
    assert "emma@alder.example" in html
    assert "Ask for more" in html
    for words in ("Give access", "Remove", "access/give", '/change/" data-panel'):
        assert words not in html.split('id="main"')[1]
    assert (
        as_(emma).get(reverse("portals:person-teams", args=["alder", emma.sub])).status_code == 200
    )
    for name in ("person-details", "person-activity"):
        path = reverse(f"portals:{name}", args=["alder", emma.sub])
        assert as_(emma).get(path).status_code == 403


def test_what_ends_soon_can_be_asked_for_again(as_, alice, emma, membership, page, give, domain):
    give(alice, membership(emma), DNS, domain, expires_at=timezone.now() + timedelta(days=2))
    html = as_(emma).get(page).content.decode()
    assert "Ask to keep access" in html
    assert "privilege=domain.manage_dns" in html


def test_colleagues_are_refused_and_others_find_nothing(as_, bob, charlie, dana, emma):
    for name in TABS:
        path = reverse(f"portals:{name}", args=["alder", emma.sub])
        assert as_(bob).get(path).status_code == 403
        assert as_(charlie).get(path).status_code == 404
        assert as_(dana).get(path).status_code == 404
        assert as_(None).get(path).status_code == 302


def test_a_suspended_person_is_said_to_use_none_of_it(as_, alice, emma, membership, page):
    suspend_membership(actor=alice, membership=membership(emma))
    html = as_(alice).get(page).content.decode()
    assert "can't use this access" in html
    assert "Restore" in html


@pytest.fixture
def many_grants(alice, emma, resource, privilege_of):
    """A thousand more mailboxes at Alder, half of them Emma's to view."""
    from portals.models import PersonGrant

    one = resource("mailbox", "info@alder.example")
    made = Resource.objects.bulk_create(
        Resource(
            subscription=one.subscription,
            resource_type=one.resource_type,
            external_id=f"m{number:04}@alder.example",
            name=f"m{number:04}@alder.example",
            parent=one.parent,
        )
        for number in range(300)
    )
    PersonGrant.objects.bulk_create(
        PersonGrant(
            user=emma,
            permission_id=privilege_of("webmail.mailbox.view").pk,
            content_object=row,
            granted_by=alice,
        )
        for row in made[:150]
    )
    return made


def test_long_access_is_paged_and_costs_the_same(
    as_, alice, emma, membership, page, alder, give, domain, request
):
    client = as_(alice)
    give(alice, membership(emma), DNS, domain)
    few = queries(client, page)
    assert few <= 11
    request.getfixturevalue("many_grants")
    for number in range(3):
        team = alder.teams.create(name=f"Team {number}", group=_group(number))
        TeamMembership.objects.create(team=team, membership=membership(emma))
    assert queries(client, page) <= few

    seen, after = [], ""
    while not seen or after:
        answer = client.get(page, {"after": after})
        for portal in answer.context["access"].portals:
            seen += [
                (row.target.key, row.team, row.reason)
                for row in portal.rows
                if row.target.resource.parent_id
            ]
        after = answer.context["page"].next_cursor
    assert len(seen) == len(set(seen)) > 150
    assert client.get(page, {"after": "999999999"}).status_code == 400


def _group(number):
    from django.contrib.auth.models import Group

    return Group.objects.create(name=f"team:x{number}")


def test_no_statement_is_repeated(as_, alice, page):
    client = as_(alice)
    client.get(page)
    with CaptureQueriesContext(connection) as captured:
        client.get(page)
    statements = [query["sql"] for query in captured]
    assert len(statements) == len(set(statements))


def queries(client, path, **query):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, query).status_code == 200
    return len(captured)
