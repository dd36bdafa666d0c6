"""Copying a colleague's direct access: what it shows is what it does, or nothing."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.services.teams import create_team
from portals.models import PersonGrant
from portals.selectors.copied_access import copy_plan
from portals.services.copied_access import copy_access
from portals.services.grant_changes import ChangeRefused
from tests.portals.test_person_page import sign_in_afresh

VIEW = "domains.domain.view"
MANAGE = "domains.domain.manage"
EXPORT = "statistics.usage_report.export"


@pytest.fixture
def copy(as_, alice, bob, emma):
    """Look at copying Emma's access to Bob; return the client, the address and the form."""

    def run(**options):
        client = as_(alice)
        sign_in_afresh(client, alice)
        path = reverse("portals:copy-access", args=["alder", bob.sub])
        answer = client.get(path, {"colleague": emma.sub, "how": "add", **options})
        run.plan, run.page = answer.context["plan"], answer.content.decode()
        sent = r'type="hidden" name="(colleague|how|teams|shown)" value="([^"]*)"'
        return client, path, dict(re.findall(sent, run.page))

    return run


def own(person):
    return set(PersonGrant.objects.filter(user=person).values_list("content_object", "permission"))


def test_adding_gives_missing_access_and_removes_nothing(copy, bob, emma, resource, privilege_of):
    had = own(bob)
    client, path, form = copy()
    assert "Sensitive permissions are copied only with a reason." in copy.page
    answer = client.post(path, form, follow=True)
    assert "Bob Tremblay now has the access of Emma Roy." in answer.content.decode()

    sensitive = {privilege_of("webmail.mailbox.use").pk}
    assert own(bob) == had | {pair for pair in own(emma) if pair[1] not in sensitive}
    assert bob.has_perm(f"portals.{EXPORT}", resource("usage_report", "alder-web"))
    undo = re.search(r'action="(/c/alder/undo/[^"]+)"', answer.content.decode()).group(1)
    client.post(undo)
    assert own(bob) == had


def test_sensitive_access_and_teams_are_copied_with_a_reason(
    copy, alder, bob, membership, resource
):
    mailbox = resource("mailbox", "emma@alder.example")
    client, path, form = copy(teams="on")
    assert "Membership of the team Reception" in copy.page
    refused = client.post(path, form).content.decode()
    assert "Reception: " in refused  # the team has a sensitive permission
    assert not bob.has_perm("portals.webmail.mailbox.use", mailbox)

    assert client.post(path, {**form, "reason": "Covers for Emma"}).status_code == 302
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

    client, path, form = copy(how="equal", teams="on")
    plan = copy.plan
    assert plan.given and plan.removed and plan.joined and plan.left
    assert client.post(path, {**form, "reason": "Same work"}).status_code == 302

    assert own(bob) == own(emma)
    assert not night.team_memberships.exists()
    copy(how="equal", teams="on")
    assert "No change needed" in copy.page


def test_dates_are_copied(copy, alice, bob, emma, membership, give, resource):
    until = timezone.now() + timedelta(days=9)
    start = timezone.now() + timedelta(days=2)
    domain = resource("domain", "alderdental.example")
    give(alice, membership(emma), VIEW, domain, starts_at=start, expires_at=until)
    client, path, form = copy()
    client.post(path, form)

    grant = PersonGrant.objects.get(user=bob, content_object=domain)
    assert (grant.starts_at, grant.expires_at) == (start, until)


def test_making_equal_copies_the_dates(copy, alice, bob, emma, membership, give, resource):
    until, start = timezone.now() + timedelta(days=9), timezone.now() + timedelta(days=2)
    first, second = resource("domain", "alderdental.example"), resource("domain", "alder.example")
    give(alice, membership(bob), MANAGE, first, starts_at=start)
    give(alice, membership(emma), MANAGE, first, expires_at=until)
    give(alice, membership(bob), MANAGE, second, expires_at=until)
    give(alice, membership(emma), MANAGE, second)

    client, path, form = copy()
    client.post(path, form)  # only what is missing: these are there
    assert PersonGrant.objects.get(user=bob, content_object=first).starts_at == start

    client, path, form = copy(how="equal")
    client.post(path, {**form, "reason": "Same work"})
    mine = PersonGrant.objects.filter(user=bob, permission__privilege__codename="domain.manage")
    one, other = mine.get(content_object=first), mine.get(content_object=second)
    assert (one.starts_at, one.expires_at) == (None, until)
    assert (other.starts_at, other.expires_at) == (None, None)


def test_a_permission_that_another_includes_is_not_copied(
    copy, alice, bob, emma, membership, give, resource
):
    domain = resource("domain", "alderdental.example")
    give(alice, membership(bob), MANAGE, domain)
    give(alice, membership(emma), VIEW, domain)
    copy()
    assert domain not in [grant.content_object for grant in copy.plan.given]


def test_what_changed_since_it_was_shown_is_not_copied(
    copy, alice, bob, emma, membership, give, resource
):
    client, path, form = copy()
    give(alice, membership(emma), VIEW, resource("domain", "alderdental.example"))
    had = own(bob)
    assert "no change was made" in client.post(path, form).content.decode()
    assert own(bob) == had


def test_only_a_colleague_of_the_same_company(as_, alice, bob, charlie, emma):
    page = reverse("portals:copy-access", args=["alder", bob.sub])
    client, had = as_(alice), own(bob)
    for colleague in (charlie.sub, bob.sub, "x", ""):
        answer = client.post(page, {"colleague": colleague, "how": "add"})
        assert answer.status_code == 200
    assert client.post(page, {"colleague": emma.sub, "how": "sideways"}).status_code == 200
    assert own(bob) == had
    assert as_(bob).get(page).status_code == 403
    assert as_(charlie).get(page).status_code == 404
    assert client.get(page, {"q": "charlie"}).context["colleagues"] == []


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
def test_only_a_super_user_of_the_company_copies(who, request, bob, emma, membership):
    plan = copy_plan(membership(bob), membership(emma), equal=True, with_teams=True)
    had = own(bob)
    with pytest.raises(PermissionDenied):
        copy_access(
            actor=request.getfixturevalue(who),
            membership=membership(bob),
            colleague=membership(emma),
            equal=True,
            with_teams=True,
            reason="x",
            shown=plan.fingerprint,
            signed_in_at=timezone.now(),
        )
    assert own(bob) == had


def test_nothing_is_copied_from_another_company(alice, bob, charlie, membership):
    plan = copy_plan(membership(bob), membership(charlie), equal=False, with_teams=False)
    with pytest.raises(ChangeRefused):
        copy_access(
            actor=alice,
            membership=membership(bob),
            colleague=membership(charlie),
            equal=False,
            with_teams=False,
            reason="x",
            shown=plan.fingerprint,
            signed_in_at=timezone.now(),
        )
