"""One question, one answer."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import User
from portals.choices import Reason
from portals.decision.prepared import Prepared
from portals.decision.statement import CHECK, ONE
from portals.models import Resource

_ONE = Prepared("hub_decision_one", ONE)
_CHECK = Prepared("hub_decision_check", CHECK)


class Checked(NamedTuple):
    """What a portal's check came to: the token's scopes, and the reason of the decision."""

    scopes: frozenset[str]
    reason: Reason


def _stored_time(moment: datetime) -> str:
    """A moment as the database at hand compares it."""
    if connection.vendor == "postgresql":
        return moment.isoformat()
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _stored_uuid(text: str) -> str | None:
    """A subject as the database stores it; None when it is no UUID."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return None
    return str(value) if connection.vendor == "postgresql" else value.hex


def decide(user: User, codename: str, resource: Resource) -> Reason:
    """Why this person may do this to that thing, or NOT_ALLOWED.

    In: a person, a privilege as `type.code` of the resource's portal, a resource. Read afresh each
    time: a check that starts after a revoke was acknowledged never says yes.
    """
    if user.pk is None or resource.pk is None:
        return Reason.NOT_ALLOWED
    row = _ONE.first_row(
        user=str(user.pk),
        resource=str(resource.pk),
        codename=codename,
        now=_stored_time(timezone.now()),
    )
    return Reason.NOT_ALLOWED if row is None else Reason(row[1])


def answer_check(
    *, token: str, subject: str, resource_type: str, resource_id: str, action: str
) -> Checked | None:
    """A portal's question, with its own token deciding which portal it is.

    Out: None when the token is not a live portal token; else its scopes and the reason. What does
    not exist is not allowed, in the same words.
    """
    sub = _stored_uuid(subject)
    row = _CHECK.first_row(
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        subject=sub or _stored_uuid("0" * 32) or "",
        codename=f"{resource_type}.{action}",
        external_id=resource_id,
        now=_stored_time(timezone.now()),
    )
    if row is None:
        return None
    return Checked(frozenset(row[0].split()), Reason(row[1] or Reason.NOT_ALLOWED))
