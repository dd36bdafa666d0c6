"""Payments for log requests: recorded by hand or by a billing system, reversed, or waived.

Each is a row; the request goes on in the same transaction, when its charge is settled (L40, L42).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.log_requests import (
    BY_HAND,
    REFUNDABLE,
    LogState,
    PaymentMethod,
)
from compliance.emails import requester_of, send_log_paid, send_payment_alarm
from compliance.models import Charge, LogRequest, Payment, Waiver
from compliance.permissions import PaymentRefused
from compliance.services.log_requests import drop_file, lock_log_request
from compliance.services.rates import plain_amount

RECORD = "compliance.record_payment"


@dataclass(frozen=True)
class Outcome:
    """The result of a report of a payment: its row, or None where it was refused (L40)."""

    payment: Payment | None
    is_new: bool = False


@transaction.atomic
def record_payment(
    *, actor: User, charge: Charge, cents: int, method: str, reference: str, day: date
) -> Payment:
    """Record money that came in. A part is recorded too; the request goes on with all of it.

    Raises PermissionDenied without the permission; PaymentRefused for more than is open, for a day
    to come, and for a request that is not to be paid.
    """
    require_staff(actor, RECORD)
    request, charge = _lock(charge)
    _require_open(request, charge)
    if method not in BY_HAND:
        raise PaymentRefused({"method": _("Choose how it was paid.")})
    if not 0 < cents <= charge.open_cents:
        raise PaymentRefused(
            {"amount": _("Give an amount up to %(open)s.") % {"open": charge.still_open}}
        )
    if day > today_of_provider():
        raise PaymentRefused({"day": _("Choose today or an earlier day.")})
    payment = Payment(
        charge=charge,
        cents=cents,
        method=PaymentMethod(method),
        reference=reference.strip(),
        day=day,
        by=actor,
    )
    _add(payment, request, actor)
    return payment


@transaction.atomic
def record_external_payment(
    *,
    actor: str,
    charge: Charge,
    external_id: str,
    cents: int,
    currency: str,
    method: PaymentMethod,
    reference: str = "",
) -> Outcome:
    """Record the whole of a charge as a program reports it, once for each of its ids (L40).

    `actor` is the program's name. Another amount or currency, and a charge that is not to be paid,
    are refused: nothing is recorded, and staff are warned.
    """
    request, charge = _lock(charge)
    known = Payment.objects.filter(external_id=external_id).first()
    if known is not None:
        is_same = (known.charge_id, known.cents, charge.currency) == (charge.pk, cents, currency)
        if is_same:
            return Outcome(known)
        return _alarm(request, charge, cents, currency, actor)
    fits = request.state == LogState.APPROVED and not charge.is_settled
    if not fits or (cents, currency) != (charge.open_cents, charge.currency):
        return _alarm(request, charge, cents, currency, actor)
    payment = Payment(
        charge=charge,
        cents=cents,
        method=method,
        reference=reference,
        external_id=external_id,
        day=today_of_provider(),
    )
    try:
        with transaction.atomic():
            _add(payment, request, None, actor_name=actor)
    except IntegrityError:
        # Another company's charge, whose lock is another one, got this id in the same instant.
        if not Payment.objects.filter(external_id=external_id).exists():
            raise
        return _alarm(*_lock(charge), cents, currency, actor)
    return Outcome(payment, is_new=True)


def _alarm(request: LogRequest, charge: Charge, cents: int, currency: str, source: str) -> Outcome:
    _record(
        "payment.refused",
        None,
        request,
        actor_name=source,
        invoice=charge.invoice_number,
        money=plain_amount(cents, currency),
    )
    send_payment_alarm(charge=charge, cents=cents, currency=currency, source=source)
    return Outcome(None)


@transaction.atomic
def reverse_payment(*, actor: User, payment: Payment, reason: str) -> Payment:
    """Record that a payment went back; before the release, that ends the request (L42).

    Raises PermissionDenied without the permission; PaymentRefused for what was reversed before;
    ValidationError without a reason.
    """
    require_staff(actor, RECORD)
    request, charge = _lock(payment.charge)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the activity log.")})
    if payment.cents < 0 or payment.reversals.exists():
        raise PaymentRefused(_("This payment was already reversed."), code="reversed")
    reversal = Payment(
        charge=charge,
        cents=-payment.cents,
        method=payment.method,
        reference=payment.reference,
        reverses=payment,
        day=today_of_provider(),
        by=actor,
    )
    reversal.save(force_insert=True)
    _record(
        "payment.reversed",
        actor,
        request,
        invoice=charge.invoice_number,
        money=plain_amount(payment.cents, charge.currency),
        reason=reason.strip(),
    )
    if request.state in REFUNDABLE and not charge.is_settled:
        drop_file(request)
        request.state, request.lease_until = LogState.REFUNDED, None
        request.save()
    return reversal


@transaction.atomic
def waive_charge(*, actor: User, charge: Charge, reason: str) -> Waiver:
    """Waive a fee, with a reason; the work begins.

    Raises as record_payment, and ValidationError without a reason.
    """
    require_staff(actor, RECORD)
    request, charge = _lock(charge)
    _require_open(request, charge)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the activity log.")})
    waiver = Waiver(charge=charge, reason=reason.strip(), by=actor)
    waiver.save(force_insert=True)
    _record("charge.waived", actor, request, invoice=charge.invoice_number, reason=waiver.reason)
    _go_on(request, is_waived=True)
    return waiver


def _require_open(request: LogRequest, charge: Charge) -> None:
    if request.state != LogState.APPROVED or charge.is_settled:
        raise PaymentRefused(_("This charge is paid, waived or no longer due."), code="settled")


def _add(payment: Payment, request: LogRequest, actor: User | None, actor_name: str = "") -> None:
    """Save a payment, and let the request go on if its charge is settled."""
    payment.clean_fields(exclude=["external_id"])
    payment.save(force_insert=True)
    charge = payment.charge
    _record(
        "payment.recorded",
        actor,
        request,
        actor_name=actor_name,
        invoice=charge.invoice_number,
        money=plain_amount(payment.cents, charge.currency),
    )
    if charge.is_settled:
        _go_on(request, is_waived=False)


def _go_on(request: LogRequest, *, is_waived: bool) -> None:
    request.state = LogState.PAID
    request.save()
    send_log_paid(request=request, is_waived=is_waived)


def _lock(charge: Charge) -> tuple[LogRequest, Charge]:
    """Lock the request of a charge: everything about its money waits there."""
    request = lock_log_request(LogRequest(pk=charge.request_id))
    return request, Charge.objects.get(pk=charge.pk)


def _record(kind: str, actor: User | None, request: LogRequest, **facts: Any) -> None:
    record_event(
        kind=kind,
        actor=actor,
        customer=request.customer,
        person=requester_of(request),
        log_request=str(request.uuid),
        **facts,
    )
