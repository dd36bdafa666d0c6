"""Access in a portal that a person cannot open: it is shown, and portal access is offered."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Invitation
from accounts.services.memberships import suspend_membership
from accounts.services.teams import add_to_team, create_team
from portals.models import OfferedGrant, PersonGrant, Resource
from portals.selectors.grant_changes import Draft, GrantChange, changes_in, seconds
from portals.selectors.permission_matrix import Cell, grantee_key
from portals.selectors.portal_access import (
    missing_portal_grants,
    portals_closed_to_invitees,
    portals_of,
    portals_without_access,
)
from portals.services.bulk import grant_to_people
from portals.services.grants import GrantTerms

DNS = "domains.domain.manage_dns"
OPEN = "domains.subscription.open"
NOT_YET = "Emma Roy cannot open Domains yet. To let them in, choose “Open the portal”"
IN_VAIN = "<strong>Emma Roy</strong> cannot open <strong>Domains</strong> yet"


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def root(alder):
    return Resource.objects.get(
        subscription__customer=alder, resource_type__portal__slug="domains", parent=None
    )


@pytest.fixture
def emmas(membership, emma):
    return membership(emma)


@pytest.fixture
def web(alice, alder):
    return create_team(actor=alice, customer=alder, name="Web")


@pytest.fixture
def offered(alder, domain, privilege_of):
    """Return a function that lists offered portal access: offered(grantee, team=web)."""

    def names(grantee, *privileges, team=None):
        draft = Draft(teams={(grantee.pk, team.pk): "join"} if team else {})
        for name in privileges or ([] if team else [DNS]):
            privilege = privilege_of(name)
            place = domain if privilege.resource_type_id == domain.resource_type_id else None
            place = place or Resource.objects.get(
                subscription=domain.subscription_id, resource_type=privilege.resource_type_id
            )
            cell = Cell(grantee_key(grantee), place.pk, privilege.resource_type_id)
            draft.wants.setdefault(cell, {})[privilege.pk] = ""
        found = missing_portal_grants(alder, changes_in(alder, draft))
        assert all(isinstance(change, GrantChange) for change in found)
        return [(change.grantee, change.privilege.codename) for change in found]

    return names


WAY = "subscription.open"


def test_people_with_portal_access_see_no_offer_of_it(
    offered, alice, bob, emmas, membership, domain, give, root
):
    assert offered(emmas) == [(emmas, WAY)]
    assert offered(membership(bob)) == [], "was given it"
    assert offered(membership(alice)) == [], "comes with the role"
    assert offered(emmas, DNS, OPEN) == [], "is in the plan itself"
    give(alice, emmas, OPEN, root, starts_at=timezone.now() + timedelta(days=3))
    assert offered(emmas) == [], "is given already, if for later"


def test_a_portal_that_registers_everybody_is_open(alder, emmas, resource, privilege_of):
    mailbox = resource("mailbox", "info@alder.example")
    cell = Cell(grantee_key(emmas), mailbox.pk, mailbox.resource_type_id)
    draft = Draft(wants={cell: {privilege_of("webmail.mailbox.view").pk: ""}})
    plan = changes_in(alder, draft)
    assert [change.act for change in plan if change.act == "give"] == ["give"]
    assert missing_portal_grants(alder, plan) == []


def test_a_suspended_member_is_offered_no_portal_access(alice, alder, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    closed = portals_without_access([membership(bob)], portals_of(alder))[membership(bob)]
    assert "domains" not in [access.portal.slug for access in closed]


def test_portal_access_is_given_to_a_whole_team(
    offered, alice, bob, emmas, membership, web, give, root
):
    add_to_team(actor=alice, team=web, membership=membership(bob))
    assert offered(web) == [], "everybody in it can"
    add_to_team(actor=alice, team=web, membership=emmas)
    assert offered(web) == [(web, WAY)]
    give(alice, web, OPEN, root)
    assert offered(web) == []


def test_joining_a_team_offers_portal_access(offered, alice, emmas, web, give, domain, root):
    assert offered(emmas, team=web) == []
    give(alice, web, DNS, domain)
    assert offered(emmas, team=web) == [(emmas, WAY)]
    give(alice, web, OPEN, root)
    assert offered(emmas, team=web) == []


def test_the_person_page_shows_missing_portal_access_to_super_users(as_, alice, bob, emma, web):
    def page(reader, person):
        there = reverse("portals:person", args=["alder", person.sub])
        return as_(reader).get(there).content.decode()

    assert NOT_YET in page(alice, emma)
    assert "cannot open Webmail" not in page(alice, emma)
    assert "cannot open Domains" not in page(alice, bob)
    assert "cannot open" not in page(emma, emma)
    team = reverse("portals:team", args=["alder", web.uuid])
    assert "cannot open" not in as_(alice).get(team).content.decode()


def test_the_resource_page_shows_missing_portal_access_beside_the_name(
    as_, alice, bob, emmas, membership, domain, root
):
    said = "Cannot open Domains yet; the review offers to let them in."
    html = as_(alice).get(reverse("portals:resource", args=["alder", domain.pk])).content.decode()

    def row(person):
        return html.split(f'id="at-p{person.pk}-')[1].split('<li class="matrix-cell"')[0]

    assert said in row(emmas)
    assert said not in row(membership(bob))
    portal = as_(alice).get(reverse("portals:resource", args=["alder", root.pk])).content.decode()
    assert said not in portal, "there it is a level like any other"


@pytest.fixture
def review(as_, alice, emmas, domain, privilege_of):
    """A change for Emma, gathered: Alice's client, its review, the change and the way in."""
    client = as_(alice)
    level = f"p{emmas.pk}/{domain.pk}/{domain.resource_type_id}={privilege_of(DNS).pk}"
    there = reverse("portals:changes", args=["alder", f"p{emmas.pk}"])
    client.post(there, {"level": level, "review": "1"})
    address = reverse("portals:changes-review", args=["alder", f"p{emmas.pk}"])
    html = client.get(address).content.decode()
    [change] = re.findall(r'type="hidden" name="change" value="([^"]+)"', html)
    [way] = re.findall(r'type="checkbox" name="change" value="([^"]+)">', html)  # not ticked
    assert IN_VAIN in html
    assert "give Emma Roy “Open the portal” in Domains" in html
    return client, address, change, way


def test_only_the_requested_portal_access_is_given(review, emma, domain, root):
    client, address, change, _way = review
    client.post(address, {"change": change})
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert not emma.has_perm(f"portals.{OPEN}", root)


def test_portal_access_is_one_tick_in_the_same_act(review, emma, domain, root):
    client, address, change, way = review
    terms = {"expires_at": "2001-01-01T00:00", "starts_at": "", "reason": "Website"}
    refused = client.post(address, {"change": [change, way], **terms}).content.decode()
    assert f'value="{way}" checked' in refused
    ends = timezone.localtime() + timedelta(days=9)
    terms["expires_at"] = ends.strftime("%Y-%m-%dT%H:%M")

    client.post(address, {"change": [change, way], **terms})

    assert emma.has_perm(f"portals.{DNS}", domain)
    assert emma.has_perm(f"portals.{OPEN}", root)
    given = PersonGrant.objects.filter(user=emma, reason="Website")
    assert given.count() == 2
    assert given.values("expires_at").distinct().count() == 1


def test_portal_access_ends_with_the_access_it_serves(alder, emmas, domain, privilege_of):
    """Portal access lasts no longer than the dated grant that it serves."""
    ends = timezone.now() + timedelta(days=9)
    cell = Cell(grantee_key(emmas), domain.pk, domain.resource_type_id)
    plan = changes_in(alder, Draft(wants={cell: {privilege_of(DNS).pk: f"-{seconds(ends)}"}}))
    [way] = missing_portal_grants(alder, plan)
    assert (way.starts_at, seconds(way.expires_at)) == (None, seconds(ends))


def test_expired_portal_access_is_given_again(
    as_, alice, emma, emmas, give, root, alder, domain, privilege_of
):
    give(alice, emmas, OPEN, root, expires_at=timezone.now() + timedelta(hours=1))
    ended = timezone.now() - timedelta(hours=1)
    PersonGrant.objects.filter(user=emma, content_object=root).update(expires_at=ended)
    cell = Cell(f"p{emmas.pk}", domain.pk, domain.resource_type_id)
    [way] = missing_portal_grants(
        alder, changes_in(alder, Draft(wants={cell: {privilege_of(DNS).pk: ""}}))
    )

    address = reverse("portals:changes-review", args=["alder", f"p{emmas.pk}"])
    assert as_(alice).post(address, {"change": way.token}).status_code == 302

    assert emma.has_perm(f"portals.{OPEN}", root)


def test_portal_access_for_many_people(as_, alice, bob, emma, alder, domain, privilege_of, root):
    client, page = as_(alice), reverse("portals:people-bulk-action", args=["alder", "grant"])
    chosen = {"person": [str(bob.sub), str(emma.sub)], "resource": str(domain.pk)}

    html = client.get(page, chosen).content.decode()
    assert "These people cannot open Domains yet: Emma Roy." in html
    assert re.search(r'<input type="checkbox" name="let_in"[^>]*id="id_let_in"', html)
    assert 'name="let_in" checked' not in html
    only_bob = {**chosen, "person": [str(bob.sub)]}
    assert "let_in" not in client.get(page, only_bob).content.decode()
    the_portal = {**chosen, "resource": str(root.pk)}  # its own privilege is portal access
    assert "let_in" not in client.get(page, the_portal).content.decode()

    given = {
        "privilege": str(privilege_of(DNS).pk),
        "starts_at": "",
        "expires_at": "",
        "reason": "",
    }
    assert client.post(page, {**chosen, **given}).status_code == 302
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert not emma.has_perm(f"portals.{OPEN}", root)
    before = AuditEvent.objects.count()
    assert client.post(page, {**chosen, **given, "let_in": "on"}).status_code == 302
    assert emma.has_perm(f"portals.{OPEN}", root)
    assert AuditEvent.objects.count() == before + 1, "Bob could open it, and both had the grant"


def test_a_refused_act_gives_no_portal_access(
    alice, alder, emma, emmas, membership, resource, privilege_of
):
    report = resource("mailbox", "info@alder.example")
    before = list(PersonGrant.objects.order_by("pk").values())
    with pytest.raises(Exception, match="sensitive"):
        grant_to_people(
            actor=alice,
            customer=alder,
            people=[emmas],
            privilege=privilege_of("webmail.mailbox.read"),
            resource=report,
            terms=GrantTerms(),
            let_in=True,
        )
    assert list(PersonGrant.objects.order_by("pk").values()) == before


def test_portal_access_in_an_invitation(as_, alice, alder, domain, privilege_of, root, deliver):
    client, page = as_(alice), reverse("portals:invite", args=["alder"])
    ticked = {"resource": str(domain.pk), "rights": f"{domain.pk}:{privilege_of(DNS).pk}"}
    people = {"people": "gina@alder.example\nhugo@alder.example", "role": "user"}

    form = client.post(page, {"act": "add", "new_resource": str(domain.pk), **people})
    assert "Not everybody can open Domains from the start" in form.content.decode()
    assert "Let everybody on this list in" not in form.content.decode()
    form = client.post(page, {"act": "add", "new_resource": str(root.pk), **people})
    assert "Not everybody can open" not in form.content.decode()
    checked = client.post(page, {"act": "check", **ticked, **people}).content.decode()

    way = f"{root.pk}:{privilege_of(OPEN).pk}"
    assert "People on this list who will not be able to open Domains yet: 2." in checked
    assert "Let everybody on this list in: “Open the portal” in Domains" in checked
    assert f'<input type="checkbox" name="rights" value="{way}">' in checked
    assert f'type="hidden" name="resource" value="{root.pk}"' in checked
    send = {"act": "send", **people, "people": "", "resource": [str(domain.pk), str(root.pk)]}
    rows = '[["gina@alder.example", "", "", "", ""]]'
    client.post(page, {**send, "rows": rows, "rights": ticked["rights"]})
    rows = '[["hugo@alder.example", "", "", "", ""]]'
    client.post(page, {**send, "rows": rows, "rights": [ticked["rights"], way]})
    with_way = OfferedGrant.objects.filter(privilege=privilege_of(OPEN)).values(
        "invitation__address"
    )
    assert [offer["invitation__address"] for offer in with_way] == ["hugo@alder.example"]
    assert Invitation.objects.open().count() == 2


def test_invitees_without_portal_access_are_named(
    alice, alder, domain, privilege_of, root, web, give, resource
):
    def outside(rights, *newcomers):
        return [
            (one.portal.slug, n) for one, n in portals_closed_to_invitees(alder, rights, newcomers)
        ]

    dns, come_in = (domain, privilege_of(DNS)), (root, privilege_of(OPEN))
    mailbox = (resource("mailbox", "info@alder.example"), privilege_of("webmail.mailbox.view"))
    user, chief, member = ("user", None), ("super_user", None), ("user", web)
    assert outside([dns, mailbox], user, chief, member) == [("domains", 2)]
    assert outside([dns, come_in], user) == []
    assert outside([mailbox], user) == outside([], user) == []
    give(alice, web, DNS, domain)
    assert outside([], user, member) == [("domains", 1)]
    give(alice, web, OPEN, root)
    assert outside([dns], user, member) == [("domains", 1)]
    assert outside([], member) == []
