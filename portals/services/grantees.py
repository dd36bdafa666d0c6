"""Grants that follow people and teams: leavers, deleted teams, and people who join a team."""

from datetime import datetime
from typing import Any

from accounts.models import Membership, Team, User
from portals import emails
from portals.models import PersonGrant, TeamGrant
from portals.permissions import require_sensitive_team_conditions
from portals.selectors.losses import ended_grants


def drop_grants_of_leaver(*, membership: Membership) -> dict[str, Any]:
    """Delete the grants and registrations of a leaver, and return their event data."""
    grants = PersonGrant.with_removed.filter(
        user=membership.user, content_object__subscription__customer=membership.customer_id
    ).select_related("content_object", "permission__privilege", "granted_by")
    dropped = ended_grants(membership.customer, grants.order_by("pk"))
    grants.delete()
    return {"privileges": len(dropped), "grants": dropped}


def drop_grants_of_team(*, team: Team) -> dict[str, Any]:
    """Delete the grants of a team that is deleted, and return their event data."""
    grants = TeamGrant.with_removed.filter(group=team.group_id).select_related(
        "content_object", "permission__privilege", "granted_by"
    )
    dropped = ended_grants(team.customer, grants.order_by("pk"))
    grants.delete()
    return {"privileges": len(dropped), "grants": dropped}


def admit_to_team(
    *,
    actor: User,
    team: Team,
    membership: Membership | None,
    reason: str,
    signed_in_at: datetime | None,
    conditions_checked_at: datetime | None = None,
) -> None:
    """Check that somebody may join a team, and tell those concerned of its sensitive grants.

    An invited person (`membership` None) is told when they join. Raises GrantRefused or
    FreshSignInRequired, as require_sensitive_team_conditions.
    """
    sensitive = require_sensitive_team_conditions(
        actor=actor,
        team=team,
        membership=membership,
        reason=reason,
        signed_in_at=signed_in_at,
        conditions_checked_at=conditions_checked_at,
    )
    if membership is None:
        return
    for grant in sensitive:
        emails.tell_about_sensitive_grant(
            actor,
            [membership.user_id],
            grant.permission.privilege,
            grant.content_object,
            reason,
        )
