"""The people and teams with a grant, a role or an ownership that reaches a resource."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateTimeField,
    Exists,
    F,
    Func,
    Q,
    QuerySet,
)
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Customer, Membership, Team, TeamMembership
from accounts.models.search import matching
from accounts.selectors import teams_of
from accounts.selectors.composed import ComposedQuery, Given, any_of, numbered
from accounts.selectors.paging import Page, Part, page_by_name
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors.manifest import Manifest, manifest_of

MAX_TEAMS = 100
PEOPLE_SIZE = 25  # on a page, each with a row for all that they have
MANY = 1000  # grants, from which on people are sought by name


@dataclass(frozen=True)
class ResourceReach:
    """A resource, with the resources and privileges by whose grants somebody reaches it.

    A grant above it counts where its privilege is about the type of the resource, or about one of
    the types of what can be in it.
    """

    resource: Resource
    sources: dict[int, Resource]  # the resource itself and those above it, by key
    manifest: Manifest

    @classmethod
    def of(cls, resource: Resource, above: Iterable[Resource]) -> "ResourceReach":
        """Return the reach of a resource; `above` are the resources above it."""
        manifest = manifest_of([resource.subscription.portal_id])
        sources = {row.pk: row for row in [*above, resource]}
        for row in sources.values():
            row.resource_type = manifest.types[row.resource_type_id]
        return cls(resource, sources, manifest)

    @property
    def customer(self) -> Customer:
        """The company that has the resource."""
        return self.resource.subscription.customer

    @property
    def privileges(self) -> list[Privilege]:
        """The privileges of its own type."""
        return self.manifest.of_type(self.resource.resource_type_id)

    def grants_to(self, grants: QuerySet[Any]) -> QuerySet[Any]:
        """Return those grants that reach it and have not expired.

        Keys are told as they are, so that the database knows whether many have such a grant.
        """
        return grants.filter(
            content_object__in=sorted(self.sources), permission__in=self.permissions
        )

    def pairs_of(self, grants: QuerySet[PersonGrant]) -> QuerySet[PersonGrant]:
        """Return those of `grants_to`, found pair by pair of resource and permission.

        There may be none of a permission on a portal where everyone has another one. The database
        knows how common each key is, not how common they are together, and would read them all.
        """
        pairs = [
            f"({int(place)}, {int(permission)})"
            for place in self.sources
            for permission in self.permissions
        ]
        if not pairs:
            return grants.none()
        return grants.filter(
            Func(
                F("content_object"),
                F("permission"),
                template=f"(%(expressions)s) IN (VALUES {', '.join(pairs)})",
                output_field=BooleanField(),
            )
        )

    @cached_property
    def permissions(self) -> list[int]:
        """The keys of the privileges by which somebody reaches it."""
        return sorted(self.manifest.about(self.manifest.at_or_below(self.resource.resource_type)))


@dataclass(frozen=True)
class TeamsWithAccess:
    """The first teams by name with a grant that reaches a resource, and these grants."""

    grants: list[Any]
    more: bool  # whether others have such grants too

    @property
    def teams(self) -> list[Team]:
        """The teams, in the order of their names."""
        return list(dict.fromkeys(grant.group.team for grant in self.grants))


def teams_with_access(reach: ResourceReach, *, search: str = "") -> TeamsWithAccess:
    """Return the first teams with access, at most MAX_TEAMS; with `search`, only those found."""
    if search:
        found = matching(_teams_on(reach), search, customer=reach.customer)
        grants = grants_of_teams(reach, found[: MAX_TEAMS + 1])
    else:
        sources = numbered("source", sorted(reach.sources))
        permissions = numbered("permission", reach.permissions)
        query = _grants_of_first_teams(len(sources), len(permissions))
        grants = query.rows(
            customer=reach.customer.pk, now=timezone.now(), **sources, **permissions
        )
    teams = list(dict.fromkeys(grant.group_id for grant in grants))
    shown = set(teams[:MAX_TEAMS])
    return TeamsWithAccess(
        [grant for grant in grants if grant.group_id in shown], more=len(teams) > MAX_TEAMS
    )


def grants_of_teams(reach: ResourceReach, teams: QuerySet[Team]) -> list[Any]:
    """Return the grants of these teams that reach a resource, by the names of the teams."""
    grants = _of_all_teams(reach).filter(group__in=teams.values("group"))
    return list(_by_team_name(grants))


def _by_team_name(grants: QuerySet[Any]) -> QuerySet[Any]:
    named = grants.select_related("granted_by", "group__team")
    by_name: QuerySet[Any] = named.annotate(sort_name=Lower("group__team__name"))
    return by_name.order_by("sort_name", "group__team", "pk")


@cache
def _grants_of_first_teams(sources: int, permissions: int) -> ComposedQuery[Any]:
    """Return the query of the grants of the first teams, for so many keys of a `ResourceReach`."""

    def grants(customer: Given, now: Given, **keys: Given) -> QuerySet[Any]:
        on_sources = any_of("content_object", [keys[f"source_{n}"] for n in range(sources)])
        of_these = any_of("permission", [keys[f"permission_{n}"] for n in range(permissions)])
        found = TeamGrant.with_removed.unexpired(now).filter(on_sources, of_these)
        teams = teams_of(customer).filter(group__in=found.values("group"))
        return _by_team_name(found.filter(group__in=teams[: MAX_TEAMS + 1].values("group")))

    return ComposedQuery(
        grants,
        customer=BigIntegerField(),
        now=DateTimeField(),
        **numbered("source", [BigIntegerField()] * sources),
        **numbered("permission", [BigIntegerField()] * permissions),
    )


def people_page(
    reach: ResourceReach, teams: TeamsWithAccess, *, search: str = "", after: str = ""
) -> Page[Membership]:
    """Return a page of the people with access: by a grant on it or above, role or owner.

    Raises BadCursor for a foreign `after`.
    """
    unexpired = PersonGrant.with_removed.unexpired()
    in_pairs = reach.pairs_of(unexpired)
    # Many rows are read by name until a page is full, and few from their grants: read by name,
    # one among 100,000 people would be found last.
    are_many = Exists(in_pairs[MANY : MANY + 1])
    some = in_pairs.values("user")[:MANY]
    parts = [
        Part(Q(~are_many, user__in=some), is_small=True),
        Part(Q(are_many, user__in=reach.grants_to(unexpired).values("user"))),
    ]
    if teams.grants:
        # By their keys where they are known, so that the database knows whether they are large.
        groups = _of_all_teams(reach).values("group")
        those = Q(team__group__in=groups) if teams.more else Q(team__in=teams.teams)
        parts.append(Part(Q(pk__in=TeamMembership.objects.filter(those).values("membership"))))
    if any(privilege.held_by_super_user for privilege in reach.privileges):
        parts.append(Part(Q(role=Role.SUPER_USER)))
    if reach.resource.owner_id is not None:
        parts.append(Part(Q(pk=reach.resource.owner_id), is_small=True))
    return page_by_name(
        Membership.objects.present().filter(customer=reach.customer).select_related("user"),
        among=reach.customer.memberships.all(),
        search=search,
        after=after,
        size=PEOPLE_SIZE,
        parts=parts,
        customer=reach.customer,
    )


def _of_all_teams(reach: ResourceReach) -> QuerySet[Any]:
    return reach.grants_to(TeamGrant.with_removed.unexpired())


def _teams_on(reach: ResourceReach) -> QuerySet[Team]:
    return teams_of(reach.customer).filter(group__in=_of_all_teams(reach).values("group"))
