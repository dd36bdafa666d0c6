"""Authorisations on file: proposed by staff, given by a representative, ended by either (L47)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import (
    lock_customer,
    lock_managed_customer,
    require_fresh_sign_in,
    require_staff,
)
from accounts.services.audit import record_event
from compliance.choices.authorisations import AuthorisationEnd, ManagedAct
from compliance.emails import (
    send_authorisation_ended,
    send_authorisation_expiring,
    send_authorisation_given,
)
from compliance.models import Authorisation
from compliance.models.authorisations import RENEWED_WITHIN
from compliance.permissions import AuthorisationRefused, require_representative
from compliance.selectors.authorisations import authorisations
from compliance.selectors.representatives import representative_of

TELL_BEFORE = timedelta(days=30)
MAX_AT_ONCE = 100  # authorisations of one tick
LONGEST = timedelta(days=2 * 366)


@transaction.atomic
def propose_authorisation(
    *,
    actor: User,
    customer: Customer,
    platform: str,
    profile: str,
    may: Sequence[str],
    until: datetime,
) -> Authorisation:
    """Propose to a company what the provider may do with a profile of it, until the end of a day.

    Raises PermissionDenied without `compliance.add_authorisation`, ValidationError naming the
    field.
    """
    require_staff(actor, "compliance.add_authorisation")
    customer = lock_customer(customer)
    known = [act.value for act in ManagedAct if act in may]
    if not known:
        raise AuthorisationRefused({"may": _("Choose at least one.")})
    if not timezone.now() < until <= timezone.now() + LONGEST:
        raise AuthorisationRefused({"until": _("Choose a day from today to two years from now.")})
    authorisation = Authorisation(
        customer=customer,
        platform=platform.strip(),
        profile=profile.strip().lstrip("@"),
        may=known,
        until=until,
        proposed_by=actor,
    )
    authorisation.sha256 = authorisation.computed_sha256()
    authorisation.full_clean(validate_constraints=False)
    authorisation.save(force_insert=True)
    _record("authorisation.proposed", actor, authorisation)
    return authorisation


@transaction.atomic
def give_authorisation(
    *, actor: User, authorisation: Authorisation, sha256: str, signed_in_at: datetime | None
) -> Authorisation:
    """Give what staff proposed, as it was shown (`sha256`); it takes the place of an earlier one.

    Raises PermissionDenied unless the actor is a representative of the company;
    FreshSignInRequired; AuthorisationRefused for other terms, and one that ended or was given.
    """
    lock_customer(authorisation.customer)
    representative = require_representative(actor, authorisation.customer)
    require_fresh_sign_in(signed_in_at)
    locked = _lock(authorisation)
    if not locked.is_proposed:
        raise AuthorisationRefused(_("This was answered or has ended."), code="settled")
    if sha256 != locked.sha256:
        raise AuthorisationRefused(_("This is not the text you read. Read it again."), code="text")
    now = timezone.now()
    same_profile = Authorisation.objects.select_for_update().filter(
        platform__iexact=locked.platform, profile__iexact=locked.profile, ended_at=None,
        given_at__isnull=False,
    )  # fmt: skip
    for earlier in same_profile:
        if earlier.customer_id != locked.customer_id:
            raise _taken()
        earlier.ended_at, earlier.ending = now, AuthorisationEnd.COMPANY
        earlier.ended_by = actor
        earlier.save(update_fields=["ended_at", "ending", "ended_by"])
    locked.given_by, locked.given_at = representative, now
    try:
        with transaction.atomic():
            locked.save(update_fields=["given_by", "given_at"])
    except IntegrityError as error:
        # Another company, whose lock is another one, gave the same profile in the same instant.
        if not same_profile.exclude(customer=locked.customer_id).exists():
            raise
        raise _taken() from error
    _record("authorisation.given", actor, locked, text_hash=locked.sha256)
    send_authorisation_given(authorisation=_lock(locked))
    return locked


def _taken() -> AuthorisationRefused:
    return AuthorisationRefused(
        _("This profile can't be authorised. Ask the provider."), code="taken"
    )


@transaction.atomic
def end_authorisation(*, actor: User, authorisation: Authorisation, reason: str) -> Authorisation:
    """End an authorisation, or refuse a proposal, with a reason.

    Raises PermissionDenied unless the actor is a representative or Super User of the company, or
    staff with `compliance.change_authorisation`; ValidationError without a reason, and for one
    that has ended.
    """
    if actor.is_staff:
        require_staff(actor, "compliance.change_authorisation")
        lock_customer(authorisation.customer)
        ending = AuthorisationEnd.PROVIDER
    else:
        if representative_of(actor, authorisation.customer) is None:
            lock_managed_customer(actor, authorisation.customer)
        ending = AuthorisationEnd.COMPANY
    if not reason.strip():
        raise AuthorisationRefused({"reason": _("Give the reason.")})
    locked = _lock(authorisation)
    if locked.ended_at is not None:
        raise AuthorisationRefused(_("This has already ended."), code="ended")
    locked.ended_at, locked.ended_by, locked.ending = timezone.now(), actor, ending
    locked.reason = reason.strip()
    locked.save(update_fields=["ended_at", "ended_by", "ending", "reason"])
    _record("authorisation.ended", actor, locked, reason=locked.reason)
    if locked.given_at is not None:
        send_authorisation_ended(authorisation=locked)
    return locked


def expire_authorisations() -> int:
    """Note the end of those whose time is over. Return how many; they said no since then."""
    count = 0
    over = Authorisation.objects.over().order_by("pk")
    for key in over.values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            locked = _lock(Authorisation(pk=key))
            if not over.filter(pk=key).exists():
                continue
            is_by_date = locked.until <= timezone.now()
            locked.ended_at = timezone.now()
            locked.ending = AuthorisationEnd.EXPIRED if is_by_date else AuthorisationEnd.GIVER
            locked.save(update_fields=["ended_at", "ending"])
            _record("authorisation.expired", None, locked)
            if locked.given_at is not None:
                send_authorisation_ended(authorisation=locked)
            count += 1
    return count


def remind_of_authorisations() -> int:
    """Tell people of the authorisations that end within 30 days, once. Return how many.

    That is by their own day, or because their giver no longer acts for the company (L47).
    """
    soon = timezone.now() + TELL_BEFORE
    due = (
        Authorisation.objects.live()
        .filter(
            Q(until__lte=soon)
            | Q(given_by__ended_at__isnull=False)
            | Q(given_by__until__lte=timezone.now()),
            told_at=None,
        )
        .order_by("pk")
    )
    count = 0
    for key in due.values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            locked = _lock(Authorisation(pk=key))
            if not due.filter(pk=key).exists():
                continue
            locked.told_at = timezone.now()
            locked.save(update_fields=["told_at"])
            send_authorisation_expiring(authorisation=locked, ends_at=ends_at(locked))
            count += 1
    return count


def ends_at(authorisation: Authorisation) -> datetime:
    """Return the moment at which it ends: by its day, or 30 days after its giver's time."""
    giver = authorisation.given_by
    if giver is None:
        return authorisation.until
    giver_end = min(giver.until, giver.ended_at) if giver.ended_at else giver.until
    return min(authorisation.until, giver_end + RENEWED_WITHIN)


def _lock(authorisation: Authorisation) -> Authorisation:
    """Lock the company, then the authorisation."""
    lock_customer(Customer.objects.get(authorisations=authorisation.pk))
    return authorisations().select_for_update(of=("self",)).get(pk=authorisation.pk)


def _record(kind: str, actor: User | None, authorisation: Authorisation, **facts: Any) -> None:
    record_event(
        kind=kind,
        actor=actor,
        customer=authorisation.customer,
        profile=authorisation.profile,
        platform=authorisation.platform,
        **facts,
    )
