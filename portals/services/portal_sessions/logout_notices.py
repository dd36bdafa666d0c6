"""Tell portals that a session ended (OpenID Connect Back-Channel Logout 1.0)."""

import time
import uuid
from datetime import timedelta

import requests
import structlog
from allauth.idp.oidc.adapter import get_adapter
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from portals.models import LogoutNotice
from portals.models.sign_ins import GIVE_UP_AFTER, MOST_ATTEMPTS
from portals.services.portal_sessions.posting import post_to_portal
from portals.tokens import sign_claims

log = structlog.get_logger(__name__)

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120  # seconds of a logout token; each attempt makes a fresh one
PAUSE = timedelta(minutes=1)  # for a portal that did not answer
RESCUE_AFTER = timedelta(minutes=10)  # a notice that waits for its job so long has lost it
MOST_AT_ONCE = 500  # notices


def send_logout_notice(*, notice: uuid.UUID, attempt: int) -> bool:
    """Send one notice for the first, second, … time; return whether its portal has it.

    A job that comes twice does it once. A portal that is away is told again later, each time after
    twice the pause. While it is away, its other notices wait too, and keep no worker.
    """
    with transaction.atomic():
        row = (
            LogoutNotice.objects.select_for_update(of=("self",))
            .select_related("session__user", "session__client__portal")
            .filter(pk=notice, sent_at=None, attempts=attempt - 1)
            .first()
        )
        if row is None:
            return False
        if cache.get(_away(row)):
            row.due_at = timezone.now() + PAUSE
            row.save(update_fields=["due_at"])
            return False
        row.attempts += 1
        row.due_at = timezone.now() + timedelta(minutes=2 ** (row.attempts - 1))
        row.save(update_fields=["attempts", "due_at"])
    problem = _post(row)
    LogoutNotice.objects.filter(pk=row.pk).update(
        problem=problem[:200], sent_at=None if problem else timezone.now()
    )
    if problem:
        log.warning("a portal was not told of a logout", portal=_portal(row), problem=problem)
    return not problem


@transaction.atomic
def take_due_logout_notices() -> list[LogoutNotice]:
    """Return notices that wait for another attempt by now; each needs one more job.

    None of them is returned again before RESCUE_AFTER, so that no jobs pile up while no worker runs
    them. One that is still due then has lost its job.
    """
    now = timezone.now()
    due = LogoutNotice.objects.filter(
        sent_at=None,
        due_at__lte=now,
        attempts__lt=MOST_ATTEMPTS,
        session__ended_at__gt=now - GIVE_UP_AFTER,
    )
    notices = list(
        due.select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:MOST_AT_ONCE]
    )
    LogoutNotice.objects.filter(pk__in=[notice.pk for notice in notices]).update(
        due_at=now + RESCUE_AFTER
    )
    return notices


def _away(notice: LogoutNotice) -> str:
    """Return the cache's key for that a portal did not answer a moment ago."""
    return f"portal_away:{notice.session.client_id}"


def _portal(notice: LogoutNotice) -> str:
    return str(notice.session.client.portal.slug)


def _post(notice: LogoutNotice) -> str:
    """Post the logout token; return what went wrong, "" for nothing."""
    session = notice.session
    now = int(time.time())
    token = sign_claims(
        {
            "iss": get_adapter().get_issuer(),
            "aud": session.client_id,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": uuid.uuid4().hex,  # of each attempt: a portal remembers it before it acts
            "sub": str(session.user.sub),
            "sid": str(session.pk),
            "events": {EVENT: {}},
        },
        kind="logout+jwt",
    )
    address = session.client.portal.backchannel_logout_uri
    try:
        status = post_to_portal(address, {"logout_token": token})
    except requests.RequestException as error:
        cache.set(_away(notice), True, PAUSE.total_seconds())
        return type(error).__name__
    if status >= 500:
        cache.set(_away(notice), True, PAUSE.total_seconds())
    return "" if status in (200, 204) else f"status {status}"
