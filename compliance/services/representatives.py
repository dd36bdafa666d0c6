"""Representatives on file: proposed by a Super User, confirmed by staff, ended by either (L35)."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership, User
from accounts.permissions import lock_customer, lock_managed_customer, require_staff
from accounts.services.audit import record_event
from compliance.choices.representatives import Ending
from compliance.emails import send_representative_confirmed
from compliance.models import Representative
from compliance.permissions import RepresentativeRefused, refuse_own_confirmation

MAX_AT_ONCE = 100  # representatives of one tick
CONFIRM = "compliance.change_representative"


@transaction.atomic
def propose_representative(
    *,
    actor: User,
    customer: Customer,
    member: Membership,
    capacity: str,
    evidence: str,
    until: datetime,
) -> Representative:
    """Propose a member as a representative until the end of a day; staff have to confirm it.

    Raises PermissionDenied unless the actor is a Super User; ValidationError for a person who has
    left or is on file already, and for a day that has passed or is more than a year away.
    """
    customer = lock_managed_customer(actor, customer)
    member = Membership.objects.select_for_update().get(pk=member.pk, customer=customer)
    if not member.is_live or not member.user.is_active:
        raise RepresentativeRefused({"member": _("This person is suspended or has left.")})
    now = timezone.now()
    present = Representative.objects.select_for_update().filter(membership=member, ended_at=None)
    for former in present.filter(until__lte=now):
        _expire(former)
    if present.filter(until__gt=now).exists():
        raise RepresentativeRefused(
            {"member": _("This person is already on file. End that first.")}, code="present"
        )
    if not now < until <= _a_year_after(now):
        raise RepresentativeRefused({"until": _("Choose a day from today to a year from now.")})
    representative = Representative(
        membership=member,
        capacity=capacity,
        evidence=evidence.strip(),
        proposed_by=actor,
        proposed_at=now,
        until=until,
    )
    representative.full_clean(validate_constraints=False)
    representative.save(force_insert=True)
    _record("representative.proposed", actor, representative)
    return representative


def _a_year_after(now: datetime) -> datetime:
    is_leap_day = (now.month, now.day) == (2, 29)
    return now.replace(year=now.year + 1, day=28 if is_leap_day else now.day)


@transaction.atomic
def confirm_representative(*, actor: User, representative: Representative) -> Representative:
    """Confirm a proposal: from now on they may act for the company.

    Raises PermissionDenied for staff without the permission; RepresentativeRefused for a proposal
    that ended or is confirmed, for the proposer, and for the person themselves.
    """
    require_staff(actor, CONFIRM)
    locked = _lock(representative)
    if not locked.is_proposed:
        raise RepresentativeRefused(_("This proposal was answered or has ended."), code="settled")
    refuse_own_confirmation(actor, locked)
    if not locked.membership.is_live or not locked.membership.user.is_active:
        raise RepresentativeRefused(_("This person is suspended or has left."))
    locked.confirmed_by, locked.confirmed_at = actor, timezone.now()
    locked.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("representative.confirmed", actor, locked)
    send_representative_confirmed(representative=locked)
    return locked


@transaction.atomic
def refuse_representative(
    *, actor: User, representative: Representative, reason: str
) -> Representative:
    """Refuse a proposal, or end a representative, as the provider's staff; the reason is told.

    Raises PermissionDenied for staff without the permission, ValidationError without a reason.
    """
    require_staff(actor, CONFIRM)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the company has to learn it.")})
    locked = _lock(representative)
    ending = Ending.REFUSED if locked.confirmed_at is None else Ending.PROVIDER
    return _end(actor, locked, ending, reason.strip())


@transaction.atomic
def end_representative(*, actor: User, representative: Representative) -> Representative:
    """End a representative of one's company, or take back a proposal.

    Asking for logs and downloading them end at once (L34). Raises PermissionDenied unless the
    actor is a Super User; RepresentativeRefused for one that has ended.
    """
    lock_managed_customer(actor, representative.membership.customer)
    return _end(actor, _lock(representative), Ending.COMPANY)


def _end(actor: User, locked: Representative, ending: Ending, reason: str = "") -> Representative:
    if locked.ended_at is not None:
        raise RepresentativeRefused(_("This has already ended."), code="ended")
    locked.ended_at, locked.ending, locked.end_reason = timezone.now(), ending, reason
    locked.save(update_fields=["ended_at", "ending", "end_reason"])
    kind = "representative.refused" if ending == Ending.REFUSED else "representative.ended"
    facts = {"reason": reason} if reason else {}
    _record(kind, actor, locked, **facts)
    return locked


def expire_representatives() -> int:
    """Note the end of representatives whose date is over. Return how many.

    They could not act since that date; this lets the company propose them again.
    """
    over = Representative.objects.filter(ended_at=None, until__lte=timezone.now())
    count = 0
    for key in over.order_by("until").values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            locked = _lock(Representative(pk=key))
            if locked.ended_at is None and locked.until <= timezone.now():
                _expire(locked)
                count += 1
    return count


def _expire(locked: Representative) -> None:
    locked.ended_at, locked.ending = locked.until, Ending.EXPIRED
    locked.save(update_fields=["ended_at", "ending"])
    _record("representative.expired", None, locked)


def _lock(representative: Representative) -> Representative:
    """Lock the company, then the representative."""
    lock_customer(Customer.objects.get(memberships__representatives=representative.pk))
    return (
        Representative.objects.select_for_update(of=("self",))
        .select_related("membership__user", "membership__customer")
        .get(pk=representative.pk)
    )


def _record(kind: str, actor: User | None, representative: Representative, **facts: Any) -> None:
    member = representative.membership
    record_event(
        kind=kind,
        actor=actor,
        customer=member.customer,
        person=member.user,
        capacity=str(representative.capacity),
        **facts,
    )
