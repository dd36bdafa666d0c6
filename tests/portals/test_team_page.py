"""A team's page: members and access, given, revoked and deleted."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Membership, Team
from accounts.services.customers import suspend_customer
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, TeamGrant
from portals.selectors.effective_access import explain
from portals.selectors.resources import resources_of
from tests.portals.test_person_page import sign_in_afresh, tokens

DNS = "domains.domain.manage_dns"
READ = "webmail.mailbox.read"


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
def changes(team):
    """The addresses of the team's pending changes."""
    return lambda name: reverse(f"portals:{name}", args=["alder", f"t{team.pk}"])


@pytest.fixture
def cell(team):
    """Return a function that names the field of the team's level on a resource."""
    return lambda resource: f"t{team.pk}/{resource.pk}/{resource.resource_type_id}"


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
        "given directly",
        "through alder.example",
        "2 rights in reach",
        "keeps the website",
    ):
        assert words in html
    assert html.count("Revoke “") == 2
    assert "via team" not in html


def test_an_empty_team_without_access(as_, charlie, birch):
    made = create_team(actor=charlie, customer=birch, name="Drivers")
    html = as_(charlie).get(reverse("portals:team", args=["birch", made.uuid])).content.decode()

    assert "Nobody yet" in html
    assert "Choose levels, then review them." in html
    assert "Revoke" not in html


def test_a_level_is_chosen_reviewed_given_then_revoked(
    as_, alice, bob, team, url, changes, cell, domain, privilege_of
):
    client = as_(alice)
    level = f"{cell(domain)}={privilege_of('domains.domain.manage').pk}"
    assert f'value="{level}"' in client.get(url("team")).content.decode()

    answer = client.post(changes("changes"), {"level": level, "review": "1"})
    assert answer["Location"] == changes("changes-review")
    assert "1 change not made yet" in client.get(url("team")).content.decode()
    review = client.get(changes("changes-review"))
    assert "Web</strong> gets “Manage everything but a transfer”" in review.content.decode()
    assert not bob.has_perm(f"portals.{DNS}", domain)

    answer = client.post(changes("changes-review"), {"change": tokens(review), "reason": "x"})
    assert answer["Location"] == url("team")
    grant = TeamGrant.objects.get(group=team.group)
    assert (grant.granted_by, grant.reason) == (alice, "x")
    assert bob.has_perm(f"portals.{DNS}", domain)
    assert not PersonGrant.objects.filter(user=bob, permission_id=grant.permission_id).exists()

    answer = client.post(url("team-grant-revoke", grant.pk), follow=True)
    assert "Web no longer has" in answer.content.decode()
    assert not bob.has_perm(f"portals.{DNS}", domain)
    assert client.post(url("team-grant-revoke", grant.pk)).status_code == 404


def test_search_and_differences_narrow_the_page(as_, alice, team, url, give, resource, domain):
    client = as_(alice)
    give(alice, team, "webmail.mailbox.view", resource("mail_domain", "alder.example"))

    def names(**query):
        sections = client.get(url("team"), query).context["sections"]
        return {
            str(row.resource)
            for section in sections
            for group in section.groups
            for row in group.rows
        }

    assert names(q="INFO@") == {"info@alder.example"}
    assert names(show="differences") == {"alder.example"}
    assert "alderdental.example" in names()
    unfolded = client.get(url("team"), {"single": domain.pk}).content.decode()
    assert "On alder.example itself" in unfolded


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
    assert "via team" not in html


def test_the_person_page_links_to_the_team_for_super_users(
    as_, alice, bob, team, url, give, domain
):
    give(alice, team, DNS, domain)
    page = reverse("portals:person", args=["alder", bob.sub])
    managed, own = (as_(who).get(page).content.decode() for who in (alice, bob))

    assert "via team Web" in managed
    assert "via team Web" in own
    assert url("team") in managed
    assert url("team") not in own
    thing_page = reverse("portals:resource", args=["alder", domain.pk])
    assert url("team") in as_(alice).get(thing_page).content.decode()


def test_a_sensitive_privilege_needs_a_fresh_sign_in(
    as_, alice, bob, changes, cell, resource, privilege_of
):
    mailbox = resource("mailbox", "billing@alder.example")
    client = as_(alice)
    client.post(changes("changes"), {"level": f"{cell(mailbox)}={privilege_of(READ).pk}"})
    form = {"change": tokens(client.get(changes("changes-review"))), "reason": "holiday cover"}

    answer = client.post(changes("changes-review"), form)
    assert reverse("account_reauthenticate") in answer["Location"]
    assert not bob.has_perm(f"portals.{READ}", mailbox)

    sign_in_afresh(client, alice)
    assert client.post(changes("changes-review"), form).status_code == 302
    assert bob.has_perm(f"portals.{READ}", mailbox)


def test_nobody_gets_a_sensitive_privilege_through_a_team_page(
    as_, alice, team, changes, cell, resource, privilege_of, give, membership
):
    """B9: neither by joining the team that holds it, nor by giving it to the team one is in."""
    mailbox = resource("mailbox", "billing@alder.example")
    give(alice, team, READ, mailbox, reason="shared mailbox")
    join = reverse("accounts:team-member-add", args=["alder", team.uuid])
    own = reverse("accounts:person-team-add", args=["alder", alice.sub])
    client = as_(alice)
    sign_in_afresh(client, alice)

    for path, data in ((join, {"person": alice.sub}), (own, {"team": team.uuid})):
        html = client.post(path, data, follow=True).content.decode()
        assert "This team holds a sensitive right." in html
    assert not membership(alice).team_memberships.exists()

    TeamGrant.objects.filter(group=team.group).delete()
    client.post(join, {"person": alice.sub})
    client.post(changes("changes"), {"level": f"{cell(mailbox)}={privilege_of(READ).pk}"})
    form = {"change": tokens(client.get(changes("changes-review"))), "reason": "curious"}
    answer = client.post(changes("changes-review"), form)
    assert "Nobody gives a sensitive right to themselves." in answer.content.decode()
    assert not alice.has_perm(f"portals.{READ}", mailbox)


def test_deleting_names_what_ends_and_happens_once(as_, alice, bob, team, url, give, domain):
    give(alice, team, DNS, domain)
    client = as_(alice)
    html = client.get(url("team-delete")).content.decode()
    assert "1 person is no longer in this team" in html
    assert "1 right given to it ends" in html
    assert Team.objects.filter(pk=team.pk).exists()

    answer = client.post(url("team-delete"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("accounts:teams", args=["alder"])
    assert not Team.objects.filter(pk=team.pk).exists()
    assert not bob.has_perm(f"portals.{DNS}", domain)
    assert client.post(url("team-delete")).status_code == 404
    assert client.get(url("team")).status_code == 404
    assert AuditEvent.objects.filter(kind="team.deleted").count() == 1


def test_ids_of_another_company_are_ignored(
    as_,
    alice,
    charlie,
    bob,
    birch,
    team,
    url,
    changes,
    resource,
    privilege_of,
    give,
    membership,
    domain,
):
    theirs = create_team(actor=charlie, customer=birch, name="Drivers")
    foreign = resource("domain", "birch.example")
    grant = give(charlie, theirs, DNS, foreign)
    of_bob = give(alice, membership(bob), DNS, domain)
    client = as_(alice)
    before = TeamGrant.objects.count()

    for token in (
        f"give.t{team.pk}.{foreign.pk}.{privilege_of(DNS).pk}...",
        f"give.t{theirs.pk}.{domain.pk}.{privilege_of(DNS).pk}...",
        f"take.t.{grant.pk}",
    ):
        answer = client.post(changes("changes-review"), {"change": token})
        assert "nothing was done" in answer.content.decode()
    others = reverse("portals:changes-review", args=["alder", f"t{theirs.pk}"])
    assert client.get(others).status_code == 404
    assert TeamGrant.objects.count() == before
    assert not bob.has_perm(f"portals.{DNS}", foreign)
    assert client.post(url("team-grant-revoke", grant.pk)).status_code == 404
    for name, more in (("team", []), ("team-delete", []), ("team-grant-revoke", [grant.pk])):
        path = reverse(f"portals:{name}", args=["alder", theirs.uuid, *more])
        assert client.post(path).status_code in (404, 405)
        assert client.get(path).status_code in (404, 405)
    # A person's grant is no team's, whatever its number.
    if not TeamGrant.objects.filter(pk=of_bob.pk).exists():
        assert client.post(url("team-grant-revoke", of_bob.pk)).status_code == 404
    assert TeamGrant.objects.filter(pk=grant.pk).exists()
    assert PersonGrant.objects.filter(pk=of_bob.pk).exists()


def test_a_suspended_company_can_be_read_but_not_changed(
    as_, alice, olive, alder, team, url, changes, domain, privilege_of
):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    client = as_(alice)
    html = client.get(url("team")).content.decode()

    assert "<select" not in html
    assert url("team-delete") not in html
    token = f"give.t{team.pk}.{domain.pk}.{privilege_of(DNS).pk}..."
    assert client.post(changes("changes-review"), {"change": token}).status_code == 403
    assert client.post(url("team-delete")).status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()


def test_the_page_has_a_constant_number_of_queries(
    as_, alice, join_many, team, url, give, resource, django_assert_max_num_queries
):
    client = as_(alice)
    for name in ("info", "billing", "emma", "bob"):
        give(alice, team, "webmail.mailbox.view", resource("mailbox", f"{name}@alder.example"))
    client.get(url("team"))
    with django_assert_max_num_queries(30):
        client.get(url("team"))

    join_many(60)
    give(alice, team, "webmail.mailbox.view", resource("mail_domain", "alder.example"))
    give(alice, team, DNS, resource("domain", "alder.example"))
    with django_assert_max_num_queries(30):
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
