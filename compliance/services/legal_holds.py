"""Legal holds: placed and ended by staff, each with a reason; it ends by itself too."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import require_staff
from accounts.selectors.addresses import people_with
from accounts.services.audit import record_event
from accounts.timezones import end_of_day, today_of_provider
from accounts.validators import normalise_address
from compliance.choices.erasures import HoldScope
from compliance.models import Affected, LegalHold
from compliance.models.holds import GROUND_LENGTH
from compliance.registry import ITEMS
from preferences.models.consent import address_hash

LONGEST = timedelta(days=3 * 365)


def keep_holds_still() -> None:
    """Wait for holds and lists of a breach that are being written, and let none be until the end.

    Whoever destroys data calls it in their transaction, before they ask what is kept: so no hold is
    in force whose data is being destroyed. On SQLite, only one transaction writes anyway.
    """
    if connection.vendor == "postgresql":
        tables = ", ".join(model._meta.db_table for model in (Affected, LegalHold))
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


@transaction.atomic
def place_hold(
    *,
    actor: User,
    scope: str,
    item: str,
    address: str,
    customer: str,
    ground: str,
    until: date,
) -> LegalHold:
    """Keep data through its last day, whatever an erasure or a retention rule would delete.

    `address` names a person, or somebody without an account; `customer` is a slug. Raises
    PermissionDenied, and ValidationError naming the field.
    """
    require_staff(actor, "compliance.add_legalhold")
    today = today_of_provider()
    if not today < until <= today + LONGEST:
        raise ValidationError({"until": _("Choose a day after today, within three years.")})
    if not ground.strip():
        raise ValidationError({"ground": _("Say why this data must be kept.")})
    if len(ground.strip()) > GROUND_LENGTH:
        text = _("Use at most %(most)s characters.") % {"most": GROUND_LENGTH}
        raise ValidationError({"ground": text})
    if scope not in HoldScope.values:
        raise ValidationError({"scope": _("Choose whose data is kept.")})
    is_known = item in {"", *(each.code for each in ITEMS)}
    if not is_known or (scope == HoldScope.ITEM and not item):
        raise ValidationError({"item": _("Choose the data.")})
    person = company = None
    if scope == HoldScope.PERSON:
        try:
            address = normalise_address(address)
        except ValidationError as error:
            raise ValidationError({"address": error}) from error
        person = _person_with(address)
    elif scope == HoldScope.CUSTOMER:
        company = Customer.objects.filter(slug=customer).first()
        if company is None:
            raise ValidationError({"customer": _("There is no company with this short name.")})
    held = address if scope == HoldScope.PERSON and person is None else ""
    hold = LegalHold.objects.create(
        scope=scope,
        item=item,
        person=person,
        address=held,
        address_hash=address_hash(held) if held else "",
        customer=company,
        ground=ground.strip(),
        until=end_of_day(until, timezone.get_default_timezone()),
        placed_by=actor,
    )
    record_event(kind="hold.placed", actor=actor, hold=str(hold.uuid))
    return hold


def _person_with(address: str) -> User | None:
    """Return the person who has an address, or the only one who had it.

    Where several had it, the hold stays on the address, and keeps the data of all of them.
    """
    present = User.objects.filter(email=address).first()
    known = User.objects.filter(pk__in=people_with({address}))
    if present is not None or known.count() != 1:
        return present
    return known.get()


@transaction.atomic
def end_hold(*, actor: User, hold: LegalHold, reason: str) -> LegalHold:
    """End a hold before its day. Erasures and retention rules go on with the data that it kept.

    Raises PermissionDenied, and ValidationError for a hold that ended, and without a reason.
    """
    require_staff(actor, "compliance.change_legalhold")
    locked = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if not locked.is_in_force:
        raise ValidationError(_("This hold already ended."), code="ended")
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the hold ends.")})
    locked.ended_at, locked.ended_by = timezone.now(), actor
    locked.end_reason = reason.strip()
    locked.save()
    record_event(kind="hold.ended", actor=actor, hold=str(locked.uuid))
    return locked
