"""A user's permissions and requests in a company, as Home shows them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from accounts.models import AccessRequest, Membership
from portals.models import PersonGrant, Privilege, TeamGrant
from portals.selectors.roots import opens_a_portal

MOST = 8  # permissions; the person's own page has all
MOST_OWNED = 60  # permissions on owned resources that are looked at
REQUESTS = 5
_RELATED = (
    "permission__privilege__portal",
    "permission__privilege__resource_type__portal",
    "content_object",
)


@dataclass(frozen=True)
class Own:
    """The permissions of a user, in phrases, and their latest requests."""

    phrases: list[str]  # "change DNS of alder.example"
    has_more: bool
    requests: list[AccessRequest]


def own_of(membership: Membership) -> Own:
    """Return what the person of a membership can do and has asked for there."""
    phrases = list(dict.fromkeys(_phrases(membership)))
    return Own(
        phrases=phrases[:MOST],
        has_more=len(phrases) > MOST,
        requests=list(
            membership.requests.select_related("membership", "customer").order_by("-pk")[:REQUESTS]
        ),
    )


def _phrases(membership: Membership) -> list[str]:
    """Return the phrases of owned resources, of own grants and of those of teams, some of each."""
    here: dict[str, Any] = {"content_object__subscription__customer": membership.customer_id}
    own = PersonGrant.objects.in_force().filter(user=membership.user_id, **here)
    team = TeamGrant.objects.in_force().filter(
        group__team__team_memberships__membership=membership, **here
    )
    grants = [
        grant
        for rows in (own, team)
        for grant in rows.exclude(opens_a_portal("permission__privilege"))
        .select_related(*_RELATED)
        .order_by("content_object__name", "pk")[: MOST + 1]
    ]
    return [
        *_phrases_of_owned(membership),
        *(grant.permission.privilege.phrase(grant.place) for grant in grants),
    ]


def _phrases_of_owned(membership: Membership) -> list[str]:
    """Return what the person can do with their own mailboxes: the last permission includes most."""
    privileges = (
        Privilege.objects.filter(
            held_by_owner=True,
            resource_type__resources__owner=membership,
            resource_type__resources__removed_at=None,
        )
        .annotate(resource=F("resource_type__resources__name"))
        .order_by("resource", "position")[:MOST_OWNED]
    )
    largest = {row.resource: row for row in privileges}
    return [privilege.phrase(name) for name, privilege in largest.items()]
