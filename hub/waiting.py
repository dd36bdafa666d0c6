"""The items that wait for a person, as the frame of every page shows them, by one statement."""
# ruff: noqa: S608 -- fixed texts, composed; every value is a bound parameter

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils import timezone

from accounts.choices import (
    ASKED_OF_PROVIDER,
    CustomerStatus,
    HandOverState,
    RequestState,
    Role,
)
from accounts.models import User
from compliance.selectors import Unanswered
from compliance.selectors.unanswered import UNANSWERED_LIST, unanswered_from
from portals.choices import ReviewState, SubscriptionStatus
from portals.decision.checks import stored_time
from portals.decision.prepared import PreparedStatement
from portals.selectors.grant_expiry import ENDS_THIS_WEEK
from preferences.choices.delivery_events import OPEN_ESCALATIONS

MAX_COMPANIES = 12  # the home page has the others


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _ending(table: str) -> str:
    """Return the number of grants of company c in a table that end this week.

    The company of each is looked up. A join lets PostgreSQL read all resources of the company.
    """
    return f"""(SELECT COUNT(*) FROM {table} g
        WHERE g.expires_at > {{now}} AND g.expires_at <= {{next_week}}
            AND (g.starts_at IS NULL OR g.starts_at <= {{now}})
            AND c.status = '{CustomerStatus.ACTIVE}'
            AND c.id = (SELECT s.customer_id FROM portals_resource r
                JOIN portals_subscription s ON s.id = r.subscription_id
                WHERE r.id = g.content_object_id AND r.removed_at IS NULL
                    AND s.status = '{SubscriptionStatus.ACTIVE}'))"""


_COMPANIES = f"""
    SELECT c.slug, c.name,
        (SELECT COUNT(*) FROM accounts_accessrequest q WHERE q.customer_id = c.id
            AND q.state = '{RequestState.OPEN}' AND q.membership_id <> m.id
            AND q.kind NOT IN ({_texts(ASKED_OF_PROVIDER)})) AS requests,
        {_ending("portals_persongrant")} + {_ending("portals_teamgrant")} AS ending,
        COALESCE((SELECT v.total - v.kept - v.reduced - v.removed - v.overtaken
            FROM portals_accessreview v
            WHERE v.customer_id = c.id AND v.state = '{ReviewState.OPEN}'), 0) AS undecided,
        (SELECT COUNT(*) FROM accounts_handover h WHERE h.receiver_id = m.id
            AND h.state = '{HandOverState.OPEN}' AND h.expires_at > {{now}}) AS hand_overs
    FROM accounts_membership m JOIN accounts_customer c ON c.id = m.customer_id
    WHERE m.user_id = {{person}} AND m.role = '{Role.SUPER_USER}'
        AND m.ended_at IS NULL AND m.suspended_at IS NULL
        AND (m.ends_at IS NULL OR m.ends_at > {{now}})
        AND c.status IN ({_texts([CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED])})
    ORDER BY c.name, m.id LIMIT {MAX_COMPANIES}"""
_IS_BOUNCING = f"""EXISTS (
    SELECT 1 FROM preferences_recipient r WHERE r.user_id = {{person}}
        AND (r.unreachable_since IS NOT NULL OR EXISTS (
            SELECT 1 FROM preferences_escalation e
            WHERE e.recipient_id = r.id AND e.state IN ({_texts(OPEN_ESCALATIONS)}))))"""
# Of staff: the permissions that open their pages, and the open requests to the provider.
_CODENAMES = """
    SELECT DISTINCT p.codename FROM auth_permission p
    JOIN django_content_type t ON t.id = p.content_type_id
    WHERE t.app_label IN ('accounts', 'preferences', 'compliance') AND (
        EXISTS (SELECT 1 FROM accounts_user_user_permissions up
            WHERE up.permission_id = p.id AND up.user_id = u.id)
        OR EXISTS (SELECT 1 FROM auth_group_permissions gp
            JOIN accounts_user_groups ug ON ug.group_id = gp.group_id
            WHERE gp.permission_id = p.id AND ug.user_id = u.id))"""
_WITH_PROVIDER = f"""
    SELECT COUNT(*) FROM accounts_accessrequest q
    WHERE q.state = '{RequestState.OPEN}' AND q.passed_at IS NOT NULL"""
WAITING_SQL = f"""SELECT CASE WHEN {_IS_BOUNCING} THEN 1 ELSE 0 END,
    (SELECT list_of(json_of(x.slug, x.name, x.requests, x.ending, x.undecided, x.hand_overs))
        FROM ({_COMPANIES}) x),
    (SELECT list_of(y.codename) FROM ({_CODENAMES}) y WHERE u.is_staff),
    CASE WHEN u.is_staff THEN ({_WITH_PROVIDER}) ELSE 0 END,
    CASE WHEN u.is_staff THEN (
        {_WITH_PROVIDER} AND q.kind NOT IN ({_texts(ASKED_OF_PROVIDER)})) ELSE 0 END,
    {UNANSWERED_LIST}
    FROM accounts_user u WHERE u.id = {{person}}"""
WAITING = PreparedStatement("hub_waiting", WAITING_SQL)


class Company(NamedTuple):
    """A company whose Super User the person is, and how much waits there for them."""

    slug: str
    name: str
    requests: int  # to answer
    ending: int  # grants that end this week
    undecided: int  # lines of the open review
    hand_overs: int  # offers of the role of main Super User


@dataclass(frozen=True)
class Waiting:
    """The items that wait for a person; `codenames` are the permissions of staff."""

    is_bouncing: bool = False  # the person's address is unreachable, or a notice bounced
    companies: list[Company] = field(default_factory=list)  # by name, at most MAX_COMPANIES
    codenames: frozenset[str] = frozenset()
    provider_requests: int = 0  # that staff see
    access_requests: int = 0  # of these, those not for services
    policies: list[Unanswered] = field(default_factory=list)  # that wait for an answer


def waiting_for(person: User) -> Waiting:
    """Return what waits for a person now. Raises DatabaseError."""
    now = timezone.now()
    row = WAITING.first_row(
        person=str(person.pk), now=stored_time(now), next_week=stored_time(now + ENDS_THIS_WEEK)
    )
    if row is None:
        return Waiting()
    is_bouncing, companies, codenames, provider_requests, access_requests, policies = row
    return Waiting(
        is_bouncing=bool(int(is_bouncing)),
        companies=[Company(*company) for company in json.loads(companies or "[]")],
        codenames=frozenset(json.loads(codenames or "[]")),
        provider_requests=int(provider_requests),
        access_requests=int(access_requests),
        policies=unanswered_from(policies),
    )
