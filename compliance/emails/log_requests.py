"""The emails about representatives, log requests and payments."""

from typing import Any

from django.urls import reverse

from accounts.emails import send_to
from accounts.models import Membership, User
from accounts.selectors import staff_with
from compliance.choices.representatives import Capacity
from compliance.models import Charge, LogRequest, Representative
from compliance.models.log_requests import MOST_DOWNLOADS
from compliance.models.rates import amount_lazy
from preferences.choices import NoticeCode

TRANSACTIONAL = NoticeCode.TRANSACTIONAL


def send_representative_confirmed(*, representative: Representative) -> None:
    """Tell somebody that they may now act for their company, and until when."""
    member = representative.membership
    send_to(
        member.user,
        "compliance/emails/representative_confirmed",
        notice_class=TRANSACTIONAL,
        path=reverse("compliance:log-requests", args=[member.customer.slug]),
        zone=member.customer.zone,
        company=member.customer,
        capacity=Capacity(representative.capacity).label,
        until=representative.until,
    )


def send_log_received(*, request: LogRequest) -> None:
    """Confirm to the requester that the provider has the request."""
    _send(request, "log_received", total=amount_lazy(request.total_cents, request.currency))


def send_log_approved(*, request: LogRequest, charge: Charge) -> None:
    """Tell the requester that the request is approved, what to pay and how."""
    language = _told(request).language
    _send(
        request,
        "log_approved",
        total=amount_lazy(charge.total_cents, charge.currency),
        invoice=charge.invoice_number,
        instructions=charge.instructions(language),
    )


def send_log_declined(*, request: LogRequest) -> None:
    """Tell the requester that the provider declined, and why."""
    _send(request, "log_declined", reason=request.decline_reason)


def send_log_paid(*, request: LogRequest, is_waived: bool) -> None:
    """Tell the requester that the work begins."""
    _send(request, "log_paid", is_waived=is_waived)


def send_log_refunded(*, request: LogRequest) -> None:
    """Tell the requester that the request ended, since the payment went back."""
    _send(request, "log_refunded", invoice=request.charge.invoice_number)


def send_log_closed(*, request: LogRequest, reason: str) -> None:
    """Tell the requester that the request ended without the logs, why, and what was paid."""
    cents = request.charge.paid_cents
    paid = amount_lazy(cents, request.currency) if cents else None
    _send(request, "log_closed", reason=reason, paid=paid)


def send_log_released(*, request: LogRequest) -> None:
    """Tell the requester and the main Super User that the file can be downloaded."""
    file = request.file
    _send_to_both(request, "log_released", expires_at=file and file.expires_at)


def send_log_downloaded(*, request: LogRequest, count: int) -> None:
    """Tell the requester and the main Super User of one download."""
    _send_to_both(request, "log_downloaded", number=count, most=MOST_DOWNLOADS)


def send_payment_alarm(*, charge: Charge, cents: int, currency: str, source: str) -> None:
    """Warn staff who record payments of one that does not fit its charge (L40)."""
    for reader in staff_with("record_payment", app="compliance"):
        send_to(
            reader,
            "compliance/emails/payment_alarm",
            notice_class=NoticeCode.SECURITY,
            path=reverse("compliance:provider-charge", args=[charge.uuid]),
            invoice=charge.invoice_number,
            reported=amount_lazy(cents, currency),
            still_open=amount_lazy(charge.open_cents, charge.currency),
            source=source,
        )


def requester_of(request: LogRequest) -> User:
    """Return the person who made a request."""
    return request.representative.membership.user


def _send(request: LogRequest, template: str, **facts: Any) -> None:
    _send_to(_told(request), request, template, TRANSACTIONAL, **facts)


def _told(request: LogRequest) -> User:
    """Return who reads what becomes of a request: the requester, or the main Super User for them.

    Whoever left the company learns no more of it, and its payment is the company's.
    """
    requester, main = requester_of(request), request.customer.main_super_user
    places = Membership.objects.live().filter(user=requester, customer=request.customer)
    return requester if main is None or places.exists() else main.user


def _send_to_both(request: LogRequest, template: str, **facts: Any) -> None:
    main = request.customer.main_super_user
    readers = {requester_of(request).pk: requester_of(request)}
    if main is not None:
        readers[main.user_id] = main.user
    for reader in readers.values():
        _send_to(reader, request, template, NoticeCode.SECURITY, **facts)


def _send_to(
    reader: User, request: LogRequest, template: str, notice_class: str, **facts: Any
) -> None:
    send_to(
        reader,
        f"compliance/emails/{template}",
        notice_class=notice_class,
        path=reverse("compliance:log-request", args=[request.customer.slug, request.uuid]),
        zone=request.customer.zone,
        company=request.customer,
        person=request.representative.membership,
        first_day=request.first_day,
        last_day=request.last_day,
        is_requester=reader.pk == requester_of(request).pk,
        **facts,
    )
