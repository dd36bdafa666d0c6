"""Taking over pending invitations of a colleague, so that they outlive their sender's role."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Invitation, Team, User
from accounts.permissions import lock_customer, require_inviter
from accounts.services.audit import record_event
from accounts.services.invitations.sending import InvitationRefused


@transaction.atomic
def take_over_invitations(
    *, actor: User, invitations: Iterable[Invitation], signed_in_at: datetime | None = None
) -> list[Invitation]:
    """Become the sender of these invitations, all or none; their links and end dates stay.

    No email is sent: whoever was invited has the link. Since the actor now promises what the
    invitation offers, the conditions of sensitive privileges hold again (signals). One that is
    already the actor's is left alone. Returns those taken over. Raises PermissionDenied unless the
    actor is a Super User of the customer; InvitationRefused for one that is accepted, withdrawn or
    expired; whatever an upper app refuses.
    """
    return [
        taken
        for invitation in sorted(invitations, key=lambda row: row.pk)
        if (taken := _take_over(actor, invitation, signed_in_at))
    ]


def _take_over(
    actor: User, invitation: Invitation, signed_in_at: datetime | None
) -> Invitation | None:
    customer = lock_customer(invitation.customer)
    invitation.customer = customer
    require_inviter(actor, invitation)
    current = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("invited_by", "team")
        .get(pk=invitation.pk)
    )
    if current.as_main_super_user:
        raise InvitationRefused(
            _("You can't take over the main Super User's invitation. Send it again instead.")
        )
    if current.accepted_at or current.revoked_at:
        raise InvitationRefused(_("This invitation is no longer open."))
    if current.is_expired:
        raise InvitationRefused(
            _("The invitation to %(address)s has expired. Send it again."),
            params={"address": current.address},
        )
    sender = current.invited_by
    if sender == actor:
        return None
    check_promise(actor=actor, invitation=current, signed_in_at=signed_in_at)
    current.invited_by = actor
    current.save(update_fields=["invited_by"])
    names = customer.memberships.names_at_work(sender)
    team: dict[str, Any] = {"team": current.team.name} if current.team else {}
    record_event(
        kind="invitation.taken_over",
        actor=actor,
        customer=customer,
        concerned=[sender.pk],
        address=current.address,
        role=str(current.role),
        previous=names.get(sender.pk, str(sender)),
        **team,
    )
    return current


def check_promise(*, actor: User, invitation: Invitation, signed_in_at: datetime | None) -> None:
    """Check that the actor may promise what an invitation offers, now.

    Raises whatever an upper app refuses.
    """
    if invitation.team is not None:
        signals.team_member_joining.send(
            Team,
            actor=actor,
            team=invitation.team,
            membership=None,
            reason=_("Part of the invitation"),
            signed_in_at=signed_in_at,
        )
    signals.invitation_taken_over.send(
        Invitation, invitation=invitation, actor=actor, signed_in_at=signed_in_at
    )
