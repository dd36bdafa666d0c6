"""The list of resources, and a resource's page with who may do what."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, TeamMembership, User
from accounts.selectors import page_of
from portals.models import TeamGrant
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
    assert "through alder.example" in html


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
    with django_assert_max_num_queries(12):
        client.get(reverse("portals:resource-list", args=["alder"]))
    with django_assert_max_num_queries(42):
        client.get(
            reverse("portals:resource", args=["alder", resource("domain", "alder.example").pk])
        )


@pytest.fixture
def page(resource):
    """Return a function for a resource's URL: page("mailbox", "info@alder.example")."""
    return lambda *name: reverse("portals:resource", args=["alder", resource(*name).pk])


def tokens(review):
    return re.findall(r'type="hidden" name="change" value="([^"]+)"', review.content.decode())


def test_levels_of_several_people_and_a_team_in_one_review(
    as_, alice, alder, bob, emma, membership, resource, privilege_of
):
    domain, team = resource("domain", "alderdental.example"), alder.teams.get()
    draft = ["alder", f"r{domain.pk}"]
    view, manage = privilege_of("domains.domain.view"), privilege_of("domains.domain.manage")
    cell = f"{domain.pk}/{domain.resource_type_id}"
    client = as_(alice)
    levels = [f"p{membership(bob).pk}/{cell}={manage.pk}", f"t{team.pk}/{cell}={view.pk}"]

    client.post(reverse("portals:changes", args=draft), {"level": levels})
    html = client.get(reverse("portals:resource", args=["alder", domain.pk])).content.decode()
    assert "2 changes not made yet" in html
    review = reverse("portals:changes-review", args=draft)
    answer = client.post(review, {"change": tokens(client.get(review)), "reason": "Relaunch"})

    assert answer["Location"] == reverse("portals:resource", args=["alder", domain.pk])
    assert bob.has_perm("portals.domains.domain.renew", domain)
    assert emma.has_perm("portals.domains.domain.view", domain)  # she is in the team
    assert TeamGrant.objects.get(group=team.group, content_object=domain).reason == "Relaunch"
    html = client.get(reverse("portals:resource", args=["alder", domain.pk])).content.decode()
    assert "via team Reception" in html
    assert "Cannot be taken here: it is given to the team." in html


def test_access_of_teams_can_be_removed(as_, alice, alder, page):
    client = as_(alice)
    path = page("mailbox", "info@alder.example")
    standing = client.get(path).context["access"]
    assert [str(row.grantee) for row in standing.teams] == ["Reception"]
    assert "Emma Roy" in [str(row.grantee) for row in standing.people]

    grant = TeamGrant.objects.get(group=alder.teams.get().group)
    revoke = reverse("portals:team-grant-revoke", args=["alder", alder.teams.get().uuid, grant.pk])
    assert revoke in client.get(path).content.decode()


def test_the_page_can_show_children(as_, alice, bob, membership, page, resource, privilege_of):
    mail_domain = resource("mail_domain", "alder.example")
    mailbox = resource("mailbox", "emma@alder.example")
    path = page("mail_domain", "alder.example")
    client = as_(alice)
    html = client.get(path, {"on": "mailbox"}).content.decode()
    assert "counts for every Mailbox in alder.example, future ones too" in html
    cell = f"p{membership(bob).pk}/{mail_domain.pk}/{mailbox.resource_type_id}"
    assert f"{cell}={privilege_of('webmail.mailbox.view').pk}" in html


def test_people_and_teams_are_found_by_prefix(as_, alice, page):
    path = page("mailbox", "info@alder.example")

    def names(**query):
        standing = as_(alice).get(path, query).context["access"]
        return [str(row.grantee) for row in standing.teams + standing.people]

    assert names(q="rec") == ["Reception"]
    assert names(q="emma") == ["Emma Roy"]
    assert names(q="charlie") == []  # of another company
    assert "Bob Tremblay" in names()  # holds nothing here, but there is room


def test_custom_permissions_of_one_person_on_a_resource(as_, alice, bob, membership, page):
    path = page("mailbox", "info@alder.example")
    html = as_(alice).get(path, {"single": f"p{membership(bob).pk}"}).content.decode()
    assert html.count('name="single"') == 7
    assert as_(alice).get(path, {"single": "p999999"}).status_code == 200


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
    assert len(shown) == len(set(shown)) == 100
    assert client.get(path, {"after": "999999999"}).status_code == 400


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
