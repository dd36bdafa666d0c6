"""Resellers: customers who resell the provider's services. Some topics are for them alone."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import lock_customer, require_staff
from accounts.services.audit import record_event
from preferences.models import Reseller


class ResellerRefused(ValidationError):
    """The customer is already marked as a reseller, or is not marked."""


@transaction.atomic
def mark_reseller(*, actor: User, customer: Customer) -> Reseller:
    """Mark a customer as a reseller: its people may subscribe to the topics for resellers.

    Raises PermissionDenied without `preferences.add_reseller`, ResellerRefused when it is marked.
    """
    require_staff(actor, "preferences.add_reseller")
    customer = lock_customer(customer)
    reseller, created = Reseller.objects.get_or_create(customer=customer)
    if not created:
        raise ResellerRefused(_("%(company)s is marked already.") % {"company": customer})
    record_event(kind="reseller.marked", actor=actor, customer=customer)
    return reseller


@transaction.atomic
def unmark_reseller(*, actor: User, customer: Customer) -> None:
    """Remove the mark of a reseller; what its people chose is kept.

    Raises PermissionDenied without `preferences.delete_reseller`, ResellerRefused when it is not
    marked.
    """
    require_staff(actor, "preferences.delete_reseller")
    customer = lock_customer(customer)
    deleted, _rows = Reseller.objects.filter(customer=customer).delete()
    if not deleted:
        raise ResellerRefused(_("%(company)s is not marked.") % {"company": customer})
    record_event(kind="reseller.unmarked", actor=actor, customer=customer)
