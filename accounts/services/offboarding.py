"""Offboarding: somebody leaves now or on a day, and others take over what they have."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import OffboardingState, RequestKind
from accounts.languages import in_each_language
from accounts.models import (
    AccessRequest,
    AuditEvent,
    Customer,
    Membership,
    Offboarding,
    ReassignedTeam,
    Team,
    User,
)
from accounts.permissions import MembershipRefused, lock_managed_membership, refuse_main_super_user
from accounts.services.audit import record_event
from accounts.services.membership_expiry import (
    REMIND_BEFORE,
    end_membership,
    open_offboarding,
    save_membership,
    settle_offboarding,
)
from accounts.services.requests import approve_request
from accounts.services.teams import add_to_team
from accounts.services.versions import refuse_overwriting
from accounts.validators import validate_plain_lines

MAX_AHEAD = timedelta(days=3660)


class OffboardingRefused(MembershipRefused):
    """The offboarding cannot be planned this way; the message says why."""


def _lock_leaving_membership(actor: User, membership: Membership) -> tuple[Customer, Membership]:
    customer, membership = lock_managed_membership(actor, membership)
    refuse_main_super_user(customer, membership)
    if membership.user_id == actor.pk:
        raise OffboardingRefused(_("You can't end your own membership. Ask another Super User."))
    return customer, membership


def _check_moment(field: str, moment: datetime) -> None:
    if not timezone.now() < moment <= timezone.now() + MAX_AHEAD:
        raise OffboardingRefused({field: _("Choose a day from today to ten years from now.")})


def _end_event_data(membership: Membership) -> dict[str, Any]:
    """Return the end of a membership as event data: the moment, and the last day in words."""
    if membership.ends_at is None:
        return {}
    return {
        "ends_at": membership.ends_at.isoformat(),
        "last_day": in_each_language(lambda: date_format(membership.last_day or "", "DATE_FORMAT")),
    }


def _former_end(membership: Membership) -> dict[str, Any]:
    """Return the end that an act is about to change, as event data."""
    return {"previous_end": membership.ends_at.isoformat()} if membership.ends_at else {}


def _set_end(membership: Membership, ends_at: datetime | None) -> None:
    membership.ends_at = ends_at
    soon = ends_at is not None and ends_at <= timezone.now() + REMIND_BEFORE
    membership.end_announced_at = timezone.now() if soon else None  # reminded by now
    save_membership(membership)


@transaction.atomic
def set_membership_end(
    *, actor: User, membership: Membership, ends_at: datetime | None, version: str | None = None
) -> Membership:
    """Set or clear the end date of a membership. Nothing is handed over.

    Every check says no from that second on; a job then ends the membership. Raises
    PermissionDenied unless the actor is a Super User of the customer; MembershipRefused for the
    main Super User, oneself, a moment in the past, or while an offboarding is planned;
    ChangedMeanwhile where somebody set another day since `version` (of `ends_at`).
    """
    customer, membership = _lock_leaving_membership(actor, membership)
    if open_offboarding(membership) is not None:
        raise OffboardingRefused(
            _("Their offboarding is already planned. Cancel it to choose another day."),
            code="planned",
        )
    refuse_overwriting(
        version,
        saved={"ends_at": membership.ends_at},
        wanted={"ends_at": ends_at},
        edits=AuditEvent.objects.filter(
            customer=customer,
            kind__in=["membership.end_set", "membership.end_cleared", "offboarding.cancelled"],
            person=membership.user,
        ),
    )
    if ends_at is not None:
        _check_moment("last_day", ends_at)
    if ends_at == membership.ends_at:
        return membership
    previous = _former_end(membership)
    _set_end(membership, ends_at)
    kind = "end_set" if ends_at else "end_cleared"
    record_event(
        kind=f"membership.{kind}",
        actor=actor,
        customer=customer,
        person=membership.user,
        **previous,
        **_end_event_data(membership),
    )
    emails.send_membership_notice(kind=kind, actor=actor, membership=membership)
    return membership


@transaction.atomic
def plan_offboarding(
    *,
    actor: User,
    membership: Membership,
    leaves_at: datetime | None = None,
    teams: Iterable[tuple[Team, Membership]] = (),
    reason: str = "",
    access_request: AccessRequest | None = None,
    signed_in_at: datetime | None = None,
    add: Callable[[Offboarding], None] | None = None,
) -> Offboarding:
    """Plan that somebody leaves, and who takes over what; without `leaves_at`, they leave now.

    `teams` are pairs of a team and the member who takes over the place in it; `add` adds rows of an
    upper app; everything else ends. `access_request` is the person's own request to leave, which
    this approves. The conditions of sensitive privileges (a reason, a fresh sign-in, not to
    oneself) are checked now. Raises PermissionDenied unless the actor is a Super User of the
    customer; OffboardingRefused; whatever add_to_team or the upper app refuses.
    """
    customer, membership = _lock_leaving_membership(actor, membership)
    validate_plain_lines(reason)
    if leaves_at is not None:
        _check_moment("last_day", leaves_at)
        if membership.ends_at is not None and membership.ends_at < leaves_at:
            raise OffboardingRefused(
                {"last_day": _("This person has an earlier last day. Change that day first.")}
            )
    offboarding = Offboarding(
        membership=membership,
        leaves_at=leaves_at or timezone.now(),
        former_end=membership.ends_at,
        reason=reason.strip(),
        request=access_request,
        planned_by=actor,
    )
    _save_plan(offboarding)
    for team, receiver in teams:
        _reassign_team(offboarding, team, receiver, signed_in_at)
    if add is not None:
        add(offboarding)
    if access_request is not None:
        _approve(actor, access_request, membership)
    if leaves_at is None:
        end_membership(actor=actor, membership=membership, offboarding=offboarding)
        return offboarding
    previous = _former_end(membership)
    _set_end(membership, leaves_at)
    record_event(
        kind="offboarding.planned",
        actor=actor,
        customer=customer,
        person=membership.user,
        **previous,
        **_end_event_data(membership),
    )
    emails.send_membership_notice(kind="end_set", actor=actor, membership=membership)
    return offboarding


def _save_plan(offboarding: Offboarding) -> None:
    try:
        with transaction.atomic():
            offboarding.save()
    except IntegrityError as error:
        raise OffboardingRefused(
            _("Their offboarding is already planned."), code="planned"
        ) from error


def require_receiver(offboarding: Offboarding, receiver: Membership) -> None:
    """Raise OffboardingRefused unless the receiver is another member of the same customer."""
    customer, leaver = offboarding.membership.customer_id, offboarding.membership_id
    present = Membership.objects.present().filter(pk=receiver.pk, customer=customer)
    if not present.exclude(pk=leaver).exists():
        raise OffboardingRefused(_("Only members of this company can take over access."))


@contextmanager
def dry_run() -> Iterator[None]:
    """Run a block to see what it refuses, then roll it back: rows, events and emails alike."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _reassign_team(
    offboarding: Offboarding, team: Team, receiver: Membership, signed_in_at: datetime | None
) -> None:
    """Plan one place in a team, with the checks of joining it."""
    require_receiver(offboarding, receiver)
    if not team.team_memberships.filter(membership=offboarding.membership).exists():
        raise OffboardingRefused(_("This person is not in the team %(team)s.") % {"team": team})
    with dry_run():
        add_to_team(
            actor=offboarding.planned_by,
            team=team,
            membership=receiver,
            reason=offboarding.reason,
            signed_in_at=signed_in_at,
        )
    ReassignedTeam.objects.create(
        offboarding=offboarding, team=team, receiver=receiver, words=team.name
    )


def _approve(actor: User, access_request: AccessRequest, membership: Membership) -> None:
    if access_request.kind != RequestKind.LEAVE or access_request.membership_id != membership.pk:
        raise OffboardingRefused(_("This request is not about leaving the company."))
    approve_request(actor=actor, access_request=access_request)


@transaction.atomic
def cancel_offboarding(*, actor: User, membership: Membership) -> Offboarding:
    """Cancel a planned offboarding; the end date is again what it was before the plan.

    A request that the plan approved stays approved. Raises PermissionDenied unless the actor is a
    Super User of the customer; MembershipRefused for oneself, after the end, or where nothing is
    planned.
    """
    customer, membership = _lock_leaving_membership(actor, membership)
    offboarding = open_offboarding(membership)
    if offboarding is None:
        raise OffboardingRefused(
            _("No offboarding is planned for this person."), code="nothing_planned"
        )
    previous = _former_end(membership)
    _set_end(membership, offboarding.former_end)
    event = record_event(
        kind="offboarding.cancelled",
        actor=actor,
        customer=customer,
        person=membership.user,
        **previous,
    )
    settle_offboarding(offboarding, OffboardingState.CANCELLED, event)
    kind = "end_set" if offboarding.former_end else "end_cleared"
    emails.send_membership_notice(kind=kind, actor=actor, membership=membership)
    return offboarding
