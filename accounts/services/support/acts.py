"""Acts of the support desk: it gives people their sign-in back, and never has it itself."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import Role, SupportAct
from accounts.http import lift_limits
from accounts.models import CaseAct, Customer, DelayedAct, Invitation, SupportCase, User
from accounts.permissions import lock_customer
from accounts.selectors.company_sign_in import sign_in_for_address, sign_in_of_person
from accounts.selectors.support import invitations_to_correct
from accounts.services.company_sign_in import stop_as_support
from accounts.services.factors import lock_factors, type_of
from accounts.services.invitations import lock_open_invitation, replace_address, send_again
from accounts.services.password_resets import reset_key_of
from accounts.services.support.attempts import support_act
from accounts.services.support.cases import lock_verified_case
from accounts.services.support.delays import delay_address, delay_factor, waits
from accounts.services.support.effects import (
    begin_address_change,
    fit_address,
    sign_out_everywhere,
    take_factor_away,
)
from accounts.services.support.limits import refuse_second_key
from accounts.services.support.receipts import finish_act
from accounts.services.support.refusals import SupportRefused
from accounts.tokens import AddressCorrection, seal_correction
from accounts.validators import address_as_stored


@support_act(SupportAct.RESET_LINK)
def send_reset_link(*, actor: User, case: SupportCase) -> None:
    """Send the person a link to choose a new password; support never sees or sets it.

    Raises as lock_verified_case, as every act does; SupportRefused for a closed account, for
    somebody who signs in through their company, and for a second key within COOL_DOWN.
    """
    case = _lock_for_active(actor, case, SupportAct.RESET_LINK)
    refuse_second_key(case, SupportAct.RESET_LINK)
    person = case.person
    if own := sign_in_of_person(person):
        raise SupportRefused(
            _("%(person)s signs in through %(company)s and has no password to reset.")
            % {"person": person, "company": own.customer},
            code="company_sign_in",
        )
    emails.send_reset_link(person, reset_key_of(person))
    finish_act(case, SupportAct.RESET_LINK, kind="support.reset_link_sent")


@support_act(SupportAct.END_SESSIONS)
def end_all_sessions(*, actor: User, case: SupportCase) -> None:
    """End all sessions of a person, and their portals' tokens. Raises as send_reset_link."""
    case = _lock_for_active(actor, case, SupportAct.END_SESSIONS)
    sign_out_everywhere(case.person)
    finish_act(case, SupportAct.END_SESSIONS, kind="support.sessions_ended")


@support_act(SupportAct.UNLOCK)
def lift_sign_in_limits(*, actor: User, case: SupportCase) -> None:
    """Count failed sign-ins and emails of the person anew, from whatever place they came."""
    case = _lock_for_active(actor, case, SupportAct.UNLOCK)
    person = case.person
    kinds = [f"{kind} {person.email}" for kind in ("reset", "code")]
    lift_limits([person.email, *kinds, f"code of {person.pk}", f"set-up of {person.pk}"])
    finish_act(case, SupportAct.UNLOCK, kind="support.limits_lifted")


@support_act(SupportAct.REMOVE_FACTOR)
def remove_factor(*, actor: User, case: SupportCase, factor: str) -> DelayedAct | None:
    """Remove one lost second factor, named by its key; the password stays.

    It waits (delays.py) and is returned, unless a Super User confirmed the caller.

    All sessions and tokens end. Recovery codes go with the last second factor, because they only
    replace one. Raises as send_reset_link; SupportRefused for a factor that is not there.
    """
    case = _lock_for_active(actor, case, SupportAct.REMOVE_FACTOR, subject=factor)
    refuse_second_key(case, SupportAct.REMOVE_FACTOR)
    lost = next((each for each in lock_factors(case.person) if str(each.pk) == factor), None)
    if lost is None:
        raise SupportRefused({"factor": _("Choose the factor that is lost.")}, code="factor")
    if waits(case):
        return delay_factor(case, lost)
    named = {"factor_name": name} if (name := lost.data.get("name")) else {}
    take_factor_away(case=case, factor=lost)
    finish_act(
        case,
        SupportAct.REMOVE_FACTOR,
        subject=factor,
        kind="support.factor_removed",
        factor=type_of(lost).value,
        **named,
    )
    return None


@support_act(SupportAct.CORRECT_ADDRESS)
def correct_address(*, actor: User, case: SupportCase, address: str) -> DelayedAct | None:
    """Have a new address prove itself by a link, and tell the old one; nothing changes before.

    It waits (delays.py) and is returned, unless a Super User confirmed the caller.

    Raises as send_reset_link; SupportRefused for an address that is not one, or somebody's.
    """
    case = _lock_for_active(actor, case, SupportAct.CORRECT_ADDRESS, subject="")
    refuse_second_key(case, SupportAct.CORRECT_ADDRESS)
    if waits(case):
        return delay_address(case, fit_address(case=case, address=address))
    proposed = begin_address_change(case=case, address=address)
    finish_act(
        case,
        SupportAct.CORRECT_ADDRESS,
        kind="support.address_correction_sent",
        cancel_token=seal_correction(AddressCorrection(case.uuid, case.person.email, proposed)),
        previous=case.person.email,
        address=proposed,
    )
    return None


@support_act(SupportAct.RESEND_INVITATION)
def resend_invitation(*, actor: User, case: SupportCase, invitation: Invitation) -> None:
    """Send an invitation again that the person sent or got; its sender stays the same.

    Raises as send_reset_link; InvitationRefused once it is not open any more.
    """
    subject = str(invitation.uuid)
    lock_customer(invitation.customer)
    case = _lock_for_active(actor, case, SupportAct.RESEND_INVITATION, subject=subject)
    person = case.person
    is_theirs = person.pk == invitation.invited_by_id or person.email == invitation.address
    may_send = Invitation.objects.open().sent_by_somebody_who_may().filter(pk=invitation.pk)
    if not is_theirs or not may_send.exists():
        raise SupportRefused({"invitation": _("Choose an invitation that still can be accepted.")})
    send_again(actor=actor, invitation=invitation)
    finish_act(
        case,
        SupportAct.RESEND_INVITATION,
        subject=subject,
        kind="support.invitation_resent",
        address=invitation.address,
        company=invitation.customer.name,
    )


@support_act(SupportAct.CORRECT_INVITATION)
def correct_invitation(
    *, actor: User, case: SupportCase, invitation: Invitation, address: str
) -> Invitation:
    """Send an invitation to the right address, for a Super User of its company who calls.

    Its sender stays the same and is told; the old link stops working. Raises as send_reset_link;
    InvitationRefused as correct_invitation of the Super Users.
    """
    subject = str(invitation.uuid)
    invitation.customer = lock_customer(invitation.customer)
    act = SupportAct.CORRECT_INVITATION
    case = _lock_for_active(actor, case, act, subject=subject)
    if not invitations_to_correct(case).filter(pk=invitation.pk).exists():
        raise SupportRefused({"invitation": _("Choose an invitation that still can be accepted.")})
    if invitation.role == Role.SUPER_USER and waits(case):
        raise SupportRefused(
            _(
                "This invites a Super User. Have another Super User confirm the caller, or correct"
                " the address under “People”."
            ),
            code="verification",
        )
    if User.objects.filter(email=address_as_stored(address), is_staff=True).exists():
        raise SupportRefused({"address": _("This is the address of a member of our staff.")})
    current = lock_open_invitation(invitation)
    sender, company = current.invited_by, current.customer
    corrected = replace_address(actor=actor, invitation=current, address=address, sender=sender)
    finish_act(
        case,
        act,
        subject=subject,
        kind="support.invitation_corrected",
        previous=current.address,
        address=corrected.address,
        company=company.name,
    )
    main = company.main_super_user
    if sender != case.person and (main is None or sender != main.user):  # they have a receipt
        emails.send_invitation_corrected(corrected, previous=current, actor=actor)
    return corrected


@support_act(SupportAct.SUSPEND)
def suspend_person(*, actor: User, case: SupportCase) -> None:
    """Close the account of a person whose sign-in may be in other hands; it can be restored."""
    case = _lock_for_active(actor, case, SupportAct.SUSPEND)
    person = case.person
    sign_out_everywhere(person)
    person.is_active, person.suspended_at = False, timezone.now()
    person.save(update_fields=["is_active", "suspended_at"])
    finish_act(case, SupportAct.SUSPEND, kind="support.person_suspended")


@support_act(SupportAct.RESTORE)
def restore_person(*, actor: User, case: SupportCase) -> None:
    """Restore an account that the desk suspended. Raises SupportRefused for any other."""
    case = lock_verified_case(actor, case, SupportAct.RESTORE)
    person = case.person
    if person.suspended_at is None:
        raise SupportRefused(_("The desk restores only accounts that it suspended."), code="state")
    person.is_active, person.suspended_at = True, None
    person.save(update_fields=["is_active", "suspended_at"])
    finish_act(case, SupportAct.RESTORE, kind="support.person_restored")


@support_act(SupportAct.STOP_COMPANY_SIGN_IN)
def switch_off_company_sign_in(*, actor: User, case: SupportCase) -> Customer:
    """Switch off single sign-on of the person's company, whose provider is away.

    Its Super Users get the receipts. Raises SupportRefused where it is off.
    """
    own = sign_in_for_address(case.person.email)
    if own is not None:
        lock_customer(own.customer)
    case = _lock_for_active(actor, case, SupportAct.STOP_COMPANY_SIGN_IN)
    if own is None or own.customer_id != case.customer_id:
        raise SupportRefused(_("Single sign-on is not on for this address."), code="off")
    stop_as_support(actor=actor, customer=own.customer, ticket=case.ticket, reason=case.reason)
    CaseAct.objects.create(case=case, act=SupportAct.STOP_COMPANY_SIGN_IN)
    return own.customer


def _lock_for_active(
    actor: User, case: SupportCase, act: SupportAct, *, subject: str = ""
) -> SupportCase:
    """Lock a verified case whose person's account is not closed."""
    case = lock_verified_case(actor, case, act, subject=subject)
    if not case.person.is_active:
        raise SupportRefused(_("This account is closed."), code="closed_account")
    return case
