"""Requests to the provider to add or end a portal; staff answer them once."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent
from accounts.permissions import FreshSignInRequired, RequestRefused
from accounts.selectors import activity_of, sentence_of
from accounts.services.audit import verify_chain
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.requests import (
    approve_request,
    open_request,
    refuse_request,
    withdraw_request,
)
from portals.models import PersonGrant, Portal, Subscription
from portals.selectors.resources import subscription_totals
from portals.services.service_requests import ServiceApproval, request_service
from portals.services.subscriptions import set_subscription_status

ADD, END = "add", "end"


@pytest.fixture
def portal(db):
    return lambda slug: Portal.objects.get(slug=slug)


@pytest.fixture
def ask(charlie, birch, portal):
    """Charlie asks for Birch: ask("add", "statistics")."""

    def access_request(kind, slug, *, actor=charlie, customer=birch, **said):
        if kind == END:
            said = {"confirmation_name": portal(slug).label_en} | said
        return request_service(
            actor=actor, customer=customer, portal=portal(slug), kind=kind, **said
        )

    return access_request


def approve(olive, access_request, **how):
    how = ServiceApproval(**({"signed_in_at": timezone.now()} | how))
    return approve_request(actor=olive, access_request=access_request, how=how, for_provider=True)


def uses(customer, slug):
    return Subscription.objects.filter(
        customer=customer, portal__slug=slug, status="active"
    ).exists()


def test_a_portal_is_added_on_approval(ask, birch, charlie, olive, dana, deliver):
    access_request = ask(ADD, "statistics", text="For the yearly report.")
    assert access_request.passed_at is not None
    subject = "Birch Logistics asks to add Usage statistics"
    mails = [mail for mail in deliver() if mail.subject == subject]
    assert {mail.to[0] for mail in mails} == {olive.email}  # Dana could not approve it
    assert "asks us to add Usage statistics." in mails[0].body

    approve(olive, access_request)

    assert uses(birch, "statistics")
    sentences = [sentence_of(event) for event in activity_of(birch)[:3]]
    assert "Olive Bergeron subscribed the company to Usage statistics." in sentences
    said = (
        "Olive Bergeron approved a request from Charlie Nguyen: Adding a service: Usage statistics."
    )
    assert said in sentences
    for chain in ("provider", f"customer:{birch.pk}"):
        twins = AuditEvent.objects.filter(chain=chain, kind="request.approved")
        assert [event.data["request_id"] for event in twins] == [str(access_request.uuid)]
        assert verify_chain(chain)
    assert any(mail.to == [charlie.email] and "Approved" in mail.subject for mail in deliver())


def test_ending_a_portal_drops_its_resources(ask, alder, alice, olive, bob):
    subscription = Subscription.objects.get(customer=alder, portal__slug="domains")
    loss = subscription_totals(subscription)
    assert (loss.resources, loss.privileges, loss.people) == (2, 2, 1)
    access_request = ask(END, "domains", actor=alice, customer=alder)
    assert PersonGrant.objects.filter(content_object__subscription=subscription).exists()

    with pytest.raises(RequestRefused) as refusal:
        approve(olive, access_request, confirmation_name="Webmail")
    assert list(refusal.value.message_dict) == ["confirmation_name"]
    with pytest.raises(FreshSignInRequired):
        approve(olive, access_request, confirmation_name=" domains ", signed_in_at=None)
    assert uses(alder, "domains")
    approve(olive, access_request, confirmation_name=subscription.portal.label_en.upper())

    assert not uses(alder, "domains")
    assert not PersonGrant.objects.filter(content_object__subscription=subscription).exists()


def test_an_ended_service_can_be_added_again(ask, birch, olive, charlie):
    subscription = Subscription.objects.get(customer=birch, portal__slug="domains")
    set_subscription_status(actor=olive, subscription=subscription, status="ended")
    approve(olive, ask(ADD, "domains"))
    subscription.refresh_from_db()
    assert subscription.status == "active"


@pytest.mark.parametrize(
    ("kind", "slug", "said", "field"),
    [
        (ADD, "webmail", {}, "portal"),
        (END, "statistics", {}, "portal"),
        (END, "webmail", {"confirmation_name": ""}, "confirmation_name"),
        (END, "webmail", {"confirmation_name": "Domains"}, "confirmation_name"),
        (ADD, "statistics", {"text": "x" * 501}, "text"),
        ("access", "statistics", {}, "kind"),
    ],
)
def test_bad_input_is_refused_by_field(ask, kind, slug, said, field):
    before = AccessRequest.objects.count()
    with pytest.raises(RequestRefused) as refusal:
        ask(kind, slug, **said)
    assert list(refusal.value.message_dict) == [field]
    assert AccessRequest.objects.count() == before


def test_one_open_service_request_per_portal(ask, alder, alice, charlie):
    access_request = ask(ADD, "statistics")
    with pytest.raises(RequestRefused, match="already asked"):
        ask(ADD, "statistics")
    withdraw_request(actor=charlie, access_request=access_request)
    again = ask(ADD, "statistics")
    twin = AccessRequest(
        customer=again.customer,
        membership=again.membership,
        kind=ADD,
        about="statistics",
        passed_at=timezone.now(),
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_only_super_users_of_the_customer_ask(ask, alder, birch, bob, alice, olive, dana):
    for person in (bob, olive, dana):
        with pytest.raises(PermissionDenied):
            ask(END, "domains", actor=person, customer=alder)
    with pytest.raises(PermissionDenied):
        ask(ADD, "statistics", actor=alice, customer=birch)
    with pytest.raises(PermissionDenied):
        open_request(actor=bob, customer=alder, kind=ADD, about="x", wanted={"service": {}})


def test_only_staff_with_the_permission_approve(ask, dana, charlie, alice, birch):
    access_request = ask(ADD, "statistics")
    for person in (dana, charlie, alice):
        with pytest.raises(PermissionDenied):
            approve(person, access_request)
        with pytest.raises(PermissionDenied):
            refuse_request(
                actor=person, access_request=access_request, reason="No.", for_provider=True
            )
    with pytest.raises((PermissionDenied, RequestRefused)):
        approve_request(actor=charlie, access_request=access_request)
    access_request.refresh_from_db()
    assert access_request.is_open
    assert not uses(birch, "statistics")


def test_a_refusal_has_a_reason(ask, olive, birch, deliver, charlie):
    access_request = ask(ADD, "statistics")
    refuse_request(
        actor=olive, access_request=access_request, reason="Pay first.", for_provider=True
    )
    assert not uses(birch, "statistics")
    assert any("Pay first." in mail.body for mail in deliver() if mail.to == [charlie.email])


# --- Pages ---


def test_a_service_request_goes_from_company_to_provider(as_, alice, olive, alder, deliver):
    client, staff = as_(alice), as_(olive)
    html = client.get("/c/alder/services/").content.decode()
    assert "Ask to end Webmail" in html
    address = "/c/alder/services/webmail/request/?kind=end"
    assert "can no longer use the portal" in client.get(address).content.decode()
    assert (
        "errorlist"
        in client.post(address, {"confirmation_name": "No", "text": ""}).content.decode()
    )
    access_request = client.post(
        address, {"confirmation_name": "webmail", "text": "We move."}, follow=True
    )
    assert "Harbour answers this request." in access_request.content.decode()
    assert "<dt>Portal</dt><dd>Webmail</dd>" in access_request.content.decode()
    assert "Ask to end Webmail" not in client.get("/c/alder/services/").content.decode()

    request = AccessRequest.objects.get(kind="end")
    html = staff.get("/provider/requests/").content.decode()
    assert f"/provider/requests/{request.uuid}/" in html
    html = staff.get(f"/provider/requests/{request.uuid}/").content.decode()
    assert "can no longer use the portal" in html
    refused = staff.post(
        f"/provider/requests/{request.uuid}/refuse/", {"reason": "Notice is a month."}, follow=True
    )
    assert "The request is refused." in refused.content.decode()
    page = client.get(f"/c/alder/requests/{request.uuid}/").content.decode()
    assert "Notice is a month." in page


def test_a_passed_request_on_the_provider_s_pages(as_, alice, bob, dana, alder, emma):
    waiting = AccessRequest.objects.get(membership__user=emma)
    client, desk = as_(alice), as_(dana)
    passed = client.post(f"/c/alder/requests/{waiting.uuid}/pass/", follow=True)
    assert "The request is now with Harbour" in passed.content.decode()
    html = as_(emma).get(f"/c/alder/requests/{waiting.uuid}/").content.decode()
    assert "Harbour has this request too" in html
    assert "Nobody answered in time" not in html
    html = desk.get(f"/provider/requests/{waiting.uuid}/").content.decode()
    assert "Only Super Users of Alder Dental can give access" in html
    assert "/approve/" not in html
    response = desk.post(f"/provider/requests/{waiting.uuid}/approve/", {"answer": ""})
    assert "Only a Super User can give access" in response.content.decode()
    back = desk.post(
        f"/provider/requests/{waiting.uuid}/send-back/", {"word": "Yours."}, follow=True
    )
    assert "The request is with the Super Users" in back.content.decode()
    assert desk.get(f"/provider/requests/{waiting.uuid}/").status_code == 404


def test_a_member_of_two_companies_asks_the_provider_for_an_address(
    as_, ask, alice, alder, charlie, dana
):
    invitation = invite_person(actor=alice, customer=alder, address=charlie.email, name="Charlie")
    client = as_(charlie)
    address = "/c/alder/requests/new/?kind=address"
    accept_invitation(actor=charlie, token=invitation.token, name="Charlie", password="")
    html = client.get(address).content.decode()
    assert "so Harbour answers requests about your address" in html
    assert "sentences for your Super User" not in html
    assert "We send your request to Alice Martin" not in html
    assert (
        "We send your request to Alice Martin"
        in client.get("/c/alder/requests/new/").content.decode()
    )
    # At Birch nobody else runs the company: the provider can be asked all the same, about this.
    html = client.get("/c/birch/requests/new/?kind=address").content.decode()
    assert "Harbour answers" in html
    html = client.get("/c/birch/requests/new/?kind=name").content.decode()
    assert "ask anyone else" in html

    client.post(address, {"address": "charlie@new.example", "text": ""})

    access_request = AccessRequest.objects.get(kind="address")
    html = as_(dana).get(f"/provider/requests/{access_request.uuid}/").content.decode()
    assert "/approve/" in html
    assert "/send-back/" not in html


def test_support_reads_but_does_not_answer_services(as_, ask, dana):
    access_request = ask(ADD, "statistics")
    html = as_(dana).get(f"/provider/requests/{access_request.uuid}/").content.decode()
    assert "have the permission to answer it" in html
    assert as_(dana).post(f"/provider/requests/{access_request.uuid}/approve/").status_code == 403


def test_the_list_has_a_constant_number_of_queries(as_, ask, olive, portal, birch, cedar, frank):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ask(ADD, "statistics")
    client = as_(olive)
    client.get("/provider/requests/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/provider/requests/")
    ask(ADD, "statistics", actor=frank, customer=cedar)
    ask(ADD, "ticketing", actor=frank, customer=cedar)
    with CaptureQueriesContext(connection) as three:
        client.get("/provider/requests/")
    assert len(three) == len(one) < 16
