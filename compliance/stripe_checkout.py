"""Stripe Checkout: the only module that knows Stripe's library, its API and its events."""

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings

from compliance.models import Charge

with suppress(ModuleNotFoundError):  # hub/billing.py refuses the start where it is needed
    import stripe

PAGES = "https://checkout.stripe.com"  # where a payer types the number of a card
TIMEOUT = 10  # seconds that a payer waits for Stripe
OLDEST = 300  # seconds; an older signature may be a replay
HOUR = 3600  # seconds
MOST_STORED = 2**31 - 1  # cents that a column holds
OURS = "hub_charge"  # the key of our id in Stripe's metadata: other programs may use its account

log = structlog.get_logger(__name__)


class CheckoutUnavailable(Exception):
    """Stripe did not make a page to pay on."""


class EventRefused(Exception):
    """An event is not signed by Stripe, too old, or has another shape."""


@dataclass(frozen=True)
class Paid:
    """A charge (its uuid) was paid; `payment` is Stripe's id of it."""

    charge: str
    payment: str
    cents: int
    currency: str


@dataclass(frozen=True)
class WentBack:
    """So much of a payment went back in all under one id of Stripe's: a refund or a dispute."""

    payment: str
    series: str
    cents: int
    is_ours: bool  # whether it names one of our charges; a dispute never does


def is_set_up() -> bool:
    """Return whether charges can be paid by card."""
    return bool(settings.HUB_STRIPE_SECRET_KEY)


def open_checkout(*, charge: Charge, language: str, page: str) -> str:
    """Return the address of Stripe's page on which what is open of a charge is paid by card.

    `page` is the address of the request; Stripe leads back there. Within an hour the same payer
    gets the same page, so that two presses are one payment. Stripe learns the invoice number, the
    amount, the charge's id and that address, nothing about the person. Raises CheckoutUnavailable.
    """
    ids = {OURS: str(charge.uuid)}
    product = {"name": charge.invoice_number}
    price = {
        "currency": charge.currency.lower(),
        "unit_amount": charge.open_cents,
        "product_data": product,
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "payment_method_types": ["card"],
        "client_reference_id": str(charge.uuid),
        "metadata": ids,
        "payment_intent_data": {"metadata": ids},
        "line_items": [{"price_data": price, "quantity": 1}],
        "locale": "fr-CA" if language.startswith("fr") else "en",
        "expires_at": (int(time.time()) // HOUR + 2) * HOUR,
        "success_url": f"{page}?payment=sent",
        "cancel_url": page,
    }
    key = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
    stripe.enable_telemetry = False
    client = stripe.StripeClient(
        settings.HUB_STRIPE_SECRET_KEY,
        base_addresses={"api": stripe.api_base},
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
        max_network_retries=1,
    )
    try:
        session = client.v1.checkout.sessions.create(
            params=params,  # type: ignore[arg-type]
            options={"idempotency_key": key},
        )
    except stripe.StripeError as error:
        log.error("Stripe made no page to pay on", error=type(error).__name__, code=error.code)
        raise CheckoutUnavailable from error
    url = session.url or ""
    if not url.startswith(f"{PAGES}/"):  # browsers would not follow a form to another host
        log.error("Stripe's page to pay on is at another host")
        raise CheckoutUnavailable
    return url


def read_event(body: bytes, signature: str) -> Paid | WentBack | None:
    """Return what a signed event says; None for one that says nothing about our payments.

    Raises EventRefused.
    """
    try:
        stripe.WebhookSignature.verify_header(
            body, signature, settings.HUB_STRIPE_WEBHOOK_SECRET, OLDEST
        )
        event = json.loads(body)
        kind, content = event["type"], event["data"]["object"]
        reader = _READERS.get(kind)
        return reader(content) if reader else None
    except stripe.SignatureVerificationError as error:
        raise EventRefused("the signature is wrong or too old") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EventRefused("the event has another shape") from error


def _read_session(session: dict[str, Any]) -> Paid | None:
    """Return the payment of a checkout that is over; None while the money is on its way."""
    charge = _our_charge(session)
    if not charge or session["mode"] != "payment" or session["payment_status"] != "paid":
        return None
    if session["client_reference_id"] != charge:
        raise ValueError("two charges")
    return Paid(
        charge=charge,
        payment=_text(session["payment_intent"]),
        cents=_cents(session["amount_total"]),
        currency=_currency(session["currency"]),
    )


def _read_refund(charge: dict[str, Any]) -> WentBack | None:
    if not charge["payment_intent"]:
        return None
    return WentBack(
        payment=_text(charge["payment_intent"]),
        series=_text(charge["id"]),
        cents=_cents(charge["amount_refunded"]),
        is_ours=bool(_our_charge(charge)),
    )


def _read_dispute(dispute: dict[str, Any]) -> WentBack | None:
    """Return the money that a bank took back; None for a question without any (warning_…)."""
    if not dispute["payment_intent"] or _text(dispute["status"]).startswith("warning_"):
        return None
    return WentBack(
        payment=_text(dispute["payment_intent"]),
        series=_text(dispute["id"]),
        cents=_cents(dispute["amount"]),
        is_ours=False,
    )


def _our_charge(content: dict[str, Any]) -> str:
    return _text((content.get("metadata") or {}).get(OURS, ""))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200 or "\0" in value:
        raise ValueError("no text")
    value.encode()  # half a character is a ValueError
    return value


def _currency(value: Any) -> str:
    text = _text(value).upper()
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise ValueError("no currency")
    return text


def _cents(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_STORED:
        raise ValueError("no amount")
    return value


_READERS = {
    "checkout.session.completed": _read_session,
    "checkout.session.async_payment_succeeded": _read_session,
    "charge.refunded": _read_refund,
    "charge.dispute.created": _read_dispute,
    "charge.dispute.funds_withdrawn": _read_dispute,
}
