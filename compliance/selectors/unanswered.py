"""People who have not answered a policy: by one statement for every page, in the ORM for lists."""
# ruff: noqa: S608 -- fixed texts, composed; every value is a bound parameter

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from accounts.choices import CustomerStatus, Role
from accounts.models import Customer, Invitation, Membership, User
from compliance.choices import ANSWERS, POSITIVE, AskedOf, PolicyKind, Verb
from compliance.models import Acceptance, Policy, PolicyVersion
from compliance.selectors.policies import PolicyHistory, histories, is_announced
from portals.decision.checks import stored_time
from portals.decision.prepared import PreparedStatement
from preferences.choices import CampaignState

_ANSWERED = f"""EXISTS (SELECT 1 FROM compliance_acceptance x
    JOIN compliance_policyversion y ON y.id = x.version_id
    WHERE y.policy_id = v.policy_id AND y.number >= v.number AND x.verb <> '{Verb.DECLINED}'
        AND y.withdrawn_at IS NULL AND {{by}})"""
_ANNOUNCED = f"""compliance_policyversion v
    JOIN compliance_policy p ON p.id = v.policy_id
    JOIN compliance_announcement a ON a.version_id = v.id
    JOIN preferences_campaign k ON k.id = a.campaign_id
        AND k.state <> '{CampaignState.CANCELLED}'"""
_BINDS = f"""CASE WHEN v.effective_at <= {{now}} AND k.state = '{CampaignState.DONE}'
    THEN 1 ELSE 0 END"""
# Every announced, material version that this person, or a company of this Super User, has not
# answered. Staff are not asked: nothing of theirs may depend on it.
UNANSWERED_ROWS = f"""
    SELECT p.slug, '' AS customer, v.number, v.title_en, v.title_fr, v.effective_at,
        {_BINDS} AS binds
    FROM {_ANNOUNCED}
    WHERE v.material AND v.withdrawn_at IS NULL AND p.asked_of = '{AskedOf.PERSON}'
        AND EXISTS (SELECT 1 FROM accounts_user w WHERE w.id = {{person}} AND NOT w.is_staff)
        AND NOT {_ANSWERED.format(by="x.person_id = {person} AND x.customer_id IS NULL")}
    UNION ALL
    SELECT p.slug, c.slug AS customer, v.number, v.title_en, v.title_fr, v.effective_at,
        {_BINDS} AS binds
    FROM {_ANNOUNCED}
    JOIN accounts_membership m ON m.user_id = {{person}} AND m.role = '{Role.SUPER_USER}'
        AND m.ended_at IS NULL AND m.suspended_at IS NULL
        AND (m.ends_at IS NULL OR m.ends_at > {{now}})
    JOIN accounts_customer c ON c.id = m.customer_id AND c.status = '{CustomerStatus.ACTIVE}'
    JOIN accounts_user w ON w.id = m.user_id AND NOT w.is_staff
    WHERE v.material AND v.withdrawn_at IS NULL AND p.asked_of = '{AskedOf.COMPANY}'
        AND NOT {_ANSWERED.format(by="x.customer_id = c.id")}"""
UNANSWERED_LIST = f"""(SELECT list_of(json_of(z.slug, z.customer, z.number, z.title_en, z.title_fr,
    z.effective_at, z.binds)) FROM ({UNANSWERED_ROWS}) z)"""
_STATEMENT = PreparedStatement("compliance_unanswered", f"SELECT {UNANSWERED_LIST}")


class Unanswered(NamedTuple):
    """A policy that waits for an answer; `customer` is a company's slug, or empty for a person."""

    policy: str
    customer: str
    number: int
    title_en: str
    title_fr: str
    effective_at: datetime
    binds: bool  # whether pages wait for the answer

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_fr if (get_language() or "en").startswith("fr") else self.title_en


def unanswered_from(text: str | None) -> list[Unanswered]:
    """Return what UNANSWERED_LIST found: the newest version of each, those that bind first."""
    found: dict[tuple[str, str], Unanswered] = {}
    rows = [_row(values) for values in json.loads(text or "[]")]
    for row in sorted(rows, key=lambda row: row.number):
        earlier = found.get((row.policy, row.customer))
        binds = row.binds or bool(earlier and earlier.binds)
        found[row.policy, row.customer] = row._replace(binds=binds)
    return sorted(found.values(), key=lambda row: (not row.binds, row.policy, row.customer))


def _row(values: Iterable[Any]) -> Unanswered:
    policy, customer, number, title_en, title_fr, effective_at, binds = values
    moment = datetime.fromisoformat(effective_at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # SQLite stores UTC
    return Unanswered(policy, customer, int(number), title_en, title_fr, moment, bool(int(binds)))


def unanswered_of(person: User) -> list[Unanswered]:
    """Return what this person has not answered now, by one prepared statement (L9)."""
    row = _STATEMENT.first_row(person=str(person.pk), now=stored_time(timezone.now()))
    return unanswered_from(row[0] if row else None)


@dataclass(frozen=True)
class ToAnswer:
    """A version to show somebody who has not answered it, for themselves or for a company."""

    version: PolicyVersion
    customer: Customer | None
    binds: bool

    @property
    def agreement(self) -> Verb:
        """The answer that agrees: an agreement is accepted, a notice acknowledged."""
        return ANSWERS[PolicyKind(self.version.policy.kind)][0]


def policies_to_answer(person: User) -> list[ToAnswer]:
    """Return the texts that a person is asked about: those in force first, then announced ones."""
    return [] if person.is_staff else _waiting(person, companies_of(person))


def policies_of_invited(invitation: Invitation, person: User | None) -> list[ToAnswer]:
    """Return the texts in force that somebody has to answer once they accepted an invitation.

    `person` is who has the invited address; None where they have no account yet. The future main
    Super User answers for the company too.
    """
    if person is not None and person.is_staff:
        return []
    companies = [invitation.customer] if invitation.as_main_super_user else []
    return [item for item in _waiting(person, companies) if item.binds]


def _waiting(person: User | None, companies: list[Customer]) -> list[ToAnswer]:
    asked: dict[str, list[Customer | None]] = {
        AskedOf.PERSON: [None],
        AskedOf.COMPANY: [*companies],
    }
    answered = _highest_answers(person, companies)
    waiting = [
        item
        for history in histories(Policy.objects.exclude(asked_of=AskedOf.NOBODY))
        for customer in asked[history.policy.asked_of]
        for item in _items(history, customer, answered)
    ]
    return sorted(waiting, key=lambda item: (not item.binds, item.version.policy.slug))


def _items(
    history: PolicyHistory,
    customer: Customer | None,
    answered: dict[tuple[int, int | None], int],
) -> list[ToAnswer]:
    highest = answered.get((history.policy.pk, customer.pk if customer else None), 0)
    items = []
    in_force, floor, upcoming = history.in_force, history.floor, history.upcoming
    if in_force and floor and highest < floor.number:
        items.append(ToAnswer(in_force, customer, True))
    if upcoming and upcoming.material and is_announced(upcoming) and highest < upcoming.number:
        items.append(ToAnswer(upcoming, customer, False))
    return items


def companies_of(person: User) -> list[Customer]:
    """Return the active companies for which a person may answer."""
    memberships = Membership.objects.live().filter(
        user=person, role=Role.SUPER_USER, customer__status=CustomerStatus.ACTIVE
    )
    return [m.customer for m in memberships.select_related("customer").order_by("customer__name")]


def _highest_answers(
    person: User | None, companies: list[Customer]
) -> dict[tuple[int, int | None], int]:
    """Return the highest version answered, by policy and company (None: the person)."""
    rows = Acceptance.objects.filter(
        Q(person=person, customer=None) | Q(customer__in=companies),
        verb__in=POSITIVE,
        version__withdrawn_at=None,
    ).values_list("version__policy_id", "customer_id", "version__number")
    highest: dict[tuple[int, int | None], int] = {}
    for policy, customer, number in rows:
        highest[policy, customer] = max(number, highest.get((policy, customer), 0))
    return highest


def people_to_answer(version: PolicyVersion) -> QuerySet[User]:
    """Return the people who are asked about a version and have not answered it or a later one.

    For a company's agreement, these are the Super Users of each company without an answer.
    """
    answered = Acceptance.objects.filter(
        version__policy=version.policy_id,
        version__number__gte=version.number,
        version__withdrawn_at=None,
        verb__in=POSITIVE,
    )
    memberships = Membership.objects.live().filter(user=OuterRef("pk"))
    memberships = memberships.filter(customer__status=CustomerStatus.ACTIVE)
    people = User.objects.filter(is_active=True, is_staff=False)
    if version.policy.asked_of == AskedOf.PERSON:
        own = answered.filter(person=OuterRef("pk"), customer=None)
        return people.filter(Exists(memberships), ~Exists(own))
    if version.policy.asked_of == AskedOf.NOBODY:
        return people.none()
    companies = answered.filter(customer=OuterRef("customer"))
    return people.filter(Exists(memberships.filter(~Exists(companies), role=Role.SUPER_USER)))
