"""Making and sending one invitation."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import CustomerStatus, Role
from accounts.models import Customer, Invitation, Membership, Team, User
from accounts.permissions import (
    lock_customer,
    lock_managed_customer,
    require_staff,
)
from accounts.services.audit import record_event
from accounts.validators import normalise_address

LIFETIME = timedelta(days=7)
MAX_A_DAY = 1000  # invitation emails of one customer, the repeated ones too


class InvitationRefused(ValidationError):
    """The invitation cannot be made or used; the message says why."""


def hash_token(token: str) -> str:
    """Return the hash of an emailed token, which is all that is stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def refuse_over_daily_limit(customer: Customer, adding: int) -> None:
    """Raise InvitationRefused if `adding` emails take a customer above MAX_A_DAY.

    An invitation sent within 24 hours counts as often as it was sent in all.
    """
    yesterday = timezone.now() - timedelta(days=1)
    recent = customer.invitations.filter(sent_at__gt=yesterday, as_main_super_user=False)
    sent = recent.aggregate(total=Sum("times_sent"))["total"] or 0
    if sent + adding > MAX_A_DAY:
        raise InvitationRefused(
            _(
                "A company can send %(most)s invitations in 24 hours, and you have sent "
                "%(sent)s. Send the others tomorrow."
            ),
            code="too_many",
            params={"most": MAX_A_DAY, "sent": sent},
        )


def make_invitation(
    *,
    actor: User,
    customer: Customer,
    address: str,
    name: str = "",
    role: str = Role.USER,
    main: bool = False,
    work_phone: str = "",
    team: Team | None = None,
) -> Invitation:
    """Write the row of an invitation, with the token for its email; the caller locks the customer.

    It takes the place of one that has expired, or whose sender is no longer a Super User.
    Raises InvitationRefused naming the field.
    """
    try:
        address = normalise_address(address)
    except ValidationError as error:
        raise InvitationRefused({"address": error.error_list}) from error
    if role not in Role.values:
        raise InvitationRefused({"role": _("Choose a role.")})
    present = Membership.objects.present().filter(customer=customer, user__email=address)
    if present.exists():
        raise InvitationRefused({"address": _("This person already belongs to the company.")})
    withdraw_lapsed(actor, customer, address)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        customer=customer,
        address=address,
        name=name,
        role=role,
        as_main_super_user=main,
        work_phone=work_phone,
        team=team,
        token_hash=hash_token(token),
        invited_by=actor,
        expires_at=timezone.now() + LIFETIME,
    )
    invitation.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        raise InvitationRefused(
            {"address": _("This address is already invited. You can send it again.")}
        ) from error
    invitation.token = token
    return invitation


def withdraw_lapsed(actor: User, customer: Customer, address: str) -> None:
    """Withdraw an address's invitation that nobody can accept any more; a new one replaces it."""
    waiting = customer.invitations.open().filter(address=address)
    for lapsed in waiting.exclude(pk__in=waiting.acceptable().values("pk")):
        lapsed.revoked_at = timezone.now()
        lapsed.save(update_fields=["revoked_at"])
        record_withdrawal(actor, lapsed)


def record_withdrawal(actor: User | None, invitation: Invitation) -> None:
    """Record that an invitation is withdrawn, with all that it offered."""
    answers: list[tuple[Any, Any]] = signals.invitation_withdrawn.send(
        Invitation, invitation=invitation
    )
    offered = {name: value for _receiver, data in answers for name, value in data.items()}
    if invitation.team is not None:
        offered["team"] = invitation.team.name
    record_event(
        kind="invitation.revoked",
        actor=actor,
        customer=invitation.customer,
        address=invitation.address,
        role=str(invitation.role),
        **offered,
    )


def send_first_time(actor: User, invitation: Invitation) -> None:
    """Record a new invitation, and send its email."""
    team_name: dict[str, Any] = {"team": str(invitation.team)} if invitation.team else {}
    record_event(
        kind="invitation.sent",
        actor=actor,
        customer=invitation.customer,
        address=invitation.address,
        invitation=str(invitation.uuid),
        role=str(invitation.role),
        **team_name,
    )
    emails.send_invitation(invitation)


@transaction.atomic
def invite_person(
    *,
    actor: User,
    customer: Customer,
    address: str,
    name: str = "",
    role: str = Role.USER,
    offer: Callable[[list[Invitation]], None] | None = None,
) -> Invitation:
    """Invite one address; the token goes into the email and is not stored.

    `offer` adds rows of an upper app (the first grants) in the same transaction. Raises
    PermissionDenied unless the actor is a Super User of the customer; InvitationRefused naming the
    field, or above MAX_A_DAY.
    """
    customer = lock_managed_customer(actor, customer)
    refuse_over_daily_limit(customer, 1)
    invitation = make_invitation(
        actor=actor, customer=customer, address=address, name=name, role=role
    )
    if offer is not None:
        offer([invitation])
    send_first_time(actor, invitation)
    return invitation


@transaction.atomic
def invite_main_super_user(
    *, actor: User, customer: Customer, address: str, name: str = ""
) -> Invitation:
    """Invite the main Super User of a pending customer, as staff.

    Raises PermissionDenied without `accounts.change_customer`; InvitationRefused if not pending.
    """
    require_staff(actor, "accounts.change_customer")
    customer = lock_customer(customer)
    if customer.status != CustomerStatus.PENDING:
        raise InvitationRefused(_("This company already has a main Super User."))
    for lapsed in customer.invitations.open():
        withdraw_lapsed(actor, customer, lapsed.address)
    if customer.invitations.open().exists():
        raise InvitationRefused(
            _("An invitation is already pending. Send it again or withdraw it.")
        )
    invitation = make_invitation(
        actor=actor,
        customer=customer,
        address=address,
        name=name,
        role=Role.SUPER_USER,
        main=True,
    )
    send_first_time(actor, invitation)
    return invitation
