"""Retention rules: which of them staff let run, and what each run did."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.triggers import append_only, refuse


class RetentionApproval(models.Model):
    """That staff saw how much a rule would delete, and let it run; a trigger keeps it."""

    rule = models.CharField(max_length=40)
    days = models.PositiveIntegerField()
    found = models.PositiveIntegerField()  # what staff saw
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [*append_only("compliance_retentionapproval")]
        indexes = [models.Index(fields=["rule", "-id"], name="approval_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.days}"


class RetentionRun(models.Model):
    """One run of one rule: what was found, deleted and held, or the error that stopped it."""

    rule = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    found = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(found__gte=models.F("deleted") + models.F("held")),
                name="run_deletes_what_it_found",
            ),
            *refuse(
                "retention_run_stays",
                table="compliance_retentionrun",
                when={"UPDATE": "TRUE"},
                message="a run of a retention rule stays as it was",
                no_truncate=True,
            ),
        ]
        indexes = [models.Index(fields=["rule", "-started_at"], name="run_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule}, {self.started_at:%Y-%m-%d}"
