"""Paid before anything is done: payments, reversals, waivers, and the billing system's API."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from compliance.models import LogRequest, Payment, Rate, SealedChunk
from compliance.selectors.log_requests import kept_logs, requester_has_both_keys, work_for
from compliance.services.external_payments import (
    Reporter,
    record_external_payment,
    reverse_external_payment,
)
from compliance.services.log_decisions import close_log_request
from compliance.services.log_requests import release_log_request
from compliance.services.payments import record_payment, reverse_payment, waive_charge
from compliance.services.representatives import end_representative
from compliance.services.tabulation import fail_log_request
from hub.example import acts
from portals.choices import PortalKind, Scope
from portals.models import PersonGrant, Portal
from portals.services.credentials import issue_credentials, issue_portal_token
from portals.services.grants import revoke_privilege
from tests import log_scene
from tests.test_wrong_actors import signed_in

BILLING = "compliance:provider-charge"


@pytest.fixture
def asked(bob, membership):
    report = log_scene.report()
    log_scene.price()
    log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    return log_scene.ask(bob, report)


@pytest.fixture
def charge(asked):
    return log_scene.approve(asked)


def state(charge):
    return LogRequest.objects.get(pk=charge.request_id).state


@pytest.fixture
def billing(db):
    """The token of a billing system."""
    portal = Portal.objects.create(
        slug="books", kind=PortalKind.BILLING, label_en="Books", label_fr="Livres",
        home_url="https://books.harbour.example/",
    )  # fmt: skip
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    return issue_portal_token(client=portal.client, scopes=[Scope.BILLING_WRITE], resources=[])


def post(client, charge, token, **body):
    values = {"external_id": "p-1", "cents": 13_797, "currency": "CAD", **body}
    return client.post(
        reverse("compliance-api:charge-payments", args=[charge.uuid]),
        json.dumps(values),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def test_by_hand_from_the_invoice_to_the_payment_without_any_payment_provider_L41(
    asked, olive, deliver, bob
):
    client = signed_in(olive)
    page = reverse("compliance:provider-log-request", args=[asked.uuid])
    form = {"outcome": "approve", "invoice_number": "INV-7", **log_scene.TERMS}
    client.post(page, form)
    mail = deliver()[-1]
    assert mail.to == [bob.email] and "137.97" in mail.subject
    assert "INV-7" in mail.body and "By bank transfer." in mail.body

    charge = reverse(BILLING, args=[asked.charge.uuid])
    day = timezone.localdate().isoformat()
    client.post(charge, {"amount": "100.00", "method": "cheque", "day": day})
    assert state(asked.charge) == "approved"
    too_much = client.post(charge, {"amount": "37.98", "method": "cheque", "day": day})
    assert "Give an amount up to" in too_much.content.decode()
    client.post(charge, {"amount": "37.97", "method": "transfer", "day": day, "reference": "T 9"})

    assert state(asked.charge) == "paid"
    assert "received your payment" in deliver()[-1].subject
    assert "T 9" in client.get(charge).content.decode()


@pytest.mark.parametrize("step", ["paid", "tabulating", "ready", "released"])
def test_nothing_is_done_without_the_whole_payment_in_sql_L39(charge, step, olive):
    log_scene.pay(charge, charge.total_cents - 1)
    moment = timezone.now()
    values = {"lease": charge.request.uuid, "lease_until": moment, "state": step}
    for before in ("approved", "paid", "tabulating", "ready"):
        rows = LogRequest.objects.filter(pk=charge.request_id, state=before)
        with transaction.atomic():
            try:
                with transaction.atomic():
                    rows.update(**values)
            except IntegrityError:
                pass
    assert state(charge) == "approved"
    with pytest.raises(ValidationError):
        log_scene.claim(charge.request)


def test_a_portal_never_sees_an_unpaid_request_L39(charge):
    assert not work_for(log_scene.statistics()).exists()
    log_scene.pay(charge, 1)
    assert not work_for(log_scene.statistics()).exists()
    log_scene.pay(charge, charge.total_cents - 1)
    assert [row.pk for row in work_for(log_scene.statistics())] == [charge.request_id]


def test_a_waiver_with_a_reason_stands_for_the_payment_L39(charge, olive, deliver):
    with pytest.raises(ValidationError, match="reason"):
        waive_charge(actor=olive, charge=charge, reason=" ")
    address = reverse("compliance:charge-waive", args=[charge.uuid])
    signed_in(olive).post(address, {"reason": "A court ordered it."})
    assert state(charge) == "paid"
    assert "waived the fee" in deliver()[-1].subject
    with pytest.raises(ValidationError):
        log_scene.pay(charge)


@pytest.mark.parametrize("until", ["paid", "tabulating", "ready"])
def test_a_reversal_before_the_release_stops_it_L42(charge, until, olive):
    payment = log_scene.pay(charge)
    if until != "paid":
        claimed = log_scene.claim(charge.request)
        log_scene.send(claimed)
        if until == "ready":
            log_scene.finish(claimed)
    address = reverse("compliance:payment-reverse", args=[charge.uuid])
    client = signed_in(olive)
    client.post(address, {"payment": str(payment.uuid), "reason": "The cheque bounced."})

    assert state(charge) == "refunded"
    assert sorted(charge.payments.values_list("cents", flat=True)) == [-13_797, 13_797]
    assert not SealedChunk.objects.filter(file__kind="logs").exists()
    assert not charge.request.parts.exists()
    with pytest.raises(ValidationError, match="already reversed"):
        reverse_payment(actor=olive, payment=payment, reason="again")
    assert "Went back" in client.get(reverse(BILLING, args=[charge.uuid])).content.decode()


def test_a_reversal_row_alone_stops_the_release_in_sql_L42(charge, olive):
    payment = log_scene.pay(charge)
    claimed = log_scene.claim(charge.request)
    log_scene.send(claimed)
    log_scene.finish(claimed)
    Payment.objects.create(
        charge=charge, cents=-1, method="transfer", reverses=payment, day=timezone.localdate()
    )
    with pytest.raises(IntegrityError, match="paid"), transaction.atomic():
        LogRequest.objects.filter(pk=charge.request_id).update(
            state="released", checked_at=timezone.now(), checked_by=olive
        )


def test_the_same_external_id_twice_is_one_payment_L40(charge, billing, client):
    first, second = (post(client, charge, billing) for _again in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json() == {"external_id": "p-1", "cents": 13_797}
    assert charge.payments.count() == 1 and state(charge) == "paid"
    events = AuditEvent.objects.filter(kind="payment.recorded")
    assert [event.actor_name for event in events] == ["Books"]


@pytest.mark.parametrize(
    "body", [{"cents": 13_796}, {"cents": 13_798}, {"currency": "USD"}], ids=str
)
def test_another_amount_or_currency_is_refused_and_alarmed_L40(
    charge, billing, client, body, deliver, olive
):
    answer = post(client, charge, billing, **body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "payment_mismatch"
    assert not charge.payments.exists() and state(charge) == "approved"
    mail = deliver()[-1]
    assert mail.to == [olive.email] and "does not fit invoice INV-1" in mail.subject
    assert AuditEvent.objects.filter(kind="payment.refused").count() == 1


def test_a_known_id_with_another_amount_is_refused_and_alarmed_L40(
    charge, billing, client, deliver
):
    post(client, charge, billing)
    assert post(client, charge, billing, cents=5).status_code == 409
    assert post(client, charge, billing, external_id="p-2").status_code == 409  # nothing is due
    assert charge.payments.count() == 1
    assert sum("does not fit" in mail.subject for mail in deliver()) == 2


def test_one_id_of_two_systems_is_two_payments_L40(charge, bob):
    """Stripe knows nothing of the ids of a billing system, nor one billing system of another's."""
    other = log_scene.approve(log_scene.ask(bob, log_scene.report()), "INV-2")
    values = {"external_id": "4711", "currency": "CAD", "method": "billing"}
    for actor, due in ((log_scene.BOOKS, charge), (Reporter("Till", "portal:till"), other)):
        outcome = record_external_payment(actor=actor, charge=due, cents=due.total_cents, **values)
        assert outcome.is_new
    assert sorted(Payment.objects.values_list("system", "external_id")) == [
        ("portal:books", "4711"), ("portal:till", "4711"),
    ]  # fmt: skip


def test_the_system_of_a_payment_is_the_portal_that_reported_it_L40(charge, billing, client):
    post(client, charge, billing)
    assert charge.payments.get().system == "portal:books"


def test_a_refused_report_alarms_once_for_each_id_and_amount_L40(
    charge, billing, client, deliver, olive
):
    for _retry in range(3):
        assert post(client, charge, billing, cents=5).status_code == 409
    assert AuditEvent.objects.filter(kind="payment.refused").count() == 1
    assert sum("does not fit" in mail.subject for mail in deliver()) == 1

    assert post(client, charge, billing, cents=6).status_code == 409
    assert post(client, charge, billing, cents=5, currency="USD").status_code == 409
    assert post(client, charge, billing, cents=5, external_id="p-2").status_code == 409
    assert sum("does not fit" in mail.subject for mail in deliver()) == 4  # with the first
    page = signed_in(olive).get(reverse(BILLING, args=[charge.uuid])).content.decode()
    assert page.count("p-1") == 3 and page.count("p-2") == 1


def test_what_was_refused_is_recorded_once_it_fits_L40(charge, billing, client):
    """A part came in by hand, went back, and the program tries again."""
    part = log_scene.pay(charge, 100)
    assert post(client, charge, billing).status_code == 409
    reverse_payment(actor=log_scene.staff(), payment=part, reason="It bounced.")
    assert post(client, charge, billing).status_code == 201


def test_the_rest_of_a_payment_can_go_back_L42(charge, olive):
    """A program reported a part of it before."""
    payment = log_scene.pay(charge)
    part = {"actor": log_scene.BOOKS, "payment": payment, "series": "r-1", "reason": "Refunded"}
    for cents in (4_000, 1_000, 4_000):  # late and repeated reports add nothing
        reverse_external_payment(**part, cents=cents)
    assert payment.left_cents == 9_797 and state(charge) == "refunded"
    reverse_payment(actor=olive, payment=payment, reason="All of it.")
    assert payment.left_cents == 0
    with pytest.raises(ValidationError, match="already reversed"):
        reverse_payment(actor=olive, payment=payment, reason="again")
    assert reverse_external_payment(**part, cents=13_797).is_new is False
    assert sorted(charge.payments.values_list("cents", flat=True)) == [-9_797, -4_000, 13_797]


def test_a_reversal_tells_the_requester_L42(charge, olive, bob, deliver):
    payment = log_scene.pay(charge)
    reverse_payment(actor=olive, payment=payment, reason="It bounced.")
    mail = deliver()[-1]
    assert mail.to == [bob.email] and "INV-1 went back" in mail.subject


def settle(charge, is_waived):
    if is_waived:
        waive_charge(actor=log_scene.staff(), charge=charge, reason="A court ordered it.")
    else:
        log_scene.pay(charge)


def bring_to(charge, step):
    if step == "paid":
        return
    claimed = log_scene.claim(charge.request)
    if step == "failed":
        fail_log_request(
            actor=log_scene.statistics(), request=claimed, lease=claimed.lease, reason="Gone."
        )
    if step == "ready":
        log_scene.send(claimed)
        log_scene.finish(claimed)


@pytest.mark.parametrize("is_waived", [True, False], ids=["waived", "paid"])
@pytest.mark.parametrize("step", ["paid", "tabulating", "failed", "ready"])
def test_a_request_whose_requester_lost_a_key_can_be_closed_L34(
    charge, is_waived, step, alice, olive, bob, deliver
):
    settle(charge, is_waived)
    bring_to(charge, step)
    client, page = (
        signed_in(olive),
        reverse("compliance:provider-log-request", args=[charge.request.uuid]),
    )
    address = reverse("compliance:log-request-close", args=[charge.request.uuid])
    assert "Close request" not in client.get(page).content.decode()
    refused = client.post(address, {"reason": "Too early."}, follow=True)
    assert "can still get these logs" in refused.content.decode() and state(charge) == step

    end_representative(actor=alice, representative=charge.request.representative)
    assert "Close request" in client.get(page).content.decode()
    refused = client.post(address, {"reason": " "}, follow=True)
    assert "required" in refused.content.decode() and state(charge) == step
    done = client.post(address, {"reason": "Bob left. We send the fee back."}, follow=True)

    assert "The request is closed." in done.content.decode() and state(charge) == "closed"
    assert not SealedChunk.objects.filter(file__kind="logs").exists()
    assert not charge.request.parts.exists()
    mail = deliver()[-1]
    assert mail.to == [bob.email] and "closed your log request" in mail.subject
    assert "We send the fee back." in mail.body
    assert ("137.97" in mail.body) is not is_waived
    event = AuditEvent.objects.get(kind="logs.closed")
    assert event.actor == olive and event.customer == charge.request.customer
    with pytest.raises(ValidationError):
        close_log_request(actor=olive, request=charge.request, reason="again")
    assert not work_for(log_scene.statistics()).exists()
    assert not kept_logs(log_scene.statistics()).exists()


def test_a_payment_of_a_closed_request_can_still_go_back_L42(charge, alice, olive, deliver):
    payment = log_scene.pay(charge)
    end_representative(actor=alice, representative=charge.request.representative)
    close_log_request(actor=olive, request=charge.request, reason="Bob left.")
    before = len(deliver())
    reverse_payment(actor=olive, payment=payment, reason="Sent back.")
    assert payment.left_cents == 0 and state(charge) == "closed"
    assert len(deliver()) == before


def test_a_lost_permission_alone_lets_staff_close_and_its_return_does_not_L34(
    charge, alice, olive, bob
):
    log_scene.pay(charge)
    grant = PersonGrant.objects.get(user=bob, content_object__external_id=log_scene.REPORT)
    revoke_privilege(actor=alice, grant=grant)
    assert not requester_has_both_keys(LogRequest.objects.get(pk=charge.request_id))
    log_scene.give_key(bob.memberships.get(), log_scene.report())
    with pytest.raises(ValidationError, match="can still get"):
        close_log_request(actor=olive, request=charge.request, reason="Bob left.")


def test_closing_is_for_staff_who_decide(charge, alice, bob, dana):
    log_scene.pay(charge)
    end_representative(actor=alice, representative=charge.request.representative)
    billie = acts.hire("billie", "Billie Ng", "Billing")
    for person in (alice, bob, dana, billie):
        with pytest.raises(PermissionDenied):
            close_log_request(actor=person, request=charge.request, reason="x")
    petra = acts.hire("petra", "Petra Lindqvist", "Privacy")
    close_log_request(actor=petra, request=charge.request, reason="Bob left.")


@pytest.mark.parametrize("step", ["asked", "approved", "released"])
def test_no_other_step_of_a_request_is_closed(asked, alice, olive, step):
    charge = None if step == "asked" else log_scene.approve(asked)
    if step == "released":
        log_scene.pay(charge)
        bring_to(charge, "ready")
        release_log_request(actor=olive, request=asked, is_checked=True)
    end_representative(actor=alice, representative=asked.representative)
    with pytest.raises(ValidationError, match="present state"):
        close_log_request(actor=olive, request=asked, reason="x")
    with pytest.raises(IntegrityError, match="step by step"), transaction.atomic():
        LogRequest.objects.filter(pk=asked.pk).update(state="closed")


def test_only_a_billing_system_gets_the_scope_and_bad_calls_name_the_field(
    charge, billing, client, db
):
    assert post(client, charge, "nonsense").status_code == 401
    statistics = log_scene.statistics()
    issue_credentials(actor=None, portal=statistics)
    statistics.refresh_from_db()
    token = issue_portal_token(client=statistics.client, scopes=[Scope.LOGS_TABULATE], resources=[])
    assert post(client, charge, token).status_code == 403
    for body in ({"cents": "13797"}, {"cents": -1}, {"currency": "EUR"}, {"external_id": ""},
                 {"more": 1}):  # fmt: skip
        answer = post(client, charge, billing, **body)
        assert answer.status_code == 400
        assert list(answer.json()["error"]["fields"]) == list(body)


def test_an_unknown_charge_is_404(charge, billing, client):
    charge.uuid = uuid.UUID(int=0)
    assert post(client, charge, billing).status_code == 404


def test_other_portals_cannot_ask_for_the_billing_scope(db, client):
    portal = log_scene.statistics()
    credentials = issue_credentials(actor=None, portal=portal)
    body = {"grant_type": "client_credentials", "scope": "billing:write", **credentials._asdict()}
    answer = client.post("/identity/o/api/token", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    del body["scope"]
    assert "billing:write" not in client.post("/identity/o/api/token", body).json()["scope"]


def test_recording_is_a_permission_of_its_own(charge, dana, alice, bob):
    privacy = acts.hire("petra", "Petra Lindqvist", "Privacy")
    for person in (privacy, dana, alice, bob):
        with pytest.raises(PermissionDenied):
            record_payment(
                actor=person, charge=charge, cents=1, method="cheque", reference="",
                day=timezone.localdate(),
            )  # fmt: skip
        with pytest.raises(PermissionDenied):
            waive_charge(actor=person, charge=charge, reason="x")
        assert signed_in(person).get(reverse(BILLING, args=[charge.uuid])).status_code == 403
    billie = acts.hire("billie", "Billie Ng", "Billing")
    assert signed_in(billie).get(reverse(BILLING, args=[charge.uuid])).status_code == 200


def test_bad_payments_are_refused(charge, olive):
    today = timezone.localdate()
    good = {"actor": olive, "charge": charge, "cents": 1, "method": "cheque", "reference": ""}
    for bad in ({"cents": 0}, {"cents": -5}, {"cents": 10**9}, {"method": "online"}):
        with pytest.raises(ValidationError):
            record_payment(**{**good, **bad}, day=today)
    with pytest.raises(ValidationError, match="earlier day"):
        record_payment(**good, day=today + timedelta(days=2))
    page = reverse(BILLING, args=[charge.uuid])
    for form in ({}, {"amount": "1.234"}, {"amount": "-1"}, {"amount": "x", "method": "gold"}):
        assert signed_in(olive).post(page, form).status_code == 200
    assert not Payment.objects.exists()


def test_a_program_reports_the_whole_amount_that_is_open(charge):
    """After a part by hand, the rest."""
    log_scene.pay(charge, 10_000)
    values = {"actor": log_scene.BOOKS, "charge": charge, "external_id": "r", "currency": "CAD"}
    assert record_external_payment(**values, cents=13_797, method="billing").payment is None
    assert record_external_payment(**values, cents=3_797, method="billing").is_new
    assert state(charge) == "paid"


def test_the_rate_card_page_adds_versions_L38(olive, dana, db):
    client = signed_in(olive)
    assert "No price yet" in client.get("/provider/rates/").content.decode()
    form = {"price": "80.50", "currency": "CAD", "taxes": "GST/TPS=5; QST/TVQ=9.975"}
    page = client.post("/provider/rates/", form, follow=True).content.decode()
    assert "80.50" in page and "In force" in page
    for bad in ({"price": "0"}, {"taxes": "GST"}, {"taxes": "A/B=0"}, {"currency": "X"},
                {"taxes": "A/B=1;A/B=1;A/B=1;A/B=1;A/B=1"}, {"price": "1e9"}):  # fmt: skip
        assert client.post("/provider/rates/", {**form, **bad}).status_code == 200
    assert Rate.objects.count() == 1
    assert signed_in(dana).get("/provider/rates/").status_code == 403
