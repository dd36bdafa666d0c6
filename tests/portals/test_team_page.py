"""A team's page: members and access, given, revoked and deleted."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Membership, Team
from accounts.services.customers import suspend_customer
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, TeamGrant
from portals.selectors.effective_access import explain
from portals.selectors.grant_changes import grants_key
from portals.selectors.resources import resources_of
from tests.portals.test_person_page import sign_in_afresh

DNS = "domains.domain.manage_dns"
READ = "webmail.mailbox.read"
GIVE = "/c/alder/access/give/"


@pytest.fixture
def team(alice, alder, bob, membership):
    """A team with Bob in it, and no access yet."""
    made = create_team(actor=alice, customer=alder, name="Web")
    add_to_team(actor=alice, team=made, membership=membership(bob))
    return made


@pytest.fixture
def url(team):
    """A page or act of this team."""
    return lambda name, *more: reverse(f"portals:{name}", args=["alder", team.uuid, *more])


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def form(team):
    """Return a function that fills the form for the team: form(privilege, resource)."""

    def fill(privilege, resource, **more):
        return {
            "to": f"team:{team.pk}",
            "resource": f"resource:{resource.pk}",
            "privilege": privilege.pk,
            "ends": "never",
            **more,
        }

    return fill


def test_team_access_is_explained_like_a_persons(team, alice, give, resource, alder):
    give(alice, team, "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    give(alice, team, DNS, resource("domain", "alder.example"))
    give(alice, team, "webmail.mailbox.view", resource("mailbox", "info@alder.example"))

    resources = list(resources_of(alder))
    held = [row for row in explain(team, resources) if row.privileges or row.passed_down]
    rows = {(row.resource.resource_type.code, row.resource.name): row for row in held}

    billing = rows["mailbox", "billing@alder.example"].privileges
    assert [(source.privilege.codename, source.origins[0].resource.name) for source in billing] == [
        ("mailbox.view", "alder.example")
    ]
    info = rows["mailbox", "info@alder.example"].privileges[0].origins
    assert {origin.resource and origin.resource.name for origin in info} == {None, "alder.example"}
    assert all(
        origin.team is None for row in rows.values() for o in row.privileges for origin in o.origins
    )
    included = [
        origin.given.codename
        for row in rows.values()
        for one in row.privileges
        for origin in one.origins
        if one.privilege.codename == "domain.view" and origin.given
    ]
    assert included == ["domain.manage_dns"]


def test_the_page_shows_people_and_access_with_origin(as_, alice, team, url, give, resource):
    give(alice, team, "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    give(alice, team, DNS, resource("domain", "alder.example"), reason="keeps the website")
    html = as_(alice).get(url("team")).content.decode()

    assert "bob@alder.example" in html
    for words in (
        "Every mailbox in alder.example, future ones too",
        "includes View",
        "keeps the website",
    ):
        assert words in html
    assert html.count('/remove/" ') + html.count('/remove/">') >= 2
    assert "Open team" not in html


def test_an_empty_team_without_access(as_, charlie, birch):
    made = create_team(actor=charlie, customer=birch, name="Drivers")
    html = as_(charlie).get(reverse("portals:team", args=["birch", made.uuid])).content.decode()

    assert "No members yet" in html
    assert "Give portal access" in html
    assert '/change/" data-panel' not in html


def test_access_is_given_to_a_team_then_removed(
    as_, alice, bob, team, url, form, domain, privilege_of
):
    client = as_(alice)
    answer = client.post(GIVE, form(privilege_of("domains.domain.manage"), domain, reason="x"))
    assert answer["Location"].startswith(url("team"))
    grant = TeamGrant.objects.get(group=team.group, content_object=domain)
    assert (grant.granted_by, grant.reason) == (alice, "x")
    assert bob.has_perm(f"portals.{DNS}", domain)
    assert not PersonGrant.objects.filter(user=bob, permission_id=grant.permission_id).exists()
    assert '<tr class="changed">' in client.get(answer["Location"]).content.decode()

    remove = reverse("portals:access-remove", args=["alder", grants_key([grant])])
    answer = client.post(remove, follow=True)
    assert "Everyone in the team Web no longer has" in answer.content.decode()
    assert not bob.has_perm(f"portals.{DNS}", domain)


def test_members_by_plain_forms(as_, alice, emma, team, membership):
    client = as_(alice)
    add = reverse("accounts:team-member-add", args=["alder", team.uuid])
    out = reverse("accounts:team-member-remove", args=["alder", team.uuid, emma.sub])

    assert out in client.post(add, {"person": emma.sub}, follow=True).content.decode()
    assert membership(emma).team_memberships.filter(team=team).exists()
    assert out not in client.post(out, follow=True).content.decode()
    assert not membership(emma).team_memberships.filter(team=team).exists()
    assert "Choose a person." in client.post(add, {"person": ""}, follow=True).content.decode()


def test_leaving_a_team_ends_access_through_it(as_, alice, bob, team, give, domain):
    give(alice, team, DNS, domain)
    assert bob.has_perm(f"portals.{DNS}", domain)

    as_(alice).post(reverse("accounts:team-member-remove", args=["alder", team.uuid, bob.sub]))

    assert not bob.has_perm(f"portals.{DNS}", domain)
    html = as_(alice).get(reverse("portals:person", args=["alder", bob.sub])).content.decode()
    assert "Open team" not in html


def test_the_person_page_links_to_the_team_for_super_users(
    as_, alice, bob, team, url, give, domain
):
    give(alice, team, DNS, domain)
    page = reverse("portals:person", args=["alder", bob.sub])
    managed, own = (as_(who).get(page).content.decode() for who in (alice, bob))

    assert "Open team" in managed
    assert "Web" in own
    assert url("team") in managed
    assert url("team") not in own
    thing_page = reverse("portals:resource", args=["alder", domain.pk])
    assert url("team") in as_(alice).get(thing_page).content.decode()


def test_nobody_gets_a_sensitive_privilege_by_joining_a_team(
    as_, alice, team, resource, give, membership
):
    """B9."""
    mailbox = resource("mailbox", "billing@alder.example")
    give(alice, team, READ, mailbox, reason="shared mailbox")
    join = reverse("accounts:team-member-add", args=["alder", team.uuid])
    own = reverse("accounts:person-team-add", args=["alder", alice.sub])
    client = as_(alice)
    sign_in_afresh(client, alice)

    for path, data in ((join, {"person": alice.sub}), (own, {"team": team.uuid})):
        html = client.post(path, data, follow=True).content.decode()
        assert "to a team with a sensitive permission." in html
    assert not membership(alice).team_memberships.exists()
    assert not alice.has_perm(f"portals.{READ}", mailbox)


def test_deleting_names_what_ends_and_happens_once(as_, alice, bob, team, url, give, domain):
    give(alice, team, DNS, domain)
    client = as_(alice)
    html = client.get(url("team-delete")).content.decode()
    assert "1 person is no longer in this team" in html
    assert "1 permission of the team ends" in html
    assert Team.objects.filter(pk=team.pk).exists()

    answer = client.post(url("team-delete"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("accounts:teams", args=["alder"])
    assert not Team.objects.filter(pk=team.pk).exists()
    assert not bob.has_perm(f"portals.{DNS}", domain)
    assert client.post(url("team-delete")).status_code == 404
    assert client.get(url("team")).status_code == 404
    assert AuditEvent.objects.filter(kind="team.deleted").count() == 1


def test_ids_of_another_company_are_ignored(
    as_, alice, charlie, bob, birch, team, url, form, resource, privilege_of, give, domain
):
    theirs = create_team(actor=charlie, customer=birch, name="Drivers")
    foreign = resource("domain", "birch.example")
    grant = give(charlie, theirs, DNS, foreign)
    client = as_(alice)
    before = TeamGrant.objects.count()

    dns = privilege_of(DNS)
    for data in (form(dns, foreign), form(dns, domain, to=f"team:{theirs.pk}")):
        assert "errorlist" in client.post(GIVE, data).content.decode()
    assert TeamGrant.objects.count() == before
    assert not bob.has_perm(f"portals.{DNS}", foreign)
    for name in ("team", "team-delete"):
        path = reverse(f"portals:{name}", args=["alder", theirs.uuid])
        assert client.post(path).status_code in (404, 405)
        assert client.get(path).status_code in (404, 405)
    assert TeamGrant.objects.filter(pk=grant.pk).exists()


def test_a_suspended_company_can_be_read_but_not_changed(
    as_, alice, olive, alder, team, url, form, domain, privilege_of
):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    client = as_(alice)
    html = client.get(url("team")).content.decode()

    assert "<select" not in html
    assert url("team-delete") not in html
    assert "Give access" not in html
    assert client.post(GIVE, form(privilege_of(DNS), domain)).status_code == 403
    assert client.post(url("team-delete")).status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()


def test_the_page_has_a_constant_number_of_queries(
    as_, alice, join_many, team, url, give, resource, django_assert_max_num_queries
):
    client = as_(alice)
    for name in ("info", "billing", "emma", "bob"):
        give(alice, team, "webmail.mailbox.view", resource("mailbox", f"{name}@alder.example"))
    client.get(url("team"))
    with django_assert_max_num_queries(11):
        client.get(url("team"))

    join_many(60)
    give(alice, team, "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    give(alice, team, DNS, resource("domain", "alder.example"))
    with django_assert_max_num_queries(11):
        first = client.get(url("team"))
    assert len(first.context["members"]) == 50
    second = client.get(url("team"), {"members": first.context["members"].next_cursor})
    assert len(second.context["members"]) == 11


@pytest.fixture
def join_many(alder, team):
    """Many people at once, all in the team."""
    from accounts.models import TeamMembership, User

    def join(count):
        people = User.objects.bulk_create(
            User(email=f"p{n}@crowd.example", name=f"Person {n:03}") for n in range(count)
        )
        rows = Membership.objects.bulk_create(
            Membership(customer=alder, user=person, work_name=person.name) for person in people
        )
        TeamMembership.objects.bulk_create(
            TeamMembership(team=team, membership=row) for row in rows
        )

    return join
