"""The emails of this app, and `send_to`, by which every app sends a notice."""

from accounts.emails.invitations import send_bounce, send_invitation, send_invitation_report
from accounts.emails.memberships import (
    person_page,
    send_expiry_reminder,
    send_hand_over,
    send_membership_notice,
    send_offboarding_report,
)
from accounts.emails.notices import (
    NOTICE_CLASS_HEADER,
    Address,
    Reader,
    absolute,
    compose_notice,
    send_copies,
    send_to,
)
from accounts.emails.rendering import plain, render_text
from accounts.emails.requests import (
    send_answer,
    send_passed,
    send_reminder,
    send_request,
    send_to_provider,
)
from accounts.emails.support import send_reset_link, send_support_receipt

__all__ = [
    "NOTICE_CLASS_HEADER",
    "Address",
    "Reader",
    "absolute",
    "compose_notice",
    "person_page",
    "plain",
    "render_text",
    "send_answer",
    "send_bounce",
    "send_copies",
    "send_expiry_reminder",
    "send_hand_over",
    "send_invitation",
    "send_invitation_report",
    "send_membership_notice",
    "send_offboarding_report",
    "send_passed",
    "send_reminder",
    "send_request",
    "send_reset_link",
    "send_support_receipt",
    "send_to",
    "send_to_provider",
]
