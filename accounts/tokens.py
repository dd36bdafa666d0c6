"""Tokens of links that work without a sign-in: encrypted, so nobody can read or forge them.

Each purpose has its own key, so that a token for one purpose is refused by another. A token that
names a row works as long as the row says so.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError

from accounts.encryption import LinkCipher, cipher
from accounts.models import DelayedAct, Membership, SuperUserRecovery

CANCEL_WITHIN = timedelta(hours=72)
_PURPOSE = "accounts.tokens.address_correction"
RECOVERY = "accounts.tokens.recovery"
DELAY = "accounts.tokens.delay"


@dataclass(frozen=True)
class AddressCorrection:
    """A change of a person's address that support began: from one address to another."""

    case: UUID
    previous: str
    address: str


def seal_correction(correction: AddressCorrection) -> str:
    """Return the token by which the previous address cancels the change within CANCEL_WITHIN."""
    words = [str(correction.case), correction.previous, correction.address]
    return cipher(_PURPOSE).encrypt(json.dumps(words).encode()).decode()


def open_correction(token: str) -> AddressCorrection | None:
    """Return what a token says; None for a token that is forged or too old."""
    try:
        ttl = int(CANCEL_WITHIN.total_seconds())
        case, previous, address = json.loads(cipher(_PURPOSE).decrypt(token, ttl=ttl))
    except (InvalidToken, ValueError):
        return None
    return AddressCorrection(UUID(case), previous, address)


class BadToken(Exception):
    """The token is not one of ours for this purpose; no more is told."""


def recovery_token(recovery: SuperUserRecovery, membership: Membership) -> str:
    """Return a token by which a member stops a recovery of their company."""
    return LinkCipher(RECOVERY).encrypt(f"{recovery.uuid}/{membership.uuid}")


def read_recovery_token(token: str) -> tuple[SuperUserRecovery, Membership]:
    """Return the recovery and the member that a token names. Raises BadToken."""
    try:
        recovery_uuid, _slash, membership_uuid = LinkCipher(RECOVERY).decrypt(token).partition("/")
        recovery = SuperUserRecovery.objects.select_related(
            "customer", "lost__user", "member__user"
        ).get(uuid=recovery_uuid)
        membership = recovery.customer.memberships.select_related("user").get(uuid=membership_uuid)
    except (
        InvalidToken,
        ValidationError,
        SuperUserRecovery.DoesNotExist,
        Membership.DoesNotExist,
    ) as error:
        raise BadToken from error
    return recovery, membership


def delay_token(delayed: DelayedAct) -> str:
    """Return a token by which a person cancels what waits for them at the support desk."""
    return LinkCipher(DELAY).encrypt(str(delayed.uuid))


def read_delay_token(token: str) -> DelayedAct:
    """Return the act that a token names, waiting or not. Raises BadToken."""
    try:
        return DelayedAct.objects.select_related("person", "case__opened_by").get(
            uuid=LinkCipher(DELAY).decrypt(token)
        )
    except (InvalidToken, ValidationError, DelayedAct.DoesNotExist) as error:
        raise BadToken from error
