"""This app's answers to signals of accounts, in the transaction of the act.

Access begins and ends with a membership, and is given when a request for it is approved.
"""

import secrets
from datetime import datetime
from typing import Any

from allauth.idp.oidc.models import Token
from django.contrib.auth import signals as auth_signals
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import signals
from accounts.models import (
    AccessRequest,
    AuditEvent,
    Invitation,
    Membership,
    Offboarding,
    Team,
    User,
)
from portals import tasks
from portals.choices import HUB_SESSION_KEY, SessionEnd
from portals.models import LogoutNotice
from portals.selectors import losses
from portals.services import (
    grant_expiry,
    grantees,
    offered_grants,
    portal_sessions,
    registrations,
    requests,
    resources,
    reviews,
    service_requests,
    undo_handlers,
    uses,
)
from portals.services import (
    offboarding as offboarding_services,
)
from portals.signals import logout_notice_written
from portals.views.desk import sessions_panel


def _give_offered_access(
    *, membership: Membership, actor: User, invitation: Invitation | None, **_: Any
) -> list[str]:
    registrations.register_new_member(actor=actor, membership=membership)
    if invitation is None:
        return []
    return offered_grants.apply_offered_grants(
        actor=actor, invitation=invitation, membership=membership
    )


def _end_ownership_of_leaver(
    *, membership: Membership, actor: User | None, **_: Any
) -> dict[str, Any]:
    return resources.end_ownership_of_leaver(actor=actor, membership=membership)


def _end_access_of_leaver(*, membership: Membership, **_: Any) -> dict[str, Any]:
    uses.forget_uses_of_leaver(membership=membership)
    return grantees.drop_grants_of_leaver(membership=membership)


def _hand_over_access(*, offboarding: Offboarding, **_: Any) -> dict[str, list[Any]]:
    return offboarding_services.grant_reassigned_access(offboarding=offboarding)


def _restore_access_of_member(
    *, actor: User, event: AuditEvent, membership: Membership, **_: Any
) -> list[str]:
    kept = undo_handlers.take_back_reassigned_grants(
        actor=actor, customer=membership.customer, event=event
    )
    not_owned = resources.restore_ownership(actor=actor, membership=membership, event=event)
    return (
        kept
        + not_owned
        + undo_handlers.restore_grants(actor=actor, grantee=membership, event=event)
    )


def _restore_access_of_team(*, actor: User, event: AuditEvent, team: Team, **_: Any) -> list[str]:
    return undo_handlers.restore_grants(actor=actor, grantee=team, event=event)


def _do_as_requested(*, access_request: AccessRequest, actor: User, how: Any, **_: Any) -> None:
    if access_request.is_of_provider:
        service_requests.carry_out_service_request(
            actor=actor, access_request=access_request, how=how
        )
    else:
        requests.give_requested_grants(actor=actor, access_request=access_request, how=how)


def _admit_to_team(
    *,
    team: Team,
    membership: Membership | None,
    actor: User,
    reason: str,
    signed_in_at: datetime | None,
    conditions_checked_at: datetime | None = None,
    **_: Any,
) -> None:
    grantees.admit_to_team(
        actor=actor,
        team=team,
        membership=membership,
        reason=reason,
        signed_in_at=signed_in_at,
        conditions_checked_at=conditions_checked_at,
    )


def _end_access_of_team(*, team: Team, **_: Any) -> dict[str, Any]:
    return grantees.drop_grants_of_team(team=team)


def _name_privileges_of_role(*, membership: Membership, **_: Any) -> dict[str, Any]:
    return {"role_privileges": losses.privileges_by_role(membership.customer)}


def _name_offers(*, invitation: Invitation, **_: Any) -> dict[str, Any]:
    return losses.offers_in(invitation)


def _move_offers(*, invitation: Invitation, corrected: Invitation, **_: Any) -> None:
    offered_grants.move_offers(invitation=invitation, corrected=corrected)


def _check_offers_taken_over(
    *, invitation: Invitation, actor: User, signed_in_at: datetime | None, **_: Any
) -> None:
    offered_grants.check_offers_taken_over(
        actor=actor, invitation=invitation, signed_in_at=signed_in_at
    )


def _end_tokens(*, user: User, **_: Any) -> None:
    portal_sessions.end_portal_sessions(reason=SessionEnd.ACCESS, user=user)
    Token.objects.filter(user=user).delete()  # whatever no session holds


def _announce_grant_expiry(**_: Any) -> None:
    grant_expiry.announce_expiring_grants()


def _run_reviews(**_: Any) -> None:
    reviews.run_reviews()


def _end_sessions_without_access(**_: Any) -> None:
    portal_sessions.end_sessions_without_access()


def _forget_old_sessions(**_: Any) -> None:
    portal_sessions.forget_old_sessions()


def _name_hub_session(*, request: Any, **_: Any) -> None:
    """Name it at the sign-in, because each of two pages that open portals at once would name it.

    The session's own key is no name: it changes at each fresh sign-in, and it is a secret.
    """
    request.session.setdefault(HUB_SESSION_KEY, secrets.token_hex(16))


@transaction.atomic
def _end_sessions_of_sign_out(*, request: Any, user: User | None, **_: Any) -> None:
    """End the hub session before those in portals, so that nobody opens another one meanwhile."""
    name = request.session.get(HUB_SESSION_KEY)
    if user is not None and name:
        Session.objects.filter(pk=request.session.session_key).delete()
        portal_sessions.end_portal_sessions(reason=SessionEnd.SIGN_OUT, user=user, hub_session=name)


def _end_sessions_of_hub_sessions(*, user: User, session_keys: list[str], **_: Any) -> None:
    portal_sessions.end_sessions_of_hub_sessions(user=user, session_keys=session_keys)


def _end_other_sessions(*, user: User, session: SessionBase | None, **_: Any) -> None:
    name = session.get(HUB_SESSION_KEY) if session else None
    portal_sessions.end_portal_sessions(reason=SessionEnd.ENDED, but=name, user=user)


def _send_logout_notice(*, notice: LogoutNotice, **_: Any) -> None:
    tasks.send_logout_notice.enqueue(str(notice.pk), notice.attempts + 1)


def _send_due_logout_notices(**_: Any) -> None:
    for notice in portal_sessions.take_due_logout_notices():
        _send_logout_notice(notice=notice)


def _end_removed_resources(**_: Any) -> None:
    resources.end_removed_resources()


def _sessions_panel(**context: Any) -> str:
    return sessions_panel(**context)


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    signals.periodic_tick.connect(_announce_grant_expiry, dispatch_uid="portals endings")
    signals.periodic_tick.connect(_run_reviews, dispatch_uid="portals reviews")
    signals.periodic_tick.connect(_end_removed_resources, dispatch_uid="portals removed")
    signals.periodic_tick.connect(_end_sessions_without_access, dispatch_uid="portals sessions")
    signals.periodic_tick.connect(_forget_old_sessions, dispatch_uid="portals old sessions")
    signals.periodic_tick.connect(_send_due_logout_notices, dispatch_uid="portals logout")
    signals.desk_person_shown.connect(_sessions_panel, dispatch_uid="portals")
    signals.sessions_ending.connect(_end_sessions_of_hub_sessions, dispatch_uid="portals")
    signals.other_sessions_ended.connect(_end_other_sessions, dispatch_uid="portals")
    auth_signals.user_logged_in.connect(_name_hub_session, dispatch_uid="portals")
    auth_signals.user_logged_out.connect(_end_sessions_of_sign_out, dispatch_uid="portals")
    logout_notice_written.connect(_send_logout_notice, dispatch_uid="portals")
    signals.membership_began.connect(_give_offered_access, dispatch_uid="portals")
    signals.membership_ending.connect(_end_ownership_of_leaver, dispatch_uid="portals")
    signals.membership_ended.connect(_end_access_of_leaver, dispatch_uid="portals")
    signals.offboarding_due.connect(_hand_over_access, dispatch_uid="portals")
    signals.membership_restoring.connect(_restore_access_of_member, dispatch_uid="portals")
    signals.team_restoring.connect(_restore_access_of_team, dispatch_uid="portals")
    signals.request_approved.connect(_do_as_requested, dispatch_uid="portals")
    signals.team_member_joining.connect(_admit_to_team, dispatch_uid="portals")
    signals.team_ending.connect(_end_access_of_team, dispatch_uid="portals")
    signals.role_changed.connect(_name_privileges_of_role, dispatch_uid="portals")
    signals.invitation_withdrawn.connect(_name_offers, dispatch_uid="portals")
    signals.invitation_taken_over.connect(_check_offers_taken_over, dispatch_uid="portals")
    signals.invitation_corrected.connect(_move_offers, dispatch_uid="portals")
    signals.access_revoked.connect(_end_tokens, dispatch_uid="portals")
