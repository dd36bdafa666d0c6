"""Stopping a recovery: anybody of the company, from a link or from Home; or staff withdraw it."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import emails
from accounts.choices import RecoveryState
from accounts.choices.recoveries import ANNOUNCED_RECOVERIES, OPEN_RECOVERIES
from accounts.models import Membership, SuperUserRecovery, User
from accounts.permissions import require_staff
from accounts.selectors import staff_with
from accounts.services.recoveries.opening import lock_recovery, refuse_settled, settle


@transaction.atomic
def stop_recovery(
    *, actor: User | None, recovery: SuperUserRecovery, membership: Membership
) -> SuperUserRecovery:
    """Stop it, as a member of the company; one member is enough, and nobody has to say why.

    `actor` is None for a link in an email. Staff get an alarm, and the company's Super Users are
    told. Raises PermissionDenied for anybody who is no live member; RecoveryRefused once it is
    done, stopped or not announced.
    """
    recovery = lock_recovery(recovery)
    live = Membership.objects.live().filter(customer=recovery.customer, user__is_active=True)
    member = live.select_related("user").filter(pk=membership.pk).first()
    if member is None or (actor is not None and member.user_id != actor.pk):
        raise PermissionDenied("not a live member of this company")
    refuse_settled(recovery, *ANNOUNCED_RECOVERIES)
    settle(recovery, RecoveryState.STOPPED, member.user)
    readers = {*staff_with("use_desk"), member.user, recovery.lost.user}
    for reader in sorted(readers, key=lambda user: user.pk):
        emails.send_recovery_stopped(recovery=recovery, member=member, reader=reader)
    return recovery


@transaction.atomic
def withdraw_recovery(*, actor: User, recovery: SuperUserRecovery) -> SuperUserRecovery:
    """End it, as staff. Raises PermissionDenied; RecoveryRefused once it is settled."""
    require_staff(actor, "accounts.use_desk")
    recovery = lock_recovery(recovery)
    refuse_settled(recovery, *OPEN_RECOVERIES)
    settle(recovery, RecoveryState.WITHDRAWN, actor)
    return recovery
