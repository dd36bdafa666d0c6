"""Skipping steps of the set-up guides. Nothing changes for anybody, so it leaves no event."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import COMPANY_STEPS, PROVIDER_STEPS, SetupStep
from accounts.models import Customer, SkippedStep, User
from accounts.permissions import lock_managed_customer, require_staff


class SetupRefused(ValidationError):
    """The step cannot be skipped; the message says why."""


@transaction.atomic
def skip_setup_step(*, actor: User, customer: Customer | None, step: str) -> None:
    """Skip a step of a company's guide, or without a customer, of the provider's; ALL skips all.

    Doing it twice changes nothing. Raises PermissionDenied unless the actor is a Super User of the
    customer, or for the provider staff with `accounts.change_customer`; SetupRefused for a step of
    the other guide.
    """
    if customer is None:
        require_staff(actor, "accounts.change_customer")
    else:
        customer = lock_managed_customer(actor, customer)
    if step not in [SetupStep.ALL, *(COMPANY_STEPS if customer else PROVIDER_STEPS)]:
        raise SetupRefused({"step": _("Choose a step of this guide.")})
    SkippedStep.objects.get_or_create(customer=customer, step=step)
