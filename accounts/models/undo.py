"""What was undone: a removal comes back once, whoever presses twice."""

from django.db import models

from accounts.models.audit import AuditEvent
from accounts.triggers import append_only


class Undo(models.Model):
    """One event, undone by another; both columns are unique, so it happens once."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="undo")
    undone_by = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="undoes")

    class Meta:
        constraints = [*append_only("accounts_undo")]

    def __str__(self) -> str:
        return f"{self.event} undone by {self.undone_by}"
