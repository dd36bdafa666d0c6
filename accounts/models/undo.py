"""The events that were undone, each at most once."""

from django.db import models

from accounts.models.audit import AuditEvent
from accounts.triggers import append_only


class Undo(models.Model):
    """An event and the event that undid it; both columns are unique, so it happens once."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="undo")
    undone_by = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="undoes")

    class Meta:
        constraints = [*append_only("accounts_undo")]

    def __str__(self) -> str:
        return f"{self.event} undone by {self.undone_by}"
