"""Offers of membership: sent, sent again, withdrawn, accepted once."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CustomerStatus, Role
from accounts.models import Customer, Invitation, Membership, User
from accounts.services.audit import record_event
from accounts.services.customers import lock_customer, require_staff, require_super_user
from accounts.services.memberships import begin_membership
from accounts.validators import normalise_address

LIFETIME = timedelta(days=7)


class InvitationRefused(ValidationError):
    """The invitation cannot be made or used; the message says why."""


def hash_token(token: str) -> str:
    """How a mailed token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _create(
    *, actor: User, customer: Customer, address: str, name: str, role: str, main: bool
) -> Invitation:
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


@transaction.atomic
def invite_person(
    *,
    actor: User,
    customer: Customer,
    address: str,
    name: str = "",
    role: str = Role.USER,
    offer: Callable[[Invitation], None] | None = None,
) -> Invitation:
    """Offer a membership to one address; the token goes into the mail and is not kept.

    `offer` adds rows of an upper app (the first grants) inside the same transaction. Raises
    PermissionDenied unless the actor is a Super User here; InvitationRefused naming the field.
    """
    customer = lock_customer(customer)
    require_super_user(actor, customer)
    invitation = _create(
        actor=actor, customer=customer, address=address, name=name, role=role, main=False
    )
    if offer is not None:
        offer(invitation)
    record_event(
        kind="invitation.sent",
        actor=actor,
        customer=customer,
        address=invitation.address,
        role=role,
    )
    emails.send_invitation(invitation)
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
    invitation = _create(
        actor=actor,
        customer=customer,
        address=address,
        name=name,
        role=Role.SUPER_USER,
        main=True,
    )
    record_event(
        kind="invitation.sent",
        actor=actor,
        customer=customer,
        address=invitation.address,
        role=Role.SUPER_USER,
    )
    emails.send_invitation(invitation)
    return invitation


def _lock_open(actor: User, invitation: Invitation) -> tuple[Customer, Invitation]:
    customer = lock_customer(invitation.customer)
    if invitation.as_main_super_user:
        require_staff(actor, "accounts.change_customer")
    else:
        require_super_user(actor, customer)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvitationRefused(_("This invitation is no longer open."))
    return customer, invitation


@transaction.atomic
def resend_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Send a fresh link with a fresh life; the old link stops working.

    Whoever sends it again answers for it from now on. Raises PermissionDenied as for sending it;
    InvitationRefused once it is no longer open.
    """
    customer, invitation = _lock_open(actor, invitation)
    invitation.token = secrets.token_urlsafe(32)
    invitation.token_hash = hash_token(invitation.token)
    invitation.invited_by = actor
    invitation.expires_at = timezone.now() + LIFETIME
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


def find_invitation(token: str) -> Invitation:
    """The invitation behind a mailed token, while it can be accepted.

    Raises InvitationRefused, in the same words, for a token that is unknown, used, withdrawn,
    expired, or whose sender may no longer invite (D1, D3, D6).
    """
    invitation = (
        Invitation.objects.open()
        .select_related("customer", "invited_by")
        .filter(token_hash=hash_token(token), expires_at__gt=timezone.now())
        .first()
    )
    if invitation is None or not _sender_still_may(invitation):
        raise InvitationRefused(
            _("This invitation can no longer be used. Ask for a new one."), code="gone"
        )
    return invitation


def _sender_still_may(invitation: Invitation) -> bool:
    sender, customer = invitation.invited_by, invitation.customer
    if not sender.is_active:
        return False
    if invitation.as_main_super_user:
        pending = customer.status == CustomerStatus.PENDING
        return pending and sender.is_staff and sender.has_perm("accounts.change_customer")
    is_super_user = (
        Membership.objects.live()
        .filter(customer=customer, user=sender, role=Role.SUPER_USER)
        .exists()
    )
    return is_super_user and customer.status == CustomerStatus.ACTIVE


@transaction.atomic
def accept_invitation(
    *, actor: User | None, token: str, name: str = "", password: str = "", language: str = "en"
) -> Membership:
    """Join the company; the proof is the mailed token, so the address counts as confirmed.

    `actor` is the signed-in person, who must own the invited address; None makes the account with
    `name` and `password`. Works once, also in parallel: the customer's row is locked first. Raises
    InvitationRefused, or ValidationError naming the field.
    """
    customer = lock_customer(find_invitation(token).customer)
    invitation = find_invitation(token)  # again, now that nobody else can be using it
    user = actor or _create_person(invitation, name=name, password=password, language=language)
    if user.email != invitation.address:
        raise InvitationRefused(
            _("This invitation is for another address. Sign out and open it again."),
            code="other_person",
        )
    if not user.is_active:
        raise InvitationRefused(_("This account is closed."), code="closed")
    invitation.accepted_at = timezone.now()
    invitation.accepted_by = user
    invitation.save()
    membership = begin_membership(
        actor=invitation.invited_by,
        customer=customer,
        user=user,
        role=invitation.role,
        work_name=invitation.name or user.name,
        invitation=invitation,
    )
    if invitation.as_main_super_user:
        customer.main_super_user = membership
        customer.status = CustomerStatus.ACTIVE
        customer.save()
    record_event(
        kind="invitation.accepted",
        actor=user,
        customer=customer,
        person=user,
        role=invitation.role,
    )
    return membership


def _create_person(invitation: Invitation, *, name: str, password: str, language: str) -> User:
    if User.objects.filter(email=invitation.address).exists():
        raise InvitationRefused(
            _("You already have an account. Sign in to accept."), code="sign_in_first"
        )
    user = User(email=invitation.address, name=name, language=language)
    user.clean_fields(exclude=["password"])
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.error_list}) from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # another company's invitation was accepted meanwhile
        raise InvitationRefused(
            _("You already have an account. Sign in to accept."), code="sign_in_first"
        ) from error
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user
