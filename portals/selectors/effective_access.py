"""The privileges a person or a team has on a resource, each with its origins, for pages.

The decision (portals/decision) is what counts. A property test checks that this agrees with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Membership, Team, TeamMembership
from accounts.selectors.composed import Given
from portals.choices import Reason
from portals.models import (
    PersonGrant,
    Privilege,
    Resource,
    ResourceAncestor,
    TeamGrant,
)
from portals.selectors.grant_expiry import ENDS_SOON
from portals.selectors.manifest import Manifest, manifest_of

Grantee = Membership | Team


@dataclass(frozen=True)
class Origin:
    """One reason why somebody has a privilege. `grant` is None for the role and for an owner.

    `team` is the team a person has it through; a team's own grants have none.
    """

    reason: Reason
    grant: PersonGrant | TeamGrant | None = None
    given: Privilege | None = None  # the granted privilege, where it includes this one
    resource: Resource | None = None  # the resource above, where the grant is on that one
    team: Team | None = None
    in_force: bool = True

    @property
    def ends_soon(self) -> bool:
        """Whether it is in force and ends within ENDS_SOON, so that pages offer to renew it."""
        if self.grant is None or self.grant.expires_at is None or not self.in_force:
            return False
        return bool(self.grant.expires_at <= timezone.now() + ENDS_SOON)


@dataclass
class EffectivePrivilege:
    """A privilege that somebody has on one resource, with every origin."""

    privilege: Privilege
    origins: list[Origin]

    @property
    def in_force(self) -> bool:
        """Whether at least one origin counts at this moment."""
        return any(origin.in_force for origin in self.origins)

    @property
    def ends_soon(self) -> bool:
        """Whether every origin that counts now ends soon."""
        in_force = [origin for origin in self.origins if origin.in_force]
        return bool(in_force) and all(origin.ends_soon for origin in in_force)


@dataclass
class EffectiveAccess:
    """One resource with somebody's privileges on it.

    `of_type` are all privileges of its type, which somebody may have or lack, and `sensitive` the
    keys of those that are sensitive or include a sensitive one. `passed_down` are the grants on
    this resource that are about resources below it.
    """

    resource: Resource
    of_type: list[Privilege]
    privileges: list[EffectivePrivilege]
    passed_down: list[Origin]
    sensitive: set[int]


def explain(grantee: Grantee, resources: Sequence[Resource]) -> list[EffectiveAccess]:
    """Return the access of a person or team to each of these resources of their customer.

    Grants that begin later are listed too, and are not in force.
    """
    return explain_all([grantee], resources)[grantee]


def explain_all(
    grantees: Sequence[Grantee], resources: Sequence[Resource], manifest: Manifest | None = None
) -> dict[Grantee, list[EffectiveAccess]]:
    """Return the access of many people and teams of one customer, in six queries.

    `manifest` has the portals of the resources; without it, it is read.
    """
    if manifest is None:
        manifest = manifest_of(resource.resource_type.portal_id for resource in resources)
    ancestors = _ancestors_of(resources)
    privileges = {
        resource.resource_type_id: manifest.of_type(resource.resource_type_id)
        for resource in resources
    }
    includers = {
        privilege.pk: manifest.includers(privilege.pk)
        for of_type in privileges.values()
        for privilege in of_type
    }
    sources = _sources(grantees, {pk for pks in ancestors.values() for pk in pks}, manifest)
    result: dict[Grantee, list[EffectiveAccess]] = {}
    for grantee in grantees:
        of_grantee = sources.get(grantee, {})
        access = []
        for resource in resources:
            reaching = [
                source for pk in ancestors[resource.pk] for source in of_grantee.get(pk, [])
            ]
            effective = []
            of_type = privileges[resource.resource_type_id]
            for privilege in of_type:
                giving = [
                    source
                    for source in reaching
                    if source[0].permission_id in includers[privilege.pk]
                ]
                if giving or _without_grant(grantee, privilege, resource):
                    origins = _origins(grantee, privilege, resource, giving, manifest)
                    effective.append(EffectivePrivilege(privilege, origins))
            passed_down = [
                _origin(grant, team, given=privilege)
                for grant, team in of_grantee.get(resource.pk, [])
                if (privilege := manifest.privileges[grant.permission_id]).resource_type_id
                != resource.resource_type_id
            ]
            sensitive = {row.pk for row in of_type if manifest.is_sensitive(row.pk)}
            access.append(EffectiveAccess(resource, of_type, effective, passed_down, sensitive))
        result[grantee] = access
    return result


def _is_super_user(grantee: Grantee) -> bool:
    return isinstance(grantee, Membership) and grantee.is_super_user


def _without_grant(grantee: Grantee, privilege: Privilege, resource: Resource) -> list[Reason]:
    """Return why somebody has a privilege that nobody gave them."""
    reasons = []
    if _is_super_user(grantee) and privilege.held_by_super_user:
        reasons.append(Reason.ROLE)
    if owns(grantee, resource) and privilege.held_by_owner:
        reasons.append(Reason.OWNER)
    return reasons


def owns(grantee: Grantee, resource: Resource) -> bool:
    """Return whether the portal reported that a resource is this person's own."""
    return isinstance(grantee, Membership) and resource.owner_id == grantee.pk


def _ancestors_of(resources: Iterable[Resource]) -> dict[int, list[int]]:
    """Return resource key → the keys of those above it, from the top, and its own.

    They are asked for where the parents were not read with the resources.
    """
    loaded = {resource.pk: resource for resource in resources}
    for resource in list(loaded.values()):
        if Resource.parent.is_cached(resource) and resource.parent is not None:
            loaded.setdefault(resource.parent.pk, resource.parent)
    ancestors: dict[int, list[int]] = {}
    unknown = []
    for resource in resources:
        path, above = [resource.pk], resource.parent_id
        while above in loaded:
            path.insert(0, above)
            above = loaded[above].parent_id
        ancestors[resource.pk] = path if above is None else []
        if above is not None:
            unknown.append(resource.pk)
    for pk, ancestor in ResourceAncestor.objects.filter(resource__in=unknown).values_list(
        "resource_id", "ancestor_id"
    ):
        ancestors[pk].append(ancestor)
    return ancestors


Source = tuple[Any, Team | None]  # a grant, and the team it came through


def _sources(
    grantees: Sequence[Grantee], resources: set[int], manifest: Manifest
) -> dict[Grantee, dict[int, list[Source]]]:
    """Return grantee → resource key → the unexpired grants of this person or team there."""
    related = ("content_object__resource_type", "granted_by")
    sources: dict[Grantee, dict[int, list[Source]]] = {}
    people = {grantee.user_id: grantee for grantee in grantees if isinstance(grantee, Membership)}
    members = {membership.pk: membership for membership in people.values()}
    person_grants = (
        PersonGrant.objects.unexpired()
        .filter(content_object__in=resources, permission__in=manifest.privileges, user__in=people)
        .select_related(*related)
    )
    for grant in person_grants:
        rows = sources.setdefault(people[grant.user_id], {})
        rows.setdefault(grant.content_object_id, []).append((grant, None))
    # The team is None where the grantee is the team itself.
    of_group: dict[int, list[tuple[Grantee, Team | None]]] = {
        grantee.group_id: [(grantee, None)] for grantee in grantees if isinstance(grantee, Team)
    }
    of_teams = TeamGrant.objects.unexpired().filter(
        content_object__in=resources, permission__in=manifest.privileges
    )
    for row in TeamMembership.objects.filter(
        membership__in=members, team__group__in=of_teams.values("group")
    ).select_related("team"):
        of_group.setdefault(row.team.group_id, []).append((members[row.membership_id], row.team))
    for team_grant in of_teams.filter(group__in=of_group).select_related(*related):
        for grantee, team in of_group[team_grant.group_id]:
            rows = sources.setdefault(grantee, {})
            rows.setdefault(team_grant.content_object_id, []).append((team_grant, team))
    return sources


def _origins(
    grantee: Grantee,
    privilege: Privilege,
    resource: Resource,
    sources: Iterable[Source],
    manifest: Manifest,
) -> list[Origin]:
    origins = [Origin(reason) for reason in _without_grant(grantee, privilege, resource)]
    for grant, team in sources:
        is_itself = grant.permission_id == privilege.pk
        given = None if is_itself else manifest.privileges[grant.permission_id]
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
        in_force=grant.is_in_force,
    )


def grants_of(grantee: Grantee) -> list[QuerySet[Any]]:
    """Return the unexpired grants of a person, with those of their teams, or of a team."""
    if isinstance(grantee, Team):
        return [grants_of_team(grantee.group_id)]
    return [
        own_grants(grantee.user_id, grantee.customer_id),
        grants_through_teams(grantee.pk),
    ]


def own_grants(
    user: int | Given, customer: int | Given, now: Given | None = None
) -> QuerySet[PersonGrant]:
    """Return the unexpired grants that a person has themselves in a customer (both by key)."""
    return PersonGrant.objects.unexpired(now).filter(
        user=user, content_object__subscription__customer=customer
    )


def grants_through_teams(membership: int | Given, now: Given | None = None) -> QuerySet[TeamGrant]:
    """Return the unexpired grants of the teams of a membership (its key)."""
    return TeamGrant.objects.unexpired(now).filter(
        group__team__team_memberships__membership=membership
    )


def grants_of_team(group: int | Given, now: Given | None = None) -> QuerySet[TeamGrant]:
    """Return the unexpired grants of a team, by the key of its group."""
    return TeamGrant.objects.unexpired(now).filter(group=group)
