"""Emails about memberships that change or end, and about the role of main Super User."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.emails.notices import absolute, send_copies, send_to
from accounts.models import HandOver, Membership, User
from accounts.selectors import super_users_of


def person_page(membership: Membership) -> str:
    """Return the path of the page of a person in a company."""
    return reverse("portals:person", args=[membership.customer.slug, membership.user.sub])


def send_membership_notice(*, kind: str, actor: User | None, membership: Membership) -> None:
    """Tell a person that their membership changed; `kind` picks the sentence."""
    send_to(
        membership.user,
        "accounts/emails/membership_notice",
        notice_class="security",
        zone=membership.customer.zone,
        copied_about=membership,
        kind=kind,
        actor=actor,
        membership=membership,
        greeted=membership,
    )


def send_expiry_reminder(*, reader: User, membership: Membership) -> None:
    """Tell a person, or a Super User, that a membership ends within days."""
    send_to(
        reader,
        "accounts/emails/ending_reminder",
        notice_class="transactional",
        path=person_page(membership),
        zone=membership.customer.zone,
        membership=membership,
        is_self=reader == membership.user,
    )


def send_second_factor_notice(
    *, membership: Membership, since: datetime | None, has_factor: bool
) -> None:
    """Tell a member from when their company asks for a second factor; None for no longer."""
    zone = membership.customer.zone
    send_to(
        membership.user,
        "accounts/emails/second_factor",
        notice_class="security",
        path=reverse("mfa_index"),
        zone=zone,
        membership=membership,
        greeted=membership,
        company=membership.customer,
        day=timezone.localtime(since, zone).date() if since else None,
        has_factor=has_factor,
    )


def send_offboarding_report(*, reader: User, membership: Membership, skipped: list[str]) -> None:
    """Tell a Super User what could not be handed over when somebody left."""
    send_to(
        reader,
        "accounts/emails/offboarding_report",
        notice_class="transactional",
        path=reverse("portals:people", args=[membership.customer.slug]),
        membership=membership,
        skipped=skipped,
    )


def send_hand_over(*, kind: str, hand_over: HandOver, reader: Membership) -> None:
    """Tell a Super User what became of an offer of the main role; `kind` picks the sentence."""
    company = hand_over.customer
    notice: dict[str, Any] = {
        "template": "accounts/emails/hand_over",
        "kind": kind,
        "hand_over": hand_over,
        "greeted": reader,  # by their name at work
        "company": company,
        "link": absolute(reverse("accounts:hand-over", args=[company.slug, hand_over.uuid])),
    }
    send_to(reader.user, notice_class="security", zone=company.zone, **notice)
    # "accepted" goes to every Super User; one copy of it is enough.
    if kind != "accepted" or reader == hand_over.receiver:
        super_users = super_users_of(company).values_list("user__email", flat=True)
        send_copies(
            customer=company,
            concerned=[reader],
            already_sent_to={reader.user.email, *super_users},
            notice_class="security",
            **notice,
        )
