"""Accepting an invitation: once, by the person it is for."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CustomerStatus, Role
from accounts.models import AuditEvent, Invitation, Membership, User
from accounts.permissions import lock_customer
from accounts.services.audit import record_event
from accounts.services.invitations.sending import InvitationRefused, hash_token
from accounts.services.memberships import begin_membership
from accounts.services.teams import add_to_team


def find_invitation(token: str) -> Invitation:
    """Return the invitation of an emailed token, while it can be accepted.

    Raises InvitationRefused for a token that is unknown, used, withdrawn or expired, or whose
    sender may not invite any more; the message is the same for all of them (D1, D3, D6).
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
    """Join the company. Whoever has the emailed token has read it, so the address is verified.

    `actor` is the signed-in person, who must own the invited address; None creates the account with
    `name` and `password`. The customer's lock lets it happen once. Raises InvitationRefused;
    ValidationError naming the field.
    """
    customer = lock_customer(find_invitation(token).customer)
    invitation = find_invitation(token)  # again, now that nobody else can accept it
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
    membership, left_out = begin_membership(
        actor=invitation.invited_by,
        customer=customer,
        user=user,
        role=invitation.role,
        work_name=invitation.name or user.name,
        invitation=invitation,
    )
    left_out += _apply_work_details(invitation, membership)
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
    if left_out:
        _report_left_out(membership, invitation.invited_by, left_out)
    return membership


def _report_left_out(membership: Membership, inviter: User, left_out: list[str]) -> None:
    """Record what could not be given, and tell the person who promised it."""
    record_event(
        kind="invitation.left_out",
        actor=None,
        customer=membership.customer,
        person=membership.user,
        resources=", ".join(left_out),
    )
    emails.send_invitation_report(reader=inviter, membership=membership, left_out=left_out)


def _apply_work_details(invitation: Invitation, membership: Membership) -> list[str]:
    """Take over the phone and the team of the invitation, and return the names of what is left out.

    Its sender met the conditions of the team. A team that is deleted by now, or has got a sensitive
    privilege since, is left out; a Super User can still add the person to it.
    """
    if invitation.work_phone:
        membership.work_phone = invitation.work_phone
        membership.save(update_fields=["work_phone"])
    if invitation.team is None:
        return _deleted_team(invitation)
    try:
        add_to_team(
            actor=invitation.invited_by,
            team=invitation.team,
            membership=membership,
            reason=_("Part of the invitation"),
            signed_in_at=timezone.now(),
            conditions_checked_at=invitation.created_at,
        )
    except ValidationError:
        return [str(invitation.team)]
    return []


def _deleted_team(invitation: Invitation) -> list[str]:
    """Return the name of the team of the invitation, from its event: the team's row is deleted."""
    events = AuditEvent.objects.filter(
        customer=invitation.customer,
        kind="invitation.sent",
        at__gte=invitation.created_at,
        data__address=invitation.address,
    )
    return [event.data["team"] for event in events[:1] if event.data.get("team")]


def _create_person(invitation: Invitation, *, name: str, password: str, language: str) -> User:
    if User.objects.filter(email=invitation.address).exists():
        raise InvitationRefused(
            _("You already have an account. Sign in to accept."), code="sign_in_first"
        )
    user = User(
        email=invitation.address,
        name=name,
        language=language,
        time_zone=invitation.customer.time_zone,
    )
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
