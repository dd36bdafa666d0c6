"""Files that are made for one person, kept sealed for some days, and deleted by the clock."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices import Language
from accounts.models.blanking import only_blanked
from accounts.triggers import append_only, refuse
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from preferences.models.consent import ADDRESS_DAYS

_IS_THEIRS = (
    "NOT EXISTS (SELECT 1 FROM compliance_sealedfile f WHERE f.id = NEW.file_id"
    " AND f.person_id = NEW.person_id AND f.state = 'ready')"
)
_ADDRESS_BLANKED = only_blanked(
    "network_address", others="id file_id person_id at browser", at="OLD.at", days=ADDRESS_DAYS
)

WITH_KEY = (SealedFileState.SEALED, SealedFileState.READY)


class SealedFile(models.Model):
    """A file for one person. Its content is in chunks, under a key that only a whole file has."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=SealedFileKind)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sealed_files"
    )
    language = models.CharField(max_length=2, choices=Language)
    state = models.CharField(max_length=10, choices=SealedFileState, default=SealedFileState.MAKING)
    asked_on = models.DateField()
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    sealed_key = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SealedFileKind.values), name="sealed_file_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SealedFileState.values), name="sealed_file_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=WITH_KEY, sealed_key__isnull=False)
                | (~Q(state__in=WITH_KEY) & Q(sealed_key=None)),
                name="only_a_whole_file_has_a_key",
            ),
            models.CheckConstraint(
                condition=~Q(state=SealedFileState.READY)
                | Q(size__isnull=False, ready_at__isnull=False, expires_at__isnull=False)
                & Q(expires_at__gt=F("ready_at"))
                & ~Q(sha256=""),
                name="ready_file_has_size_hash_and_end",
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "asked_on"],
                condition=Q(kind=SealedFileKind.OWN_DATA) & ~Q(state=SealedFileState.FAILED),
                name="one_sealed_file_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state=SealedFileState.READY),
                name="sealed_file_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.asked_on}"


class SealedChunk(models.Model):
    """One piece of a sealed file, encrypted."""

    file = models.ForeignKey(
        SealedFile, on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="one_chunk_of_each_number"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class Download(models.Model):
    """That a person downloaded a file of theirs; a trigger refuses to change it."""

    file = models.ForeignKey(SealedFile, on_delete=models.PROTECT, related_name="downloads")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    network_address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            *append_only("compliance_download", erased=_ADDRESS_BLANKED),
            *refuse(
                "compliance_download_of_own_ready_file",
                table="compliance_download",
                when={"INSERT": _IS_THEIRS},
                message="a file is downloaded by the person it is for, while it is ready",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} at {self.at:%Y-%m-%d %H:%M}"
