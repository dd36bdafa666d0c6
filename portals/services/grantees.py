"""Who holds rights, coming and going: leavers, teams that end, and who joins one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Membership, Team, User
from accounts.permissions import require_fresh_sign_in
from portals import emails
from portals.models import PersonGrant, TeamGrant
from portals.selectors.privileges import sensitive_among
from portals.services.grants import GrantRefused, terms_event_data


def _dropped(grants: Iterable[PersonGrant | TeamGrant]) -> list[dict[str, Any]]:
    """What the trail keeps of grants that end together."""
    return [
        {
            "codename": grant.permission.privilege.codename,
            "resource": str(grant.content_object),
            "resource_id": grant.content_object_id,
            **terms_event_data(grant),
        }
        for grant in grants
    ]


def drop_grants_of_leaver(*, membership: Membership) -> dict[str, Any]:
    """Delete every grant and registration of a leaver in this customer.

    Out: what the event of their leaving says of them.
    """
    grants = PersonGrant.objects.filter(
        user=membership.user, content_object__subscription__customer=membership.customer_id
    ).select_related("content_object", "permission__privilege")
    dropped = _dropped(grants.order_by("pk"))
    grants.delete()
    return {"rights": len(dropped), "grants": dropped}


def drop_grants_of_team(*, team: Team) -> dict[str, Any]:
    """Delete every grant of a team that ends; out: what the event of its end says of them."""
    grants = TeamGrant.objects.filter(group=team.group_id).select_related(
        "content_object", "permission__privilege"
    )
    dropped = _dropped(grants.order_by("pk"))
    grants.delete()
    return {"rights": len(dropped), "grants": dropped}


def check_joining(
    *,
    actor: User,
    team: Team,
    membership: Membership | None,
    reason: str,
    signed_in_at: datetime | None,
    conditions_checked_at: datetime | None = None,
) -> None:
    """No detour: a sensitive right gained by joining a team is given like any other (B9).

    Nobody joins by themselves what they may not give themselves; others join with a reason, after
    a fresh sign-in, and those concerned are told. Without a membership it is someone invited, who
    is told when they join. What the team gained after `conditions_checked_at`, when that care was
    taken, is not meant. Raises GrantRefused or FreshSignInRequired.
    """
    grants = TeamGrant.objects.filter(group=team.group).select_related(
        "permission__privilege__portal", "content_object__subscription__customer"
    )
    wanting_care = sensitive_among([grant.permission.privilege for grant in grants])
    sensitive = [grant for grant in grants if grant.permission_id in wanting_care]
    if not sensitive:
        return
    if conditions_checked_at is not None and any(
        grant.granted_at > conditions_checked_at for grant in sensitive
    ):
        raise GrantRefused(
            _("This team has gained a sensitive right since. Add them to it once more.")
        )
    if membership is not None and membership.user_id == actor.pk:
        raise GrantRefused(
            _("This team holds a sensitive right. Ask a colleague to add you to it.")
        )
    if not reason.strip():
        raise GrantRefused(
            {"reason": _("This team holds a sensitive right. Please say why they need it.")}
        )
    require_fresh_sign_in(signed_in_at)
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
