"""Customers: created by staff, kept current by their Super Users."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import AuditEvent, Customer, User
from accounts.permissions import lock_customer, lock_managed_customer, require_staff
from accounts.services.audit import differences_between, record_event
from accounts.services.versions import refuse_overwriting
from accounts.validators import clean_reason


class CustomerRefused(ValidationError):
    """The customer cannot be changed this way; the message says why."""


COMPANY_FIELDS = (
    "name", "language", "phone", "street", "city", "region", "postal_code", "country",
    "time_zone",
)  # fmt: skip


@transaction.atomic
def create_customer(
    *,
    actor: User,
    slug: str,
    name: str,
    language: str = "en",
    begin: Callable[[Customer], None] | None = None,
) -> Customer:
    """Create a pending customer, which becomes active when its main Super User joins.

    `begin` adds rows of an upper app (the first subscriptions) in the same transaction. Raises
    PermissionDenied without `accounts.add_customer`, ValidationError for bad or taken data.
    """
    require_staff(actor, "accounts.add_customer")
    customer = Customer(slug=slug, name=name, language=language)
    customer.full_clean()
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError as error:
        raise CustomerRefused(
            {"slug": _("Another company has this short name. Choose another.")}
        ) from error
    record_event(
        kind="customer.created", actor=actor, customer=customer, customer_name=name, slug=slug
    )
    if begin is not None:
        begin(customer)
    return customer


def company_values(customer: Customer) -> dict[str, Any]:
    """Return the company data, whose version its form carries."""
    return {name: getattr(customer, name) for name in COMPANY_FIELDS}


@transaction.atomic
def update_company(
    *, actor: User, customer: Customer, version: str | None = None, **values: Any
) -> Customer:
    """Change the company data, which is COMPANY_FIELDS.

    Raises PermissionDenied for anyone but its Super Users; ValidationError naming the field;
    ChangedMeanwhile where somebody saved since `version`.
    """
    customer = lock_managed_customer(actor, customer)
    unknown = values.keys() - set(COMPANY_FIELDS)
    if unknown:
        raise CustomerRefused(_("Unknown field: %(name)s") % {"name": ", ".join(sorted(unknown))})
    refuse_overwriting(
        version,
        saved=company_values(customer),
        wanted=values,
        edits=AuditEvent.objects.filter(customer=customer, kind="customer.updated"),
    )
    changed = sorted(name for name, value in values.items() if getattr(customer, name) != value)
    differences = differences_between(customer, values, changed)
    for name in changed:
        setattr(customer, name, values[name])
    customer.full_clean(exclude=set(COMPANY_FIELDS).difference(changed))
    if changed:
        customer.save()
        record_event(
            kind="customer.updated",
            actor=actor,
            customer=customer,
            fields=", ".join(changed),
            differences=differences,
        )
    return customer


@transaction.atomic
def suspend_customer(*, actor: User, customer: Customer, reason: str) -> Customer:
    """Suspend a customer: all access in it stops at once, and comes back with restore_customer.

    Raises PermissionDenied without `accounts.change_customer`; CustomerRefused if not active;
    ValidationError without a reason.
    """
    require_staff(actor, "accounts.change_customer")
    reason = clean_reason("reason", reason)
    customer = lock_customer(customer)
    if customer.status != CustomerStatus.ACTIVE:
        raise CustomerRefused(_("You can suspend only an active company."))
    customer.status = CustomerStatus.SUSPENDED
    customer.save()
    record_event(kind="customer.suspended", actor=actor, customer=customer, reason=reason)
    return customer


@transaction.atomic
def restore_customer(*, actor: User, customer: Customer) -> Customer:
    """End a suspension. Raises PermissionDenied or CustomerRefused as suspend_customer."""
    require_staff(actor, "accounts.change_customer")
    customer = lock_customer(customer)
    if customer.status != CustomerStatus.SUSPENDED:
        raise CustomerRefused(_("This company is not suspended."))
    customer.status = CustomerStatus.ACTIVE
    customer.save()
    record_event(kind="customer.restored", actor=actor, customer=customer)
    return customer
