"""Emails about invitations."""

from django.conf import settings
from django.urls import reverse

from accounts.choices import BounceReason
from accounts.emails.memberships import person_page
from accounts.emails.notices import Address, send_to
from accounts.models import Invitation, Membership, User


def send_invitation(invitation: Invitation) -> None:
    """Send the offer itself, with the token that its service just made.

    Answers go to the Super User who invites, unless HUB_INVITATION_REPLY_TO says the provider.
    """
    by_super_user = not invitation.as_main_super_user
    own_answers = by_super_user and settings.HUB_INVITATION_REPLY_TO == "super_user"
    person = User.objects.filter(email=invitation.address).first()
    send_to(
        person or Address(invitation.address, invitation.customer.language),
        "accounts/emails/invitation",
        notice_class="transactional",
        path=reverse("accounts:invitation-accept", args=[invitation.token]),
        zone=invitation.customer.zone,
        reply_to=invitation.invited_by.email if own_answers else "",
        invitation=invitation,
        greeted=invitation.name,
    )


def send_bounce(invitation: Invitation) -> None:
    """Tell the person who invited somebody that the email came back."""
    company = invitation.customer
    page = "provider-customer" if invitation.as_main_super_user else "invitations"
    send_to(
        invitation.invited_by,
        "accounts/emails/invitation_bounced",
        notice_class="transactional",
        path=reverse(f"portals:{page}", args=[company.slug]),
        invitation=invitation,
        company=company,
        reason=BounceReason(invitation.bounce_reason),
    )


def send_invitation_corrected(invitation: Invitation, *, previous: Invitation, actor: User) -> None:
    """Tell the person who invited somebody that the address was corrected, and by whom."""
    send_to(
        previous.invited_by,
        "accounts/emails/invitation_corrected",
        notice_class="security",
        path=reverse("portals:invitations", args=[invitation.customer.slug]),
        invitation=invitation,
        company=invitation.customer,
        previous=previous.address,
        actor=actor,
        is_staff=actor.is_staff,
    )


def send_invitation_report(*, reader: User, membership: Membership, left_out: list[str]) -> None:
    """Tell the person who invited somebody what could not be given any more."""
    send_to(
        reader,
        "accounts/emails/invitation_report",
        notice_class="transactional",
        path=person_page(membership),
        membership=membership,
        left_out=left_out,
    )
