"""End sessions in portals, with their codes and tokens, and tell the portals."""

import uuid
from collections.abc import Iterable
from typing import Any

from allauth.idp.oidc.models import Token
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record_event
from portals import signals
from portals.choices import HUB_SESSION_KEY, SessionEnd
from portals.models import LogoutNotice, PortalSession
from portals.selectors.sign_in import sessions_without_access
from portals.services.portal_sessions.logout_notices import RESCUE_AFTER

# The portal knows already, goes on with the next session of the same person, or has none by now.
_UNTOLD = (SessionEnd.PORTAL, SessionEnd.COMPANY, SessionEnd.LAPSED)


@transaction.atomic
def end_portal_sessions(*, reason: SessionEnd, but: str | None = None, **which: Any) -> int:
    """End the live sessions that match `which`, with their codes and tokens; return how many.

    `but` names a hub session: what was opened from it goes on.
    """
    live = PortalSession.objects.filter(ended_at=None, **which)
    if but is not None:
        live = live.exclude(hub_session=but)
    sessions = list(live.select_for_update().order_by("pk"))
    Token.objects.filter(of_session__code__session__in=sessions).delete()
    PortalSession.objects.filter(pk__in=[session.pk for session in sessions]).update(
        ended_at=timezone.now(), end_reason=reason
    )
    if reason not in _UNTOLD:
        _tell_portals(sessions)
    return len(sessions)


def end_sessions_without_access() -> int:
    """End the sessions whose person may no longer open the portal; return how many.

    Their tokens work nowhere since that moment. Ended, they don't come back with the access.
    """
    keys = list(sessions_without_access().values_list("pk", flat=True))
    return end_portal_sessions(reason=SessionEnd.ACCESS, pk__in=keys) if keys else 0


def end_sessions_of_hub_sessions(*, user: User, session_keys: Iterable[str]) -> int:
    """End the portal sessions that were opened from these hub sessions; return how many."""
    names = [
        name
        for session in Session.objects.filter(session_key__in=list(session_keys))
        if (name := session.get_decoded().get(HUB_SESSION_KEY))
    ]
    return end_portal_sessions(reason=SessionEnd.ENDED, user=user, hub_session__in=names)


@transaction.atomic
def leave_portal(*, actor: User, session: uuid.UUID) -> PortalSession | None:
    """End one of a person's own sessions in portals; return it, None if it is not live."""
    row = PortalSession.objects.filter(pk=session, user=actor, ended_at=None).first()
    if row is None or not end_portal_sessions(reason=SessionEnd.ENDED, pk=row.pk):
        return None
    labels = row.client.portal.labels
    record_event(kind="portal.left", actor=actor, person=actor, portal=labels)
    return row


def end_replayed_session(session: PortalSession) -> None:
    """End a session of which a used code or refresh token came again, and write the event."""
    if end_portal_sessions(reason=SessionEnd.REPLAY, pk=session.pk):
        record_event(
            kind="portal.replayed",
            actor=None,
            person=session.user,
            portal=session.client.portal.labels,
        )


def _tell_portals(sessions: list[PortalSession]) -> None:
    """Write a notice for each portal that has an address for it; a job sends it."""
    told = PortalSession.objects.filter(pk__in=[session.pk for session in sessions])
    for session in told.exclude(client__portal__backchannel_logout_uri="").filter(
        client__portal__isnull=False
    ):
        notice = LogoutNotice.objects.create(session=session, due_at=timezone.now() + RESCUE_AFTER)
        signals.logout_notice_written.send(LogoutNotice, notice=notice)
