"""A resource that its portal removed shows on no page, file, list or email; the log names it.

The same pages are asked before and after, so that each one is known to show it while it exists.
"""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts import signals
from accounts.permissions import RequestRefused
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.requests import approve_request
from accounts.services.teams import add_to_team, create_team
from portals.models import (
    AccessReview,
    PersonGrant,
    Portal,
    RequestedGrant,
    Resource,
    ReviewItem,
    TeamGrant,
)
from portals.selectors.offboarding import offboarding_items_of
from portals.selectors.resources import subscription_totals
from portals.services.grants import GrantTerms
from portals.services.offboarding import plan_offboarding
from portals.services.offered_grants import offer_privileges
from portals.services.requests import request_access
from portals.services.resources import Report, delete_resource, put_resource
from portals.services.reviews import begin_review

DAY = timedelta(days=1)
NAME = "quillmark.example"  # on no page but by this resource


@pytest.fixture
def domains(db) -> Portal:
    return Portal.objects.get(slug="domains")


@pytest.fixture
def report(domains):
    def put():
        return put_resource(
            actor=domains, customer="alder", type_code="domain", report=Report(NAME, NAME)
        )

    return put


@pytest.fixture
def domain(report, resource):
    report()
    return resource("domain", NAME)


@pytest.fixture
def team(alice, alder, emma, membership):
    made = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=made, membership=membership(emma))
    return made


@pytest.fixture
def given(domain, alice, bob, team, membership, give):
    """Bob and a team may do something with it, both for three days more."""
    end = timezone.now() + 3 * DAY
    bobs = give(alice, membership(bob), "domains.domain.renew", domain, expires_at=end, reason="Y")
    teams = give(alice, team, "domains.domain.manage_dns", domain, expires_at=end)
    long_ago = timezone.now() - 60 * DAY
    for model, grant in ((PersonGrant, bobs), (TeamGrant, teams)):
        model.objects.filter(pk=grant.pk).update(granted_at=long_ago, starts_at=long_ago)
    return bobs


@pytest.fixture
def gina(domain, alice, alder, privilege_of):
    """An invitation that offers it."""

    def offer(made):
        offer_privileges(
            actor=alice,
            invitations=made,
            privileges=[(domain, privilege_of("domains.domain.view"))],
            terms=GrantTerms(),
        )

    return invite_person(
        actor=alice, customer=alder, address="gina@alder.example", name="Gina", offer=offer
    )


def pages(domain, team, bob):
    company = {"customer": "alder"}
    of_bob = {**company, "person": bob.sub}
    return {
        "person": reverse("portals:person", kwargs=of_bob),
        "team": reverse("portals:team", kwargs={**company, "team": team.uuid}),
        "expiring": reverse("portals:expiring-access", kwargs=company),
        "invitations": reverse("portals:invitations", kwargs=company),
        "offboarding": reverse("portals:offboarding", kwargs=of_bob),
        "invite": reverse("portals:invite", kwargs=company) + "?q=quill",
        "copy": reverse("portals:copy-access", kwargs=of_bob),
        "give": reverse("portals:target-options", kwargs=company) + "?q=quill",
    }


def names_it(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return NAME in answer.text.replace("?q=quill", "")


def test_no_page_of_a_super_user_shows_it(as_, alice, bob, domains, domain, team, given, gina):
    client, addresses = as_(alice), pages(domain, team, bob)
    before = {name for name, address in addresses.items() if names_it(client, address)}
    page = reverse("portals:resource", kwargs={"customer": "alder", "pk": domain.pk})
    assert client.get(page).status_code == 200
    assert before >= {"person", "team", "expiring", "invitations", "offboarding", "give"}

    delete_resource(actor=domains, resource=domain)

    assert not {name for name, address in addresses.items() if names_it(client, address)}
    assert client.get(page).status_code == 404


def test_the_list_says_until_when_it_comes_back(
    as_, alice, charlie, domains, domain, given, report, membership
):
    address = reverse("portals:resource-list", kwargs={"customer": "alder"})
    link = reverse("portals:resource", kwargs={"customer": "alder", "pk": domain.pk})
    before = as_(alice).get(address)
    assert link in before.text
    assert "Removed by portals" not in before.text

    delete_resource(actor=domains, resource=domain)

    page = as_(alice).get(address)
    domain.refresh_from_db(from_queryset=Resource.with_removed.all())
    assert link not in page.text
    assert list(page.context["removed"]) == [domain]
    until = date_format(timezone.localtime(domain.comes_back_until), "SHORT_DATETIME_FORMAT")
    assert until in page.text
    others = [address + query for query in ("?portal=webmail", "?q=quill&portal=webmail")]
    others.append(reverse("portals:resource-list", kwargs={"customer": "birch"}))
    for other, person in zip(others, (alice, alice, charlie), strict=True):
        assert NAME not in as_(person).get(other).text
    searched = as_(alice).get(address + "?q=quill", headers={"HX-Request": "true"})
    assert NAME not in searched.text
    with time_machine.travel(domain.comes_back_until, tick=False):
        assert NAME not in as_(alice).get(address).text
    report()
    assert "Removed by portals" not in as_(alice).get(address).text


def test_the_list_names_what_was_removed_and_not_what_went_with_it(as_, alice, resource):
    webmail = Portal.objects.get(slug="webmail")
    mail_domain = resource("mail_domain", "alder.example")
    delete_resource(actor=webmail, resource=mail_domain)

    page = as_(alice).get(reverse("portals:resource-list", kwargs={"customer": "alder"}))

    assert [row.pk for row in page.context["removed"]] == [mail_domain.pk]


def test_no_page_of_the_person_shows_it(as_, emma, bob, domains, domain, team, given, report):
    ask = f"/ask/?portal=domains&type=domain&resource={NAME}&privilege=renew"
    client = as_(emma)
    home = client.get("/").text
    asked = client.get(ask, follow=True)
    assert NAME in asked.text.replace(f"resource={NAME}", "")

    delete_resource(actor=domains, resource=domain)

    new = reverse("portals:request-new", kwargs={"customer": "alder"})
    assert NAME not in client.get("/").text
    assert NAME not in client.get(new).text
    assert client.get("/").text.count("<") <= home.count("<")


def test_no_file_has_it(as_, alice, bob, domains, domain, given):
    company = {"customer": "alder"}
    files = [
        reverse("portals:access-export", kwargs=company),
        reverse("portals:person-access-export", kwargs={**company, "person": bob.sub}),
    ]
    for address in files:
        assert NAME in as_(alice).post(address).getvalue().decode()

    delete_resource(actor=domains, resource=domain)

    for address in files:
        assert NAME not in as_(alice).post(address).getvalue().decode()


def test_no_email_announces_its_end_until_it_is_back(domains, domain, given, report, deliver):
    def announced():
        return [mail for mail in deliver() if "end soon:" in mail.body and NAME in mail.body]

    delete_resource(actor=domains, resource=domain)
    assert not announced()

    report()

    assert announced()


def test_no_new_review_asks_about_it(alice, alder, domains, domain, given):
    AccessReview.objects.filter(customer=alder).delete()
    delete_resource(actor=domains, resource=domain)

    review = begin_review(actor=alice, customer=alder)

    assert not ReviewItem.objects.filter(review=review, resource_name=NAME).exists()
    assert ReviewItem.objects.filter(review=review, resource_name="alder.example").exists()


def test_the_end_of_a_portal_does_not_count_it(alder, domains, domain, given):
    subscription = alder.subscriptions.get(portal=domains)
    before = subscription_totals(subscription)

    delete_resource(actor=domains, resource=domain)

    after = subscription_totals(subscription)
    assert (before.resources - after.resources, before.privileges - after.privileges) == (1, 2)


def test_a_leaver_hands_nothing_over_that_is_removed(
    alice, bob, emma, membership, domains, domain, given, report
):
    """The plan was made before; the day comes while it is removed."""
    plan = plan_offboarding(
        actor=alice,
        membership=membership(bob),
        grants=[(given, membership(emma))],
        leaves_at=timezone.now() + 2 * DAY,
        reason="Moves away",
        signed_in_at=timezone.now(),
    )
    delete_resource(actor=domains, resource=domain)
    assert not [item for item in offboarding_items_of(membership(bob)) if item.grant == given]

    with time_machine.travel(timezone.now() + 2 * DAY + timedelta(hours=1), tick=False):
        signals.periodic_tick.send(sender=None)
        plan.refresh_from_db()
        assert plan.state == "done"
        report()

    assert not PersonGrant.with_removed.filter(user=emma, content_object=domain).exists()
    assert not PersonGrant.with_removed.filter(user=bob, content_object=domain).exists()


def test_an_invitation_leaves_it_out_and_says_so(domains, domain, gina, report, alder):
    delete_resource(actor=domains, resource=domain)

    joined = accept_invitation(
        actor=None, token=gina.token, name="Gina", password="three short words"
    )

    report()
    assert not PersonGrant.objects.filter(user=joined.user, content_object=domain).exists()
    left_out = alder.audit_events.get(kind="invitation.left_out")
    assert NAME in left_out.data["resources"]


def test_a_request_gives_it_only_when_it_is_back(
    alice, bob, alder, membership, domains, domain, given, report, privilege_of
):
    other = privilege_of("domains.domain.view")
    access_request = request_access(
        actor=bob, customer=alder, text="For the site", privileges=[(domain, other)],
        linked_resource=domain,
    )  # fmt: skip
    delete_resource(actor=domains, resource=domain)
    assert not RequestedGrant.objects.filter(request=access_request).exists()
    with pytest.raises(RequestRefused, match="has removed this resource"):
        approve_request(actor=alice, access_request=access_request)
    access_request.refresh_from_db()
    assert access_request.state == "open"

    report()
    approve_request(actor=alice, access_request=access_request)

    grants = PersonGrant.objects.filter(user=bob, content_object=domain)
    assert grants.filter(permission=other.pk).exists()


def test_the_activity_log_names_it(as_, alice, domains, domain, given, alder):
    delete_resource(actor=domains, resource=domain)

    event = alder.audit_events.filter(kind="resources.changed").order_by("-pk")[0]
    assert [part["external_id"] for part in event.data["removed_resources"]] == [NAME]
    ended = {(part["grantee"], part["codename"], part["resource"]) for part in event.data["grants"]}
    assert ("Bob Tremblay", "domain.renew", NAME) in ended
    assert len(event.data["grants"]) == 2
    log = as_(alice).get("/c/alder/activity/").text
    assert "1 removed" in log
