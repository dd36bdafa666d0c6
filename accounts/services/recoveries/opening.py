"""Beginning a recovery: one of the staff proposes it, another approves, the company is told."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import CustomerStatus, RecoveryState
from accounts.models import Customer, Invitation, Membership, SuperUserRecovery, User
from accounts.models.recoveries import EVIDENCE_LENGTH, PROOF_LENGTH, TICKET_LENGTH
from accounts.permissions import lock_customer, require_fresh_sign_in, require_staff
from accounts.selectors import super_users_of
from accounts.selectors.recoveries import can_succeed
from accounts.services.audit import record_event
from accounts.services.invitations.sending import record_withdrawal
from accounts.validators import clean_reason, normalise_address

LIFETIME = timedelta(days=7)  # of a proposal, and of an offer


class RecoveryRefused(ValidationError):
    """The recovery cannot go on this way; the message says why."""


@transaction.atomic
def propose_recovery(
    *,
    actor: User,
    customer: Customer,
    address: str,
    name: str,
    ticket: str,
    evidence: str,
    proof: str,
    signed_in_at: datetime | None,
) -> SuperUserRecovery:
    """Propose who becomes the main Super User of a company that has lost its only one.

    The address is that of a member, or of somebody new. Nothing changes, and nobody of the company
    gets an email, before a colleague approves. Raises PermissionDenied without `accounts.use_desk`;
    RecoveryRefused where another Super User can act, or one is open; ValidationError naming the
    field; FreshSignInRequired.
    """
    require_staff(actor, "accounts.use_desk")
    customer = lock_customer(customer)
    _refuse_insider(actor, customer)
    lost = _lost_super_user(customer)
    ticket = clean_reason("ticket", ticket, length=TICKET_LENGTH)
    evidence = clean_reason("evidence", evidence, length=EVIDENCE_LENGTH)
    proof = clean_reason("proof", proof, length=PROOF_LENGTH)
    try:
        address = normalise_address(address)
    except ValidationError as error:
        raise RecoveryRefused({"address": error.error_list}) from error
    member = _successor(customer, lost, address)
    recovery = SuperUserRecovery(
        customer=customer,
        lost=lost,
        member=member,
        address="" if member else address,
        name="" if member else name,
        ticket=ticket,
        evidence=evidence,
        proof=proof,
        opened_by=actor,
        expires_at=timezone.now() + LIFETIME,
    )
    recovery.full_clean(validate_constraints=False)
    require_fresh_sign_in(signed_in_at)
    earlier = customer.recoveries.open().first()
    if earlier is not None and earlier.state == RecoveryState.PROPOSED and earlier.is_expired:
        settle(earlier, RecoveryState.LAPSED, None)
    try:
        with transaction.atomic():
            recovery.save()
    except IntegrityError as error:
        raise RecoveryRefused(_("A recovery of this company is open already.")) from error
    record("proposed", actor, recovery, ticket=ticket, evidence=evidence, proof=proof)
    return recovery


def _refuse_insider(actor: User, customer: Customer) -> None:
    """Raise RecoveryRefused for staff who belong to the company: they decide nothing about it."""
    if Membership.objects.present().filter(user=actor, customer=customer).exists():
        raise RecoveryRefused(
            _("You belong to this company. Leave its recovery to your colleagues."), code="insider"
        )


def _lost_super_user(customer: Customer) -> Membership:
    """Return the main Super User of an active company. Raises RecoveryRefused for another."""
    main = customer.main_super_user
    if customer.status != CustomerStatus.ACTIVE or main is None:
        raise RecoveryRefused(_("Only an active company can be recovered."))
    return main


def _successor(customer: Customer, lost: Membership, address: str) -> Membership | None:
    """Return the member with this address, or None for somebody new. Raises RecoveryRefused."""
    if address == lost.user.email:
        raise RecoveryRefused({"address": _("This is the main Super User already.")})
    if User.objects.filter(email=address, is_staff=True).exists():
        raise RecoveryRefused({"address": _("Staff never take over a company.")})
    present = Membership.objects.present().select_related("user", "customer")
    member = present.filter(customer=customer, user__email=address).first()
    others = super_users_of(customer).exclude(pk=lost.pk)
    if others and member not in others:
        raise RecoveryRefused(
            {
                "address": _("%(person)s is a Super User and can act. Propose them, or nobody.")
                % {"person": others[0]}
            }
        )
    if member is not None and not can_succeed(member):
        raise RecoveryRefused(
            {"address": _("This person is suspended or leaves. Propose somebody who stays.")}
        )
    return member


@transaction.atomic
def approve_recovery(
    *, actor: User, recovery: SuperUserRecovery, signed_in_at: datetime | None
) -> SuperUserRecovery:
    """Approve a colleague's proposal: the waiting time begins, and the company's people are told.

    Raises PermissionDenied without `accounts.use_desk`, or for one's own proposal (C5);
    RecoveryRefused where it is too late, or another Super User can act by now; FreshSignInRequired.
    """
    require_staff(actor, "accounts.use_desk")
    recovery = lock_recovery(recovery)
    refuse_settled(recovery, RecoveryState.PROPOSED)
    _refuse_insider(actor, recovery.customer)
    if recovery.opened_by_id == actor.pk:
        raise RecoveryRefused(_("You proposed this. A colleague approves it."), code="own")
    if recovery.is_expired:
        raise RecoveryRefused(_("This proposal is too old. Make a new one."), code="expired")
    refuse_overtaken(recovery)
    require_fresh_sign_in(signed_in_at)
    now = timezone.now()
    recovery.state = RecoveryState.WAITING
    recovery.approved_by, recovery.approved_at = actor, now
    recovery.takes_effect_at = now + timedelta(hours=settings.HUB_RECOVERY_HOURS)
    recovery.save()
    record(
        "approved",
        actor,
        recovery,
        proposer=str(recovery.opened_by),
        proposer_sub=str(recovery.opened_by.sub),
        hours=settings.HUB_RECOVERY_HOURS,
    )
    signals.recovery_approved.send(SuperUserRecovery, recovery=recovery)
    return recovery


@transaction.atomic
def tell_members_of_recovery(*, actor: None, recovery: SuperUserRecovery) -> int:
    """Tell every member, the lost Super User too, with a link that stops it. Return how many."""
    live = Membership.objects.live().filter(customer=recovery.customer, user__is_active=True)
    told = 0
    for membership in live.select_related("user", "customer").order_by("pk").iterator():
        emails.send_recovery_announced(recovery=recovery, membership=membership)
        told += 1
    return told


def lock_recovery(recovery: SuperUserRecovery) -> SuperUserRecovery:
    """Lock the company, then the recovery, and return it."""
    customer = lock_customer(recovery.customer)
    locked = (
        SuperUserRecovery.objects.select_for_update(of=("self",))
        .select_related("lost__user", "member__user", "opened_by", "approved_by", "invitation")
        .get(pk=recovery.pk)
    )
    locked.customer = customer
    return locked


def refuse_settled(recovery: SuperUserRecovery, *states: RecoveryState) -> None:
    """Raise RecoveryRefused unless it is in one of these states."""
    if recovery.state not in states:
        raise RecoveryRefused(
            _("This recovery is now: %(state)s.") % {"state": recovery.get_state_display()},
            code="settled",
        )


def refuse_overtaken(recovery: SuperUserRecovery) -> None:
    """Raise RecoveryRefused where the company has changed so that the recovery is wrong by now."""
    customer, member = recovery.customer, recovery.member
    others = super_users_of(customer).exclude(pk=recovery.lost_id)
    if (
        customer.status != CustomerStatus.ACTIVE
        or customer.main_super_user_id != recovery.lost_id
        or (member is not None and not can_succeed(member))
        or (others and member not in others)
        or User.objects.filter(email=recovery.address, is_staff=True).exists()
    ):
        raise RecoveryRefused(
            _("The company has changed meanwhile. Look again, and make a new proposal."),
            code="overtaken",
        )


def settle(recovery: SuperUserRecovery, state: RecoveryState, actor: User | None) -> None:
    """End a recovery for good, and record it; the link of its offer stops working."""
    if (invitation := recovery.invitation) is not None:
        invitation.customer = recovery.customer
        withdraw_invitation(actor, invitation)
    recovery.state, recovery.settled_at = state, timezone.now()
    recovery.save(update_fields=["state", "settled_at"])
    record(str(state), actor, recovery)


def withdraw_invitation(actor: User | None, invitation: Invitation) -> None:
    """Withdraw an invitation that is open, and record it."""
    if invitation.accepted_at is None and invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        record_withdrawal(actor, invitation)


def record(kind: str, actor: User | None, recovery: SuperUserRecovery, **data: Any) -> None:
    """Record an event in the company's chain: its people read who did what, and why."""
    if recovery.member is not None:
        data["successor_sub"] = str(recovery.member.user.sub)
    record_event(
        kind=f"recovery.{kind}",
        actor=actor,
        customer=recovery.customer,
        person=recovery.lost.user,
        about=recovery.address,
        successor=recovery.successor,
        recovery=str(recovery.uuid),
        **data,
    )
