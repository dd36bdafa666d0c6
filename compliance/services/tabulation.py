"""Putting logs together: a portal claims paid work, sends the result in parts, and finishes it.

One worker has the work for an hour (L44). A result is taken whole or not at all.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.encryption import cipher
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.log_requests import LogState
from compliance.choices.sealed_files import SealedFileKind
from compliance.emails import requester_of
from compliance.models import LogPart, LogRequest, SealedFile
from compliance.models.log_requests import LEASE
from compliance.permissions import LogRefused
from compliance.services.log_requests import lock_log_request
from compliance.services.sealed_files import seal_content
from portals.models import Portal

PURPOSE = "compliance.log_part"
PART_LIMIT = 4 * 1024 * 1024  # bytes
MOST_PARTS = 2_500  # of one result
Lines = Mapping[tuple[str, str], int]  # by type and id


@transaction.atomic
def claim_log_request(*, actor: Portal, request: LogRequest, worker: str) -> LogRequest:
    """Give paid work to one worker of the portal for an hour; to the same one again if it asks.

    Raises LogRefused (`taken`) while another worker has it, and where there is no work.
    """
    locked = _lock(actor, request)
    now = timezone.now()
    if locked.state == LogState.TABULATING and locked.is_leased:
        if locked.worker == worker:
            return locked
        raise LogRefused(_("Another worker puts these logs together."), code="taken")
    if locked.state not in (LogState.PAID, LogState.TABULATING):
        raise LogRefused(_("There is nothing to put together."), code="no_work")
    locked.parts.all().delete()  # of a worker whose hour is over
    locked.worker, locked.lease, locked.lease_until = worker, uuid.uuid4(), now + LEASE
    locked.state, locked.failure = LogState.TABULATING, ""
    locked.save()
    _record("logs.claimed", actor, locked)
    return locked


@transaction.atomic
def store_part(
    *, actor: Portal, request: LogRequest, lease: uuid.UUID, number: int, content: bytes
) -> None:
    """Keep a part of a result, encrypted; a part that is sent again replaces the former one.

    Raises LogRefused (`late`) for a lease that is over or another worker's.
    """
    locked = _lock_leased(actor, request, lease)
    if not 0 <= number < MOST_PARTS or not 0 < len(content) <= PART_LIMIT:
        raise LogRefused(_("The part is empty, too large, or one too many."), code="part")
    LogPart.objects.update_or_create(
        request=locked,
        lease=lease,
        number=number,
        defaults={"content": cipher(PURPOSE).encrypt(content)},
    )


@transaction.atomic
def finish_log_request(
    *, actor: Portal, request: LogRequest, lease: uuid.UUID, sha256: str, lines: Lines
) -> LogRequest:
    """Take the result whole: staff check it next. The same result again changes nothing.

    Raises LogRefused for a lease that is over, parts with a gap, another hash or number of lines,
    and resources that are not exactly those of the request.
    """
    locked = _lock(actor, request)
    if _is_repeated(locked, lease, sha256):
        return locked
    _require_lease(locked, lease)
    resources = list(locked.resources.select_related("tenure"))
    named = {(row.tenure.type_code, row.tenure.external_id) for row in resources}
    if lines.keys() != named:
        raise LogRefused(
            {"lines": _("Name each resource of the request, and no other.")}, code="resources"
        )
    person = requester_of(locked)
    file = SealedFile.objects.create(
        kind=SealedFileKind.LOGS,
        person=person,
        language=person.language,
        asked_on=today_of_provider(),
    )
    content = _Parts(locked.parts.filter(lease=lease).order_by("number"))
    seal_content(file=file, content=content, is_released=False)
    if file.sha256 != sha256.lower():
        raise LogRefused({"sha256": _("The parts have another hash.")}, code="hash")
    if content.lines != sum(lines.values()):
        raise LogRefused({"lines": _("The parts have another number of lines.")}, code="lines")
    counted: set[tuple[str, str]] = set()
    for row in resources:  # the lines of a resource with two times are told once
        key = (row.tenure.type_code, row.tenure.external_id)
        row.lines = 0 if key in counted else lines[key]
        row.save(update_fields=["lines"])
        counted.add(key)
    locked.parts.all().delete()
    locked.file, locked.state, locked.lease_until = file, LogState.READY, None
    locked.save()
    _record("logs.ready", actor, locked, file_hash=file.sha256)
    return locked


@transaction.atomic
def fail_log_request(
    *, actor: Portal, request: LogRequest, lease: uuid.UUID, reason: str
) -> LogRequest:
    """Note that the portal can't put the logs together; staff decide what follows.

    Raises LogRefused (`late`) for a lease that is over or another worker's.
    """
    locked = _lock_leased(actor, request, lease)
    locked.parts.all().delete()
    locked.state, locked.failure, locked.lease_until = LogState.FAILED, reason.strip(), None
    locked.save()
    _record("logs.failed", actor, locked, reason=locked.failure)
    return locked


def _is_repeated(locked: LogRequest, lease: uuid.UUID, sha256: str) -> bool:
    is_done = locked.state == LogState.READY and locked.lease == lease
    return is_done and locked.file is not None and locked.file.sha256 == sha256.lower()


def _lock(actor: Portal, request: LogRequest) -> LogRequest:
    locked = lock_log_request(request)
    if locked.portal_id != actor.pk:
        raise LogRefused(_("There is nothing to put together."), code="no_work")
    return locked


def _lock_leased(actor: Portal, request: LogRequest, lease: uuid.UUID) -> LogRequest:
    locked = _lock(actor, request)
    _require_lease(locked, lease)
    return locked


def _require_lease(locked: LogRequest, lease: uuid.UUID) -> None:
    if locked.state != LogState.TABULATING or locked.lease != lease or not locked.is_leased:
        raise LogRefused(_("Your lease is over. Claim the work again."), code="late")


class _Parts:
    """The parts of a result as one file; one part is in memory at a time."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts
        self._numbers: Sequence[int] = list(parts.values_list("number", flat=True))
        if list(self._numbers) != list(range(len(self._numbers))):
            raise LogRefused(_("A part is missing. Number the parts from 0."), code="gap")
        self._next = 0
        self._rest = b""
        self._last = b"\n"
        self.lines = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, fewer only at the end; a last line may lack its line feed."""
        while len(self._rest) < size and self._next < len(self._numbers):
            sealed = self._parts.values_list("content", flat=True).get(
                number=self._numbers[self._next]
            )
            self._rest += cipher(PURPOSE).decrypt(bytes(sealed))
            self._next += 1
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.lines += piece.count(b"\n")
        if piece:
            self._last = piece[-1:]
        elif self._last != b"\n":
            self.lines, self._last = self.lines + 1, b"\n"
        return piece


def _record(kind: str, portal: Portal, request: LogRequest, **facts: Any) -> None:
    record_event(
        kind=kind,
        actor=None,
        actor_name=portal.label_en,
        customer=request.customer,
        person=requester_of(request),
        log_request=str(request.uuid),
        **facts,
    )
