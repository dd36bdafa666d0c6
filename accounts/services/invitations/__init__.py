"""Invitations: sent to one or many, sent again, corrected, withdrawn, accepted once."""

from accounts.services.invitations.acceptance import accept_invitation, find_invitation
from accounts.services.invitations.bulk import (
    MAX_AT_ONCE,
    CheckedInvitee,
    check_invitees,
    invite_people,
)
from accounts.services.invitations.correcting import correct_invitation, replace_address
from accounts.services.invitations.layouts import columns_of, without_passwords, without_title
from accounts.services.invitations.parsing import Invitee, invitees_in_table, invitees_in_text
from accounts.services.invitations.pending import (
    lock_open_invitation,
    note_bounce,
    resend_invitation,
    resend_invitations,
    revoke_invitation,
    revoke_invitations,
    send_again,
)
from accounts.services.invitations.sending import (
    LIFETIME,
    MAX_A_DAY,
    InvitationRefused,
    hash_token,
    invite_main_super_user,
    invite_person,
)
from accounts.services.invitations.taking_over import take_over_invitations

__all__ = [
    "LIFETIME",
    "MAX_AT_ONCE",
    "MAX_A_DAY",
    "CheckedInvitee",
    "InvitationRefused",
    "Invitee",
    "accept_invitation",
    "check_invitees",
    "columns_of",
    "correct_invitation",
    "find_invitation",
    "hash_token",
    "invite_main_super_user",
    "invite_people",
    "invite_person",
    "invitees_in_table",
    "invitees_in_text",
    "lock_open_invitation",
    "note_bounce",
    "replace_address",
    "resend_invitation",
    "resend_invitations",
    "revoke_invitation",
    "revoke_invitations",
    "send_again",
    "take_over_invitations",
    "without_passwords",
    "without_title",
]
