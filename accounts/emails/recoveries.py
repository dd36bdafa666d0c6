"""Emails about the recovery of a company whose only Super User is gone."""

from django.urls import reverse

from accounts.emails.notices import send_to
from accounts.models import Membership, SuperUserRecovery, User
from accounts.tokens import recovery_token


def send_recovery_announced(*, recovery: SuperUserRecovery, membership: Membership) -> None:
    """Tell a member that the company gets a new main Super User, with a link that stops it."""
    token = recovery_token(recovery, membership)
    send_to(
        membership.user,
        "accounts/emails/recovery_announced",
        notice_class="security",
        path=reverse("accounts:recovery-stop-by-link", args=[token]),
        zone=recovery.customer.zone,
        recovery=recovery,
        company=recovery.customer,
        greeted=membership,
        is_lost=membership.pk == recovery.lost_id,
        is_successor=membership.pk == recovery.member_id,
    )


def send_recovery_stopped(*, recovery: SuperUserRecovery, member: Membership, reader: User) -> None:
    """Raise the alarm at the support desk, and tell the people concerned, that it is stopped."""
    slug = recovery.customer.slug
    send_to(
        reader,
        "accounts/emails/recovery_stopped",
        notice_class="security",
        path=reverse("accounts:desk-recovery", args=[slug]) if reader.is_staff else reverse("home"),
        recovery=recovery,
        company=recovery.customer,
        member=member,
    )


def send_recovery_offer(recovery: SuperUserRecovery) -> None:
    """Offer the role to the member who takes over; somebody new gets an invitation instead."""
    member = recovery.member
    if member is None:
        raise ValueError("somebody who is no member gets an invitation")
    send_to(
        member.user,
        "accounts/emails/recovery_offer",
        notice_class="security",
        path=reverse("accounts:recovery", args=[recovery.customer.slug, recovery.uuid]),
        zone=recovery.customer.zone,
        recovery=recovery,
        company=recovery.customer,
        greeted=member,
    )


def send_recovery_done(
    *, recovery: SuperUserRecovery, membership: Membership, reader: User
) -> None:
    """Tell a Super User that the company has a new main Super User."""
    send_to(
        reader,
        "accounts/emails/recovery_done",
        notice_class="security",
        path=reverse("home"),
        zone=recovery.customer.zone,
        recovery=recovery,
        company=recovery.customer,
        successor=membership,
    )
