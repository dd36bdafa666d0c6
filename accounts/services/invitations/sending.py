"""Making an invitation, for anyone but many at once."""

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

from accounts import emails
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
MAX_A_DAY = 1000  # invitations a customer sends, again or for the first time: each is a mail


class InvitationRefused(ValidationError):
    """The invitation cannot be made or used; the message says why."""


def hash_token(token: str) -> str:
    """How a mailed token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def refuse_over_daily_limit(customer: Customer, adding: int) -> None:
    """Raise InvitationRefused if these mails were more than a customer sends within a day.

    What was sent within the day counts with every time it was sent before.
    """
    yesterday = timezone.now() - timedelta(days=1)
    recent = customer.invitations.filter(sent_at__gt=yesterday, as_main_super_user=False)
    sent = recent.aggregate(total=Sum("times_sent"))["total"] or 0
    if sent + adding > MAX_A_DAY:
        raise InvitationRefused(
            _(
                "A company sends at most %(most)s invitations within 24 hours. %(sent)s are sent"
                " already; please send the others tomorrow."
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
    """The row of an offer, with the token only its mail will hold, under the customer's lock.

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


def send_first_time(actor: User, invitation: Invitation) -> None:
    """The event and the mail of a new invitation."""
    inside: dict[str, Any] = {"team": str(invitation.team)} if invitation.team else {}
    record_event(
        kind="invitation.sent",
        actor=actor,
        customer=invitation.customer,
        address=invitation.address,
        role=str(invitation.role),
        **inside,
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
    """Offer a membership to one address; the token goes into the mail and is not kept.

    `offer` adds rows of an upper app (the first grants) inside the same transaction. Raises
    PermissionDenied unless the actor is a Super User here; InvitationRefused naming the field, or
    above MAX_A_DAY.
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
    """Staff invite the person who will run a pending customer.

    Raises PermissionDenied without `accounts.change_customer`, InvitationRefused if not pending.
    """
    require_staff(actor, "accounts.change_customer")
    customer = lock_customer(customer)
    if customer.status != CustomerStatus.PENDING:
        raise InvitationRefused(_("This customer already has its main Super User."))
    if customer.invitations.open().exists():
        raise InvitationRefused(
            _("An invitation is already waiting. Send it again or withdraw it.")
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
