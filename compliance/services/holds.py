"""Holds of law enforcement: placed by one person, reviewed by another, ended by themselves."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from compliance.choices.breaches import LONGEST_HOLD
from compliance.models import Breach, Hold
from compliance.permissions import BreachRefused, lock_breach
from compliance.services.breaches import record_breach

HOLD = "compliance.hold_breach"
FACTS = ("authority", "officer", "legal_reference", "reason")


@transaction.atomic
def place_hold(
    *,
    actor: User,
    breach: Breach,
    authority: str,
    officer: str,
    legal_reference: str,
    reason: str,
    until: datetime,
) -> Hold:
    """Stop the notices of a breach from now on, for an authority, until a moment (L24).

    Emails that are being sent at this moment are waited for; none begins after it. Raises
    PermissionDenied without `compliance.hold_breach`, BreachRefused naming the field: nothing may
    be empty, and it ends within 30 days.
    """
    breach = lock_breach(actor, breach, HOLD)
    now = timezone.now()
    facts = dict(
        zip(FACTS, (text.strip() for text in (authority, officer, legal_reference, reason)),
            strict=True)
    )  # fmt: skip
    for name, text in facts.items():
        if not text:
            raise BreachRefused({name: _("A hold needs this.")})
    if not now < until <= now + LONGEST_HOLD:
        raise BreachRefused({"until": _("Choose a time within 30 days.")})
    hold = Hold(breach=breach, begins_at=now, until=until, placed_by=actor, placed_at=now, **facts)
    hold.full_clean()
    hold.save(force_insert=True)
    record_breach("breach.hold_placed", actor, breach)
    return hold


def _lock(actor: User, hold: Hold) -> Hold:
    """Lock the breach of a hold, then the hold. Raises BreachRefused for one that is over."""
    lock_breach(actor, hold.breach, HOLD)
    hold = Hold.objects.select_for_update(of=("self",)).select_related("breach").get(pk=hold.pk)
    if hold.ends_at <= timezone.now():
        raise BreachRefused(_("This hold is over. Place a new one if it is needed."), code="over")
    return hold


@transaction.atomic
def review_hold(*, actor: User, hold: Hold) -> Hold:
    """Confirm a hold that a colleague placed: it then lasts until its end.

    Raises PermissionDenied without `compliance.hold_breach`; BreachRefused for the person who
    placed it, and for a hold that is over or reviewed.
    """
    hold = _lock(actor, hold)
    if hold.placed_by_id == actor.pk:
        raise BreachRefused(_("You placed this hold. A colleague has to review it."), code="same")
    if hold.reviewed_at is not None:
        raise BreachRefused(_("Somebody already reviewed this hold."), code="reviewed")
    hold.reviewed_at, hold.reviewed_by = timezone.now(), actor
    hold.save(update_fields=["reviewed_at", "reviewed_by"])
    record_breach("breach.hold_reviewed", actor, hold.breach)
    return hold


@transaction.atomic
def end_hold(*, actor: User, hold: Hold) -> Hold:
    """End a hold early: its notices go on. Raises like review_hold, but anybody may end it."""
    hold = _lock(actor, hold)
    hold.ended_at, hold.ended_by = timezone.now(), actor
    hold.save(update_fields=["ended_at", "ended_by"])
    record_breach("breach.hold_ended", actor, hold.breach)
    return hold
