"""This app's answers to signals of accounts, in the transaction of the act.

Access begins and ends with a membership, and is given when a request for it is approved.
"""

from datetime import datetime
from typing import Any

from allauth.idp.oidc.models import Token

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
from portals.selectors import losses
from portals.services import (
    grant_expiry,
    grantees,
    offered_grants,
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


def _name_rights_of_role(*, membership: Membership, **_: Any) -> dict[str, Any]:
    return {"role_rights": losses.rights_by_role(membership.customer)}


def _name_offers(*, invitation: Invitation, **_: Any) -> dict[str, Any]:
    return losses.offers_in(invitation)


def _check_offers_taken_over(
    *, invitation: Invitation, actor: User, signed_in_at: datetime | None, **_: Any
) -> None:
    offered_grants.check_offers_taken_over(
        actor=actor, invitation=invitation, signed_in_at=signed_in_at
    )


def _end_tokens(*, user: User, **_: Any) -> None:
    Token.objects.filter(user=user).delete()


def _announce_grant_expiry(**_: Any) -> None:
    grant_expiry.announce_expiring_grants()


def _run_reviews(**_: Any) -> None:
    reviews.run_reviews()


def _end_removed_resources(**_: Any) -> None:
    resources.end_removed_resources()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    signals.periodic_tick.connect(_announce_grant_expiry, dispatch_uid="portals endings")
    signals.periodic_tick.connect(_run_reviews, dispatch_uid="portals reviews")
    signals.periodic_tick.connect(_end_removed_resources, dispatch_uid="portals removed")
    signals.membership_began.connect(_give_offered_access, dispatch_uid="portals")
    signals.membership_ending.connect(_end_ownership_of_leaver, dispatch_uid="portals")
    signals.membership_ended.connect(_end_access_of_leaver, dispatch_uid="portals")
    signals.offboarding_due.connect(_hand_over_access, dispatch_uid="portals")
    signals.membership_restoring.connect(_restore_access_of_member, dispatch_uid="portals")
    signals.team_restoring.connect(_restore_access_of_team, dispatch_uid="portals")
    signals.request_approved.connect(_do_as_requested, dispatch_uid="portals")
    signals.team_member_joining.connect(_admit_to_team, dispatch_uid="portals")
    signals.team_ending.connect(_end_access_of_team, dispatch_uid="portals")
    signals.role_changed.connect(_name_rights_of_role, dispatch_uid="portals")
    signals.invitation_withdrawn.connect(_name_offers, dispatch_uid="portals")
    signals.invitation_taken_over.connect(_check_offers_taken_over, dispatch_uid="portals")
    signals.access_revoked.connect(_end_tokens, dispatch_uid="portals")
