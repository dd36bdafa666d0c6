"""Invitations that wait: sent again, withdrawn, refused by the mail server."""

import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.models import Customer, Invitation, User
from accounts.permissions import lock_customer, require_inviter
from accounts.services.audit import record_event
from accounts.services.invitations.sending import (
    LIFETIME,
    InvitationRefused,
    hash_token,
    refuse_over_daily_limit,
)


def _lock_open(actor: User, invitation: Invitation) -> tuple[Customer, Invitation]:
    invitation.customer = customer = lock_customer(invitation.customer)
    require_inviter(actor, invitation)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvitationRefused(_("This invitation is no longer open."))
    return customer, invitation


@transaction.atomic
def resend_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Send a fresh link with a fresh life; the old link stops working, a bounce is forgotten.

    Whoever sends it again answers for it from now on. Raises PermissionDenied as for sending it;
    InvitationRefused once it is no longer open, or above MAX_A_DAY.
    """
    customer, invitation = _lock_open(actor, invitation)
    if not invitation.as_main_super_user:
        refuse_over_daily_limit(customer, 1)
    invitation.token = secrets.token_urlsafe(32)
    invitation.token_hash = hash_token(invitation.token)
    invitation.invited_by = actor
    invitation.sent_at = timezone.now()
    invitation.times_sent += 1
    invitation.bounced_at = None
    invitation.expires_at = invitation.sent_at + LIFETIME
    invitation.save()
    record_event(
        kind="invitation.resent", actor=actor, customer=customer, address=invitation.address
    )
    emails.send_invitation(invitation)
    return invitation


@transaction.atomic
def revoke_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Withdraw an offer. Raises like resend_invitation."""
    customer, invitation = _lock_open(actor, invitation)
    invitation.revoked_at = timezone.now()
    invitation.save()
    record_event(
        kind="invitation.revoked", actor=actor, customer=customer, address=invitation.address
    )
    return invitation


@transaction.atomic
def resend_invitations(*, actor: User, invitations: Iterable[Invitation]) -> list[Invitation]:
    """Send all of these again, or none. Raises like resend_invitation."""
    return [resend_invitation(actor=actor, invitation=one) for one in invitations]


@transaction.atomic
def revoke_invitations(*, actor: User, invitations: Iterable[Invitation]) -> list[Invitation]:
    """Withdraw all of these, or none. Raises like resend_invitation."""
    return [revoke_invitation(actor=actor, invitation=one) for one in invitations]


@transaction.atomic
def note_bounce(*, address: str) -> list[Invitation]:
    """Mail to this address was refused for good: mark what waits for it, and tell who invited.

    Called where the refusal is seen. Out: the invitations marked now; doing it twice marks none.
    """
    waiting = Invitation.objects.open().filter(address=address, bounced_at=None)
    return [
        bounced
        for invitation in waiting.select_related("customer").order_by("customer_id", "pk")
        if (bounced := _bounce(invitation))
    ]


def _bounce(invitation: Invitation) -> Invitation | None:
    customer = lock_customer(invitation.customer)
    waiting = Invitation.objects.open().filter(pk=invitation.pk, bounced_at=None)
    found = waiting.select_related("invited_by", "customer").first()
    if found is None:
        return None
    found.bounced_at = timezone.now()
    found.save(update_fields=["bounced_at"])
    record_event(kind="invitation.bounced", actor=None, customer=customer, address=found.address)
    emails.send_bounce(found)
    return found
