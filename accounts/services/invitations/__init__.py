"""Offers of membership: sent to one or many, sent again, withdrawn, accepted once."""

from accounts.services.invitations.acceptance import accept_invitation, find_invitation
from accounts.services.invitations.bulk import (
    MOST_AT_ONCE,
    Examined,
    examine_invitees,
    invite_people,
)
from accounts.services.invitations.parsing import Invitee, invitees_in_table, invitees_in_text
from accounts.services.invitations.pending import (
    note_bounce,
    resend_invitation,
    resend_invitations,
    revoke_invitation,
    revoke_invitations,
)
from accounts.services.invitations.sending import (
    LIFETIME,
    MOST_A_DAY,
    InvitationRefused,
    hash_token,
    invite_main_super_user,
    invite_person,
)

__all__ = [
    "LIFETIME",
    "MOST_AT_ONCE",
    "MOST_A_DAY",
    "Examined",
    "InvitationRefused",
    "Invitee",
    "accept_invitation",
    "examine_invitees",
    "find_invitation",
    "hash_token",
    "invite_main_super_user",
    "invite_people",
    "invite_person",
    "invitees_in_table",
    "invitees_in_text",
    "note_bounce",
    "resend_invitation",
    "resend_invitations",
    "revoke_invitation",
    "revoke_invitations",
]
