"""Log requests: asked with two keys, withdrawn, given back to the portal, checked and released."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import lock_customer, require_member, require_staff
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.log_requests import LogPurpose, LogState
from compliance.choices.sealed_files import SealedFileState
from compliance.emails import requester_of, send_log_received, send_log_released
from compliance.models import Charge, LogRequest, LogResource, SealedFile
from compliance.permissions import (
    LogRefused,
    refuse_without_keys,
    require_representative,
)
from compliance.selectors.log_requests import (
    MOST_RESOURCES,
    askable_resources,
    first_allowed_day,
    spans_of,
)
from compliance.selectors.rates import rate_in_force
from compliance.services.sealed_files import delete_content
from portals.models import Resource

CHANGE = "compliance.change_logrequest"


@transaction.atomic
def ask_for_logs(
    *,
    actor: User,
    customer: Customer,
    resources: Sequence[Resource],
    purpose: str,
    first_day: date,
    last_day: date,
    rate_number: int,
) -> LogRequest:
    """Ask the provider for the logs of resources; days, resources and price are fixed now.

    `rate_number` is the version of the price that was shown. Raises PermissionDenied without
    either key (L34); LogRefused naming the field for days outside the window (L36), for resources
    that the company did not have then (L37), and for a price that changed meanwhile (L38).
    """
    customer = lock_customer(customer)
    require_member(actor, customer)
    representative = require_representative(actor, customer)
    rate = rate_in_force()
    if rate is None:
        raise LogRefused(_("The provider has not set a price yet."), code="no_rate")
    if rate.number != rate_number:
        raise LogRefused(_("The price has changed. Look at it and send again."), code="price")
    require_days(first_day, last_day)
    chosen = _resources(actor, customer, resources)
    spans = spans_of(customer, chosen, first_day, last_day)
    missing = {row.name for row in chosen} - {span.name for span in spans}
    if missing:
        raise LogRefused(
            {
                "resources": _("Your company did not have these on the days you chose: %(names)s")
                % {"names": ", ".join(sorted(missing))}
            },
            code="tenure",
        )
    request = LogRequest(
        customer=customer,
        portal=chosen[0].resource_type.portal,
        representative=representative,
        purpose=LogPurpose(purpose),
        first_day=first_day,
        last_day=last_day,
        **rate.price(),
    )
    request.save(force_insert=True)
    LogResource.objects.bulk_create(
        LogResource(request=request, **span._asdict()) for span in spans
    )
    record_step(
        "logs.asked",
        actor,
        request,
        count=len(chosen),
        first_day=first_day.isoformat(),
        last_day=last_day.isoformat(),
    )
    send_log_received(request=request)
    return request


def require_days(first_day: date, last_day: date) -> None:
    """Raise LogRefused for days outside the window, as it is on this day at the provider (L36)."""
    today = today_of_provider()
    earliest = first_allowed_day(today)
    if first_day < earliest:
        raise LogRefused(
            {"first_day": _("The first day can be %(day)s or later.") % {"day": earliest}},
            code="too_early",
        )
    if last_day >= today:
        raise LogRefused({"last_day": _("The last day can be yesterday or earlier.")}, code="late")
    if last_day < first_day:
        raise LogRefused({"last_day": _("The last day is before the first.")}, code="order")


def _resources(actor: User, customer: Customer, resources: Sequence[Resource]) -> list[Resource]:
    """Return the chosen resources, all of one portal and each allowed to the actor."""
    keys = {resource.pk for resource in resources}
    chosen = list(askable_resources(actor, customer).filter(pk__in=keys))
    if not keys or len(chosen) < len(keys):
        raise LogRefused(
            {"resources": _("Choose resources for which you have permission to ask for logs.")},
            code="no_permission",
        )
    if len(keys) > MOST_RESOURCES:
        raise LogRefused(
            {"resources": _("Choose at most %(count)s.") % {"count": MOST_RESOURCES}}, code="many"
        )
    if len({row.resource_type.portal_id for row in chosen}) > 1:
        raise LogRefused({"resources": _("Choose resources of one portal.")}, code="portals")
    return chosen


@transaction.atomic
def withdraw_log_request(*, actor: User, request: LogRequest) -> LogRequest:
    """Take a request back that is not paid yet.

    Raises PermissionDenied unless the actor is the representative who asked; LogRefused once
    something was paid or decided otherwise.
    """
    locked = lock_log_request(request)
    representative = require_representative(actor, locked.customer)
    if locked.representative_id != representative.pk:
        raise LogRefused(_("Only the person who asked can withdraw it."), code="other")
    charge = Charge.objects.filter(request=locked).first()
    if locked.state not in (LogState.ASKED, LogState.APPROVED) or (charge and charge.paid_cents):
        raise LogRefused(_("It is too late to withdraw this request."), code="late")
    set_state(locked, LogState.WITHDRAWN)
    record_step("logs.withdrawn", actor, locked)
    return locked


@transaction.atomic
def repeat_log_request(*, actor: User, request: LogRequest, reason: str) -> LogRequest:
    """Give the work back to the portal: it failed, or the file did not pass the check.

    The file is deleted. Raises PermissionDenied for staff without the permission, LogRefused in
    another state, ValidationError without a reason.
    """
    require_staff(actor, CHANGE)
    locked = lock_log_request(request)
    if locked.state not in (LogState.FAILED, LogState.READY):
        raise LogRefused(_("There is nothing to repeat."), code="state")
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: it is kept in the activity log.")})
    drop_file(locked)
    set_state(locked, LogState.PAID)
    record_step("logs.repeated", actor, locked, reason=reason.strip())
    return locked


@transaction.atomic
def release_log_request(*, actor: User, request: LogRequest, is_checked: bool) -> LogRequest:
    """Release a checked file to the representative who asked, for HUB_LOG_DAYS days.

    Raises PermissionDenied for staff without the permission; LogRefused unless the file is ready,
    paid and checked (L42, L43), and the representative still has both keys (L34).
    """
    require_staff(actor, CHANGE)
    locked = lock_log_request(request)
    if locked.state != LogState.READY or locked.file is None:
        raise LogRefused(_("This file is not ready, or already released."), code="state")
    if not is_checked:
        raise LogRefused({"is_checked": _("Check the file first.")}, code="unchecked")
    if not locked.charge.is_settled:
        raise LogRefused(_("The fee is not paid."), code="unpaid")
    refuse_without_keys(locked)
    now = timezone.now()
    file = SealedFile.objects.select_for_update().get(pk=locked.file.pk)
    file.state, file.ready_at = SealedFileState.READY, now
    file.expires_at = now + timedelta(days=settings.HUB_LOG_DAYS)
    file.save()
    locked.file = file
    locked.checked_by, locked.checked_at, locked.released_at = actor, now, now
    set_state(locked, LogState.RELEASED)
    record_step("logs.released", actor, locked, file_hash=file.sha256)
    send_log_released(request=locked)
    return locked


def drop_file(locked: LogRequest) -> None:
    """Delete what a portal has sent for a request, in the caller's transaction."""
    locked.parts.all().delete()
    file, locked.file = locked.file, None
    if file is not None:
        delete_content([file.pk])


def lock_log_request(request: LogRequest) -> LogRequest:
    """Lock the company, then the request, and return it with what its services need.

    It is read once both are locked: a join would still show what was there before the wait.
    """
    lock_customer(Customer.objects.get(log_requests=request.pk))
    LogRequest.objects.select_for_update().get(pk=request.pk)
    return LogRequest.objects.select_related(
        "customer__main_super_user__user", "portal", "representative__membership__user", "file"
    ).get(pk=request.pk)


def set_state(locked: LogRequest, state: LogState) -> None:
    """Save a locked request in its next state."""
    locked.state = state
    locked.save()


def record_step(kind: str, actor: User | None, request: LogRequest, **facts: Any) -> None:
    """Record a step of a request in the activity log."""
    record_event(
        kind=kind,
        actor=actor,
        customer=request.customer,
        person=requester_of(request),
        log_request=str(request.uuid),
        **facts,
    )
