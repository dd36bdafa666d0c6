"""Accepting an invitation: once, by the person it is for."""

from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import CustomerStatus, Role
from accounts.models import AuditEvent, Customer, Invitation, Membership, User
from accounts.permissions import lock_customer
from accounts.selectors.company_sign_in import sign_in_of_invited
from accounts.selectors.recoveries import invites_by_recovery
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
            _("This invitation is no longer valid. Ask for a new one."), code="gone"
        )
    return invitation


def _sender_still_may(invitation: Invitation) -> bool:
    sender, customer = invitation.invited_by, invitation.customer
    if not sender.is_active:
        return False
    if invitation.as_main_super_user:
        if customer.status == CustomerStatus.PENDING:
            return sender.is_staff and sender.has_perm("accounts.change_customer")
        by_desk = sender.is_staff and sender.has_perm("accounts.use_desk")
        return by_desk and invites_by_recovery(invitation)
    is_super_user = (
        Membership.objects.live()
        .filter(customer=customer, user=sender, role=Role.SUPER_USER)
        .exists()
    )
    return is_super_user and customer.status == CustomerStatus.ACTIVE


@transaction.atomic
def accept_invitation(
    *,
    actor: User | None,
    token: str,
    name: str = "",
    password: str = "",
    language: str = "en",
    answers: Mapping[str, Any] | None = None,
    network_address: str | None = None,
    browser: str = "",
) -> Membership:
    """Join the company. Whoever has the emailed token has read it, so the address is verified.

    `actor` is the signed-in person, who must own the invited address; None creates the account with
    `name` and `password`. `answers` are what the fields of upper apps on the page hold
    (signals.invitation_opened). The customer's lock lets it happen once. Raises InvitationRefused;
    ValidationError naming the field.
    """
    customer = lock_customer(find_invitation(token).customer)
    invitation = find_invitation(token)  # again, now that nobody else can accept it
    if actor is None and sign_in_of_invited(invitation) is not None:
        raise InvitationRefused(
            _("Sign in through %(company)s to accept.") % {"company": customer},
            code="company_sign_in",
        )
    user = actor or _create_person(invitation, name=name, password=password, language=language)
    if user.email != invitation.address:
        raise InvitationRefused(
            _("This invitation is for another address. Sign out, then open it again."),
            code="other_person",
        )
    if not user.is_active:
        raise InvitationRefused(_("This account is closed."), code="closed")
    membership = _join(invitation, customer, user)
    if answers:
        signals.invitation_answered.send(
            Invitation,
            invitation=invitation,
            membership=membership,
            answers=answers,
            network_address=network_address,
            browser=browser,
        )
    return membership


@transaction.atomic
def accept_through_company(
    *, actor: None, invitation: Invitation, name: str, language: str
) -> Membership:
    """Join the company by coming back from its own provider, which has verified the address.

    The account is made without a password. `name` is the provider's word; the invitation's is
    preferred. Raises InvitationRefused where it can't be accepted any more.
    """
    customer = lock_customer(invitation.customer)
    waiting = Invitation.objects.open().select_related("invited_by")
    row = waiting.filter(pk=invitation.pk, expires_at__gt=timezone.now()).first()
    if row is None:
        raise InvitationRefused(_("This invitation is no longer valid."), code="gone")
    row.customer = customer
    if not _sender_still_may(row):
        raise InvitationRefused(_("This invitation is no longer valid."), code="gone")
    user = User(
        email=row.address,
        name=_first_fitting(row.name, name, row.address.partition("@")[0]),
        language=language,
        time_zone=customer.time_zone,
    )
    user.set_unusable_password()
    _save_person(user)
    return _join(row, customer, user)


def _first_fitting(*names: str) -> str:
    """Return the first of these names that a person can have; the last one fits."""
    for name in names[:-1]:
        try:
            User(name=name).clean_fields(
                exclude=[field.name for field in User._meta.fields if field.name != "name"]
            )
        except ValidationError:
            continue
        return name
    return names[-1]


def _join(invitation: Invitation, customer: Customer, user: User) -> Membership:
    """Make the person a member, with what the invitation promises; the customer is locked."""
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
        kind__in=["invitation.sent", "invitation.corrected"],
        at__gte=invitation.created_at,
        public__invitation=str(invitation.uuid),
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
    _save_person(user)
    return user


def _save_person(user: User) -> None:
    """Save a new person, whose address is verified. Raises InvitationRefused."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # another company's invitation was accepted meanwhile
        raise InvitationRefused(
            _("You already have an account. Sign in to accept."), code="sign_in_first"
        ) from error
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
