"""The second factor that a company demands of its people from a day on."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.languages import in_each_language
from accounts.models import AuditEvent, Customer, User
from accounts.permissions import lock_managed_customer, require_fresh_sign_in
from accounts.selectors.factors import members_to_tell
from accounts.services.audit import record_event
from accounts.services.undo import register_undo, superseded

LATEST = 366  # days ahead


class SecondFactorRefused(ValidationError):
    """The demand cannot be made or ended this way; the message says why."""


@transaction.atomic
def demand_second_factor(*, actor: User, customer: Customer, since: datetime) -> AuditEvent:
    """Demand a second factor of the customer's people from a moment on, and tell them.

    Raises PermissionDenied for anyone but its Super Users; SecondFactorRefused for a moment that is
    the present one, or too far away.
    """
    customer = lock_managed_customer(actor, customer)
    if customer.second_factor_from == since:
        raise SecondFactorRefused({"day": _("This day is already set.")})
    today = timezone.localtime(timezone=customer.zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    if since < today or (since - today).days > LATEST:
        raise SecondFactorRefused({"day": _("Choose a day from today to a year from now.")})
    event = record_event(
        kind="customer.second_factor_demanded",
        actor=actor,
        customer=customer,
        first_day=_in_every_language(since, customer),
        **_previous(customer),
    )
    customer.second_factor_from = since
    customer.save()
    signals.second_factor_changed.send(Customer, customer=customer)
    return event


@transaction.atomic
def end_second_factor(
    *, actor: User, customer: Customer, signed_in_at: datetime | None
) -> AuditEvent:
    """Demand it no longer. Raises as demand_second_factor; FreshSignInRequired."""
    customer = lock_managed_customer(actor, customer)
    require_fresh_sign_in(signed_in_at)
    if customer.second_factor_from is None:
        raise SecondFactorRefused(_("The company doesn't require a second factor."))
    event = record_event(
        kind="customer.second_factor_ended", actor=actor, customer=customer, **_previous(customer)
    )
    customer.second_factor_from = None
    customer.save()
    signals.second_factor_changed.send(Customer, customer=customer)
    return event


@transaction.atomic
def tell_members(*, actor: None, customer: Customer) -> int:
    """Tell the members from when they need a second factor, or that they need none any more.

    Return how many were told.
    """
    told = 0
    for membership, has_factor in members_to_tell(customer):
        emails.send_second_factor_notice(
            membership=membership,
            since=customer.second_factor_from,
            has_factor=has_factor,
        )
        told += 1
    return told


@transaction.atomic
def restore_demand(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo customer.second_factor_demanded or …_ended: bring the day before it back."""
    later = AuditEvent.objects.filter(
        customer=customer, kind__startswith="customer.second_factor", pk__gt=event.pk
    )
    if later.exists():
        raise superseded(_("This was changed again later, so you can't undo it."))
    before = event.data.get("previous_start")
    customer.second_factor_from = parse_datetime(before) if before else None
    customer.save()
    signals.second_factor_changed.send(Customer, customer=customer)
    return "customer.second_factor_restored", {}


def _previous(customer: Customer) -> dict[str, Any]:
    start = customer.second_factor_from
    return {"previous_start": start.isoformat()} if start else {}


def _in_every_language(moment: datetime, customer: Customer) -> dict[str, str]:
    day = timezone.localtime(moment, customer.zone).date()
    return in_each_language(lambda: date_format(day, "DATE_FORMAT"))


def register() -> None:
    """Register the undo handlers above; called once at start-up."""
    register_undo("customer.second_factor_demanded", restore_demand)
    register_undo("customer.second_factor_ended", restore_demand)
