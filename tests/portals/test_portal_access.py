"""Access in a portal that a person cannot open: it is shown, and portal access is offered."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from accounts.services.memberships import suspend_membership
from accounts.services.teams import add_to_team, create_team
from portals.decision import is_denied_to_a_member, permitted_people
from portals.models import OfferedGrant, PersonGrant, Portal, Resource
from portals.selectors.manifest import manifest_of
from portals.selectors.portal_access import (
    missing_portal_access,
    portals_closed_to_invitees,
    portals_of,
    portals_without_access,
)

DNS = "domains.domain.manage_dns"
OPEN = "domains.subscription.open"


def declared():
    return manifest_of(Portal.objects.values_list("pk", flat=True))


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
def lacking(alder, domain, privilege_of):
    """Return a function that lists the portals that somebody would need: lacking(grantee)."""

    def names(grantee, *privileges):
        pairs = []
        for name in privileges or [DNS]:
            privilege = privilege_of(name)
            place = domain if privilege.resource_type_id == domain.resource_type_id else None
            pairs.append((place or domain.parent, privilege))
        return [
            row.portal.slug
            for row in missing_portal_access(alder, [grantee], pairs, declared())[grantee]
        ]

    return names


def test_only_who_cannot_open_a_portal_needs_it(
    lacking, alice, bob, emmas, membership, domain, give, root
):
    assert lacking(emmas) == ["domains"]
    assert lacking(membership(bob)) == [], "was given it"
    assert lacking(membership(alice)) == [], "comes with the role"
    assert lacking(emmas, DNS, OPEN) == [], "is given by the change itself"
    give(alice, emmas, OPEN, root, starts_at=timezone.now() + timedelta(days=3))
    assert lacking(emmas) == [], "is given already, if for later"


def test_a_portal_that_registers_everybody_is_open(alder, emmas, resource, privilege_of):
    mailbox = resource("mailbox", "info@alder.example")
    view = privilege_of("webmail.mailbox.view")
    assert missing_portal_access(alder, [emmas], [(mailbox, view)], declared()) == {emmas: []}


def test_a_suspended_member_is_offered_no_portal_access(alice, alder, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    closed = portals_without_access([membership(bob)], portals_of(alder))[membership(bob)]
    assert "domains" not in [access.portal.slug for access in closed]


def test_portal_access_is_given_to_a_whole_team(
    lacking, alice, bob, emmas, membership, web, give, root
):
    add_to_team(actor=alice, team=web, membership=membership(bob))
    assert lacking(web) == [], "everybody in it can"
    add_to_team(actor=alice, team=web, membership=emmas)
    assert lacking(web) == ["domains"]
    give(alice, web, OPEN, root)
    assert lacking(web) == []


def test_people_see_the_portals_they_cannot_open_without_being_let_in(as_, alice, emma):
    page = reverse("portals:person", args=["alder", emma.sub])
    assert "Give portal access" in as_(alice).get(page).content.decode()
    own = as_(emma).get(page).content.decode()
    assert "No portal access" in own
    assert "Give portal access" not in own


def test_expired_portal_access_is_given_again(
    as_, alice, emma, emmas, give, root, domain, privilege_of, lacking
):
    give(alice, emmas, OPEN, root, expires_at=timezone.now() + timedelta(hours=1))
    ended = timezone.now() - timedelta(hours=1)
    PersonGrant.objects.filter(user=emma, content_object=root).update(expires_at=ended)
    assert lacking(emmas) == ["domains"]
    form = {
        "to": f"person:{emmas.pk}",
        "resource": f"resource:{domain.pk}",
        "privilege": privilege_of(DNS).pk,
        "ends": "30-days",
        "portal_access": "on",
    }
    assert as_(alice).post("/c/alder/access/give/", form).status_code == 302
    assert emma.has_perm(f"portals.{OPEN}", root)
    given = PersonGrant.objects.filter(user=emma, content_object__in=[root, domain])
    assert given.values("expires_at").distinct().count() == 1, "it ends with what it is for"


def test_portal_access_in_an_invitation(as_, alice, alder, domain, privilege_of, root, deliver):
    client, page = as_(alice), reverse("portals:invite", args=["alder"])
    ticked = {"resource": str(domain.pk), "privileges": f"{domain.pk}:{privilege_of(DNS).pk}"}
    people = {"people": "gina@alder.example\nhugo@alder.example", "role": "user"}

    form = client.post(page, {"act": "add", "new_resource": f"resource:{domain.pk}", **people})
    assert "Some people can't open Domains yet" in form.content.decode()
    assert "Give everyone on this list" not in form.content.decode()
    form = client.post(page, {"act": "add", "new_resource": f"resource:{root.pk}", **people})
    assert "Some people can't open" not in form.content.decode()
    checked = client.post(page, {"act": "check", **ticked, **people}).content.decode()

    way = f"{root.pk}:{privilege_of(OPEN).pk}"
    assert "People who can't open Domains yet: 2." in checked
    assert "Give everyone on this list “Open the portal” in Domains" in checked
    assert f'<input type="checkbox" name="privileges" value="{way}">' in checked
    assert f'type="hidden" name="resource" value="{root.pk}"' in checked
    send = {"act": "send", **people, "people": "", "resource": [str(domain.pk), str(root.pk)]}
    rows = '[["gina@alder.example", "", "", "", ""]]'
    client.post(page, {**send, "rows": rows, "privileges": ticked["privileges"]})
    rows = '[["hugo@alder.example", "", "", "", ""]]'
    client.post(page, {**send, "rows": rows, "privileges": [ticked["privileges"], way]})
    with_way = OfferedGrant.objects.filter(privilege=privilege_of(OPEN)).values(
        "invitation__address"
    )
    assert [offer["invitation__address"] for offer in with_way] == ["hugo@alder.example"]
    assert Invitation.objects.open().count() == 2


def test_invitees_without_portal_access_are_named(
    alice, alder, domain, privilege_of, root, web, give, resource
):
    def outside(privileges, *newcomers):
        return [
            (one.portal.slug, n)
            for one, n in portals_closed_to_invitees(alder, privileges, newcomers)
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


def test_a_team_is_denied_what_one_of_its_members_is_denied(
    alder, alice, bob, emma, membership, web
):
    """The prepared statement agrees with the decision for each member."""
    privileges = declared().opening
    for people in ([], [alice], [alice, bob], [bob, emma]):
        web.team_memberships.all().delete()
        for person in people:
            web.team_memberships.create(membership=membership(person))
        for privilege in privileges:
            root = Resource.objects.get(
                subscription__customer=alder, resource_type=privilege.resource_type
            )
            allowed = permitted_people(privilege, root)
            denied = any(person not in allowed for person in people)
            assert is_denied_to_a_member(web, privilege, root) == denied, (people, privilege)


def test_a_suspended_member_is_not_counted_as_denied(alice, bob, emma, membership, web, root, give):
    web.team_memberships.create(membership=membership(bob))
    PersonGrant.objects.filter(user=bob, content_object=root).delete()
    [privilege] = [row for row in declared().opening if row.portal.slug == "domains"]
    assert is_denied_to_a_member(web, privilege, root)
    suspend_membership(actor=alice, membership=membership(bob))
    assert not is_denied_to_a_member(web, privilege, root)
