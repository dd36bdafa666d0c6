"""Alarms: the deadlines that staff were told were missed, each once."""

from django.db import models
from django.utils import timezone

from accounts.triggers import append_only

CODE_LENGTH = 40
KEY_LENGTH = 100


class DueAlarm(models.Model):
    """One deadline that staff got an email about, named as its source names it.

    A deadline that was moved and missed again is another one.
    """

    source = models.CharField(max_length=CODE_LENGTH)
    key = models.CharField(max_length=KEY_LENGTH)
    due_at = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        permissions = [("view_due_list", "May see which legal deadlines come up")]
        constraints = [
            models.UniqueConstraint(fields=["source", "key", "due_at"], name="one_alarm_each"),
            *append_only("compliance_duealarm"),
        ]
        indexes = [models.Index(fields=["at"], name="alarm_by_time")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
