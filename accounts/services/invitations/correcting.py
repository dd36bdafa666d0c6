"""Correcting the address of a pending invitation: the same offer, to whom it was meant for.

An invitation is bound to its address (invitation_is_bound), so a new one replaces it.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.models import Invitation, User
from accounts.permissions import lock_customer, require_inviter
from accounts.services.audit import record_event
from accounts.services.invitations.pending import lock_open_invitation
from accounts.services.invitations.sending import (
    InvitationRefused,
    make_invitation,
    refuse_over_daily_limit,
)
from accounts.services.invitations.taking_over import check_promise
from accounts.validators import normalise_address


@transaction.atomic
def correct_invitation(
    *, actor: User, invitation: Invitation, address: str, signed_in_at: datetime | None = None
) -> Invitation:
    """Send what was offered to a mistyped address to the right one; the old link stops working.

    The actor becomes its sender, and promises what it offers: the conditions of sensitive
    privileges hold again. The former sender is told. Raises PermissionDenied unless the actor is a
    Super User of the customer; InvitationRefused naming the field, once it is not open any more, or
    above MAX_A_DAY; whatever an upper app refuses.
    """
    invitation.customer = lock_customer(invitation.customer)
    require_inviter(actor, invitation)
    current = lock_open_invitation(invitation)
    check_promise(actor=actor, invitation=current, signed_in_at=signed_in_at)
    corrected = replace_address(actor=actor, invitation=current, address=address, sender=actor)
    if current.invited_by_id != actor.pk:
        emails.send_invitation_corrected(corrected, previous=current, actor=actor)
    return corrected


def replace_address(
    *, actor: User, invitation: Invitation, address: str, sender: User
) -> Invitation:
    """Replace a locked, open invitation by one to another address; the caller says who may.

    Company, role, name, phone, team and offered access stay. Raises as correct_invitation.
    """
    customer, previous = invitation.customer, invitation.address
    if invitation.as_main_super_user:
        raise InvitationRefused(
            _("Withdraw the main Super User's invitation, then invite the right address."),
            code="main",
        )
    try:
        is_same = normalise_address(address) == previous
    except ValidationError as error:
        raise InvitationRefused({"address": error.error_list}) from error
    if is_same:
        raise InvitationRefused({"address": _("The invitation already goes to this address.")})
    refuse_over_daily_limit(customer, 1)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    corrected = make_invitation(
        actor=sender,
        customer=customer,
        address=address,
        name=invitation.name,
        role=invitation.role,
        work_phone=invitation.work_phone,
        team=invitation.team,
    )
    # The conditions of its team were checked when it was first offered (acceptance.py).
    corrected.created_at = invitation.created_at
    corrected.save(update_fields=["created_at"])
    team: dict[str, Any] = {"team": invitation.team.name} if invitation.team else {}
    record_event(
        kind="invitation.corrected",
        actor=actor,
        customer=customer,
        concerned=[invitation.invited_by_id],
        previous=previous,
        address=corrected.address,
        role=str(corrected.role),
        **team,
    )
    signals.invitation_corrected.send(Invitation, invitation=invitation, corrected=corrected)
    emails.send_invitation(corrected)
    return corrected
