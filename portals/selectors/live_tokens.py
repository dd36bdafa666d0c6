"""Tokens that work now: whose a token is, and what its portal may learn by it.

A token works until it expires. A person's works while nobody has rotated it, its session has not
ended, and the decision lets them open the portal for the session's company. One statement reads all
that in one moment, so whatever ended before it began is found to have ended. What the person may do
in the portal is another statement, and only where the token's scopes tell it.
"""
# ruff: noqa: S608 -- fixed texts, composed; every value is a bound parameter

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone

from portals.choices import SignInScope
from portals.decision.checks import stored_time
from portals.decision.prepared import PreparedStatement, Row, at_once
from portals.decision.statement import allowed_sql
from portals.selectors.sign_in import Person, opening

MOST_PERMISSIONS = 1000  # that a token's claims name; above, the portal asks the access API

# For a portal p: the token t, whose type is null where it is another portal's, and the session ps
# that a person's token belongs to. What is told of the person is one JSON list, because a second
# sub-select would decide twice; none means that they may not open the portal.
_PERSON = allowed_sql(
    select="u.id AS id, u.sub AS sub, u.email AS email, m.work_name AS name,"
    " u.language AS language, u.time_zone AS time_zone,"
    " c.id AS company, c.slug AS slug, c.name AS company_name,"
    " m.role AS role, (SELECT list_of(team.uuid) FROM accounts_teammembership tm"
    " JOIN accounts_team team ON team.id = tm.team_id WHERE tm.membership_id = m.id) AS teams",
    bind=opening(user="ps.user_id", portal="p.id", customer="ps.customer_id"),
)
_TOKEN = f"""
    CASE WHEN t.client_id = p.client_id THEN t.type END, t.scopes, t.data,
    CAST(t.created_at AS text), CAST(t.expires_at AS text), p.client_id, p.id,
    CASE WHEN t.type = 'at' AND t.user_id IS NULL THEN 'portal' ELSE 'person' END,
    ps.id, CAST(ps.auth_time AS text), ps.amr, ac.claims,
    (SELECT json_of(o.id, o.company, o.sub, o.email, o.name, o.language, o.time_zone, o.slug,
        o.company_name, o.role, CAST(o.teams AS text) || '') FROM ({_PERSON}) o)"""
_IS_VALID = """t.type IN ('at', 'rt') AND t.hash = {token_hash}
    AND (t.expires_at IS NULL OR t.expires_at > {now})"""
_SESSION = """
    LEFT JOIN portals_sessiontoken st ON st.token_id = t.id AND st.rotated_at IS NULL
    LEFT JOIN portals_authorizationcode ac ON ac.id = st.code_id
    LEFT JOIN portals_portalsession ps ON ps.id = ac.session_id AND ps.ended_at IS NULL"""

LIVE_TOKEN = PreparedStatement(
    "hub_live_token",
    f"""SELECT {_TOKEN} FROM allauth_idp_oidc_token t
    JOIN portals_portal p ON p.client_id = t.client_id {_SESSION} WHERE {_IS_VALID}""",
)
# The same after the secret of one client, whoever's the token is: it is found by its hash alone,
# because a client may have very many. No row: no portal has the client.
INTROSPECTION = PreparedStatement(
    "hub_introspection",
    f"""SELECT client.secret, {_TOKEN} FROM allauth_idp_oidc_client client
    JOIN portals_portal p ON p.client_id = client.id
    LEFT JOIN allauth_idp_oidc_token t ON {_IS_VALID} {_SESSION}
    WHERE client.id = {{client_id}}""",
)
_ALLOWED = allowed_sql(
    select="(SELECT y.code FROM portals_resourcetype y WHERE y.id = r.resource_type_id) AS type,"
    " r.external_id AS id, v.code AS privilege",
    bind="u.id = {user} AND s.portal_id = {portal} AND s.customer_id = {customer}",
)
PERMISSIONS = PreparedStatement(
    "hub_permissions",
    f"""SELECT list_of(e.type || '/' || e.id || '/' || e.privilege)
    FROM (SELECT a.type, a.id, a.privilege FROM ({_ALLOWED}) a LIMIT {MOST_PERMISSIONS + 1}) e""",
)

Find = Callable[..., Awaitable[Row | None]]  # a statement and its values → its first row


class SignedIn(NamedTuple):
    """A person's live session in a portal, as far as the portal may learn of it."""

    sid: str
    auth_time: datetime
    amr: list[str]
    claims: dict[str, list[str]]  # the single ones that were asked for
    person: Person
    company: str
    company_name: str
    role: str
    teams: list[str]  # sorted
    keys: dict[str, str]  # of person, portal and company, for PERMISSIONS
    permissions: list[str]  # sorted; at most one above MOST_PERMISSIONS


class LiveToken(NamedTuple):
    """A token that works now; a portal's own has no session."""

    client_id: str
    type: str
    scopes: list[str]
    resources: list[str]  # it is bound to (RFC 8707); usually none
    created_at: datetime
    expires_at: datetime | None
    session: SignedIn | None


def live_token(value: str) -> LiveToken | None:
    """Return the access or refresh token of this value if it works now, whichever portal's."""
    return at_once(_live_token(value))


async def _live_token(value: str) -> LiveToken | None:
    row = await find_at_once(LIVE_TOKEN, **_values(value))
    return await _with_permissions(_token(row), find_at_once) if row else None


async def introspected(
    client_id: str, value: str, find: Find
) -> tuple[str, LiveToken | None] | None:
    """Return a client's secret, as it is kept, and the token if it is the client's and works now.

    Return None where no portal has this client. `find` runs a statement.
    """
    row = await find(INTROSPECTION, client_id=client_id, **_values(value))
    if row is None:
        return None
    token = _token(row[1:]) if row[1] else None
    return row[0], await _with_permissions(token, find)


async def find_at_once(statement: PreparedStatement, **values: str) -> Row | None:
    """Run a statement on Django's connection of this thread."""
    return statement.first_row(**values)


def _values(token: str) -> dict[str, str]:
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    return {"token_hash": token_hash, "now": stored_time(timezone.now())}


def _token(row: Row) -> LiveToken | None:
    kind, scopes, data, created_at, expires_at, client_id, portal, owner = row[:8]
    of_session, person = row[8:-1], row[-1]
    if owner == "person" and person is None:
        return None
    return LiveToken(
        client_id=client_id,
        type=kind,
        scopes=scopes.split(),
        resources=(json.loads(data) or {}).get("resources", []) if data else [],
        created_at=_moment(created_at),
        expires_at=_moment(expires_at) if expires_at else None,
        session=_signed_in(of_session, portal, person) if person else None,
    )


def _signed_in(of_session: Row, portal: str, told: str) -> SignedIn:
    sid, auth_time, amr, claims = of_session
    user, customer, *of_person = json.loads(told)
    sub, email, name, language, time_zone, company, company_name, role, teams = of_person
    return SignedIn(
        sid=_uuid(sid),
        auth_time=_moment(auth_time),
        amr=json.loads(amr),
        claims=json.loads(claims),
        person=Person(_uuid(sub), email, name, language, time_zone),
        company=company,
        company_name=company_name,
        role=role,
        teams=sorted(map(_uuid, json.loads(teams))) if teams else [],
        keys={"user": str(user), "portal": str(portal), "customer": str(customer)},
        permissions=[],
    )


async def _with_permissions(token: LiveToken | None, find: Find) -> LiveToken | None:
    """Return the token with what its person may do in the portal, where its scopes tell that."""
    if token is None or token.session is None or SignInScope.PERMISSIONS not in token.scopes:
        return token
    row = await find(PERMISSIONS, now=stored_time(timezone.now()), **token.session.keys)
    permissions = sorted(json.loads(row[0])) if row and row[0] else []
    return token._replace(session=token.session._replace(permissions=permissions))


def _uuid(stored: str) -> str:
    return stored if "-" in stored else str(uuid.UUID(stored))


def _moment(stored: str) -> datetime:
    moment = datetime.fromisoformat(stored)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def access_claims(session: SignedIn, scopes: list[str]) -> dict[str, object]:
    """Return what may change while somebody is signed in; never in an ID token.

    `company` is the company's short name. `groups` names it, the role (`alder/super_user`) and each
    team (`alder/team/<uuid>`). `permissions` are `<type>/<id>/<privilege>`, sorted; where there are
    more than MOST_PERMISSIONS, `permissions_complete` is false.
    """
    claims: dict[str, object] = {}
    company = session.company
    if SignInScope.COMPANY in scopes:
        claims["company"] = company
        claims["company_name"] = session.company_name
        claims["role"] = session.role
    if SignInScope.GROUPS in scopes:
        teams = (f"{company}/team/{team}" for team in session.teams)
        claims["groups"] = [company, f"{company}/{session.role}", *teams]
    if SignInScope.PERMISSIONS in scopes:
        claims["permissions"] = session.permissions[:MOST_PERMISSIONS]
        claims["permissions_complete"] = len(session.permissions) <= MOST_PERMISSIONS
    return claims
