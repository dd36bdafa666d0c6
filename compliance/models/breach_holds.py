"""Holds: law enforcement asks that people are not told yet."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.intervals import days_between
from accounts.models import User
from accounts.triggers import refuse
from compliance.choices.breaches import LONGEST_HOLD, REVIEW_WITHIN
from compliance.models.breaches import Breach, kept_with_breach

# SQLite reckons days as floating-point numbers, so a few seconds more pass.
_TOO_LONG = f"{days_between('NEW.begins_at', 'NEW.until')} > {LONGEST_HOLD.days + 0.0001}"
_CHANGED = " OR ".join(
    f"NEW.{column} <> OLD.{column}"
    for column in (
        "breach_id", "authority", "officer", "legal_reference", "reason", "begins_at", "until",
        "placed_by_id", "placed_at",
    )
)  # fmt: skip
_UNDONE = """OLD.reviewed_at IS NOT NULL AND (NEW.reviewed_at IS NULL
        OR NEW.reviewed_at <> OLD.reviewed_at OR NEW.reviewed_by_id <> OLD.reviewed_by_id)
    OR OLD.ended_at IS NOT NULL AND (NEW.ended_at IS NULL OR NEW.ended_at <> OLD.ended_at)"""


class Hold(models.Model):
    """The demand of an authority that stops notices, never the record (L24).

    It begins when it is placed, and ends by itself. Somebody else has to review it; without a
    review it ends after REVIEW_WITHIN. A longer one is a new row.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    breach = models.ForeignKey(Breach, on_delete=models.PROTECT, related_name="holds")
    authority = models.CharField(max_length=200)
    officer = models.CharField(max_length=200)
    legal_reference = models.CharField(max_length=200)
    reason = models.TextField()
    begins_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    reviewed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    authority__gt="", officer__gt="", legal_reference__gt="", reason__gt=""
                ),
                name="hold_names_its_authority",
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("begins_at")), name="hold_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at=None, reviewed_by=None)
                | Q(~Q(reviewed_by=F("placed_by")), reviewed_at__isnull=False)
                & Q(reviewed_by__isnull=False),
                name="hold_reviewed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="hold_ended_says_who",
            ),
            *refuse(
                "hold_lasts_thirty_days",
                table="compliance_hold",
                when={"INSERT": _TOO_LONG},
                message="a hold lasts at most thirty days",
            ),
            *refuse(
                "breach_hold_keeps_its_facts",
                table="compliance_hold",
                when={"UPDATE": f"{_CHANGED} OR {_UNDONE}"},
                message="a hold keeps its facts; a longer one is a new row",
            ),
            *kept_with_breach("hold_is_kept", table="compliance_hold"),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id} until {self.until:%Y-%m-%d}"

    @property
    def ends_at(self) -> datetime:
        """The moment at which it ends: as ended, as planned, or for want of a review."""
        planned = self.until if self.reviewed_at else min(self.until, self.review_by)
        return min(planned, self.ended_at) if self.ended_at else planned

    @property
    def review_by(self) -> datetime:
        """The moment by which a second person has to review it."""
        return self.placed_at + REVIEW_WITHIN
