"""Paying a log request by card: a stand-in of Stripe's API, and events with real signatures."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import stripe
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import AuditEvent, User
from compliance.models import LogRequest, Payment, RefusedPayment
from compliance.registry.snapshot import drift_between, registry_snapshot
from compliance.services.card_payments import begin_card_payment
from compliance.services.external_payments import record_external_payment
from compliance.services.payments import reverse_payment, waive_charge
from compliance.services.representatives import end_representative
from tests import log_scene
from tests.compliance.test_payments import asked, charge, state  # noqa: F401 -- fixtures
from tests.demo import ROOT, manage
from tests.test_wrong_actors import signed_in

# ruff: noqa: F811 -- fixtures of another module

EVENTS = "/payments/events/stripe/"
PAY_PAGE = "https://checkout.stripe.com/c/pay/cs_test_1"
KEY, SECRET = "sk_test_stand_in", "whsec_stand_in"


class StandIn(ThreadingHTTPServer):
    """Stripe's API for checkouts: it keeps what it was sent, and answers the same to one key."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.calls = []  # (headers, parameters)
        self.url, self.status = PAY_PAGE, 200

    def made(self):
        return len({headers["Idempotency-Key"] for headers, _parameters in self.calls})


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.calls.append((dict(self.headers), {**parameters, "path": self.path}))
        content = {"id": "cs_test_1", "object": "checkout.session", "url": self.server.url}
        if self.server.status != 200:
            content = {"error": {"type": "invalid_request_error", "message": "No.", "code": "no"}}
        answer = json.dumps(content).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def cards(settings, monkeypatch):
    """Stripe is set up, and its API is the stand-in."""
    settings.HUB_STRIPE_SECRET_KEY, settings.HUB_STRIPE_WEBHOOK_SECRET = KEY, SECRET
    server = StandIn()
    monkeypatch.setattr(stripe, "api_base", f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def page_of(charge, name="log-request", slug="alder"):
    return reverse(f"compliance:{name}", args=[slug, charge.request.uuid])


def send(client, body, *, secret=SECRET, at=None, header=None):
    """Post an event, signed as Stripe signs."""
    text = body if isinstance(body, str) else json.dumps(body)
    at = int(time.time()) if at is None else at
    signature = hmac.new(secret.encode(), f"{at}.{text}".encode(), hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={at},v1={signature}" if header is None else header}
    return client.post(EVENTS, text, content_type="application/json", headers=headers)


def event(kind, **content):
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": content}}


def session(charge, kind="completed", **more):
    values = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "client_reference_id": str(charge.uuid),
        "metadata": {"hub_charge": str(charge.uuid)},
        "amount_total": charge.total_cents,
        "currency": "cad",
    }
    return event(f"checkout.session.{kind}", **{**values, **more})


def refund(charge, cents=13_797, **more):
    values = {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": "pi_1",
        "amount_refunded": cents,
        "metadata": {"hub_charge": str(charge.uuid)},
    }
    return event("charge.refunded", **{**values, **more})


def dispute(cents=13_797, kind="created", **more):
    values = {"id": "dp_1", "payment_intent": "pi_1", "amount": cents, "status": "needs_response"}
    return event(f"charge.dispute.{kind}", **{**values, **more})


# --- To Stripe's page ------------------------------------------------------------------------


def test_the_payer_is_led_to_stripe_with_the_amount_and_nothing_about_the_person_L40(
    charge, cards, bob
):
    client = signed_in(bob)
    page = client.get(page_of(charge))
    assert "Pay by card" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://checkout.stripe.com" in policy

    answer = client.post(page_of(charge, "log-request-pay"))
    assert (answer.status_code, answer.url) == (302, PAY_PAGE)
    [(headers, sent)] = cards.calls
    assert headers["Authorization"] == f"Bearer {KEY}" and headers["Idempotency-Key"]
    assert sent["path"] == "/v1/checkout/sessions" and sent["mode"] == "payment"
    assert sent["client_reference_id"] == sent["metadata[hub_charge]"] == str(charge.uuid)
    assert sent["payment_intent_data[metadata][hub_charge]"] == str(charge.uuid)
    price = "line_items[0][price_data]"
    assert (sent[f"{price}[unit_amount]"], sent[f"{price}[currency]"]) == ("13797", "cad")
    assert sent[f"{price}[product_data][name]"] == "INV-1"
    own = f"http://localhost:8000{page_of(charge)}"
    assert (sent["success_url"], sent["cancel_url"]) == (f"{own}?payment=sent", own)
    assert 1800 < int(sent["expires_at"]) - time.time() <= 2 * 3600
    words = json.dumps(sent)
    assert not [word for word in (bob.email, "Bob", "Tremblay", "Alder Dental") if word in words]
    assert "X-Stripe-Client-Telemetry" not in headers
    assert not Payment.objects.exists() and state(charge) == "approved"


def test_pressing_twice_is_one_checkout_and_another_amount_is_another_L40(charge, cards, bob):
    client, button = signed_in(bob), page_of(charge, "log-request-pay")
    for _press in range(2):
        client.post(button)
    assert len(cards.calls) == 2 and cards.made() == 1
    log_scene.pay(charge, 10_000)
    client.post(button)
    assert cards.made() == 2
    assert cards.calls[-1][1]["line_items[0][price_data][unit_amount]"] == "3797"


def test_a_french_payer_gets_stripes_french_page(charge, cards, bob):
    User.objects.filter(pk=bob.pk).update(language="fr")
    signed_in(User.objects.get(pk=bob.pk)).post(page_of(charge, "log-request-pay"))
    assert cards.calls[0][1]["locale"] == "fr-CA"


@pytest.mark.parametrize("trouble", ["refused", "broken", "away", "elsewhere"])
def test_where_stripe_does_not_answer_the_page_says_so_and_nothing_changes(
    charge, cards, bob, trouble, monkeypatch
):
    cards.status = {"refused": 402, "broken": 500}.get(trouble, 200)
    if trouble == "away":
        monkeypatch.setattr(stripe, "api_base", "http://127.0.0.1:9")
    if trouble == "elsewhere":
        cards.url = "https://shop.example/pay"
    page = signed_in(bob).post(page_of(charge, "log-request-pay"), follow=True)
    assert page.status_code == 200 and "pay by card at the moment" in page.text
    assert state(charge) == "approved"


def test_the_return_from_stripe_proves_nothing_L40(charge, cards, bob):
    client, back = signed_in(bob), f"{page_of(charge)}?payment=sent"
    page = client.get(back)
    assert "Waiting for the confirmation of the payment" in page.text
    assert "Pay by card" not in page.text and "I have not paid yet" in page.text
    assert state(charge) == "approved" and not Payment.objects.exists()

    assert send(client, session(charge)).status_code == 204
    assert state(charge) == "paid"
    assert "Waiting for the confirmation" not in client.get(back).text


def test_a_super_user_may_pay_and_nobody_else(charge, cards, alice, emma, charlie, dana, client):
    button = page_of(charge, "log-request-pay")
    assert signed_in(alice).post(button).url == PAY_PAGE
    for person, status in ((emma, 403), (charlie, 404), (dana, 404)):
        assert signed_in(person).post(button).status_code == status
        with pytest.raises(PermissionDenied):
            begin_card_payment(actor=person, request=charge.request)
    assert "/accounts/login/" in client.post(button).url
    assert len(cards.calls) == 1


@pytest.mark.parametrize("why", ["asked", "paid", "waived", "ended"])
def test_what_is_not_to_be_paid_leads_nowhere(asked, cards, bob, alice, olive, why):
    charge = None if why == "asked" else log_scene.approve(asked)
    if why == "paid":
        log_scene.pay(charge)
    if why == "waived":
        waive_charge(actor=olive, charge=charge, reason="A court ordered it.")
    if why == "ended":
        end_representative(actor=alice, representative=asked.representative)
    payer = signed_in(alice)
    page = reverse("compliance:log-request", args=["alder", asked.uuid])
    assert "Pay by card" not in payer.get(page).text
    payer.post(f"{page}pay/")
    with pytest.raises(ValidationError):
        begin_card_payment(actor=alice, request=LogRequest.objects.get(pk=asked.pk))
    assert not cards.calls


def test_without_stripe_no_page_mentions_cards_and_no_event_is_taken_L41(
    charge, bob, olive, client, deliver
):
    for person, page in (
        (bob, page_of(charge)),
        (bob, f"{page_of(charge)}?payment=sent"),
        (bob, reverse("compliance:data-registry")),
        (olive, reverse("compliance:provider-charge", args=[charge.uuid])),
    ):
        text = signed_in(person).get(page).text
        assert "by card" not in text and "Stripe" not in text and "Waiting for" not in text
    answer = signed_in(bob).post(page_of(charge, "log-request-pay"), follow=True)
    assert "Pay as the invoice says." in answer.text
    assert send(client, session(charge)).status_code == 404
    assert "card" not in deliver()[-1].body
    assert state(charge) == "approved"


# --- Signed events ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["completed", "async_payment_succeeded"])
def test_a_signed_paid_event_pays_and_its_replay_changes_nothing_L40(
    charge, cards, client, deliver, kind
):
    for _delivery in range(3):
        assert send(client, session(charge, kind)).status_code == 204
    payment = charge.payments.get()
    assert (payment.cents, payment.method) == (13_797, "online")
    assert (payment.system, payment.external_id) == ("stripe", "pi_1")
    assert state(charge) == "paid"
    assert AuditEvent.objects.get(kind="payment.recorded").actor_name == "Stripe"
    assert sum("received your payment" in mail.subject for mail in deliver()) == 1


def test_a_payment_on_its_way_does_not_count_until_it_came_L40(charge, cards, client):
    for status in ("unpaid", "no_payment_required"):
        body = session(charge, payment_status=status)
        assert send(client, body).status_code == 204
        assert state(charge) == "approved"
    assert send(client, session(charge, "async_payment_failed")).status_code == 204
    assert send(client, session(charge, "expired")).status_code == 204
    assert not Payment.objects.exists()
    assert send(client, session(charge, "async_payment_succeeded")).status_code == 204
    assert state(charge) == "paid"


@pytest.mark.parametrize(
    "signing",
    [
        {"secret": "whsec_other"},
        {"at": int(time.time()) - 301},
        {"header": ""},
        {"header": "nonsense"},
        {"header": "t=1,v1=abc"},
        {"header": "t=x,v1=é"},
        {"header": f"t={int(time.time())},v0=abc"},
        {"header": f"t={int(time.time())},v1=\u00e9"},
    ],
    ids=["secret", "old", "none", "nonsense", "early", "letters", "scheme", "accent"],
)
def test_an_event_that_stripe_did_not_sign_now_is_refused_L40(charge, cards, client, signing):
    assert send(client, session(charge), **signing).status_code == 400
    assert not Payment.objects.exists() and state(charge) == "approved"


def test_a_signed_body_that_was_changed_is_refused_L40(charge, cards, client):
    at, body = int(time.time()), json.dumps(session(charge, payment_status="unpaid"))
    signature = hmac.new(SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    changed = body.replace("unpaid", "paid")
    assert send(client, changed, header=f"t={at},v1={signature}").status_code == 400
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "more",
    [{"amount_total": 13_796}, {"amount_total": 0}, {"currency": "usd"}, {"currency": "eur"}],
    ids=str,
)
def test_another_amount_or_currency_is_refused_and_alarmed_once_L40(
    charge, cards, client, deliver, olive, more
):
    for _delivery in range(2):
        assert send(client, session(charge, **more)).status_code == 204  # Stripe need not repeat
    assert not Payment.objects.exists() and state(charge) == "approved"
    mails = [mail for mail in deliver() if "does not fit invoice INV-1" in mail.subject]
    assert [mail.to for mail in mails] == [[olive.email]]
    assert "Stripe reported" in mails[0].body


def test_a_second_payment_of_a_paid_charge_is_refused_and_alarmed_L40(
    charge, cards, client, deliver
):
    send(client, session(charge))
    again = session(charge, id="cs_test_2", payment_intent="pi_2")
    assert send(client, again).status_code == 204
    assert charge.payments.count() == 1
    assert RefusedPayment.objects.get().external_id == "pi_2"
    assert sum("does not fit" in mail.subject for mail in deliver()) == 1
    # Staff give the second one back at Stripe: the first stays.
    assert send(client, refund(charge, id="ch_2", payment_intent="pi_2")).status_code == 204
    assert state(charge) == "paid"


def test_an_unknown_charge_is_404_and_events_of_others_are_passed_over_L40(charge, cards, client):
    unknown = str(uuid.uuid4())
    ids = {"client_reference_id": unknown, "metadata": {"hub_charge": unknown}}
    assert send(client, session(charge, **ids)).status_code == 404
    bad = {"client_reference_id": "x", "metadata": {"hub_charge": "x"}}
    assert send(client, session(charge, **bad)).status_code == 404
    for foreign in ({"metadata": {}}, {"metadata": None}, {"mode": "setup"}):
        assert send(client, session(charge, **foreign)).status_code == 204
    assert send(client, event("customer.created", id="cus_1")).status_code == 204
    assert send(client, refund(charge, metadata={})).status_code == 204
    assert send(client, refund(charge, payment_intent=None)).status_code == 204
    assert send(client, dispute()).status_code == 204
    assert not Payment.objects.exists() and not RefusedPayment.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", "null", "7", '"x"', "{}", '{"type": 1}', "{", "[" * 100_000,
        event("checkout.session.completed"),
        {"type": "checkout.session.completed", "data": []},
        {"type": ["x"], "data": {"object": {}}},
    ],
)  # fmt: skip
def test_a_signed_event_of_another_shape_is_refused(cards, client, db, body):
    assert send(client, body).status_code in (400, 204)
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"amount_total": "13797"}, {"amount_total": True}, {"amount_total": -1},
        {"amount_total": 10**30}, {"amount_total": None}, {"payment_intent": None},
        {"payment_intent": {"id": "pi_1"}}, {"payment_intent": "p" * 300},
        {"payment_intent": "pi\0"}, {"payment_intent": "\ud800"}, {"currency": 1},
        {"currency": "dollars"}, {"metadata": []}, {"metadata": {"hub_charge": 1}},
        {"client_reference_id": "other"}, {"client_reference_id": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_field_of_another_shape_is_refused(charge, cards, client, more):
    answer = send(client, session(charge, **more))
    assert answer.status_code == (204 if more == {"metadata": []} else 400)
    assert not Payment.objects.exists() and not RefusedPayment.objects.exists()


# --- Refunds and disputes --------------------------------------------------------------------


def test_a_refund_before_the_release_ends_the_request_L42(charge, cards, client, deliver, bob):
    send(client, session(charge))
    for _delivery in range(2):
        assert send(client, refund(charge)).status_code == 204
    assert state(charge) == "refunded"
    assert sorted(charge.payments.values_list("cents", flat=True)) == [-13_797, 13_797]
    assert AuditEvent.objects.get(kind="payment.reversed").actor_name == "Stripe"
    mail = deliver()[-1]
    assert mail.to == [bob.email] and "went back" in mail.subject
    send(client, session(charge))  # a late replay of the payment
    assert state(charge) == "refunded" and charge.payments.count() == 2


def test_a_refund_that_comes_before_its_payment_is_asked_for_again_L40(charge, cards, client):
    assert send(client, refund(charge)).status_code == 409
    assert send(client, session(charge)).status_code == 204
    assert send(client, refund(charge)).status_code == 204
    assert state(charge) == "refunded"


def test_parts_of_a_refund_count_once_in_any_order_L42(charge, cards, client):
    send(client, session(charge))
    for cents in (5_000, 2_000, 5_000, 8_000):  # each says all that went back until then
        assert send(client, refund(charge, cents)).status_code == 204
    assert charge.paid_cents == 5_797
    assert send(client, dispute(5_797)).status_code == 204
    assert charge.paid_cents == 0 and state(charge) == "refunded"


def test_a_dispute_takes_the_money_back_once_L42(charge, cards, client):
    send(client, session(charge))
    assert send(client, dispute(status="warning_needs_response")).status_code == 204
    assert state(charge) == "paid"
    for kind in ("created", "funds_withdrawn", "created"):
        assert send(client, dispute(kind=kind)).status_code == 204
    assert send(client, dispute(kind="closed")).status_code == 204
    assert state(charge) == "refunded" and charge.paid_cents == 0
    assert charge.payments.count() == 2


def test_what_staff_recorded_by_hand_is_not_taken_back_twice_L42(charge, cards, client, olive):
    send(client, session(charge))
    reverse_payment(actor=olive, payment=charge.payments.get(), reason="Refunded at Stripe.")
    assert send(client, refund(charge)).status_code == 204
    assert charge.paid_cents == 0 and charge.payments.count() == 2


def test_a_billing_system_with_stripes_id_is_another_payment_L40(charge, cards, client):
    outcome = record_external_payment(
        actor=log_scene.BOOKS, charge=charge, external_id="pi_1", cents=1, currency="CAD",
        method="billing",
    )  # fmt: skip
    assert outcome.payment is None
    assert send(client, session(charge)).status_code == 204
    assert state(charge) == "paid"


# --- The settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "secret", "message"),
    [
        (KEY, "", "or neither"),
        ("", SECRET, "or neither"),
        ("pk_test_x", SECRET, "HUB_STRIPE_SECRET_KEY is not understood"),
        (KEY, "secret", "HUB_STRIPE_WEBHOOK_SECRET is not understood"),
        (KEY, SECRET, ""),
        ("", "", ""),
    ],
)
def test_both_secrets_or_neither(key, secret, message):
    done = manage(
        "check",
        HUB_ENV="test",
        HUB_DATABASE_URL="sqlite://:memory:",
        HUB_STRIPE_SECRET_KEY=key,
        HUB_STRIPE_WEBHOOK_SECRET=secret,
    )
    assert (done.returncode == 0) == (not message)
    assert message in done.stderr


def test_stripe_is_a_new_recipient_of_data_once_it_is_set_up_L17_L41():
    assert not registry_snapshot()["payments"]["recipients"]
    code = """
import json, sys
from compliance.registry.snapshot import registry_snapshot
print(json.dumps(registry_snapshot()))
"""
    done = manage(
        "shell", "--no-imports", "-c", code,
        HUB_ENV="test",
        HUB_DATABASE_URL="sqlite://:memory:",
        HUB_STRIPE_SECRET_KEY=KEY,
        HUB_STRIPE_WEBHOOK_SECRET=SECRET,
    )  # fmt: skip
    [drift] = drift_between(registry_snapshot(), json.loads(done.stdout))
    assert "“Payments for log requests” has a new recipient: Stripe" in drift


@pytest.mark.parametrize("is_set_up", [True, False])
def test_the_library_is_needed_only_with_the_secrets_L41(is_set_up):
    """Without them, the whole hub loads where the library is not installed."""
    code = """
import sys
sys.modules["stripe"] = None
import django
django.setup()
from django.urls import reverse
print(reverse("compliance:stripe-events"))
"""
    variables = {"HUB_ENV": "test", "HUB_DATABASE_URL": "sqlite://:memory:"}
    variables["DJANGO_SETTINGS_MODULE"] = "hub.settings"
    if is_set_up:
        variables |= {"HUB_STRIPE_SECRET_KEY": KEY, "HUB_STRIPE_WEBHOOK_SECRET": SECRET}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **variables},
        capture_output=True, text=True,
    )  # fmt: skip
    if is_set_up:
        assert "needs Stripe's library: install requirements-stripe.lock" in done.stderr
    else:
        assert done.stdout.strip() == EVENTS, done.stderr
