"""The decisions of staff on a log request: approve, decline, or close one that can't go on."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from compliance.choices.log_requests import BEFORE_RELEASE, LogState
from compliance.emails import send_log_approved, send_log_closed, send_log_declined
from compliance.models import Charge, LogRequest
from compliance.permissions import LogRefused
from compliance.selectors.log_requests import requester_has_both_keys
from compliance.services.log_requests import (
    CHANGE,
    drop_file,
    lock_log_request,
    record_step,
    set_state,
)


@transaction.atomic
def approve_log_request(
    *,
    actor: User,
    request: LogRequest,
    invoice_number: str,
    instructions_en: str,
    instructions_fr: str,
) -> LogRequest:
    """Approve a request, with its invoice and how to pay it. The invoice is in other books.

    Raises PermissionDenied for staff without the permission; ValidationError naming the field, and
    for a request that was answered.
    """
    locked = _lock_for_answer(actor, request)
    charge = Charge(
        request=locked,
        total_cents=locked.total_cents,
        currency=locked.currency,
        invoice_number=invoice_number.strip(),
        instructions_en=instructions_en.strip(),
        instructions_fr=instructions_fr.strip(),
        added_by=actor,
    )
    charge.full_clean()
    _decide(actor, locked, LogState.APPROVED)
    try:
        with transaction.atomic():
            charge.save(force_insert=True)
    except IntegrityError as error:  # another company's request got this number meanwhile
        raise LogRefused(
            {"invoice_number": _("Another charge has this invoice number.")}, code="taken"
        ) from error
    record_step("logs.approved", actor, locked, invoice=charge.invoice_number)
    send_log_approved(request=locked, charge=charge)
    return locked


@transaction.atomic
def decline_log_request(*, actor: User, request: LogRequest, reason: str) -> LogRequest:
    """Decline a request with a reason; it costs nothing (L43). Raises as approve_log_request."""
    locked = _lock_for_answer(actor, request)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the company has to learn it.")})
    locked.decline_reason = reason.strip()
    _decide(actor, locked, LogState.DECLINED)
    record_step("logs.declined", actor, locked, reason=locked.decline_reason)
    send_log_declined(request=locked)
    return locked


def _lock_for_answer(actor: User, request: LogRequest) -> LogRequest:
    require_staff(actor, CHANGE)
    locked = lock_log_request(request)
    if locked.state != LogState.ASKED:
        raise LogRefused(_("This request was answered or withdrawn."), code="answered")
    return locked


def _decide(actor: User, locked: LogRequest, state: LogState) -> None:
    locked.decided_by, locked.decided_at = actor, timezone.now()
    set_state(locked, state)


@transaction.atomic
def close_log_request(*, actor: User, request: LogRequest, reason: str) -> LogRequest:
    """Close a paid or waived request whose requester lost a key: nobody could get the logs (L34).

    The file is deleted. A payment stays as it is until staff record that it went back. Raises
    PermissionDenied for staff without the permission; LogRefused in another state, and while the
    requester has both keys; ValidationError without a reason.
    """
    require_staff(actor, CHANGE)
    locked = lock_log_request(request)
    if locked.state not in BEFORE_RELEASE:
        raise LogRefused(_("This request can't be closed in its present state."), code="state")
    if requester_has_both_keys(locked):
        raise LogRefused(
            _("The requester can still get these logs, so the request can't be closed."),
            code="keys",
        )
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the requester reads it.")})
    drop_file(locked)
    locked.lease_until = None
    set_state(locked, LogState.CLOSED)
    record_step("logs.closed", actor, locked, reason=reason.strip())
    send_log_closed(request=locked, reason=reason.strip())
    return locked
