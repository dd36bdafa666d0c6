"""Notes on disputed data: a person's words beside data that was not corrected."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from compliance.models.privacy_requests import PrivacyRequest

NOTE_LENGTH = 500  # characters


class DataNote(models.Model):
    """That a person finds data of one kind wrong; shown beside it wherever they see it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="data_notes"
    )
    item = models.CharField(max_length=40)
    text = models.CharField(max_length=NOTE_LENGTH)
    request = models.ForeignKey(  # None once a retention rule deleted it: the note stays
        PrivacyRequest, null=True, on_delete=models.PROTECT, related_name="data_notes"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text="") & ~Q(item=""), name="note_says_something"),
            models.UniqueConstraint(fields=["request", "item"], name="one_note_of_a_request"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.text}"
