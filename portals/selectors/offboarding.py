"""The grants and teams of a person who is about to leave, and who takes them over."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, DateTimeField
from django.utils import timezone

from accounts.choices import OffboardingState
from accounts.models import AccessRequest, Membership, Offboarding, ReassignedTeam, Team
from accounts.selectors import teams_with
from accounts.selectors.composed import ComposedQuery
from portals.choices import ROOT_TYPE
from portals.models import PersonGrant, ReassignedGrant, Resource
from portals.selectors.effective_access import own_grants
from portals.selectors.privileges import sensitive_among


@dataclass(frozen=True)
class OffboardingItem:
    """A grant or a team place of a leaver that a colleague can take over."""

    key: str  # `g` for a grant or `t` for a team, then the row's key; the form's value
    grant: PersonGrant | None = None
    team: Team | None = None
    sensitive: bool = False

    def __str__(self) -> str:
        if self.grant is None:
            return str(self.team)
        return describe_grant(self.grant)


def describe_grant(grant: PersonGrant) -> str:
    """Return the privilege, the resource and the portal of a grant in words."""
    privilege = grant.permission.privilege
    if privilege.resource_type.code == ROOT_TYPE:
        return f"“{privilege}” ({grant.place})"
    return f"“{privilege}” ({grant.place}, {privilege.resource_type.portal})"


def offboarding_items_of(membership: Membership) -> list[OffboardingItem]:
    """Return the leaver's teams, then their own unexpired grants by portal."""
    grants = _GRANTS.rows(
        user=membership.user_id, customer=membership.customer_id, now=timezone.now()
    )
    sensitive = sensitive_among([grant.permission.privilege for grant in grants])
    teams = [OffboardingItem(key=f"t{team.pk}", team=team) for team in teams_with(membership)]
    return teams + [
        OffboardingItem(key=f"g{grant.pk}", grant=grant, sensitive=grant.permission_id in sensitive)
        for grant in grants
    ]


_GRANTS = ComposedQuery(
    lambda **of: (
        own_grants(**of)
        .select_related(
            "permission__privilege__resource_type__portal",
            "content_object__resource_type",
            "content_object__subscription__portal",
        )
        .order_by("content_object__subscription__portal__slug", "content_object__name", "pk")
    ),
    user=BigIntegerField(),
    customer=BigIntegerField(),
    now=DateTimeField(),
)


def resources_owned_by(membership: Membership) -> list[Resource]:
    """Return what a portal reported as this person's own; that ends with the membership."""
    return _OWNED.rows(owner=membership.pk)


def waiting_requests_by(membership: Membership) -> list[AccessRequest]:
    """Return the open requests of this person; they end with the membership."""
    return _WAITING.rows(membership=membership.pk)


def planned_offboarding(membership: Membership) -> Offboarding | None:
    """Return the offboarding that is planned for this person, if any."""
    return _PLANNED.first(membership=membership.pk)


_OWNED = ComposedQuery(
    lambda owner: (
        Resource.objects.filter(owner=owner)
        .select_related("resource_type__portal")
        .order_by("resource_type__portal__slug", "resource_type_id", "name", "pk")
    ),
    owner=BigIntegerField(),
)
_WAITING = ComposedQuery(
    lambda membership: AccessRequest.objects.open().filter(membership=membership).order_by("pk"),
    membership=BigIntegerField(),
)
_PLANNED = ComposedQuery(
    lambda membership: (
        Offboarding.objects.filter(membership=membership, state=OffboardingState.OPEN)
        .select_related("planned_by")
        .order_by("pk")
    ),
    membership=BigIntegerField(),
)


def reassignments_of(offboarding: Offboarding) -> list[ReassignedTeam | ReassignedGrant]:
    """Return every row of a plan, each with `words` and `receiver`."""
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
