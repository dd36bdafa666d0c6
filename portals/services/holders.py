"""Who holds rights, coming and going: leavers, teams that end, and who joins one."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Membership, Team, User
from accounts.services.audit import record_event
from portals.models import PersonGrant, TeamGrant
from portals.selectors.privileges import is_sensitive
from portals.services.grants import GrantRefused, described


def _dropped(grants: Iterable[PersonGrant | TeamGrant]) -> list[dict[str, Any]]:
    """What the trail keeps of grants that end together."""
    return [
        {
            "codename": grant.permission.privilege.codename,
            "resource": str(grant.content_object),
            "resource_id": grant.content_object_id,
            **described(grant),
        }
        for grant in grants
    ]


def drop_grants_of_leaver(*, actor: User, membership: Membership) -> None:
    """Delete every grant and registration of a leaver in this customer, and say so in the trail."""
    grants = PersonGrant.objects.filter(
        user=membership.user, content_object__subscription__customer=membership.customer_id
    ).select_related("content_object", "permission__privilege")
    dropped = _dropped(grants)
    if not dropped:
        return
    grants.delete()
    record_event(
        kind="grants.dropped",
        actor=actor,
        customer=membership.customer,
        person=membership.user,
        count=len(dropped),
        cause={"en": "left the company", "fr": "départ de l’entreprise"},
        grants=dropped,
    )


def drop_grants_of_team(*, team: Team) -> dict[str, Any]:
    """Delete every grant of a team that ends; out: what the event of its end says of them."""
    grants = TeamGrant.objects.filter(group=team.group_id).select_related(
        "content_object", "permission__privilege"
    )
    dropped = _dropped(grants.order_by("pk"))
    grants.delete()
    return {"rights": len(dropped), "grants": dropped}


def refuse_joining_for_oneself(*, actor: User, team: Team, membership: Membership) -> None:
    """No detour: nobody joins a team themselves to gain what they may not give themselves (B9)."""
    if membership.user_id != actor.pk:
        return
    for grant in TeamGrant.objects.filter(group=team.group).select_related("permission__privilege"):
        if is_sensitive(grant.permission.privilege):
            raise GrantRefused(
                _("This team holds a sensitive right. Ask a colleague to add you to it.")
            )
