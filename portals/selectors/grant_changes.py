"""What is wanted against what is: the changes a review shows before anything is done."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import Customer, Membership, Team, TeamMembership
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors.effective_access import Grantee
from portals.selectors.permission_matrix import Cell, grantee_key
from portals.selectors.privileges import sensitive_among
from portals.selectors.resources import resources_of

# A wanted privilege: as it is or new; given again, with new terms; else with these dates.
PLAIN, AGAIN = "", "again"
JOIN, LEAVE = "join", "leave"


@dataclass
class Draft:
    """Changes gathered on one page, not yet made."""

    wants: dict[Cell, dict[int, str]] = field(default_factory=dict)  # privilege → how (above)
    teams: dict[tuple[int, int], str] = field(default_factory=dict)  # membership, team → JOIN…
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.wants and not self.teams

    @property
    def size(self) -> int:
        """How much is in it: rights wanted, places where none is, teams."""
        return sum(max(1, len(wanted)) for wanted in self.wants.values()) + len(self.teams)


@dataclass(frozen=True)
class GrantChange:
    """One change, in what a page needs to say it and send it."""

    act: str  # give, again, take, join or leave
    grantee: Grantee
    team: Team | None = None
    privilege: Privilege | None = None
    resource: Resource | None = None
    grant: PersonGrant | TeamGrant | None = None  # what is taken, or replaced
    sensitive: bool = False
    starts_at: datetime | None = None  # of its own: a copied right keeps its dates
    expires_at: datetime | None = None

    @property
    def token(self) -> str:
        """The change as the review form sends it back, with the grant it was made against."""
        if self.team is not None:
            return f"{self.act}.{grantee_key(self.grantee)}.{self.team.pk}"
        if self.act == "take" and self.grant is not None:
            return f"take.{'t' if isinstance(self.grant, TeamGrant) else 'p'}.{self.grant.pk}"
        parts = (self.resource and self.resource.pk, self.privilege and self.privilege.pk)
        replaces = self.grant.pk if self.grant else ""
        when = (seconds(self.starts_at), seconds(self.expires_at))
        return ".".join(map(str, ("give", grantee_key(self.grantee), *parts, replaces, *when)))


def seconds(moment: datetime | None) -> str:
    """A moment in an address or a form."""
    return "" if moment is None else str(int(moment.timestamp()))


def moment(text: str) -> datetime | None:
    """The same back. Raises ValueError for anything else."""
    return datetime.fromtimestamp(int(text[:12]), tz=UTC) if text else None


def dates(grant: PersonGrant | TeamGrant) -> str:
    """How a copied right is wanted: with the dates of the one it is copied from, or without any.

    A start that has passed is none.
    """
    starts = grant.starts_at if grant.starts_at and grant.starts_at > timezone.now() else None
    return f"{seconds(starts)}-{seconds(grant.expires_at)}"


def grantees_by_key(customer: Customer, keys: Iterable[str]) -> dict[str, Grantee]:
    """Present people and teams of this customer; what is anybody else's is left out."""
    wanted = {key for key in keys if key[1:].isdecimal() and len(key) < 19}
    people = [int(key[1:]) for key in wanted if key.startswith("p")]
    teams = [int(key[1:]) for key in wanted if key.startswith("t")]
    found: list[Grantee] = []
    if people:
        present = Membership.objects.present().filter(customer=customer, pk__in=people)
        found += present.select_related("user", "customer")
    if teams:
        found += Team.objects.filter(customer=customer, pk__in=teams).select_related("group")
    return {grantee_key(one): one for one in found}


def changes_in(customer: Customer, draft: Draft) -> list[GrantChange]:
    """The changes a draft comes to now: what is so already, or no longer exists, is left out."""
    grantees = grantees_by_key(
        customer, {cell.grantee for cell in draft.wants} | {f"p{one}" for one, _team in draft.teams}
    )
    resources = {
        one.pk: one
        for one in resources_of(customer).filter(pk__in={cell.resource for cell in draft.wants})
    }
    privileges = {
        one.pk: one
        for one in Privilege.objects.filter(
            resource_type__in={cell.resource_type for cell in draft.wants}
        ).select_related("portal", "resource_type")
    }
    sensitive = sensitive_among(privileges.values())
    grants = existing_grants(list(grantees.values()), resources)
    planned: list[GrantChange] = []
    for cell, wanted in draft.wants.items():
        grantee, resource = grantees.get(cell.grantee), resources.get(cell.resource)
        if grantee is None or resource is None:
            continue
        here = grants.get((cell.grantee, cell.resource), {})
        own = {
            pk: one
            for pk, one in privileges.items()
            if one.resource_type_id == cell.resource_type
            and one.portal_id == resource.resource_type.portal_id
        }
        planned += [
            one
            for pk, privilege in own.items()
            if (
                one := _planned(
                    grantee, resource, privilege, here.get(pk), wanted.get(pk), sensitive
                )
            )
        ]
    order = {act: place for place, act in enumerate(("give", "again", "join", "take", "leave"))}
    planned += _teams_planned(customer, draft, grantees)
    return sorted(planned, key=lambda one: (str(one.grantee), order[one.act]))


def privileges_given_in(customer: Customer, cells: Iterable[Cell]) -> dict[Cell, frozenset[int]]:
    """What is given at each of these spots now: the privileges' keys."""
    grantees = grantees_by_key(customer, {cell.grantee for cell in cells})
    grants = existing_grants(list(grantees.values()), {cell.resource for cell in cells})
    return {
        cell: frozenset(
            pk
            for pk, grant in grants.get((cell.grantee, cell.resource), {}).items()
            if grant.permission.privilege.resource_type_id == cell.resource_type
            and not _is_over(grant)
        )
        for cell in cells
    }


def _is_over(grant: PersonGrant | TeamGrant | None) -> bool:
    return grant is not None and bool(grant.expires_at and grant.expires_at <= timezone.now())


def _planned(
    grantee: Grantee,
    resource: Resource,
    privilege: Privilege,
    grant: Any,
    wanted: str | None,
    sensitive: set[int],
) -> GrantChange | None:
    over = _is_over(grant)
    common: dict[str, Any] = {
        "grantee": grantee,
        "resource": resource,
        "privilege": privilege,
        "grant": grant,
        "sensitive": privilege.pk in sensitive,
    }
    if wanted is None:
        return None if grant is None or over else GrantChange("take", **common)
    keeps = wanted != AGAIN and ("-" not in wanted or wanted == dates(grant)) if grant else False
    if keeps and not over:
        return None
    act = "again" if grant is not None and not over else "give"
    starts, _dash, ends = wanted.partition("-") if "-" in wanted else ("", "", "")
    return GrantChange(act, **common, starts_at=moment(starts), expires_at=moment(ends))


def existing_grants(
    grantees: Iterable[Grantee], resources: Collection[int]
) -> dict[tuple[str, int], dict[int, PersonGrant | TeamGrant]]:
    """(holder, thing) → privilege → the grant's row, run out or not."""
    found: dict[tuple[str, int], dict[int, PersonGrant | TeamGrant]] = {}
    related = ("permission__privilege__portal", "granted_by")
    people = {one.user_id: one for one in grantees if isinstance(one, Membership)}
    teams = {one.group_id: one for one in grantees if isinstance(one, Team)}
    own = PersonGrant.objects.filter(user__in=people, content_object__in=resources)
    for grant in own.select_related(*related):
        key = (grantee_key(people[grant.user_id]), grant.content_object_id)
        found.setdefault(key, {})[grant.permission_id] = grant
    for team_grant in TeamGrant.objects.filter(
        group__in=teams, content_object__in=resources
    ).select_related(*related):
        key = (grantee_key(teams[team_grant.group_id]), team_grant.content_object_id)
        found.setdefault(key, {})[team_grant.permission_id] = team_grant
    return found


def _teams_planned(
    customer: Customer, draft: Draft, grantees: Mapping[str, Grantee]
) -> list[GrantChange]:
    if not draft.teams:
        return []
    pks = {team for _membership, team in draft.teams}
    teams = Team.objects.filter(customer=customer).in_bulk(list(pks))
    inside = set(
        TeamMembership.objects.filter(team__in=pks).values_list("membership_id", "team_id")
    )
    sensitive = _with_sensitive_privileges(teams.values())
    return [
        GrantChange(act, grantees[f"p{membership}"], teams[team], sensitive=team in sensitive)
        for (membership, team), act in draft.teams.items()
        if f"p{membership}" in grantees
        and team in teams
        and ((membership, team) in inside) == (act == LEAVE)
    ]


def _with_sensitive_privileges(teams: Iterable[Team]) -> set[int]:
    """The teams whose joining wants a reason."""
    groups = {one.group_id: one.pk for one in teams}
    held = list(TeamGrant.objects.filter(group__in=groups).values_list("group_id", "permission_id"))
    sensitive = sensitive_among(Privilege.objects.filter(pk__in={one for _group, one in held}))
    return {groups[group] for group, one in held if one in sensitive}
