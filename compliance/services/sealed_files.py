"""Sealed files: made by a job, encrypted at rest, downloaded by their person, then deleted."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record_event
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.encryption import CHUNK, new_key, open_chunk, open_key, seal_chunk
from compliance.models import Download, SealedChunk, SealedFile
from compliance.permissions import require_own_ready_file

MAX_AT_ONCE = 100  # files of one tick
FINISHES_WITHIN = timedelta(minutes=10)  # a download that began in time


class Content(Protocol):
    """The source that a file is read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, fewer only at the end."""


def seal_content(*, file: SealedFile, content: Content, is_released: bool = True) -> None:
    """Store the content of a file under a new key, and open it for download.

    Unless it `is_released`, it waits sealed for somebody to release it. It is called inside the
    caller's transaction, which holds the row. What an earlier try of the job left is replaced.
    """
    file.chunks.all().delete()
    key, sealed_key = new_key()
    digest, size, number = hashlib.sha256(), 0, 0
    piece = content.read(CHUNK)
    while True:
        following = content.read(CHUNK)
        digest.update(piece)
        size += len(piece)
        sealed = seal_chunk(key, number, piece, is_last=not following)
        SealedChunk.objects.create(file=file, number=number, content=sealed)
        if not following:
            break
        piece, number = following, number + 1
    file.state, file.sealed_key = SealedFileState.SEALED, sealed_key
    file.size, file.sha256 = size, digest.hexdigest()
    if is_released:
        file.state, file.ready_at = SealedFileState.READY, timezone.now()
        file.expires_at = file.ready_at + timedelta(days=settings.HUB_DOWNLOAD_DAYS)
    file.save()


@transaction.atomic
def record_download(
    *,
    actor: User,
    file: SealedFile,
    signed_in_at: datetime | None,
    network_address: str | None = None,
    browser: str = "",
) -> bytes:
    """Record that somebody downloads a file of theirs, and return the key to read it with.

    Raises PermissionDenied for a file of somebody else or one that is gone, and
    FreshSignInRequired.
    """
    locked = SealedFile.objects.select_for_update().get(pk=file.pk)
    require_own_ready_file(actor, locked, signed_in_at=signed_in_at)
    Download.objects.create(
        file=locked, person=actor, network_address=network_address, browser=browser[:200]
    )
    record_event(kind="own_data.downloaded", actor=actor, person=actor)
    if locked.sealed_key is None:
        raise PermissionDenied("it has no key")
    return open_key(locked.sealed_key)


def content_of(file: SealedFile, key: bytes) -> Iterator[bytes]:
    """Yield the content of a file; a piece is in memory at a time. Raises SealBroken."""
    numbers = list(file.chunks.order_by("number").values_list("number", flat=True))
    for number in numbers:
        sealed = file.chunks.values_list("content", flat=True).get(number=number)
        yield open_chunk(key, number, sealed, is_last=number == numbers[-1])


@transaction.atomic
def delete_expired_files() -> int:
    """Delete the content and the key of files whose days are over. Return how many.

    A download that has just begun may finish.
    """
    now = timezone.now()
    running = Download.objects.filter(file=OuterRef("pk"), at__gt=now - FINISHES_WITHIN)
    over = SealedFile.objects.filter(
        ~Exists(running),
        kind=SealedFileKind.OWN_DATA,  # released logs end with their request
        state=SealedFileState.READY,
        expires_at__lte=now,
    ).order_by("expires_at")
    keys = list(over.select_for_update(skip_locked=True).values_list("pk", flat=True)[:MAX_AT_ONCE])
    return delete_content(keys)


def delete_content(files: Iterable[int]) -> int:
    """Delete content and key of files by their keys, in the caller's transaction. Return how many.

    The rows stay, as proof that the files were made.
    """
    SealedChunk.objects.filter(file__in=files).delete()
    return SealedFile.objects.filter(pk__in=files).update(
        state=SealedFileState.GONE, sealed_key=None
    )
