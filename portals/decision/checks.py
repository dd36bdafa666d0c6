"""Decide one question: may this person do this to that resource?"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from portals.choices import Reason
from portals.decision.pipelined import PipelinedStatement
from portals.decision.prepared import PreparedStatement, Row, on_postgresql
from portals.decision.statement import CHECK, CHECKS, DECISION, DENIED_MEMBER
from portals.models import Privilege, Resource

_DECISION = PreparedStatement("hub_decision", DECISION)
_DENIED_MEMBER = PreparedStatement("hub_denied_member", DENIED_MEMBER)
CHECK_STATEMENT = PreparedStatement("hub_check", CHECK)
_CHECKS_STATEMENT = PreparedStatement("hub_checks", CHECKS[connection.vendor])

SUB = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UNKNOWN_SUB = "00000000-0000-0000-0000-000000000000"


class CheckResult(NamedTuple):
    """The result of a portal's check: what its token allows, and the decision's reason."""

    scopes: frozenset[str]
    audience: list[str]  # resource indicators (RFC 8707) the token is bound to; usually none
    reason: Reason
    use: str  # "<user> <resource> <privilege>", where it is allowed; else empty
    explain: bool  # whether the portal's manifest asks for reasons


def stored_time(moment: datetime) -> str:
    """Return a time as text that the present database can compare."""
    if on_postgresql():
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def stored_sub(text: str) -> str:
    """Return a subject as the database stores it, or an unknown one where it is not well formed."""
    sub = text if SUB.fullmatch(text) else _UNKNOWN_SUB
    return sub if on_postgresql() else sub.replace("-", "")


def _is_storable(text: str) -> bool:
    """Whether a database could hold this text: PostgreSQL's library would read up to a NUL only."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:  # a lone surrogate
        return False


def decide(user: User, codename: str, resource: Resource, *, portal: str | None = None) -> Reason:
    """Return why a person may do this to a resource, or NOT_ALLOWED.

    `codename` is the privilege as `type.code`. `portal` is a slug: the answer is NOT_ALLOWED where
    the resource is in another portal. Nothing is cached, so a check that starts after a revoke was
    acknowledged never says yes. Raises DatabaseError when the database is not available.
    """
    if user.pk is None or resource.pk is None or not _is_storable(codename):
        return Reason.NOT_ALLOWED
    row = _DECISION.first_row(
        user=str(user.pk),
        resource=str(resource.pk),
        codename=codename,
        now=stored_time(timezone.now()),
    )
    if row is None or portal not in (None, row[0]):
        return Reason.NOT_ALLOWED
    return Reason(row[1] or Reason.NOT_ALLOWED)


def is_denied_to_a_member(team: Team, privilege: Privilege, resource: Resource) -> bool:
    """Return whether a live member of a team may not do this, in a company that is active."""
    row = _DENIED_MEMBER.first_row(
        team=str(team.pk),
        privilege=str(privilege.pk),
        resource=str(resource.pk),
        now=stored_time(timezone.now()),
    )
    return row is not None


def answer_check(
    *, token: str, subject: str, resource_type: str, resource_id: str, action: str
) -> CheckResult | None:
    """Answer a portal's question; the token says which portal asks.

    Return None where the token is not a valid portal token. Unknown people, resources and
    privileges are not allowed. Raises DatabaseError when the database is not available.
    """
    values = _values(token, subject, resource_type, resource_id, action)
    return _result(CHECK_STATEMENT.first_row(**values))


def answer_checks(
    *, token: str, questions: Iterable[tuple[str, str, str, str]]
) -> list[CheckResult] | None:
    """Answer many questions as `answer_check` does, in their order and in one statement.

    A question is (subject, resource type, resource id, action), and there is at least one. Return
    None where the token is not a valid portal token.
    """
    names = [list(_names(*question).values()) for question in questions]
    rows = _CHECKS_STATEMENT.rows(questions=json.dumps(names), **_moment(token))
    return [_result_of(row) for row in rows] or None


class Checker:
    """The same answers on an event loop, where checks that arrive together share a round trip."""

    def __init__(self) -> None:
        """Connect at the first check."""
        self.statement = PipelinedStatement(CHECK_STATEMENT)

    async def answer_check(
        self, *, token: str, subject: str, resource_type: str, resource_id: str, action: str
    ) -> CheckResult | None:
        """Answer a portal's question as `answer_check` does."""
        values = _values(token, subject, resource_type, resource_id, action)
        return _result(await self.statement.first_row(**values))


def _values(
    token: str, subject: str, resource_type: str, resource_id: str, action: str
) -> dict[str, str]:
    return _moment(token) | _names(subject, resource_type, resource_id, action)


def _moment(token: str) -> dict[str, str]:
    return {
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "now": stored_time(timezone.now()),
    }


def _names(subject: str, resource_type: str, resource_id: str, action: str) -> dict[str, str]:
    """Return the names of a question in the order of statement.CHECKS."""
    if not all(map(_is_storable, (resource_type, resource_id, action))):
        resource_type = resource_id = action = ""  # known to nobody; the token is still judged
    return {
        "subject": stored_sub(subject),
        "resource_type": resource_type,
        "external_id": resource_id,
        "codename": f"{resource_type}.{action}",
    }


def _result(row: Row | None) -> CheckResult | None:
    return None if row is None else _result_of(row)


def _result_of(row: Row) -> CheckResult:
    scopes, token_data, decision, explain = row
    audience = (json.loads(token_data) or {}).get("resources", []) if token_data else []
    reason, _space, use = (decision or Reason.NOT_ALLOWED.value).partition(" ")
    return CheckResult(frozenset(scopes.split()), audience, Reason(reason), use, bool(explain))
