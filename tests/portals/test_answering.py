"""What a Super User is told before they answer, and answering several requests at once."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.choices import RequestState
from accounts.models import AccessRequest, AuditEvent
from accounts.permissions import RequestRefused
from accounts.selectors import answering_of, sentence_of
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role
from accounts.services.requests import (
    approve_requests,
    open_request,
    refuse_requests,
)
from accounts.services.requests import bulk as module
from portals.models import PersonGrant, Resource
from portals.selectors.roots import open_privilege_on
from portals.services.requests import Approval, request_access

LIST = "/c/alder/requests/"
BULK = "/c/alder/requests/bulk/"


@pytest.fixture
def closed(bob, alder, privilege_of):
    """Bob's request for a report in a portal that he cannot open."""
    report = Resource.objects.filter(
        subscription__customer=alder, resource_type__code="usage_report"
    ).first()
    export = report.resource_type.privileges.get(code="view")
    found = request_access(
        actor=bob,
        customer=alder,
        text="For the books.",
        privileges=[(report, export)],
        linked_resource=report,
    )
    return found, report, export


@pytest.fixture
def chosen(bob, emma, alder):
    """Emma's request for a portal, and one of Bob's in his own words."""
    own_words = open_request(actor=bob, customer=alder, kind="other", text="A new chair.")
    return [AccessRequest.objects.get(membership__user=emma), own_words]


def opens(person, report):
    root = report.subscription.resources.get(resource_type__code="subscription")
    return person.has_perm(f"portals.{open_privilege_on(root).portal.slug}.subscription.open", root)


def states():
    return list(AccessRequest.objects.order_by("pk").values_list("state", flat=True))


# --- Useless without portal access, and the other way round ---


def test_the_list_and_the_page_say_that_the_portal_is_closed(as_, alice, closed):
    found, _report, _export = closed
    listed = as_(alice).get(LIST).text
    assert "No access to Usage statistics yet. Approving also gives portal access." in listed
    page = as_(alice).get(f"{LIST}{found.uuid}/").text
    assert "Bob Tremblay has no access to Usage statistics yet" in page
    assert 'name="let_in"' in page
    assert "checked" in page.split('name="let_in"')[1].split(">")[0]


def test_approving_in_the_list_lets_the_person_in(as_, alice, bob, closed):
    found, report, _export = closed
    assert not opens(bob, report)

    answer = as_(alice).post(f"{LIST}{found.uuid}/approve-as-asked/", follow=True)

    found.refresh_from_db()
    assert found.state == RequestState.APPROVED
    assert opens(bob, report)
    assert f"Bob Tremblay can {found.phrase}, and sign in to Usage statistics." in answer.text


@pytest.mark.parametrize("let_in", [True, False])
def test_the_page_leaves_the_choice(let_in, as_, alice, bob, closed):
    found, report, _export = closed
    data = {"privileges": found.requested_grants.get().pk, **({"let_in": "on"} if let_in else {})}

    as_(alice).post(f"{LIST}{found.uuid}/approve/", data)

    assert opens(bob, report) is let_in
    found.refresh_from_db()
    assert found.state == RequestState.APPROVED


def test_the_portal_opens_for_as_long_as_the_access_lasts(as_, alice, bob, closed):
    found, report, _export = closed
    end = timezone.now() + timedelta(days=40)
    found.requested_grants.update(expires_at=end)

    as_(alice).post(f"{LIST}{found.uuid}/approve-as-asked/")

    opening = PersonGrant.objects.get(
        user=bob, content_object__subscription=report.subscription, content_object__parent=None
    )
    assert opening.expires_at == end


def test_an_empty_portal_is_named_and_one_with_a_resource_is_not(
    as_, alice, emma, give, membership, resource
):
    waiting = AccessRequest.objects.get(membership__user=emma)
    said = "Emma Roy has no access to any resource in Domains yet."
    page = f"{LIST}{waiting.uuid}/"
    assert said in as_(alice).get(page).text
    assert "let_in" not in as_(alice).get(page).text

    domain = resource("domain", "alder.example")
    give(alice, membership(emma), "domains.domain.view", domain)

    assert said not in as_(alice).get(page).text


def test_a_sensitive_request_needs_its_page(as_, alice, bob, alder, resource, privilege_of):
    mailbox = resource("mailbox", "billing@alder.example")
    found = request_access(
        actor=bob,
        customer=alder,
        privileges=[(mailbox, privilege_of("webmail.mailbox.read"))],
        linked_resource=mailbox,
    )

    assert not answering_of(alder, [found])[found.pk].at_once
    html = as_(alice).get(LIST).text
    assert f"{LIST}{found.uuid}/#approve" in html
    assert f"{found.uuid}/approve-as-asked/" not in html


def test_the_activity_log_says_what_was_asked(alder, closed):
    event = AuditEvent.objects.filter(customer=alder, kind="request.opened").latest("pk")
    assert sentence_of(event).startswith("Bob Tremblay made a request: ")
    assert "Access" not in sentence_of(event)


# --- Several at once ---


def test_several_are_approved_or_refused(as_, alice, chosen, deliver):
    client = as_(alice)
    assert LIST in client.get(LIST).text
    ids = [str(found.uuid) for found in chosen]

    html = client.post(f"{BULK}approve/", {"request": ids}, follow=True).text

    assert "2 requests are approved." in html
    assert set(states()) == {"approved"}
    assert len([mail for mail in deliver() if "approved" in mail.subject.lower()]) <= 2


def test_refusing_needs_one_reason_for_all(as_, alice, chosen):
    ids, client = [str(found.uuid) for found in chosen], as_(alice)

    refused = client.post(f"{BULK}refuse/", {"request": ids}, follow=True).text
    assert "Enter at least one sentence." in refused
    assert set(states()) == {"open"}

    client.post(f"{BULK}refuse/", {"request": ids, "reason": "Not this year."})
    assert set(states()) == {"refused"}
    assert {found.answer for found in AccessRequest.objects.all()} == {"Not this year."}


def test_one_refusal_names_the_request_and_nothing_changes(alice, bob, alder, chosen):
    leave = open_request(actor=bob, customer=alder, kind="leave")

    with pytest.raises(RequestRefused, match="Bob Tremblay asks to leave"):
        approve_requests(actor=alice, customer=alder, requests=[*chosen, leave], how=Approval())

    assert set(states()) == {"open"}


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
def test_only_super_users_of_the_company_answer(who, request, as_, alder, chosen):
    person = request.getfixturevalue(who)
    ids = [str(found.uuid) for found in chosen]

    assert as_(person).post(f"{BULK}approve/", {"request": ids}).status_code in (403, 404)
    with pytest.raises(PermissionDenied):
        approve_requests(actor=person, customer=alder, requests=chosen)
    with pytest.raises(PermissionDenied):
        refuse_requests(actor=person, customer=alder, requests=chosen, reason="No.")
    assert set(states()) == {"open"}


def test_requests_of_another_company_are_refused(
    as_, alice, alder, birch, charlie, chosen, membership
):
    foreign = AccessRequest.objects.create(
        customer=birch, membership=membership(charlie), kind="other", text="A van."
    )

    with pytest.raises(RequestRefused):
        refuse_requests(actor=alice, customer=alder, requests=[foreign], reason="No.")
    ids = [str(chosen[0].uuid), str(foreign.uuid)]
    html = as_(alice).post(f"{BULK}refuse/", {"request": ids, "reason": "x"}, follow=True).text
    assert "no longer open" in html
    assert set(states()) == {"open"}


def test_ones_own_request_is_left_to_another(alice, emma, alder, chosen, membership):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    with pytest.raises(RequestRefused, match="your own request"):
        approve_requests(actor=emma, customer=alder, requests=chosen)
    assert set(states()) == {"open"}


def test_none_too_many_and_answered_ones_are_refused(alice, alder, chosen, monkeypatch):
    with pytest.raises(RequestRefused, match="at least one"):
        approve_requests(actor=alice, customer=alder, requests=[])
    refuse_requests(actor=alice, customer=alder, requests=chosen[:1], reason="No.")
    with pytest.raises(RequestRefused, match="already answered"):
        refuse_requests(actor=alice, customer=alder, requests=chosen, reason="No.")
    monkeypatch.setattr(module, "MAX_AT_ONCE", 1)
    with pytest.raises(RequestRefused, match="at most 1"):
        approve_requests(actor=alice, customer=alder, requests=chosen)


def test_nobody_answers_in_a_suspended_company(alice, alder, olive, chosen):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid.")
    alder.refresh_from_db()
    with pytest.raises(PermissionDenied):
        approve_requests(actor=alice, customer=alder, requests=chosen)


def test_unknown_acts_and_odd_selections(as_, alice):
    client = as_(alice)
    assert client.post(f"{BULK}dance/", {"request": "x"}).status_code == 404
    assert client.get(f"{BULK}approve/").status_code == 405
    for odd in ([], ["x"], ["\x00"], ["1" * 500]):
        html = client.post(f"{BULK}approve/", {"request": odd}, follow=True).text
        assert "at least one request" in html or "no longer open" in html


def test_the_list_takes_the_same_queries_for_more_requests(
    as_, alice, bob, alder, chosen, django_assert_max_num_queries
):
    client = as_(alice)
    client.get(LIST)
    for number in range(8):
        open_request(actor=bob, customer=alder, kind="other", text=f"Chair {number}")
    with django_assert_max_num_queries(17):
        client.get(LIST)


# --- Ask for more ---


def test_ask_for_more_opens_the_resource_with_what_is_not_held(as_, emma, resource):
    domain = resource("domain", "alderdental.example")
    url = f"/c/alder/requests/new/?portal=domains&type=domain&resource={domain.external_id}"

    html = as_(emma).get(url).text

    assert "You already have this permission" not in html
    first = html[html.index("<details") :]
    assert "open>" in first[: first.index("<summary>")]
    assert "alderdental.example" in first[: first.index("</summary>")]


def test_what_is_asked_for_already_says_so(as_, emma):
    html = as_(emma).get("/c/alder/requests/new/").text

    part = html[html.index("Open Domains") :][:600]
    assert "Requested, not answered yet" in part
