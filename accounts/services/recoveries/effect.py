"""The end of a recovery: after the waiting time the role is offered, and its receiver accepts."""

from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import RecoveryState, Role
from accounts.models import Invitation, Membership, SuperUserRecovery, User
from accounts.permissions import require_fresh_sign_in, require_member
from accounts.selectors import super_users_of
from accounts.selectors.company_sign_in import company_sign_in_is_on, has_own_way_in
from accounts.services.audit import record_event
from accounts.services.invitations.sending import make_invitation
from accounts.services.membership_expiry import save_membership
from accounts.services.recoveries.opening import (
    LIFETIME,
    RecoveryRefused,
    lock_recovery,
    record,
    refuse_overtaken,
    refuse_settled,
    settle,
    withdraw_invitation,
)

MAX_AT_ONCE = 100  # recoveries in one run of the job

log = structlog.get_logger(__name__)


def offer_due_recoveries() -> int:
    """Offer the role of each recovery whose waiting time is over, each in its own transaction.

    Several workers may run this at once: each offers once. Returns how many were offered here.
    """
    due = SuperUserRecovery.objects.filter(
        state=RecoveryState.WAITING, takes_effect_at__lte=timezone.now()
    )
    offered = 0
    for recovery in due.select_related("customer").order_by("takes_effect_at")[:MAX_AT_ONCE]:
        try:
            with transaction.atomic():
                offered += _offer(recovery)
        except Exception:  # the others must go on all the same
            log.exception("a recovery that fell due failed", recovery=recovery.pk)
    return offered


def _offer(recovery: SuperUserRecovery) -> bool:
    recovery = lock_recovery(recovery)
    now = timezone.now()
    is_due = recovery.takes_effect_at is not None and recovery.takes_effect_at <= now
    if recovery.state != RecoveryState.WAITING or not is_due:
        return False
    try:
        refuse_overtaken(recovery)
        with transaction.atomic():
            recovery.invitation = _invite(recovery)
    except ValidationError:  # the company has changed: staff look again
        settle(recovery, RecoveryState.LAPSED, None)
        return False
    recovery.state, recovery.offered_at, recovery.expires_at = (
        RecoveryState.OFFERED, now, now + LIFETIME,
    )  # fmt: skip
    recovery.save()
    record("offered", None, recovery)
    if recovery.invitation is not None:
        emails.send_invitation(recovery.invitation)
    else:
        emails.send_recovery_offer(recovery)
    return True


def _invite(recovery: SuperUserRecovery) -> Invitation | None:
    """Invite somebody new as main Super User; a member needs no invitation."""
    if recovery.member is not None or recovery.approved_by is None:
        return None
    customer, address = recovery.customer, recovery.address
    # A Super User who is gone may have invited the same person as a user.
    for earlier in customer.invitations.open().filter(address=address):
        withdraw_invitation(None, earlier)
    return make_invitation(
        actor=recovery.approved_by,
        customer=customer,
        address=address,
        name=recovery.name,
        role=Role.SUPER_USER,
        main=True,
    )


@transaction.atomic
def accept_recovery(
    *, actor: User, recovery: SuperUserRecovery, signed_in_at: datetime | None
) -> SuperUserRecovery:
    """Take the role of main Super User that a recovery offers to a member.

    The one who is gone stays a Super User until somebody removes them. Raises PermissionDenied for
    anybody else; RecoveryRefused where it is too late, or the company has changed;
    FreshSignInRequired.
    """
    recovery = lock_recovery(recovery)
    customer, lost = recovery.customer, recovery.lost
    membership = require_member(actor, customer)
    if membership.pk != recovery.member_id:
        raise PermissionDenied("offered to someone else")
    refuse_settled(recovery, RecoveryState.OFFERED)
    if recovery.is_expired:
        raise RecoveryRefused(_("This offer is too old. Ask the support desk."), code="expired")
    refuse_overtaken(recovery)
    if company_sign_in_is_on(customer) and not has_own_way_in(actor):
        raise RecoveryRefused(
            _(
                "The main Super User keeps a way in for the day on which your provider is away."
                " Set up a passkey in your profile first."
            ),
            code="no_way_in",
        )
    require_fresh_sign_in(signed_in_at)
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    changed: dict[str, Any] = {}
    if not membership.is_super_user:
        membership.role = Role.SUPER_USER
        save_membership(membership)
        answers: list[tuple[Any, Any]] = signals.role_changed.send(
            Membership, membership=membership
        )
        changed = {name: value for _receiver, data in answers for name, value in data.items()}
    customer.main_super_user = membership
    try:
        with transaction.atomic():
            customer.save(update_fields=["main_super_user"])
    except IntegrityError as error:
        raise RecoveryRefused(
            _("The company has changed meanwhile. Look again, and make a new proposal."),
            code="overtaken",
        ) from error
    _finish(recovery, membership, **changed)
    for reader in {super_user.user for super_user in super_users_of(customer)} | {lost.user}:
        emails.send_recovery_done(recovery=recovery, membership=membership, reader=reader)
    return recovery


def finish_recovery(*, membership: Membership, invitation: Invitation) -> None:
    """Settle the recovery behind an invitation that is accepted, in the same transaction."""
    recovery = SuperUserRecovery.objects.filter(invitation=invitation).first()
    if recovery is None:
        return
    recovery = lock_recovery(recovery)
    refuse_settled(recovery, RecoveryState.OFFERED)
    if membership.user.is_staff:
        raise RecoveryRefused(_("Staff never take over a company."))
    _finish(recovery, membership)
    emails.send_recovery_done(recovery=recovery, membership=membership, reader=recovery.lost.user)


def _finish(recovery: SuperUserRecovery, membership: Membership, **changed: Any) -> None:
    recovery.state, recovery.settled_at = RecoveryState.DONE, timezone.now()
    recovery.save(update_fields=["state", "settled_at"])
    record_event(
        kind="recovery.done",
        actor=membership.user,
        customer=recovery.customer,
        person=recovery.lost.user,
        successor=str(membership),
        successor_sub=str(membership.user.sub),
        concerned=[membership.user_id],
        recovery=str(recovery.uuid),
        **changed,
    )


def lapse_recoveries() -> int:
    """End proposals that nobody approved, and offers that nobody took, in time. Return how many."""
    late = SuperUserRecovery.objects.filter(
        state__in=[RecoveryState.PROPOSED, RecoveryState.OFFERED], expires_at__lte=timezone.now()
    )
    lapsed = 0
    for recovery in late.select_related("customer").order_by("pk")[:MAX_AT_ONCE]:
        with transaction.atomic():
            current = lock_recovery(recovery)
            if current.state == recovery.state and current.is_expired:
                settle(current, RecoveryState.LAPSED, None)
                lapsed += 1
    return lapsed
