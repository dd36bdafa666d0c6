"""Forget what serves nobody any more; each call takes a part, so that it keeps no worker."""

from datetime import timedelta

from allauth.idp.oidc.models import Token
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portals.choices import SessionEnd
from portals.models import PortalSession, SessionToken
from portals.services.portal_sessions.ending import end_portal_sessions
from portals.services.portal_sessions.tokens import REFRESH_LIFETIME

KEPT_FOR = timedelta(days=30)  # sessions that have ended; the audit log stays
MOST_AT_ONCE = 2000  # rows of a kind


def forget_old_sessions() -> None:
    """Delete expired tokens and sessions that ended long ago; end those that have lapsed.

    A replaced refresh token is kept until it expires, because its replay must be noticed.
    """
    _forget_expired_tokens()
    _end_lapsed_sessions()
    _forget_ended_sessions()


@transaction.atomic
def _forget_expired_tokens() -> None:
    """Delete them; those that a session's end deletes at this moment are left to it."""
    now = timezone.now()
    expired = SessionToken.objects.filter(token__expires_at__lt=now)
    of_people = list(
        expired.select_for_update(of=("self",), skip_locked=True)
        .order_by("token__expires_at")
        .values_list("pk", flat=True)[:MOST_AT_ONCE]
    )
    of_portals = list(
        Token.objects.filter(expires_at__lt=now, of_session=None, user=None)
        .order_by("expires_at")
        .values_list("pk", flat=True)[:MOST_AT_ONCE]
    )
    Token.objects.filter(pk__in=of_people).delete()
    Token.objects.filter(pk__in=of_portals).delete()


def _end_lapsed_sessions() -> None:
    """End the sessions of which every token has expired, and that no hub session goes on with."""
    access = timedelta(seconds=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN)
    since = timezone.now() - REFRESH_LIFETIME - access
    lapsed = (
        PortalSession.objects.filter(ended_at=None, started_at__lt=since)
        .exclude(codes__created_at__gte=since)
        .order_by("started_at")
    )
    keys = list(lapsed.values_list("pk", flat=True)[:MOST_AT_ONCE])
    if keys:
        end_portal_sessions(reason=SessionEnd.LAPSED, pk__in=keys)


@transaction.atomic
def _forget_ended_sessions() -> None:
    """Delete them with their codes and notices."""
    ended = PortalSession.objects.filter(ended_at__lt=timezone.now() - KEPT_FOR)
    keys = list(
        ended.select_for_update(skip_locked=True)
        .order_by("ended_at")
        .values_list("pk", flat=True)[:MOST_AT_ONCE]
    )
    PortalSession.objects.filter(pk__in=keys).delete()
