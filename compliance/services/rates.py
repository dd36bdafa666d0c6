"""The rate card: staff add the next version of a price."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from compliance.choices.log_requests import RateCode
from compliance.models import Rate
from compliance.models.rates import MOST_CENTS, Tax

MOST_TAXES = 4
MOST_PER_CENT = 100_000  # thousandths of one per cent


@transaction.atomic
def add_rate(*, actor: User, cents: int, currency: str, taxes: Sequence[Tax] = ()) -> Rate:
    """Add the next version of the price of a log request, which holds from now on (L38).

    Raises PermissionDenied without `compliance.add_rate`, ValidationError naming the field.
    """
    require_staff(actor, "compliance.add_rate")
    if not 0 < cents <= MOST_CENTS:
        raise ValidationError({"price": _("Give an amount above zero, up to 100,000.")})
    if len(taxes) > MOST_TAXES or not all(0 < tax.rate <= MOST_PER_CENT for tax in taxes):
        raise ValidationError({"taxes": _("Give up to 4 taxes, each of up to 100 %.")})
    versions = Rate.objects.filter(code=RateCode.LOG_REQUEST)
    list(versions.select_for_update().order_by("-number")[:1])
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    rate = Rate(
        code=RateCode.LOG_REQUEST,
        number=number,
        cents=cents,
        currency=currency,
        taxes=[list(tax) for tax in taxes],
        starts_at=timezone.now(),
        added_by=actor,
    )
    rate.full_clean()
    rate.save(force_insert=True)
    record_event(kind="rate.added", actor=actor, number=number, money=plain_amount(cents, currency))
    return rate


def plain_amount(cents: int, currency: str) -> str:
    """Return an amount for an event, the same in every language."""
    return f"{cents / 100:.2f} {currency}"
