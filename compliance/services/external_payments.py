"""Payments that a billing system or Stripe reports: each of their ids counts once (L40)."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.timezones import today_of_provider
from compliance.choices.log_requests import LogState, PaymentMethod
from compliance.emails import send_payment_alarm
from compliance.models import Charge, LogRequest, Payment, RefusedPayment
from compliance.services.payments import add_payment, add_reversal, lock_charge, record_money
from compliance.services.rates import plain_amount


@dataclass(frozen=True)
class Reporter:
    """The program that reports a payment: its name for people, and its system of ids."""

    name: str
    system: str


@dataclass(frozen=True)
class Outcome:
    """The result of a report of a payment: its row, or None where it was refused (L40)."""

    payment: Payment | None
    is_new: bool = False


@transaction.atomic
def record_external_payment(
    *,
    actor: Reporter,
    charge: Charge,
    external_id: str,
    cents: int,
    currency: str,
    method: PaymentMethod,
    reference: str = "",
) -> Outcome:
    """Record the whole of a charge as a program reports it, once for each of its ids (L40).

    Another amount or currency, and a charge that is not to be paid, are refused: no payment is
    recorded, and staff are warned, once however often the same is reported.
    """
    request, charge = lock_charge(charge)
    report = RefusedPayment(
        charge=charge, system=actor.system, external_id=external_id, cents=cents, currency=currency
    )
    ids = Payment.objects.filter(system=actor.system, external_id=external_id)
    known = ids.first()
    if known is not None:
        is_same = (known.charge_id, known.cents, charge.currency) == (charge.pk, cents, currency)
        return Outcome(known) if is_same else _refuse(report, request, actor)
    fits = request.state == LogState.APPROVED and not charge.is_settled
    if not fits or (cents, currency) != (charge.open_cents, charge.currency):
        return _refuse(report, request, actor)
    payment = Payment(
        charge=charge,
        cents=cents,
        method=method,
        reference=reference,
        system=actor.system,
        external_id=external_id,
        day=today_of_provider(),
    )
    try:
        with transaction.atomic():
            add_payment(payment, request, None, actor_name=actor.name)
    except IntegrityError:
        # Another company's charge, whose lock is another one, got this id in the same instant.
        if not ids.exists():
            raise
        request, report.charge = lock_charge(charge)
        return _refuse(report, request, actor)
    return Outcome(payment, is_new=True)


def _refuse(report: RefusedPayment, request: LogRequest, actor: Reporter) -> Outcome:
    """Keep what was reported and warn staff, unless they were warned of the same before."""
    charge = report.charge
    told = RefusedPayment.objects.filter(
        charge=charge,
        system=report.system,
        external_id=report.external_id,
        cents=report.cents,
        currency=report.currency,
    )
    if told.exists():
        return Outcome(None)
    report.save(force_insert=True)
    record_money(
        "payment.refused",
        None,
        request,
        actor_name=actor.name,
        invoice=charge.invoice_number,
        money=plain_amount(report.cents, report.currency),
    )
    send_payment_alarm(
        charge=charge, cents=report.cents, currency=report.currency, source=actor.name
    )
    return Outcome(None)


@transaction.atomic
def reverse_external_payment(
    *, actor: Reporter, payment: Payment, series: str, cents: int, reason: str
) -> Outcome:
    """Record that money of a payment went back, as a program reports it (L42).

    `cents` is all that went back under `series`, an id of that program: reported again, late or in
    another order, it adds nothing. What staff recorded by hand is not taken back twice.
    """
    request, charge = lock_charge(payment.charge)
    begins = f"{series}/"
    known = list(payment.reversals.filter(system=actor.system, external_id__startswith=begins))
    more = min(cents + sum(row.cents for row in known), payment.left_cents)
    if more <= 0:
        return Outcome(known[-1] if known else None)
    reversal = Payment(
        charge=charge,
        cents=-more,
        method=payment.method,
        reference=payment.reference,
        system=actor.system,
        external_id=f"{begins}{cents}",
        reverses=payment,
        day=today_of_provider(),
    )
    add_reversal(reversal, request, None, reason=reason, actor_name=actor.name)
    return Outcome(reversal, is_new=True)
