"""Rights in words: what a person or a team holds on a thing, and where each right comes from.

The decision (portals/decision) is the truth; this explains it for pages. A property test holds
the two equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, Team, TeamMembership
from accounts.selectors import teams_of
from portals.choices import Reason
from portals.models import (
    PersonGrant,
    Privilege,
    PrivilegeInclusion,
    Resource,
    ResourceAncestor,
    TeamGrant,
)
from portals.selectors.grant_expiry import SOON

Grantee = Membership | Team


@dataclass(frozen=True)
class Origin:
    """One source of one right. `grant` is None for a right that comes with the role.

    `team` is the one a person holds it through; what a team holds itself is given directly.
    """

    reason: Reason
    grant: PersonGrant | TeamGrant | None = None
    given: Privilege | None = None  # the granted privilege, when the right is included in it
    resource: Resource | None = None  # the resource above, when the right comes from there
    team: Team | None = None
    in_force: bool = True

    @property
    def ends_soon(self) -> bool:
        """Whether its end is near: the page offers to renew it."""
        if self.grant is None or self.grant.expires_at is None or not self.in_force:
            return False
        return bool(self.grant.expires_at <= timezone.now() + SOON)


@dataclass
class EffectivePrivilege:
    """A privilege someone holds on one resource, with every source."""

    privilege: Privilege
    origins: list[Origin]

    @property
    def in_force(self) -> bool:
        """Whether at least one source counts at this moment."""
        return any(origin.in_force for origin in self.origins)

    @property
    def ends_soon(self) -> bool:
        """Whether every source that counts now ends soon."""
        counting = [origin for origin in self.origins if origin.in_force]
        return bool(counting) and all(origin.ends_soon for origin in counting)


@dataclass
class EffectiveAccess:
    """One resource with what someone holds on it, and what is given here for things below it."""

    resource: Resource
    held: list[EffectivePrivilege]
    passed_down: list[Origin]


def _in_force(grant: PersonGrant | TeamGrant) -> bool:
    now = timezone.now()
    started = grant.starts_at is None or grant.starts_at <= now
    return started and (grant.expires_at is None or now < grant.expires_at)


def not_over() -> Q:
    """Grants worth showing: in force, or still to come."""
    return Q(expires_at=None) | Q(expires_at__gt=timezone.now())


def explain(grantee: Grantee, resources: Sequence[Resource]) -> list[EffectiveAccess]:
    """What this person or team holds on each of these resources of their customer, by origin.

    Rights that only begin later are listed, not in force.
    """
    return explain_all([grantee], resources)[grantee]


def explain_all(
    grantees: Sequence[Grantee], resources: Sequence[Resource]
) -> dict[Grantee, list[EffectiveAccess]]:
    """`explain` for many people and teams of one customer; six queries in all."""
    privileges: dict[int, list[Privilege]] = {}
    for privilege in Privilege.objects.filter(
        resource_type__in={resource.resource_type_id for resource in resources}
    ).select_related("portal", "resource_type"):
        privileges.setdefault(privilege.resource_type_id, []).append(privilege)
    above = _ancestors_of(resources)
    givers = _includers_of([one for many in privileges.values() for one in many])
    sources = _sources(grantees, {pk for pks in above.values() for pk in pks})
    result: dict[Grantee, list[EffectiveAccess]] = {}
    for grantee in grantees:
        of_grantee = sources.get(grantee, {})
        rights = []
        for resource in resources:
            reaching = [one for pk in above[resource.pk] for one in of_grantee.get(pk, [])]
            own = privileges.get(resource.resource_type_id, [])
            held = [
                EffectivePrivilege(privilege, _origins(grantee, privilege, resource, found))
                for privilege in own
                if (found := [s for s in reaching if s[0].permission_id in givers[privilege.pk]])
                or _by_role(grantee, privilege)
            ]
            passed_down = [
                _origin(grant, team, given=grant.permission.privilege)
                for grant, team in of_grantee.get(resource.pk, [])
                if grant.permission.privilege.resource_type_id != resource.resource_type_id
            ]
            rights.append(EffectiveAccess(resource, held, passed_down))
        result[grantee] = rights
    return result


def _is_super_user(grantee: Grantee) -> bool:
    return isinstance(grantee, Membership) and grantee.is_super_user


def _by_role(grantee: Grantee, privilege: Privilege) -> bool:
    return _is_super_user(grantee) and privilege.held_by_super_user


def _ancestors_of(resources: Iterable[Resource]) -> dict[int, list[int]]:
    above: dict[int, list[int]] = {resource.pk: [] for resource in resources}
    for resource, ancestor in ResourceAncestor.objects.filter(resource__in=above).values_list(
        "resource_id", "ancestor_id"
    ):
        above[resource].append(ancestor)
    return above


def _includers_of(privileges: Iterable[Privilege]) -> dict[int, set[int]]:
    givers: dict[int, set[int]] = {privilege.pk: set() for privilege in privileges}
    for giver, included in PrivilegeInclusion.objects.filter(included__in=givers).values_list(
        "privilege_id", "included_id"
    ):
        givers[included].add(giver)
    return givers


Source = tuple[Any, Team | None]  # a grant, and the team it came through


def _sources(
    grantees: Sequence[Grantee], resources: set[int]
) -> dict[Grantee, dict[int, list[Source]]]:
    """holder → resource pk → the grants there that reach this person or team."""
    related = (
        "permission__privilege__portal",
        "permission__privilege__resource_type",
        "content_object__resource_type",
        "granted_by",
    )
    found: dict[Grantee, dict[int, list[Source]]] = {}
    people = {grantee.user_id: grantee for grantee in grantees if isinstance(grantee, Membership)}
    members = {membership.pk: membership for membership in people.values()}
    person = PersonGrant.objects.filter(
        not_over(), content_object__in=resources, user__in=people
    ).select_related(*related)
    for grant in person:
        rows = found.setdefault(people[grant.user_id], {})
        rows.setdefault(grant.content_object_id, []).append((grant, None))
    # Through which team, where the holder is a person; what a team holds itself is its own.
    of_group: dict[int, list[tuple[Grantee, Team | None]]] = {
        grantee.group_id: [(grantee, None)] for grantee in grantees if isinstance(grantee, Team)
    }
    for row in TeamMembership.objects.filter(membership__in=members).select_related("team"):
        through = of_group.setdefault(row.team.group_id, [])
        through.append((members[row.membership_id], row.team))
    team = TeamGrant.objects.filter(
        not_over(), content_object__in=resources, group__in=of_group
    ).select_related(*related)
    for team_grant in team:
        for grantee, through_team in of_group[team_grant.group_id]:
            rows = found.setdefault(grantee, {})
            rows.setdefault(team_grant.content_object_id, []).append((team_grant, through_team))
    return found


def _origins(
    grantee: Grantee, privilege: Privilege, resource: Resource, sources: Iterable[Source]
) -> list[Origin]:
    origins = [Origin(Reason.ROLE)] if _by_role(grantee, privilege) else []
    for grant, team in sources:
        given = None if grant.permission_id == privilege.pk else grant.permission.privilege
        above = None if grant.content_object_id == resource.pk else grant.content_object
        origins.append(_origin(grant, team, given=given, above=above))
    return origins


def _origin(
    grant: Any, team: Team | None, *, given: Privilege | None, above: Resource | None = None
) -> Origin:
    return Origin(
        reason=Reason.GRANT if team is None else Reason.TEAM,
        grant=grant,
        given=given,
        resource=above,
        team=team,
        in_force=_in_force(grant),
    )


def grants_of(grantee: Grantee, *, through_teams: bool = True) -> list[QuerySet[Any]]:
    """The grants that count for this person or team, now or later, wherever they are."""
    if isinstance(grantee, Team):
        return [grants_of_team(grantee)]
    own = PersonGrant.objects.filter(
        not_over(),
        user=grantee.user_id,
        content_object__subscription__customer=grantee.customer_id,
    )
    if not through_teams:
        return [own]
    members = {"group__team__team_memberships__membership": grantee}
    return [own, TeamGrant.objects.filter(not_over(), **members)]


def grants_of_team(team: Team) -> QuerySet[TeamGrant]:
    """What a team holds itself, now or later."""
    return TeamGrant.objects.filter(not_over(), group=team.group_id)


def people_on(resource: Resource) -> QuerySet[Membership]:
    """Everyone of the customer whom a right on this thing, or above it, reaches in some way."""
    above = resource.ancestors.values("ancestor_id")
    here = {"content_object__in": above}
    by_grant = Q(user__in=PersonGrant.objects.filter(not_over(), **here).values("user_id")) | Q(
        pk__in=TeamMembership.objects.filter(
            team__group__in=TeamGrant.objects.filter(not_over(), **here).values("group_id")
        ).values("membership_id")
    )
    by_role = Q(role="super_user") if _any_by_role(resource) else Q(pk=None)
    return (
        Membership.objects.present()
        .filter(by_grant | by_role, customer=resource.subscription.customer_id)
        .select_related("user", "customer")
        .order_by("search_name", "pk")
    )


def teams_on(resource: Resource) -> QuerySet[Team]:
    """Every team that holds something on this thing, or above it."""
    grants = TeamGrant.objects.filter(
        not_over(), content_object__in=resource.ancestors.values("ancestor_id")
    )
    return teams_of(resource.subscription.customer).filter(group__in=grants.values("group_id"))


def _any_by_role(resource: Resource) -> bool:
    return Privilege.objects.filter(
        resource_type=resource.resource_type_id, held_by_super_user=True
    ).exists()
