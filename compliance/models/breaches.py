"""Breaches: the register with the facts, the decision on the risk, and the end."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.intervals import days_between
from accounts.models import User
from accounts.triggers import Trigger, refuse
from compliance.choices.breaches import BreachRisk, BreachRole

KEPT_DAYS = 5 * 365 + 2  # from awareness: P-39.1, r. 3.1, s. 8
KEPT_DAYS_FROM_DECISION = 2 * 366  # SOR/2018-64, s. 6


def _is_kept(row: str) -> str:
    """Return SQL that is true while the law keeps a breach (L31)."""
    aware = days_between(f"{row}.aware_at", "CURRENT_TIMESTAMP")
    determined_at = f"COALESCE({row}.determined_at, {row}.aware_at)"
    decided = days_between(determined_at, "CURRENT_TIMESTAMP")
    return f"({aware} < {KEPT_DAYS} OR {decided} < {KEPT_DAYS_FROM_DECISION})"


_DECISION_CHANGED = """OLD.risk <> 'undecided' AND (NEW.risk = 'undecided'
    OR NEW.determined_at <> OLD.determined_at)"""


def kept_with_breach(name: str, *, table: str, breach: str = "OLD.breach_id") -> list[Trigger]:
    """Refuse to delete a row while the law keeps its breach (L31). `breach` is SQL for its key."""
    condition = f"""EXISTS (SELECT 1 FROM compliance_breach b
        WHERE b.id = {breach} AND {_is_kept("b")})"""  # noqa: S608 -- SQL of ours
    return refuse(
        name,
        table=table,
        when={"DELETE": condition},
        message="the record of a breach is kept as long as the law wants",
        no_truncate=True,
    )


def kept_with_notice(name: str, *, table: str, message: str) -> list[Trigger]:
    """Refuse to delete what proves who was told of a breach while the law keeps it (L31).

    `message` is SQL for the key of an email. One that tried another address is a proof as well.
    """
    condition = f"""EXISTS (SELECT 1 FROM preferences_message m WHERE m.campaign_id IS NOT NULL
        AND (m.id = {message} OR m.id = (SELECT p.escalation_id FROM preferences_deliveryprobe p
            WHERE p.message_id = {message}))
        AND EXISTS (SELECT 1 FROM compliance_breach b WHERE {_is_kept("b")} AND (
            EXISTS (SELECT 1 FROM compliance_wave w
                WHERE w.breach_id = b.id AND w.campaign_id = m.campaign_id)
            OR EXISTS (SELECT 1 FROM compliance_customernotice n
                WHERE n.breach_id = b.id AND n.campaign_id = m.campaign_id))))"""  # noqa: S608
    return refuse(
        name,
        table=table,
        when={"DELETE": condition},
        message="the proof of who was told of a breach is kept as long as the law wants",
    )


class Breach(models.Model):
    """One breach of security safeguards, told or not; the law wants a record of each (L20)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=20, unique=True, editable=False)
    exercise = models.BooleanField(default=False)
    role = models.CharField(max_length=10, choices=BreachRole)
    aware_at = models.DateTimeField()
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    approximate = models.BooleanField(default=False)
    circumstances = models.TextField(blank=True)
    cause = models.TextField(blank=True)
    items = models.TextField(blank=True)
    noted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now, editable=False)
    risk = models.CharField(max_length=10, choices=BreachRisk, default=BreachRisk.UNDECIDED)
    sensitivity = models.TextField(blank=True)
    probability = models.TextField(blank=True)
    reasons = models.TextField(blank=True)
    determined_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "breaches"
        permissions = [
            ("release_breach", "May release a notice about a breach"),
            ("hold_breach", "May place, review and end a hold on a notice"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=BreachRole.values), name="breach_role_known"
            ),
            models.CheckConstraint(
                condition=Q(risk__in=BreachRisk.values), name="breach_risk_known"
            ),
            models.CheckConstraint(
                condition=Q(first_day=None, last_day=None)
                | Q(first_day__isnull=False, last_day__isnull=False, last_day__gte=F("first_day")),
                name="breach_period_in_order",
                violation_error_message=_("The last day can't be before the first."),
            ),
            models.CheckConstraint(
                condition=Q(risk=BreachRisk.UNDECIDED, determined_at=None, decided_by=None)
                | Q(
                    ~Q(risk=BreachRisk.UNDECIDED),
                    ~Q(sensitivity=""),
                    ~Q(probability=""),
                    ~Q(reasons=""),
                    determined_at__isnull=False,
                    decided_by__isnull=False,
                ),
                name="decided_breach_says_why_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None)
                | Q(
                    ~Q(risk=BreachRisk.UNDECIDED), closed_at__isnull=False, closed_by__isnull=False
                ),
                name="closed_breach_was_decided",
            ),
            *refuse(
                "breach_keeps_its_kind",
                table="compliance_breach",
                when={
                    "UPDATE": "NEW.exercise <> OLD.exercise OR NEW.reference <> OLD.reference"
                    f" OR NEW.aware_at > OLD.aware_at OR {_DECISION_CHANGED}"
                },
                message="a breach keeps its reference, its kind, and when it was decided",
            ),
            *refuse(
                "closed_breach_stays_closed",
                table="compliance_breach",
                when={"UPDATE": "OLD.closed_at IS NOT NULL"},
                message="a closed breach stays as it is",
            ),
            *refuse(
                "breach_is_kept",
                table="compliance_breach",
                when={"DELETE": _is_kept("OLD")},
                message="the record of a breach is kept as long as the law wants",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return self.reference
