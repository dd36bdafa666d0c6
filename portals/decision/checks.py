"""One question, one answer."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone

from accounts.models import User
from portals.choices import Reason
from portals.decision.prepared import Prepared, on_postgresql
from portals.decision.statement import CHECK, ONE
from portals.models import Resource

_ONE = Prepared("hub_decision_one", ONE)
_CHECK = Prepared("hub_decision_check", CHECK)

_SUB = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NOBODY = "00000000-0000-0000-0000-000000000000"


class Checked(NamedTuple):
    """What a portal's check came to: what its token may be used for, and the decision's reason."""

    scopes: frozenset[str]
    audience: list[str]  # resource indicators (RFC 8707) the token is bound to; none as a rule
    reason: Reason
    use: str = ""  # "<user> <resource> <privilege>", where it is a yes


def stored_time(moment: datetime) -> str:
    """A moment as text, as the database at hand compares it."""
    if on_postgresql():
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _stored_sub(text: str) -> str:
    """A subject as the database stores it; nobody's when it is not written as the hub writes it."""
    sub = text if _SUB.fullmatch(text) else _NOBODY
    return sub if on_postgresql() else sub.replace("-", "")


def decide(user: User, codename: str, resource: Resource, *, portal: str | None = None) -> Reason:
    """Why this person may do this to that thing, or NOT_ALLOWED.

    In: a person, a privilege as `type.code` of the resource's portal, a resource; with `portal`,
    a slug, that portal's privilege or none. Read afresh each time: a check that starts after a
    revoke was acknowledged never says yes. Raises DatabaseError when the database is away.
    """
    if user.pk is None or resource.pk is None or "\0" in codename:
        return Reason.NOT_ALLOWED
    row = _ONE.first_row(
        user=str(user.pk),
        resource=str(resource.pk),
        codename=codename,
        now=stored_time(timezone.now()),
    )
    if row is None or portal not in (None, row[0]):
        return Reason.NOT_ALLOWED
    return Reason(row[1] or Reason.NOT_ALLOWED)


def answer_check(
    *, token: str, subject: str, resource_type: str, resource_id: str, action: str
) -> Checked | None:
    """A portal's question, with its own token deciding which portal it is.

    Out: None when the token is not a live portal token; else what it may be used for and the
    reason. What does not exist is not allowed, in the same words. Raises DatabaseError when the
    database is away.
    """
    row = _CHECK.first_row(
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        subject=_stored_sub(subject),
        codename=f"{resource_type}.{action}",
        resource_type=resource_type,
        external_id=resource_id,
        now=stored_time(timezone.now()),
    )
    if row is None:
        return None
    scopes, data, answer = row
    audience = (json.loads(data) or {}).get("resources", []) if data else []
    reason, _space, use = (answer or Reason.NOT_ALLOWED.value).partition(" ")
    return Checked(frozenset(scopes.split()), audience, Reason(reason), use)
