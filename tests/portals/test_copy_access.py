"""“Same as Bob”: copying a colleague's direct access through the review."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.services.teams import create_team
from portals.models import PersonGrant
from tests.portals.test_person_page import sign_in_afresh

VIEW = "domains.domain.view"
MANAGE = "domains.domain.manage"
EXPORT = "statistics.usage_report.export"


@pytest.fixture
def copy(as_, alice, bob, emma, membership):
    """Copy Emma's access to Bob; return the client and the tokens of the changes."""

    def run(**data):
        client = as_(alice)
        page = reverse("portals:copy-access", args=["alder", bob.sub])
        answer = client.post(page, {"colleague": emma.sub, "how": "add", **data})
        review = client.get(answer["Location"])
        run.page = review.content.decode()
        found = re.findall(r'type="hidden" name="change" value="([^"]+)"', run.page)
        return client, answer["Location"], found

    return run


def own(person):
    return set(PersonGrant.objects.filter(user=person).values_list("content_object", "permission"))


def test_adding_gives_missing_access_and_removes_nothing(copy, bob, emma, resource, privilege_of):
    had = own(bob)
    client, review, changes = copy()
    assert all(token.startswith("give.") for token in changes)
    assert client.post(review, {"change": changes, "reason": ""}).status_code == 302

    sensitive = {privilege_of("webmail.mailbox.use").pk}
    assert own(bob) == had | {pair for pair in own(emma) if pair[1] not in sensitive}
    assert bob.has_perm(f"portals.{EXPORT}", resource("usage_report", "alder-web"))


def test_sensitive_access_and_teams_are_copied_with_a_reason(
    copy, alice, alder, bob, emma, membership, resource
):
    mailbox = resource("mailbox", "emma@alder.example")
    client, review, changes = copy(teams="on")
    assert "1 sensitive right was left out" in copy.page
    assert any(token.startswith("join.") for token in changes)
    client.post(reverse("portals:changes-discard", args=["alder", f"p{membership(bob).pk}"]))

    client, review, changes = copy(teams="on", reason="Covers for Emma")
    assert any(token.startswith("join.") for token in changes)
    sign_in_afresh(client, alice)
    assert client.post(review, {"change": changes, "reason": "Covers for Emma"}).status_code == 302
    assert bob.has_perm("portals.webmail.mailbox.use", mailbox)
    assert alder.teams.get().team_memberships.filter(membership=membership(bob)).exists()


def test_making_equal_removes_access_the_colleague_lacks(
    copy, alice, alder, bob, emma, membership, give, resource
):
    """A wider grant that is removed must not hide the narrower one that is copied."""
    domain = resource("domain", "alderdental.example")
    give(alice, membership(bob), MANAGE, domain)
    give(alice, membership(emma), VIEW, domain)
    night = create_team(actor=alice, customer=alder, name="Night shift")
    night.team_memberships.create(membership=membership(bob))

    client, review, changes = copy(how="equal", teams="on", reason="Same work")
    assert {token.split(".")[0] for token in changes} == {"give", "take", "join", "leave"}
    sign_in_afresh(client, alice)
    assert client.post(review, {"change": changes, "reason": "Same work"}).status_code == 302

    assert own(bob) == own(emma)
    assert not night.team_memberships.exists()


def test_dates_are_copied(copy, alice, bob, emma, membership, give, resource):
    until = timezone.now() + timedelta(days=9)
    start = timezone.now() + timedelta(days=2)
    domain = resource("domain", "alderdental.example")
    give(alice, membership(emma), VIEW, domain, starts_at=start, expires_at=until)
    client, review, changes = copy()
    client.post(review, {"change": changes, "reason": "", "expires_at": "2099-01-01T00:00"})

    grant = PersonGrant.objects.get(user=bob, content_object=domain)
    assert abs(grant.expires_at - until) < timedelta(seconds=2)
    assert abs(grant.starts_at - start) < timedelta(seconds=2)
    others = PersonGrant.objects.get(user=bob, content_object=resource("usage_report", "alder-web"))
    assert others.expires_at.year > 2090


def test_making_equal_copies_the_dates(copy, alice, bob, emma, membership, give, resource):
    until, start = timezone.now() + timedelta(days=9), timezone.now() + timedelta(days=2)
    first, second = resource("domain", "alderdental.example"), resource("domain", "alder.example")
    give(alice, membership(bob), MANAGE, first, starts_at=start)
    give(alice, membership(emma), MANAGE, first, expires_at=until)
    give(alice, membership(bob), MANAGE, second, expires_at=until)
    give(alice, membership(emma), MANAGE, second)

    client, review, changes = copy()
    client.post(review, {"change": changes, "reason": ""})  # only what is missing: these are there
    assert PersonGrant.objects.get(user=bob, content_object=first).starts_at == start

    client, review, changes = copy(how="equal")
    client.post(review, {"change": changes, "reason": ""})
    mine = PersonGrant.objects.filter(user=bob, permission__privilege__codename="domain.manage")
    one, other = mine.get(content_object=first), mine.get(content_object=second)
    assert one.starts_at is None
    assert abs(one.expires_at - until) < timedelta(seconds=2)
    assert (other.starts_at, other.expires_at) == (None, None)
    assert copy(how="equal")[2] == []  # and then there is nothing to do


def test_only_a_colleague_of_the_same_company(as_, alice, bob, charlie, emma):
    page = reverse("portals:copy-access", args=["alder", bob.sub])
    client = as_(alice)
    for colleague in (charlie.sub, bob.sub, "x", ""):
        answer = client.post(page, {"colleague": colleague, "how": "add"})
        assert answer.status_code == 200
    assert client.post(page, {"colleague": emma.sub, "how": "sideways"}).status_code == 200
    assert as_(bob).get(page).status_code == 403
    assert as_(charlie).get(page).status_code == 404
    assert client.get(page, {"q": "charlie"}).context["colleagues"] == []
