"""The export of a person's own data: asked for once a day, made by a job, told by email."""

import json
import tempfile
import zipfile
from datetime import datetime
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone, translation

from accounts.models import User
from accounts.permissions import require_fresh_sign_in
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.emails import send_export_made
from compliance.models import SealedFile
from compliance.permissions import require_no_file_of_today
from compliance.selectors.own_data_file import json_parts, page_parts, schema
from compliance.services.sealed_files import seal_content
from compliance.signals import sealed_file_asked

STYLE = settings.BASE_DIR / "templates" / "compliance" / "own_data" / "style.css"
IN_MEMORY = 1024 * 1024  # bytes of a file that is being made, before it goes to disk


@transaction.atomic
def ask_for_own_data(*, actor: User, signed_in_at: datetime | None) -> SealedFile:
    """Ask for a file with everything held about the actor; a job makes it.

    Raises FreshSignInRequired, PermissionDenied for a closed account, and ValidationError for a
    second time on one day.
    """
    if not actor.is_active:
        raise PermissionDenied("this account is closed")
    require_fresh_sign_in(signed_in_at)
    User.objects.select_for_update().get(pk=actor.pk)  # one who asks twice at once waits here
    require_no_file_of_today(actor, SealedFileKind.OWN_DATA)
    file = SealedFile.objects.create(
        kind=SealedFileKind.OWN_DATA,
        person=actor,
        language=actor.language,
        asked_on=today_of_provider(),
    )
    record_event(kind="own_data.asked", actor=actor, person=actor)
    sealed_file_asked.send(SealedFile, file=file)
    return file


def make_own_data(*, actor: None, file: UUID) -> bool:
    """Make a file that was asked for, and tell its person. Return whether it was made now.

    It reads without a transaction, and stores everything in one. A second run finds it ready. One
    that fails marks it, so that its person can ask again.
    """
    row = SealedFile.objects.select_related("person").get(uuid=file)
    if row.state != SealedFileState.MAKING:
        return False
    try:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as content:
            write_own_data(row.person, content, language=row.language)
            content.seek(0)
            return _finish(row, content)
    except Exception:
        SealedFile.objects.filter(pk=row.pk, state=SealedFileState.MAKING).update(
            state=SealedFileState.FAILED
        )
        raise


def write_own_data(person: User, content: IO[bytes], *, language: str) -> None:
    """Write the ZIP: data.json, its schema, and a page in the person's language and time zone."""
    with (
        translation.override(language),
        timezone.override(person.zone),
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr("data.schema.json", json.dumps(schema(), ensure_ascii=False, indent=1))
        archive.writestr("style.css", STYLE.read_text())
        for name, parts in (("data.json", json_parts(person)), ("index.html", page_parts(person))):
            with archive.open(name, "w", force_zip64=True) as member:
                for part in parts:
                    member.write(part.encode())


@transaction.atomic
def _finish(row: SealedFile, content: IO[bytes]) -> bool:
    """Seal the content and tell its person, unless another run of the job did."""
    locked = SealedFile.objects.select_for_update().select_related(None).get(pk=row.pk)
    if locked.state != SealedFileState.MAKING:
        return False
    seal_content(file=locked, content=content)
    record_event(kind="own_data.made", actor=None, person=row.person)
    send_export_made(file=locked, person=row.person)
    return True
