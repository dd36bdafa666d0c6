"""What somebody holds who is about to leave, and what is planned for it."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.choices import LeavingState
from accounts.models import HandedTeam, Leaving, Membership, Request, Team
from accounts.selectors import teams_with
from portals.models import HandedGrant, PersonGrant
from portals.selectors.privileges import sensitive_among


@dataclass(frozen=True)
class Thing:
    """One thing of a leaver's that somebody can take over: a right, or a place in a team."""

    key: str  # `g` or `t` and the row's key, as the form names it
    grant: PersonGrant | None = None
    team: Team | None = None
    sensitive: bool = False

    def __str__(self) -> str:
        if self.grant is None:
            return str(self.team)
        return in_words(self.grant)


def in_words(grant: PersonGrant) -> str:
    """A right, the thing it is on and the portal that is in."""
    thing = grant.content_object
    return f"“{grant.permission.privilege}” ({thing}, {thing.subscription.portal})"


def things_of(membership: Membership) -> list[Thing]:
    """Teams first, then every right given directly that is not over, portal by portal."""
    grants = list(
        PersonGrant.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
            user=membership.user_id,
            content_object__subscription__customer=membership.customer_id,
        )
        .select_related(
            "permission__privilege__portal",
            "content_object__resource_type",
            "content_object__subscription__portal",
        )
        .order_by("content_object__subscription__portal__slug", "content_object__name", "pk")
    )
    sensitive = sensitive_among([grant.permission.privilege for grant in grants])
    teams = [Thing(key=f"t{team.pk}", team=team) for team in teams_with(membership)]
    return teams + [
        Thing(key=f"g{grant.pk}", grant=grant, sensitive=grant.permission_id in sensitive)
        for grant in grants
    ]


def waiting_requests_by(membership: Membership) -> QuerySet[Request]:
    """What this person asked for and nobody has answered: it ends with the membership."""
    return membership.requests.open().order_by("pk")


def planned_leaving(membership: Membership) -> Leaving | None:
    """The leaving that is planned for this person, if one is."""
    return (
        Leaving.objects.filter(membership=membership, state=LeavingState.OPEN)
        .select_related("planned_by")
        .first()
    )


def handed_on(leaving: Leaving) -> list[HandedTeam | HandedGrant]:
    """Every row of a plan, each with `words` and `receiver`."""
    teams = HandedTeam.objects.filter(leaving=leaving).select_related("receiver").order_by("pk")
    grants = HandedGrant.objects.filter(leaving=leaving).select_related("receiver").order_by("pk")
    return [*teams, *grants]
