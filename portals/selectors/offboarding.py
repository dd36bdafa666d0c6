"""What somebody holds who is about to leave, and what is planned for it."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.choices import OffboardingState
from accounts.models import AccessRequest, Membership, Offboarding, ReassignedTeam, Team
from accounts.selectors import teams_with
from portals.models import PersonGrant, ReassignedGrant
from portals.selectors.privileges import sensitive_among


@dataclass(frozen=True)
class OffboardingItem:
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
    resource = grant.content_object
    return f"“{grant.permission.privilege}” ({resource}, {resource.subscription.portal})"


def offboarding_items_of(membership: Membership) -> list[OffboardingItem]:
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
    teams = [OffboardingItem(key=f"t{team.pk}", team=team) for team in teams_with(membership)]
    return teams + [
        OffboardingItem(key=f"g{grant.pk}", grant=grant, sensitive=grant.permission_id in sensitive)
        for grant in grants
    ]


def waiting_requests_by(membership: Membership) -> QuerySet[AccessRequest]:
    """What this person asked for and nobody has answered: it ends with the membership."""
    return membership.requests.open().order_by("pk")


def planned_offboarding(membership: Membership) -> Offboarding | None:
    """The leaving that is planned for this person, if one is."""
    return (
        Offboarding.objects.filter(membership=membership, state=OffboardingState.OPEN)
        .select_related("planned_by")
        .first()
    )


def reassignments_of(offboarding: Offboarding) -> list[ReassignedTeam | ReassignedGrant]:
    """Every row of a plan, each with `words` and `receiver`."""
    teams = (
        ReassignedTeam.objects.filter(offboarding=offboarding)
        .select_related("receiver")
        .order_by("pk")
    )
    grants = (
        ReassignedGrant.objects.filter(offboarding=offboarding)
        .select_related("receiver")
        .order_by("pk")
    )
    return [*teams, *grants]
