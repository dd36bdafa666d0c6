"""Open invitations: sent again, withdrawn, bounced."""

import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import BounceReason
from accounts.models import Customer, Invitation, User
from accounts.permissions import lock_customer, require_inviter
from accounts.services.audit import record_event
from accounts.services.invitations.sending import (
    LIFETIME,
    InvitationRefused,
    hash_token,
    record_withdrawal,
    refuse_over_daily_limit,
)


def _lock_open(actor: User, invitation: Invitation) -> tuple[Customer, Invitation]:
    invitation.customer = customer = lock_customer(invitation.customer)
    require_inviter(actor, invitation)
    return customer, lock_open_invitation(invitation)


@transaction.atomic
def resend_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Send a new link, valid for LIFETIME; the old link stops working, and a bounce is cleared.

    The actor becomes its sender. Raises PermissionDenied as for sending it; InvitationRefused once
    it is not open any more, or above MAX_A_DAY.
    """
    _customer, invitation = _lock_open(actor, invitation)
    invitation.invited_by = actor
    return _send_with_new_link(actor, invitation)


def send_again(*, actor: User, invitation: Invitation) -> Invitation:
    """Send a new link for the sender of an invitation, who stays it; the caller says who may.

    Called by the support desk, in its transaction. Raises InvitationRefused as resend_invitation.
    """
    invitation.customer = lock_customer(invitation.customer)
    return _send_with_new_link(actor, lock_open_invitation(invitation))


def lock_open_invitation(invitation: Invitation) -> Invitation:
    """Lock an invitation whose customer is locked. Raises InvitationRefused if it isn't open."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.accepted_at or locked.revoked_at:
        raise InvitationRefused(_("This invitation is no longer open."))
    locked.customer = invitation.customer
    return locked


def _send_with_new_link(actor: User, invitation: Invitation) -> Invitation:
    customer = invitation.customer
    if not invitation.as_main_super_user:
        refuse_over_daily_limit(customer, 1)
    invitation.token = secrets.token_urlsafe(32)
    invitation.token_hash = hash_token(invitation.token)
    invitation.sent_at = timezone.now()
    invitation.times_sent += 1
    invitation.bounced_at, invitation.bounce_reason = None, ""
    invitation.expires_at = invitation.sent_at + LIFETIME
    invitation.save()
    record_event(
        kind="invitation.resent", actor=actor, customer=customer, address=invitation.address
    )
    emails.send_invitation(invitation)
    return invitation


@transaction.atomic
def revoke_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Withdraw an invitation. Raises as resend_invitation."""
    _customer, invitation = _lock_open(actor, invitation)
    invitation.revoked_at = timezone.now()
    invitation.save()
    record_withdrawal(actor, invitation)
    return invitation


@transaction.atomic
def resend_invitations(*, actor: User, invitations: Iterable[Invitation]) -> list[Invitation]:
    """Send all of these again, or none. Raises as resend_invitation."""
    return [resend_invitation(actor=actor, invitation=invitation) for invitation in invitations]


@transaction.atomic
def revoke_invitations(*, actor: User, invitations: Iterable[Invitation]) -> list[Invitation]:
    """Withdraw all of these, or none. Raises as resend_invitation."""
    return [revoke_invitation(actor=actor, invitation=invitation) for invitation in invitations]


@transaction.atomic
def note_bounce(*, address: str, reason: BounceReason = BounceReason.UNKNOWN) -> list[Invitation]:
    """Mark the open invitations of an address as bounced, and tell the people who sent them why.

    Returns the invitations marked now; those marked before are left alone.
    """
    unmarked = Invitation.objects.open().filter(address=address, bounced_at=None)
    return [
        bounced
        for invitation in unmarked.select_related("customer").order_by("customer_id", "pk")
        if (bounced := _mark_bounced(invitation, reason))
    ]


def _mark_bounced(invitation: Invitation, reason: BounceReason) -> Invitation | None:
    customer = lock_customer(invitation.customer)
    unmarked = Invitation.objects.open().filter(pk=invitation.pk, bounced_at=None)
    current = unmarked.select_related("invited_by", "customer").first()
    if current is None:
        return None
    current.bounced_at, current.bounce_reason = timezone.now(), reason
    current.save(update_fields=["bounced_at", "bounce_reason"])
    record_event(kind="invitation.bounced", actor=None, customer=customer, address=current.address)
    emails.send_bounce(current)
    return current
