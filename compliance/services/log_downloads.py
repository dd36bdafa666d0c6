"""Released logs: downloaded by the person on file, a few times, then deleted by the clock."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.audit import record_event
from compliance.choices.log_requests import LogState
from compliance.emails import send_log_downloaded
from compliance.encryption import open_key
from compliance.models import Download, LogRequest, Representative, SealedFile
from compliance.models.log_requests import MOST_DOWNLOADS
from compliance.permissions import LogRefused, require_own_ready_file, require_requester
from compliance.services.log_requests import lock_log_request
from compliance.services.sealed_files import FINISHES_WITHIN, delete_content

MAX_AT_ONCE = 100  # requests of one tick


@transaction.atomic
def download_logs(
    *,
    actor: User,
    request: LogRequest,
    signed_in_at: datetime | None,
    network_address: str | None = None,
    browser: str = "",
) -> tuple[SealedFile, bytes]:
    """Record a download, and return the file with the key to read it (L45).

    Raises PermissionDenied unless the actor asked for the logs and has both keys now (L34);
    FreshSignInRequired; LogRefused for a file that is gone or was downloaded often enough.
    """
    locked = lock_log_request(request)
    require_requester(actor, locked)
    if locked.state != LogState.RELEASED or locked.file_id is None:
        raise LogRefused(_("This file is no longer there."), code="gone")
    file = SealedFile.objects.select_for_update().get(pk=locked.file_id)
    require_own_ready_file(actor, file, signed_in_at=signed_in_at)
    count = file.downloads.count() + 1
    if count > MOST_DOWNLOADS:
        raise LogRefused(
            _("This file was downloaded %(count)s times. Ask the provider if you need it again.")
            % {"count": MOST_DOWNLOADS},
            code="used_up",
        )
    Download.objects.create(
        file=file, person=actor, network_address=network_address, browser=browser[:200]
    )
    record_event(
        kind="logs.downloaded",
        actor=actor,
        customer=locked.customer,
        person=actor,
        log_request=str(locked.uuid),
        number=count,
    )
    send_log_downloaded(request=locked, count=count)
    if file.sealed_key is None:
        raise PermissionDenied("it has no key")
    return file, open_key(file.sealed_key)


def expire_log_requests() -> int:
    """Delete the released files whose time or use is over (L45). Return how many.

    That is after their days, after the last download, and when the representative can't act any
    more. A download that has just begun may finish.
    """
    over = (
        LogRequest.objects.annotate(used=Count("file__downloads"))
        .filter(
            Q(file__expires_at__lte=timezone.now())
            | Q(used__gte=MOST_DOWNLOADS)
            | ~Q(representative__in=Representative.objects.in_force()),
            state=LogState.RELEASED,
        )
        .order_by("pk")
    )
    count = 0
    for key in over.values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            locked = lock_log_request(LogRequest(pk=key))
            if locked.state == LogState.RELEASED and _is_over(locked):
                _expire(locked)
                count += 1
    return count


def _is_over(locked: LogRequest) -> bool:
    file, now = locked.file, timezone.now()
    if file is None or file.expires_at is None:
        return True
    if file.downloads.filter(at__gt=now - FINISHES_WITHIN).exists():
        return False
    may_act = Representative.objects.in_force().filter(pk=locked.representative_id).exists()
    return file.expires_at <= now or file.downloads.count() >= MOST_DOWNLOADS or not may_act


def _expire(locked: LogRequest) -> None:
    if locked.file_id is not None:
        delete_content([locked.file_id])
    locked.state = LogState.EXPIRED
    locked.save(update_fields=["state"])
    record_event(
        kind="logs.expired",
        actor=None,
        customer=locked.customer,
        person=locked.representative.membership.user,
        log_request=str(locked.uuid),
    )
