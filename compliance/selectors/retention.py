"""Retention rules: which rows they would delete, which a hold keeps, and whether they run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import AuditEvent, AuditEventPerson, Membership, SubjectKey
from accounts.selectors.composed import ComposedQuery
from compliance.choices.erasures import HoldScope
from compliance.choices.privacy_requests import PrivacyRequestState
from compliance.models import (
    Acceptance,
    CustomerNotice,
    Download,
    LegalHold,
    PrivacyRequest,
    RetentionApproval,
    RetentionRun,
    Wave,
)
from compliance.registry.retention import RULES, RetentionRule
from compliance.selectors.breaches import kept_breaches
from compliance.selectors.holds import HoldSubjects, subjects_of_holds
from compliance.selectors.uses import announcements_of_uses
from preferences.models import ConsentRecord, DeliveryDecision, Message

ALARM_AFTER = timedelta(hours=48)
# The triggers count from the beginning of a transaction, which may wait for others, and SQLite's in
# whole seconds: one row that is a moment too young would stop its rule.
LATER = timedelta(hours=1)
Rows = QuerySet[Any]


@dataclass(frozen=True)
class RuleState:
    """A rule as staff see it: how much it would delete, whether it may, and its latest run."""

    rule: RetentionRule
    found: int
    held: int
    approval: RetentionApproval | None
    run: RetentionRun | None
    is_late: bool

    @property
    def may_run(self) -> bool:
        """Whether staff let it run with these days, or with fewer."""
        return self.approval is not None and self.approval.days <= self.rule.days


def _old_messages(before: datetime) -> Rows:
    """Return old emails, but not those that prove who was told of a breach (L31) or a use (L18).

    One that was repeated at another address goes when the last attempt is old enough.
    """
    old = DeliveryDecision.objects.filter(at__lt=before)
    old = old.exclude(message__escalation__probes__message__created_at__gte=before)
    old = old.exclude(message__campaign__in=announcements_of_uses().values("campaign"))
    for notices in (Wave, CustomerNotice):
        of_breach = notices.objects.filter(breach__in=kept_breaches(), campaign__isnull=False)
        campaigns = of_breach.order_by().values("campaign")
        proof = Message.objects.filter(
            Q(campaign__in=campaigns) | Q(probe__escalation__message__campaign__in=campaigns)
        )
        old = old.exclude(message__in=proof.values("pk"))
    return old.order_by("pk")


def _old_answers(before: datetime) -> Rows:
    lately = Membership.objects.filter(user=OuterRef("person")).filter(
        Q(ended_at=None) | Q(ended_at__gte=before)
    )
    return Acceptance.objects.filter(~Exists(lately), at__lt=before).order_by("pk")


def _old_requests(before: datetime) -> Rows:
    return PrivacyRequest.objects.filter(settled_at__lt=before).order_by("pk")


def _ended_consents(before: datetime) -> Rows:
    """Return each yes that another answer replaced, and on which no email rests that is still kept.

    The trigger that lets them go says the same: `preferences.models.consent_end`.
    """
    records = ConsentRecord.objects.annotate(
        about=Coalesce("topic_id", 0), said=Coalesce("recorded_at", "at")
    )
    later = records.filter(
        recipient=OuterRef("recipient"), about=OuterRef("about"), pk__gt=OuterRef("pk")
    ).filter(said__lt=before)
    emails = DeliveryDecision.objects.filter(consent=OuterRef("pk"))
    return records.filter(Exists(later), ~Exists(emails), wants=True).order_by("pk")


def _consent_addresses(before: datetime) -> Rows:
    said = Coalesce("recorded_at", "at")
    return _with_address(ConsentRecord.objects.annotate(said=said).filter(said__lt=before))


def _answer_addresses(before: datetime) -> Rows:
    return _with_address(Acceptance.objects.filter(at__lt=before))


def _download_addresses(before: datetime) -> Rows:
    return _with_address(Download.objects.filter(at__lt=before))


def _with_address(rows: Rows) -> Rows:
    return rows.filter(network_address__isnull=False).order_by("pk")


def _old_keys(before: datetime) -> Rows:
    """Return the keys of words about people whose account ended and who are in no newer event."""
    events = AuditEvent.objects.filter(at__gte=before)
    newer = events.filter(Q(actor=OuterRef("user")) | Q(person=OuterRef("user")))
    named = AuditEventPerson.objects.filter(person=OuterRef("user"), event__at__gte=before)
    keys = SubjectKey.objects.filter(created_at__lt=before)
    return keys.filter(
        Q(user=None) | Q(user__is_active=False, user__is_staff=False),
        ~Exists(newer),
        ~Exists(named),
    ).order_by("pk")


_OF_CONSENT = ("recipient__user", "recipient__address")
# Of each rule: its rows, and the lookups of them that lead to a person and to an address.
_ROWS: dict[str, tuple[Callable[[datetime], Rows], str, str]] = {
    "messages": (_old_messages, "message__recipient__user", "message__address"),
    "policy_answers": (_old_answers, "person", ""),
    "privacy_requests": (_old_requests, "person", "address"),
    "activity_log": (_old_keys, "user", "address"),
    "consent_records": (_ended_consents, *_OF_CONSENT),
    "consent_addresses": (_consent_addresses, *_OF_CONSENT),
    "answer_addresses": (_answer_addresses, "person", ""),
    "download_addresses": (_download_addresses, "person", ""),
}


class _Keepers:
    """The holds and the open requests that keep rows now, looked up once for all rules."""

    def __init__(self) -> None:
        self._holds = list(LegalHold.objects.in_force())
        self._waiting = PrivacyRequest.objects.filter(state=PrivacyRequestState.OPEN)
        whose = list(self._waiting.values_list("person", "address"))
        self._people = [person for person, _address in whose if person is not None]
        self._of_nobody = [address for person, address in whose if person is None]
        self._subjects: dict[frozenset[int], HoldSubjects] = {}

    def keep(self, rule: RetentionRule) -> Q | None:
        """Return the condition for the rows of a rule that are kept; None where all are."""
        holds = [hold for hold in self._holds if hold.item in ("", rule.item)]
        if any(hold.scope == HoldScope.ITEM for hold in holds):
            return None
        whose = self._subjects_of(holds)
        _rows, person, address = _ROWS[rule.code]
        kept = Q(**{f"{person}__in": whose.people})
        if address:
            kept |= Q(**{f"{address}__in": whose.addresses})
            kept |= Q(**{f"{address}__in": self._waiting.values("address")})
        return kept

    def _subjects_of(self, holds: list[LegalHold]) -> HoldSubjects:
        key = frozenset(hold.pk for hold in holds)
        if key not in self._subjects:
            self._subjects[key] = subjects_of_holds(
                holds, people=self._people, addresses=self._of_nobody
            )
        return self._subjects[key]


def _found(rule: RetentionRule) -> Rows:
    """Return the rows of a rule that are old enough now, kept ones too."""
    return _ROWS[rule.code][0](timezone.now() - timedelta(days=rule.days) - LATER)


def old_rows(rule: RetentionRule) -> tuple[Rows, Rows]:
    """Return the rows that a rule deletes now, and those that a hold or an open request keeps."""
    found, keep = _found(rule), _Keepers().keep(rule)
    kept = found if keep is None else found.filter(keep)
    return found.exclude(pk__in=kept.values("pk")), kept


def _counts() -> list[tuple[int, int]]:
    """Return for each rule how many rows it deletes now, and how many are kept, in one statement.

    The numbers are those of `old_rows`.
    """
    keepers = _Keepers()
    parts: list[str] = []
    values: list[Any] = []
    for rule in RULES:
        keep = keepers.keep(rule)
        is_kept = Value(1) if keep is None else Case(When(keep, then=1), default=0)
        try:
            sql, of_rule = _found(rule).order_by().values(kept=is_kept).query.sql_with_params()
        except EmptyResultSet:
            sql, of_rule = "SELECT 0 AS kept WHERE 1 = 0", ()
        number = len(parts)
        parts.append(f"SELECT {number}, COUNT(*), COALESCE(SUM(x.kept), 0) FROM ({sql}) x")  # noqa: S608
        values += of_rule
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return [(count - kept, kept) for _number, count, kept in sorted(cursor.fetchall())]


def approval_of(rule: RetentionRule) -> RetentionApproval | None:
    """Return the latest approval of a rule."""
    return RetentionApproval.objects.filter(rule=rule.code).order_by("-pk").first()


def latest_run(rule: RetentionRule, *, good: bool = False) -> RetentionRun | None:
    """Return the latest run of a rule; the latest without an error where it has to be `good`."""
    runs = RetentionRun.objects.filter(rule=rule.code)
    return (runs.filter(error="") if good else runs).order_by("-started_at").first()


def is_late(rule: RetentionRule) -> bool:
    """Return whether a rule that may run has not run without an error for two days."""
    return _is_late(rule, approval_of(rule), latest_run(rule, good=True))


def _is_late(
    rule: RetentionRule, approval: RetentionApproval | None, run: RetentionRun | None
) -> bool:
    if approval is None or approval.days > rule.days:
        return False
    since = max(approval.at, run.started_at) if run else approval.at
    return since < timezone.now() - ALARM_AFTER


def rule_states() -> list[RuleState]:
    """Return each rule with what it would delete now, at a fixed number of queries."""
    approvals, runs = ({row.rule: row for row in query.rows()} for query in (_APPROVALS, _RUNS))
    good = runs
    if any(run.error for run in runs.values()):
        good = {run.rule: run for run in _GOOD_RUNS.rows()}
    return [
        RuleState(
            rule,
            found,
            held,
            approvals.get(rule.code),
            runs.get(rule.code),
            _is_late(rule, approvals.get(rule.code), good.get(rule.code)),
        )
        for rule, (found, held) in zip(RULES, _counts(), strict=True)
    ]


def _latest(rows: Rows, order: str) -> Rows:
    """Return the first row of each rule in an order."""
    first = Q(pk__in=[])
    for rule in RULES:
        of_rule = rows.filter(rule=rule.code).order_by(order).values("pk")
        first |= Q(pk=Subquery(of_rule[:1]))
    return rows.filter(first)


_APPROVALS: ComposedQuery[Any] = ComposedQuery(
    lambda: _latest(RetentionApproval.objects.all(), "-pk")
)
_RUNS: ComposedQuery[Any] = ComposedQuery(
    lambda: _latest(RetentionRun.objects.all(), "-started_at")
)
_GOOD_RUNS: ComposedQuery[Any] = ComposedQuery(
    lambda: _latest(RetentionRun.objects.filter(error=""), "-started_at")
)
