"""Payments for log requests: recorded by hand, reversed, or waived.

Each is a row; the request goes on in the same transaction, when its charge is settled (L40, L42).
services/external_payments.py records those that programs report.
"""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.log_requests import BEFORE_RELEASE, BY_HAND, LogState, PaymentMethod
from compliance.emails import requester_of, send_log_paid, send_log_refunded
from compliance.models import Charge, LogRequest, Payment, Waiver
from compliance.permissions import PaymentRefused
from compliance.services.log_requests import drop_file, lock_log_request
from compliance.services.rates import plain_amount

RECORD = "compliance.record_payment"


@transaction.atomic
def record_payment(
    *, actor: User, charge: Charge, cents: int, method: str, reference: str, day: date
) -> Payment:
    """Record money that came in. A part is recorded too; the request goes on with all of it.

    Raises PermissionDenied without the permission; PaymentRefused for more than is open, for a day
    to come, and for a request that is not to be paid.
    """
    require_staff(actor, RECORD)
    request, charge = lock_charge(charge)
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
    add_payment(payment, request, actor)
    return payment


@transaction.atomic
def reverse_payment(*, actor: User, payment: Payment, reason: str) -> Payment:
    """Record that the rest of a payment went back; before the release, that ends the request (L42).

    Raises PermissionDenied without the permission; PaymentRefused for what was reversed before;
    ValidationError without a reason.
    """
    require_staff(actor, RECORD)
    request, charge = lock_charge(payment.charge)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the activity log.")})
    left = payment.left_cents
    if payment.cents < 0 or not left:
        raise PaymentRefused(_("This payment was already reversed."), code="reversed")
    reversal = Payment(
        charge=charge,
        cents=-left,
        method=payment.method,
        reference=payment.reference,
        reverses=payment,
        day=today_of_provider(),
        by=actor,
    )
    add_reversal(reversal, request, actor, reason=reason.strip())
    return reversal


@transaction.atomic
def waive_charge(*, actor: User, charge: Charge, reason: str) -> Waiver:
    """Waive a fee, with a reason; the work begins.

    Raises as record_payment, and ValidationError without a reason.
    """
    require_staff(actor, RECORD)
    request, charge = lock_charge(charge)
    _require_open(request, charge)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the activity log.")})
    waiver = Waiver(charge=charge, reason=reason.strip(), by=actor)
    waiver.save(force_insert=True)
    record_money(
        "charge.waived", actor, request, invoice=charge.invoice_number, reason=waiver.reason
    )
    _go_on(request, is_waived=True)
    return waiver


def _require_open(request: LogRequest, charge: Charge) -> None:
    if request.state != LogState.APPROVED or charge.is_settled:
        raise PaymentRefused(_("This charge is paid, waived or no longer due."), code="settled")


def add_payment(
    payment: Payment, request: LogRequest, actor: User | None, actor_name: str = ""
) -> None:
    """Save a payment, and let the request go on if its charge is settled."""
    payment.clean_fields(exclude=["external_id"])
    payment.save(force_insert=True)
    charge = payment.charge
    record_money(
        "payment.recorded",
        actor,
        request,
        actor_name=actor_name,
        invoice=charge.invoice_number,
        money=plain_amount(payment.cents, charge.currency),
    )
    if charge.is_settled:
        _go_on(request, is_waived=False)


def add_reversal(
    reversal: Payment, request: LogRequest, actor: User | None, *, reason: str, actor_name: str = ""
) -> None:
    """Save money that went back, and end the request where nobody has the file yet (L42)."""
    reversal.save(force_insert=True)
    charge = reversal.charge
    record_money(
        "payment.reversed",
        actor,
        request,
        actor_name=actor_name,
        invoice=charge.invoice_number,
        money=plain_amount(-reversal.cents, charge.currency),
        reason=reason,
    )
    if request.state in BEFORE_RELEASE and not charge.is_settled:
        drop_file(request)
        request.state, request.lease_until = LogState.REFUNDED, None
        request.save()
        send_log_refunded(request=request)


def _go_on(request: LogRequest, *, is_waived: bool) -> None:
    request.state = LogState.PAID
    request.save()
    send_log_paid(request=request, is_waived=is_waived)


def lock_charge(charge: Charge) -> tuple[LogRequest, Charge]:
    """Lock the request of a charge: everything about its money waits there."""
    request = lock_log_request(LogRequest(pk=charge.request_id))
    return request, Charge.objects.get(pk=charge.pk)


def record_money(kind: str, actor: User | None, request: LogRequest, **facts: Any) -> None:
    """Record an event about the money of a request."""
    record_event(
        kind=kind,
        actor=actor,
        customer=request.customer,
        person=requester_of(request),
        log_request=str(request.uuid),
        **facts,
    )
