"""Payments by card: the way to Stripe's page, and what Stripe's signed events change (L40, L42)."""

import uuid

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from compliance.choices.log_requests import STRIPE, LogState, PaymentMethod
from compliance.models import Charge, LogRequest, Payment, RefusedPayment
from compliance.permissions import PaymentRefused, refuse_without_keys, require_payer
from compliance.services.external_payments import (
    Reporter,
    record_external_payment,
    reverse_external_payment,
)
from compliance.stripe_checkout import (
    CheckoutUnavailable,
    Paid,
    WentBack,
    is_set_up,
    open_checkout,
)

REPORTER = Reporter("Stripe", STRIPE)


class UnknownCharge(Exception):
    """An event names a charge of ours that does not exist."""


class EventTooEarly(Exception):
    """A refund came before the payment it takes back: Stripe has to send it again."""


def begin_card_payment(*, actor: User, request: LogRequest) -> str:
    """Return the address of Stripe's page on which the charge of a request is paid.

    It writes nothing: only Stripe's signed event says that something was paid. Raises
    PermissionDenied for people who do not see the request; PaymentRefused where nothing is to be
    paid, or Stripe does not answer; LogRefused where nobody could get the logs (L34).
    """
    require_payer(actor, request)
    charge = Charge.objects.filter(request=request).first()
    if not is_set_up():
        raise PaymentRefused(_("Pay as the invoice says."), code="no_cards")
    if charge is None or request.state != LogState.APPROVED or charge.is_settled:
        raise PaymentRefused(_("This charge is paid, waived or no longer due."), code="settled")
    refuse_without_keys(request)
    path = reverse("compliance:log-request", args=[request.customer.slug, request.uuid])
    try:
        return open_checkout(
            charge=charge, language=actor.language, page=f"{settings.HUB_BASE_URL}{path}"
        )
    except CheckoutUnavailable as error:
        raise PaymentRefused(
            _("You can't pay by card at the moment. Try again later, or pay as the invoice says."),
            code="unavailable",
        ) from error


@transaction.atomic
def apply_card_event(*, actor: Reporter, event: Paid | WentBack) -> None:
    """Record what Stripe says of a payment; the same event again changes nothing.

    Raises UnknownCharge, and EventTooEarly for a refund of a payment that is not recorded yet.
    """
    if isinstance(event, Paid):
        _record(actor, event)
    else:
        _take_back(actor, event)


def _record(actor: Reporter, event: Paid) -> None:
    try:
        charge = Charge.objects.get(uuid=uuid.UUID(event.charge))
    except (ValueError, Charge.DoesNotExist) as error:
        raise UnknownCharge(event.charge) from error
    record_external_payment(
        actor=actor,
        charge=charge,
        external_id=event.payment,
        cents=event.cents,
        currency=event.currency,
        method=PaymentMethod.ONLINE,
    )


def _take_back(actor: Reporter, event: WentBack) -> None:
    ids = {"system": actor.system, "external_id": event.payment}
    payment = Payment.objects.filter(**ids).first()
    if payment is not None:
        reverse_external_payment(
            actor=actor,
            payment=payment,
            series=event.series,
            cents=event.cents,
            reason=f"{actor.name}: {event.series}",
        )
    elif event.is_ours and not RefusedPayment.objects.filter(**ids).exists():
        raise EventTooEarly(event.payment)
