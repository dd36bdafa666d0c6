"""Retention rules: which rows they would delete, which a hold keeps, and whether they run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import AuditEvent, AuditEventPerson, Membership, SubjectKey
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
from compliance.selectors.holds import subjects_of_holds
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


def old_rows(rule: RetentionRule) -> tuple[Rows, Rows]:
    """Return the rows that a rule deletes now, and those that a hold or an open request keeps."""
    rows, person, address = _ROWS[rule.code]
    found = rows(timezone.now() - timedelta(days=rule.days) - LATER)
    kept = _kept(rule.item, found, person, address)
    return found.exclude(pk__in=kept.values("pk")), kept


def _kept(item: str, found: Rows, person: str, address: str) -> Rows:
    holds = list(LegalHold.objects.in_force().filter(item__in=("", item)))
    if any(hold.scope == HoldScope.ITEM for hold in holds):
        return found
    waiting = PrivacyRequest.objects.filter(state=PrivacyRequestState.OPEN)
    of_nobody = waiting.filter(person=None).values_list("address", flat=True)
    people = waiting.exclude(person=None).values_list("person", flat=True)
    whose = subjects_of_holds(holds, people=people, addresses=of_nobody)
    kept = Q(**{f"{person}__in": whose.people})
    if address:
        kept |= Q(**{f"{address}__in": whose.addresses})
        kept |= Q(**{f"{address}__in": waiting.values("address")})
    return found.filter(kept)


def approval_of(rule: RetentionRule) -> RetentionApproval | None:
    """Return the latest approval of a rule."""
    return RetentionApproval.objects.filter(rule=rule.code).order_by("-pk").first()


def latest_run(rule: RetentionRule, *, good: bool = False) -> RetentionRun | None:
    """Return the latest run of a rule; the latest without an error where it has to be `good`."""
    runs = RetentionRun.objects.filter(rule=rule.code)
    return (runs.filter(error="") if good else runs).order_by("-started_at").first()


def is_late(rule: RetentionRule) -> bool:
    """Return whether a rule that may run has not run without an error for two days."""
    approval = approval_of(rule)
    if approval is None or approval.days > rule.days:
        return False
    run = latest_run(rule, good=True)
    since = max(approval.at, run.started_at) if run else approval.at
    return since < timezone.now() - ALARM_AFTER


def rule_states() -> list[RuleState]:
    """Return each rule with what it would delete now."""
    states = []
    for rule in RULES:
        found, held = old_rows(rule)
        states.append(
            RuleState(
                rule,
                found.count(),
                held.count(),
                approval_of(rule),
                latest_run(rule),
                is_late(rule),
            )
        )
    return states
