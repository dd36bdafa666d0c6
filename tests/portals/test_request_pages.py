"""Making and answering requests in the browser, without JavaScript."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role
from accounts.services.requests import open_request
from portals.models import PersonGrant, RequestedGrant

LIST = "/c/alder/requests/"
NEW = "/c/alder/requests/new/"
WEBMAIL_READ = "webmail.mailbox.read"


@pytest.fixture
def waiting(emma):
    """What the example lets Emma wait for: the domains portal."""
    return AccessRequest.objects.get(membership__user=emma)


@pytest.fixture
def at(waiting):
    """An address of Emma's request: at("approve")."""
    return lambda act="": f"/c/alder/requests/{waiting.uuid}/{act and act + '/'}"


@pytest.fixture
def row(waiting):
    return RequestedGrant.objects.get(request=waiting)


# --- Following ---


def test_the_empty_list_names_the_super_users(as_, alice, bob, emma, membership):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    html = as_(bob).get(LIST).content.decode()
    assert "We send your request to Alice Martin, Emma Roy." in html


def test_super_users_see_open_requests_and_a_person_their_own(as_, alice, bob, emma, at):
    html = as_(alice).get(LIST).content.decode()
    assert "Emma Roy asks to open the Domains portal" in html
    assert "I look after the new website" in html
    assert f'action="{at("approve-as-asked")}"' in html
    assert f'{at()}#refuse"' in html

    html = as_(emma).get(LIST).content.decode()
    assert at() in html
    assert "Withdraw" in html
    assert "Approve" not in html

    html = as_(bob).get(LIST).content.decode()
    assert at() not in html
    assert "No requests to answer" in html
    assert "We send your request to Alice Martin." in html


def test_a_request_page_is_for_requester_and_super_users(
    as_, alice, bob, emma, charlie, dana, olive, at
):
    for person in (bob, charlie, dana, olive):
        assert as_(person).get(at()).status_code == 404
        for act in ("approve", "refuse"):
            assert as_(person).post(at(act), {"reason": "x"}).status_code == 404
    html = as_(emma).get(at()).content.decode()
    assert "Withdraw request" in html
    assert "Permissions to give" not in html
    html = as_(alice).get(at()).content.decode()
    assert "Permissions to give" in html
    assert as_(None).get(at()).status_code == 302


def test_a_request_of_another_customer_is_not_found(as_, alice, charlie, waiting):
    """A foreign request under one's own company, and the other way round."""
    assert as_(charlie).get(f"/c/birch/requests/{waiting.uuid}/").status_code == 404
    assert as_(alice).get(f"/c/birch/requests/{waiting.uuid}/").status_code == 404
    assert as_(charlie).get(LIST).status_code == 404
    assert as_(charlie).get(NEW).status_code == 404


def test_the_requester_cannot_answer(as_, emma, at, row, events):
    before = events()
    data = {"privileges": row.pk, "answer": ""}
    assert as_(emma).post(at("approve"), data).status_code == 403
    assert as_(emma).post(at("refuse"), {"reason": "x"}).status_code == 403
    assert events() == before


@pytest.fixture
def events(db):
    return AuditEvent.objects.exclude(kind="sign_in.done").count


@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_answers_need_a_post(as_, alice, at, act):
    assert as_(alice).get(at(act)).status_code == 405


# --- Answering ---


def test_an_approval_is_shown_to_the_requester(as_, alice, emma, at, row):
    response = as_(alice).post(
        at("approve"), {"privileges": row.pk, "answer": "Welcome."}, follow=True
    )

    assert "The request is approved. We told Emma Roy by email." in response.content.decode()
    assert emma.has_perm("portals.domains.subscription.open", row.resource)
    html = as_(emma).get(at()).content.decode()
    assert "Approved by Alice Martin" in html
    assert ".m.." not in html
    assert "Welcome." in html
    assert "domains.harbour.example" in as_(emma).get("/").content.decode()


def test_an_end_can_be_set(as_, alice, emma, at, row):
    data = {"privileges": row.pk, "expires_at": "2090-01-01T12:00"}
    assert as_(alice).post(at("approve"), data).status_code == 302
    assert PersonGrant.objects.get(user=emma, content_object=row.resource).expires_at.year == 2090


def test_refusing_needs_a_reason(as_, alice, emma, at, waiting):
    html = as_(alice).post(at("refuse"), {"reason": " "}).content.decode()
    assert 'class="errorlist' in html
    waiting.refresh_from_db()
    assert waiting.is_open

    as_(alice).post(at("refuse"), {"reason": "Bob does this."})
    assert "Bob does this." in as_(emma).get(at()).content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"privileges": "0"},
        {"privileges": "x" * 30},
        {"privileges": "own", "expires_at": "yesterday"},
        {"privileges": "own", "expires_at": "2020-01-01T00:00"},
        {"privileges": "own", "answer": "x" * 501},
        {"privileges": "own", "answer": "null\x00byte"},
        {"privileges": "own", "answer": "turned \u202e around"},
        {"privileges": "own", "state": "approved"},
    ],
)
def test_bad_answers_are_explained_and_change_nothing(as_, alice, at, row, waiting, events, data):
    before = events()
    filled = {name: row.pk if value == "own" else value for name, value in data.items()}

    response = as_(alice).post(at("approve"), filled)

    assert response.status_code == 200
    assert 'class="errorlist' in response.content.decode()
    waiting.refresh_from_db()
    assert waiting.is_open
    assert events() == before


def test_a_second_answer_is_refused_with_the_name_of_the_first(as_, alice, emma, at, row, events):
    """A form sent again, or a second Super User: nothing happens twice."""
    client = as_(alice)
    client.post(at("approve"), {"privileges": row.pk})
    before = events(), PersonGrant.objects.count()

    for act, data in (("approve", {"privileges": row.pk}), ("refuse", {"reason": "No."})):
        html = client.post(at(act), data).content.decode()
        assert "Alice Martin has already answered this request." in html
    assert (events(), PersonGrant.objects.count()) == before


def test_a_sensitive_privilege_leads_to_a_fresh_sign_in(
    as_, alice, bob, alder, give, membership, resource, privilege_of
):
    mailbox = resource("mailbox", "billing@alder.example")
    give(alice, membership(bob), "webmail.mailbox.view", mailbox)
    value = f"{mailbox.pk}:{privilege_of(WEBMAIL_READ).pk}"
    response = as_(bob).post(NEW, {"privileges": value, "text": "Holiday cover"})
    access_request = AccessRequest.objects.get(membership__user=bob)
    assert response["Location"] == f"/c/alder/requests/{access_request.uuid}/"
    approve = f"/c/alder/requests/{access_request.uuid}/approve/"
    data = {"privileges": access_request.requested_grants.get().pk}
    client = as_(alice)

    assert reverse("account_reauthenticate") in client.post(approve, data)["Location"]
    assert not bob.has_perm(f"portals.{WEBMAIL_READ}", mailbox)

    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()
    assert client.post(approve, data)["Location"] == LIST
    assert bob.has_perm(f"portals.{WEBMAIL_READ}", mailbox)


def test_a_super_users_own_request_is_for_another_one(as_, alice, bob, alder, membership):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    access_request = open_request(actor=bob, customer=alder, kind="leave")
    page = f"/c/alder/requests/{access_request.uuid}/"

    html = as_(bob).get(page).content.decode()
    assert "answer your own request" in html
    html = as_(bob).post(f"{page}approve/").content.decode()
    assert "answer your own request" in html
    access_request.refresh_from_db()
    assert access_request.is_open
    assert f"/people/{bob.sub}/offboarding/" in as_(alice).get(page).content.decode()


def test_a_name_is_approved_from_the_list(as_, alice, bob, alder, membership):
    access_request = open_request(
        actor=bob, customer=alder, kind="name", wanted={"work_name": "Robert Tremblay"}
    )
    client = as_(alice)
    html = client.get(LIST).content.decode()
    assert "Robert Tremblay" in html
    assert f'action="/c/alder/requests/{access_request.uuid}/approve-as-asked/"' in html

    client.post(f"/c/alder/requests/{access_request.uuid}/approve/")

    assert membership(bob).work_name == "Robert Tremblay"


# --- Asking ---


def test_access_is_requested_by_ticking(as_, bob, resource, privilege_of):
    client = as_(bob)
    domain = resource("domain", "alder.example")
    value = f"{domain.pk}:{privilege_of('domains.domain.manage_dns').pk}"
    html = client.get(NEW).content.decode()
    assert f'value="{value}"' in html
    assert "Open Usage statistics" in html
    assert "billing@alder.example" not in html
    assert "alderdental.example" not in html

    response = client.post(NEW, {"privileges": value, "text": "For the site."}, follow=True)

    html = response.content.decode()
    assert "We sent your request" in html
    assert "Change DNS records" in html
    assert AccessRequest.objects.get(membership__user=bob).requested_grants.count() == 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("access", {}),
        ("access", {"privileges": "1:1", "text": "x"}),
        ("access", {"privileges": "x", "text": "x"}),
        ("access", {"text": "x", "expires_at": "2020-01-01T00:00"}),
        ("access", {"text": "x", "wanted": "y"}),
        ("name", {}),
        ("name", {"work_name": "Bob Tremblay"}),
        ("name", {"work_name": "x" * 151}),
        ("phone", {"work_phone": "\u202e1"}),
        ("address", {"address": "no"}),
        ("leave", {"work_name": "x"}),
        ("other", {}),
        ("other", {"text": "x" * 501}),
    ],
)
def test_bad_requests_are_explained_and_change_nothing(as_, bob, events, kind, data):
    before = events(), AccessRequest.objects.count()
    response = as_(bob).post(f"{NEW}?kind={kind}", data)

    assert response.status_code == 200
    assert 'class="errorlist' in response.content.decode()
    assert (events(), AccessRequest.objects.count()) == before


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("name", {"work_name": "Robert", "text": ""}),
        ("phone", {"work_phone": "+1 514 555 0142"}),
        ("address", {"address": "bob@new.example"}),
        ("leave", {"text": "A new job."}),
        ("other", {"text": "A chair.\r\nA table."}),
    ],
)
def test_every_kind_of_request_can_be_made_and_withdrawn(as_, bob, kind, data):
    client = as_(bob)
    assert client.get(f"{NEW}?kind={kind}").status_code == 200
    response = client.post(f"{NEW}?kind={kind}", data, follow=True)
    access_request = AccessRequest.objects.get(membership__user=bob)
    assert (access_request.kind, response.status_code) == (kind, 200)

    client.post(f"/c/alder/requests/{access_request.uuid}/withdraw/")

    access_request.refresh_from_db()
    assert access_request.state == "withdrawn"


def test_an_unknown_kind_is_not_found(as_, bob):
    assert as_(bob).get(f"{NEW}?kind=holiday").status_code == 404


def test_a_closed_portal_tile_makes_a_request_and_shows_it(as_, bob, emma, deliver, alice):
    client = as_(bob)
    tile = 'action="/c/alder/requests/portals/statistics/"'
    assert tile in client.get("/").content.decode()

    client.post("/c/alder/requests/portals/statistics/")
    again = client.post("/c/alder/requests/portals/statistics/", follow=True).content.decode()

    assert "You have already asked for" in again
    html = client.get("/").content.decode()
    assert tile not in html
    assert "Requested, not answered yet" in html
    assert AccessRequest.objects.filter(membership__user=bob).count() == 1
    assert len([mail for mail in deliver() if mail.to == [alice.email]]) == 1


def test_an_open_or_foreign_portal_cannot_be_requested(as_, bob, frank):
    html = as_(bob).post("/c/alder/requests/portals/domains/", follow=True).content.decode()
    assert "You already have" in html
    assert as_(bob).post("/c/alder/requests/portals/nothing/").status_code == 404
    assert as_(frank).post("/c/cedar/requests/portals/statistics/").status_code == 404
    assert as_(frank).post("/c/alder/requests/portals/domains/").status_code == 404
    assert not AccessRequest.objects.filter(membership__user__in=[bob, frank]).exists()


def test_requests_of_a_suspended_customer_are_read_only(as_, alice, bob, emma, olive, alder, at):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    assert as_(bob).get(NEW).status_code == 403
    assert "Ask for access" not in as_(bob).get("/").content.decode()
    html = as_(alice).get(at()).content.decode()
    assert "Permissions to give" not in html
    assert as_(alice).post(at("refuse"), {"reason": "x"}).status_code == 403
    assert as_(alice).get(LIST).status_code == 200


def test_a_line_says_when_and_by_whom(as_, alice, emma, alder, at):
    moment = datetime(2026, 11, 28, 19, 5, tzinfo=UTC)
    AccessRequest.objects.update(created_at=moment)
    page = as_(alice).get(LIST).text
    assert "asked on 28 Nov 2026, 2:05 pm" in page
    assert 'aria-label="Select: Emma Roy asks to open the Domains portal"' in page
    assert 'aria-label="Approve: Emma Roy asks to open the Domains portal"' in page
    assert 'aria-label="Refuse: Emma Roy asks to open the Domains portal"' in page
    assert 'aria-label="Withdraw: open the Domains portal"' in as_(emma).get(LIST).text

    as_(alice).post(at("approve-as-asked"))
    open_request(actor=emma, customer=alder, kind="other", text="A chair.")
    chair = AccessRequest.objects.get(text="A chair.")
    as_(emma).post(reverse("accounts:request-withdraw", args=["alder", chair.uuid]))
    page = as_(emma).get(LIST).text
    when = r"\d+ \w+ \d{4}, \d+:\d\d [ap]m"
    assert re.search(f"answered by Alice Martin on {when}", page)
    assert re.search(f"ended on {when}", page)
    assert "You asked to open the Domains portal" in page


# --- Cost ---


def test_request_pages_have_a_query_budget(
    as_, alice, bob, alder, at, django_assert_max_num_queries
):
    for n in range(15):
        open_request(actor=bob, customer=alder, kind="other", text=f"Wish {n}")
    super_user, person = as_(alice), as_(bob)
    with django_assert_max_num_queries(11):
        super_user.get(LIST)
    with django_assert_max_num_queries(7):
        person.get(LIST)
    with django_assert_max_num_queries(12):
        super_user.get(at())
    with django_assert_max_num_queries(12):
        person.get(NEW)


def test_the_lists_are_paged_by_key(as_, alice, bob, alder):
    for n in range(3):
        open_request(actor=bob, customer=alder, kind="other", text=f"Wish {n}")
    last = AccessRequest.objects.latest("pk")
    client = as_(alice)
    first = AccessRequest.objects.order_by("pk").first()

    html = client.get(LIST, {"after": first.pk}).content.decode()
    assert "Emma Roy: " not in html
    assert "Wish 2" in html
    assert client.get(LIST, {"after": "x"}).status_code == 400
    assert client.get(LIST, {"settled": last.pk}).status_code == 400


def test_the_only_super_user_is_not_sent_to_another_one(as_, alice, emma, membership):
    assert "Ask another Super User" not in as_(alice).get(LIST).text

    change_role(actor=alice, membership=membership(emma), role="super_user")
    assert "Ask another Super User" in as_(alice).get(LIST).text
