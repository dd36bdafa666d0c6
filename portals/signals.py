"""Rights begin and end with a membership, in the same transaction."""

from typing import Any

from django.dispatch import Signal

from accounts import signals as accounts_signals

customer_page_shown = Signal()  # request, customer: receivers return a section for staff, or ""


def _began(*, membership: Any, actor: Any, invitation: Any, **_: Any) -> list[str]:
    from portals.services import offered_grants, registrations

    registrations.register_new_member(actor=actor, membership=membership)
    if invitation is None:
        return []
    return offered_grants.apply_offered_grants(
        actor=actor, invitation=invitation, membership=membership
    )


def _ended(*, membership: Any, **_: Any) -> dict[str, Any]:
    from portals.services import grantees, uses

    uses.forget_uses_of_leaver(membership=membership)
    return grantees.drop_grants_of_leaver(membership=membership)


def _offboarding_due(*, offboarding: Any, **_: Any) -> dict[str, list[Any]]:
    from portals.services.offboarding import grant_reassigned_access

    return grant_reassigned_access(offboarding=offboarding)


def _returning(
    *, actor: Any, event: Any, membership: Any = None, team: Any = None, **_: Any
) -> list[str]:
    from portals.services import undo_handlers

    if membership is not None:
        undo_handlers.revoke_reassigned_grants(
            actor=actor, customer=membership.customer, event=event
        )
    return undo_handlers.restore_grants(actor=actor, grantee=membership or team, event=event)


def _approved(*, access_request: Any, actor: Any, how: Any, **_: Any) -> None:
    from portals.services import requests, service_requests

    if access_request.is_of_provider:
        service_requests.carry_out_service_request(
            actor=actor, access_request=access_request, how=how
        )
    else:
        requests.give_requested_grants(actor=actor, access_request=access_request, how=how)


def _joining(
    *,
    team: Any,
    membership: Any,
    actor: Any,
    reason: str,
    signed_in_at: Any,
    conditions_checked_at: Any = None,
    **_: Any,
) -> None:
    from portals.services import grantees

    grantees.admit_to_team(
        actor=actor,
        team=team,
        membership=membership,
        reason=reason,
        signed_in_at=signed_in_at,
        conditions_checked_at=conditions_checked_at,
    )


def _team_ending(*, team: Any, **_: Any) -> dict[str, Any]:
    from portals.services import grantees

    return grantees.drop_grants_of_team(team=team)


def _locked_out(*, user: Any, **_: Any) -> None:
    from allauth.idp.oidc.models import Token

    Token.objects.filter(user=user).delete()


def _announce_endings(**_: Any) -> None:
    from portals.services import grant_expiry

    grant_expiry.announce_expiring_grants()


def _run_reviews(**_: Any) -> None:
    from portals.services import reviews

    reviews.run_reviews()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    accounts_signals.periodic_tick.connect(_announce_endings, dispatch_uid="portals endings")
    accounts_signals.periodic_tick.connect(_run_reviews, dispatch_uid="portals reviews")
    accounts_signals.membership_began.connect(_began, dispatch_uid="portals")
    accounts_signals.membership_ended.connect(_ended, dispatch_uid="portals")
    accounts_signals.offboarding_due.connect(_offboarding_due, dispatch_uid="portals")
    accounts_signals.membership_restoring.connect(_returning, dispatch_uid="portals")
    accounts_signals.team_restoring.connect(_returning, dispatch_uid="portals")
    accounts_signals.request_approved.connect(_approved, dispatch_uid="portals")
    accounts_signals.team_member_joining.connect(_joining, dispatch_uid="portals")
    accounts_signals.team_ending.connect(_team_ending, dispatch_uid="portals")
    accounts_signals.access_revoked.connect(_locked_out, dispatch_uid="portals")
