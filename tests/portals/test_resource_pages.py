"""The list of resources, and a resource's page with who may do what."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, TeamMembership, User
from accounts.selectors import page_of
from portals.models import TeamGrant
from portals.selectors.grant_changes import grants_key
from portals.selectors.resource_grantees import PEOPLE_SIZE
from portals.selectors.resources import resources_of


def test_the_list_shows_only_this_customers_resources(as_, alice, alder):
    html = as_(alice).get(reverse("portals:resource-list", args=[alder.slug])).content.decode()

    assert "info@alder.example" in html
    assert "birch.example" not in html


def test_a_search_finds_the_beginnings_of_words(as_, alice, alder):
    path = reverse("portals:resource-list", args=[alder.slug])
    html = as_(alice).get(path, {"q": "info@"}).content.decode()

    assert "info@alder.example" in html
    assert "billing@alder.example" not in html


def test_pages_show_every_resource_once(as_, alice, alder, monkeypatch):
    monkeypatch.setattr(page_of, "__kwdefaults__", {**page_of.__kwdefaults__, "size": 4})
    client, path, seen, after = as_(alice), reverse("portals:resource-list", args=["alder"]), [], ""
    while not seen or after:
        page = client.get(path, {"after": after}).context["page"]
        seen += [row.pk for row in page]
        after = page.next_cursor

    assert seen == list(resources_of(alder).values_list("pk", flat=True))


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "foreign"])
def test_a_cursor_of_another_list_is_refused(as_, alice, resource, after):
    """A5, J5: a foreign row is no place to begin."""
    value = resource("domain", "birch.example").pk if after == "foreign" else after
    path = reverse("portals:resource-list", args=["alder"])
    assert as_(alice).get(path, {"after": value}).status_code == 400


def test_special_characters_in_a_search_find_nothing(as_, alice):
    path = reverse("portals:resource-list", args=["alder"])
    assert as_(alice).get(path, {"q": "nul\x00"}).status_code == 200


def test_a_resource_page_shows_who_may_do_what(as_, alice, alder, membership, emma, give, resource):
    mail_domain = resource("mail_domain", "alder.example")
    give(alice, membership(emma), "webmail.mailbox.view", mail_domain)
    mailbox = resource("mailbox", "bob@alder.example")
    html = as_(alice).get(reverse("portals:resource", args=["alder", mailbox.pk])).content.decode()

    assert "Emma Roy" in html
    assert "Every mailbox in alder.example, future ones too" in html


def test_resources_of_another_company_are_not_found(as_, alice, resource):
    foreign = resource("domain", "birch.example")
    assert (
        as_(alice).get(reverse("portals:resource", args=["alder", foreign.pk])).status_code == 404
    )
    assert (
        as_(alice).get(reverse("portals:resource", args=["birch", foreign.pk])).status_code == 404
    )


def test_members_are_refused_and_staff_find_nothing(as_, bob, dana, olive, resource):
    path = reverse("portals:resource", args=["alder", resource("domain", "alder.example").pk])
    for url in (path, reverse("portals:resource-list", args=["alder"])):
        assert as_(bob).get(url).status_code == 403
        assert as_(dana).get(url).status_code == 404
        assert as_(olive).get(url).status_code == 404
        assert as_(None).get(url).status_code == 302


def test_lists_have_a_budget(as_, alice, resource, django_assert_max_num_queries):
    client = as_(alice)
    with django_assert_max_num_queries(8):
        client.get(reverse("portals:resource-list", args=["alder"]))
    with django_assert_max_num_queries(12):
        client.get(
            reverse("portals:resource", args=["alder", resource("domain", "alder.example").pk])
        )


@pytest.fixture
def page(resource):
    """Return a function for a resource's URL: page("mailbox", "info@alder.example")."""
    return lambda *name: reverse("portals:resource", args=["alder", resource(*name).pk])


def test_access_is_given_from_the_page_and_marked_there(
    as_, alice, alder, bob, emma, membership, resource, privilege_of, page
):
    domain, team = resource("domain", "alderdental.example"), alder.teams.get()
    path, client = page("domain", "alderdental.example"), as_(alice)
    assert f"access/give/?resource=resource:{domain.pk}" in client.get(path).content.decode()
    form = {
        "to": [f"person:{membership(bob).pk}", f"team:{team.pk}"],
        "resource": f"resource:{domain.pk}",
        "privilege": privilege_of("domains.domain.renew").pk,
        "ends": "never",
        "next": path,
    }
    answer = client.post("/c/alder/access/give/", form)
    assert answer["Location"].startswith(f"{path}?changed=")
    html = client.get(answer["Location"]).content.decode()
    assert html.count('<tr class="changed">') == 3  # the team, Bob, and Emma by the team
    assert bob.has_perm("portals.domains.domain.renew", domain)
    assert emma.has_perm("portals.domains.domain.renew", domain)


def found(client, path, **query):
    access = client.get(path, query).context["access"]
    return [str(row.grantee) for row in [*access.teams, *access.people]]


def test_only_who_has_access_is_shown(as_, alice, alder, page):
    client, path = as_(alice), page("mailbox", "info@alder.example")
    assert found(client, path) == ["Reception", "Alice Martin", "Emma Roy"]  # Alice by her role
    grant = TeamGrant.objects.get(group=alder.teams.get().group)
    html = client.get(path).content.decode()
    assert reverse("portals:access-remove", args=["alder", grants_key([grant])]) in html
    assert "Bob Tremblay" not in html.split("<table")[1]


def test_portal_access_counts_only_on_the_portals_page(as_, alice, bob, page, resource):
    """Who can open a portal has no access to each resource in it yet."""
    client, domain = as_(alice), resource("domain", "alderdental.example")
    assert "Bob Tremblay" not in found(client, page("domain", "alderdental.example"))
    portal = reverse("portals:resource", args=["alder", domain.parent_id])
    html = client.get(portal).content.decode()
    assert "Bob Tremblay" in html
    assert "<h1>Domains portal</h1>" in html


def test_people_with_access_are_found_by_name(as_, alice, page):
    client, path = as_(alice), page("mailbox", "info@alder.example")
    assert found(client, path, q="emma") == ["Emma Roy"]
    assert found(client, path, q="charlie") == []  # of another company
    assert found(client, path, q="bob") == []  # without access


def test_the_page_has_a_constant_number_of_queries(as_, alice, alder, page, give, resource):
    client, path = as_(alice), page("mailbox", "info@alder.example")
    few = queries(client, path)
    users = User.objects.bulk_create(
        User(email=f"p{number:03}@alder.example", name=f"P {number:03}") for number in range(200)
    )
    people = Membership.objects.bulk_create(
        Membership(customer=alder, user=user, role="user", work_name=user.name) for user in users
    )
    team = alder.teams.get()
    TeamMembership.objects.bulk_create(
        TeamMembership(team=team, membership=member) for member in people
    )

    assert queries(client, path) <= few
    first = client.get(path).context["access"]
    second = client.get(path, {"after": first.page.next_cursor}).context["access"]
    shown = [row.grantee.pk for row in first.people + second.people]
    assert len(shown) == len(set(shown)) == 2 * PEOPLE_SIZE
    assert client.get(path, {"after": "999999999"}).status_code == 400


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
