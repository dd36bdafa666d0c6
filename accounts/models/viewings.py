"""Viewings: an agent of the desk looks at a person's pages as the person sees them, for minutes."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.cases import SupportCase
from accounts.triggers import refuse

LASTS = timedelta(minutes=15)
_CASE_IS_NOT_VERIFIED = """NOT EXISTS (SELECT 1 FROM accounts_supportcase c
    WHERE c.id = NEW.case_id AND c.state = 'open' AND c.verification <> '')"""
_OTHER_FACTS = """NEW.case_id <> OLD.case_id OR NEW.begun_at <> OLD.begun_at
    OR NEW.ends_at <> OLD.ends_at OR OLD.ended_at IS NOT NULL"""


class Viewing(models.Model):
    """One look at the pages of a case's person, by the agent of the case; nothing prolongs it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        SupportCase, on_delete=models.PROTECT, related_name="viewings", db_index=False
    )
    begun_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # by the agent, or by the next one

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at=None), name="one_viewing_of_case"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begun_at"))
                & (Q(ended_at=None) | Q(ended_at__lte=F("ends_at"))),
                name="viewing_ends_in_time",
            ),
            *refuse(
                "viewing_of_verified_case",
                table="accounts_viewing",
                when={"INSERT": _CASE_IS_NOT_VERIFIED},
                message="a viewing needs an open, verified case",
            ),
            *refuse(
                "viewing_keeps_its_end",
                table="accounts_viewing",
                when={"UPDATE": _OTHER_FACTS, "DELETE": "TRUE"},
                message="nothing prolongs a viewing, and none is forgotten",
            ),
        ]
        indexes = [models.Index(fields=["case", "ends_at"], name="viewing_of_case")]

    def __str__(self) -> str:
        return f"{self.case} until {self.ends_at:%H:%M}"

    @property
    def is_open(self) -> bool:
        """Whether the agent may look at this moment: in time, in an open case, at no staff."""
        case, now = self.case, timezone.now()
        in_time = self.ended_at is None and self.begun_at <= now < self.ends_at
        return in_time and case.is_open and case.person.is_active and not case.person.is_staff

    @property
    def seconds_left(self) -> int:
        """The seconds until it ends, rounded up."""
        return max(0, -((timezone.now() - self.ends_at) // timedelta(seconds=1)))

    @property
    def minutes_left(self) -> int:
        """The minutes until it ends, rounded up."""
        return -(-self.seconds_left // 60)
