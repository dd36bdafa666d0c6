"""Memberships: begun, suspended, restored, removed, changed."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import Role
from accounts.models import AccessRequest, AuditEvent, Customer, Membership, User
from accounts.permissions import (
    MembershipRefused,
    lock_managed_membership,
    refuse_main_super_user,
)
from accounts.services.audit import differences_between, record_event
from accounts.services.membership_expiry import end_lapsed, finish_membership, save_membership
from accounts.services.people import CORRECTED
from accounts.services.versions import refuse_overwriting


@transaction.atomic
def begin_membership(
    *, actor: User, customer: Customer, user: User, role: str, work_name: str, invitation: Any
) -> tuple[Membership, list[str]]:
    """Make a person a member; the caller accepts an invitation and holds the customer's lock.

    A membership whose end date has passed is ended first, as the job would do. Returns the
    membership, and the names of what the invitation promised and upper apps can't give any more.
    Raises MembershipRefused if the person is a member already.
    """
    lapsed = Membership.objects.lapsed().filter(customer=customer, user=user).first()
    if lapsed is not None:
        end_lapsed(membership=lapsed)
    if Membership.objects.filter(customer=customer, user=user, ended_at=None).exists():
        raise MembershipRefused(_("You already belong to this company."), code="already_here")
    membership = Membership.objects.create(
        customer=customer, user=user, role=role, work_name=work_name
    )
    answers: list[tuple[Any, Any]] = signals.membership_began.send(
        Membership, membership=membership, actor=actor, invitation=invitation
    )
    return membership, [name for _receiver, left_out in answers for name in left_out]


@transaction.atomic
def suspend_membership(*, actor: User, membership: Membership) -> Membership:
    """Suspend a person: all their access in this customer stops, and is kept for later.

    Portal tokens end too, so that a portal asks again before it lets the person in. Raises
    PermissionDenied unless the actor is a Super User of the customer; MembershipRefused for the
    main Super User, oneself, or somebody already suspended.
    """
    customer, membership = lock_managed_membership(actor, membership)
    refuse_main_super_user(customer, membership)
    if membership.user_id == actor.pk:
        raise MembershipRefused(_("You can't suspend yourself. Ask another Super User."))
    if membership.suspended_at is not None:
        raise MembershipRefused(_("This person is already suspended."))
    membership.suspended_at = timezone.now()
    save_membership(membership)
    signals.access_revoked.send(User, user=membership.user)
    record_event(
        kind="membership.suspended", actor=actor, customer=customer, person=membership.user
    )
    emails.send_membership_notice(kind="suspended", actor=actor, membership=membership)
    return membership


@transaction.atomic
def restore_membership(*, actor: User, membership: Membership) -> Membership:
    """End a suspension; every grant is in force again. Raises as suspend_membership."""
    customer, membership = lock_managed_membership(actor, membership)
    if membership.suspended_at is None:
        raise MembershipRefused(_("This person is not suspended."))
    membership.suspended_at = None
    save_membership(membership)
    record_event(kind="membership.restored", actor=actor, customer=customer, person=membership.user)
    emails.send_membership_notice(kind="restored", actor=actor, membership=membership)
    return membership


@transaction.atomic
def remove_membership(
    *, actor: User, membership: Membership, answering: AccessRequest | None = None
) -> AuditEvent:
    """Remove a person from the customer: teams, grants, registrations and portal tokens end now.

    Returns the event, which holds all that ended and can be undone. Raises PermissionDenied unless
    the actor is a Super User of the customer, or staff `answering` the person's own request that
    was passed on; MembershipRefused for the main Super User, oneself, or somebody who has left.
    """
    customer, membership = lock_managed_membership(actor, membership, answering)
    refuse_main_super_user(customer, membership)
    if membership.user_id == actor.pk:
        raise MembershipRefused(_("You can't remove yourself. Ask another Super User."))
    ended = finish_membership(actor=actor, membership=membership)
    event = record_event(
        kind="membership.removed",
        actor=actor,
        customer=customer,
        person=membership.user,
        **ended,
    )
    emails.send_membership_notice(kind="removed", actor=actor, membership=membership)
    return event


@transaction.atomic
def change_role(*, actor: User, membership: Membership, role: str) -> Membership:
    """Make a person a Super User, or a user again.

    Raises PermissionDenied unless the actor is a Super User of the customer; MembershipRefused for
    the main Super User and for oneself (nobody promotes or demotes oneself).
    """
    customer, membership = lock_managed_membership(actor, membership)
    refuse_main_super_user(customer, membership)
    if role not in Role.values:
        raise MembershipRefused(_("Choose a role."), code="role")
    if membership.user_id == actor.pk:
        raise MembershipRefused(_("You can't change your own role. Ask another Super User."))
    if membership.role == role:
        raise MembershipRefused(_("This person already has this role."))
    previous, membership.role = membership.role, role
    save_membership(membership)
    answers: list[tuple[Any, Any]] = signals.role_changed.send(Membership, membership=membership)
    changed = {name: value for _receiver, data in answers for name, value in data.items()}
    record_event(
        kind="membership.role_changed",
        actor=actor,
        customer=customer,
        person=membership.user,
        role=role,
        previous_role=previous,
        **changed,
    )
    emails.send_membership_notice(kind="role_changed", actor=actor, membership=membership)
    return membership


def work_details(membership: Membership) -> dict[str, Any]:
    """Return what a company keeps about a person, whose version the form carries."""
    return {"work_name": membership.work_name, "work_phone": membership.work_phone}


@transaction.atomic
def update_work_details(
    *,
    actor: User,
    membership: Membership,
    work_name: str,
    work_phone: str,
    answering: AccessRequest | None = None,
    version: str | None = None,
) -> Membership:
    """Correct the name and phone a company uses for a person.

    `answering` is as in remove_membership. Raises as suspend_membership; ChangedMeanwhile where
    somebody saved since `version`.
    """
    customer, membership = lock_managed_membership(actor, membership, answering)
    values = {"work_name": work_name, "work_phone": work_phone}
    refuse_overwriting(
        version,
        saved=work_details(membership),
        wanted=values,
        edits=AuditEvent.objects.filter(
            customer=customer,
            kind__in=["membership.updated", CORRECTED],
            person=membership.user,
        ),
    )
    changes = save_work_details(membership, values)
    if changes:
        record_event(
            kind="membership.updated",
            actor=actor,
            customer=customer,
            person=membership.user,
            **changes,
        )
    return membership


def save_work_details(membership: Membership, values: dict[str, Any]) -> dict[str, Any]:
    """Save what differs from the work details of a locked row. Return what an event says of it.

    It is called inside the caller's transaction. Raises ValidationError naming the field.
    """
    changed = sorted(name for name, value in values.items() if getattr(membership, name) != value)
    differences = differences_between(membership, values, changed)
    for name in changed:
        setattr(membership, name, values[name])
    membership.clean_fields(exclude=values.keys() - set(changed))
    if not changed:
        return {}
    save_membership(membership)
    return {"fields": ", ".join(changed), "differences": differences}
