"""Emails about what the support desk does."""

from django.urls import reverse

from accounts.emails.notices import send_to
from accounts.models import User


def send_reset_link(person: User, key: str) -> None:
    """Send a password reset link that the support desk asked for."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    send_to(
        person,
        "accounts/emails/reset_link",
        notice_class="security",
        path=path.replace("UID-KEY", key),
        person=person,
    )


def send_support_receipt(
    *, kind: str, reader: User, actor: User, person: User, ticket: str, reason: str
) -> None:
    """Tell the person, or their main Super User, what support did and why."""
    send_to(
        reader,
        "accounts/emails/support_receipt",
        notice_class="security",
        kind=kind,
        actor=actor,
        person=person,
        ticket=ticket,
        reason=reason,
    )
