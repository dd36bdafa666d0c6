"""Drafts of changes, and what they would change now, for the review before anything is done."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.models import Customer, Membership, Team, TeamMembership
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors.effective_access import Grantee
from portals.selectors.permission_matrix import Cell, grantee_key
from portals.selectors.privileges import sensitive_among
from portals.selectors.resources import resources_of

# How a privilege in a draft is wanted: as it is or new; again, with new terms; else with dates.
PLAIN, AGAIN = "", "again"
JOIN, LEAVE = "join", "leave"


@dataclass
class Draft:
    """Changes that somebody chose on a page and has not made yet."""

    wants: dict[Cell, dict[int, str]] = field(default_factory=dict)  # privilege → how (above)
    teams: dict[tuple[int, int], str] = field(default_factory=dict)  # membership, team → JOIN…
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.wants and not self.teams

    @property
    def size(self) -> int:
        """The number of changes in it: privileges, cells that become empty, and teams."""
        return sum(max(1, len(privileges)) for privileges in self.wants.values()) + len(self.teams)


@dataclass(frozen=True)
class GrantChange:
    """One change, with what a page needs to show it and to send it back."""

    act: str  # give, again, take, join or leave
    grantee: Grantee
    team: Team | None = None
    privilege: Privilege | None = None
    resource: Resource | None = None
    grant: PersonGrant | TeamGrant | None = None  # the one that is removed or replaced
    sensitive: bool = False
    starts_at: datetime | None = None  # its own dates: a copied grant keeps its dates
    expires_at: datetime | None = None

    @property
    def token(self) -> str:
        """The change as the review form sends it back, with the grant it replaces."""
        if self.team is not None:
            return f"{self.act}.{grantee_key(self.grantee)}.{self.team.pk}"
        if self.act == "take" and self.grant is not None:
            return f"take.{'t' if isinstance(self.grant, TeamGrant) else 'p'}.{self.grant.pk}"
        keys = (self.resource and self.resource.pk, self.privilege and self.privilege.pk)
        replaces = self.grant.pk if self.grant else ""
        dates = (seconds(self.starts_at), seconds(self.expires_at))
        return ".".join(map(str, ("give", grantee_key(self.grantee), *keys, replaces, *dates)))


def seconds(moment: datetime | None) -> str:
    """Return a time as an address or a form has it: seconds since 1970, or nothing."""
    return "" if moment is None else str(int(moment.timestamp()))


def moment(text: str) -> datetime | None:
    """Return the time of such a text. Raises ValueError for any other text."""
    return datetime.fromtimestamp(int(text[:12]), tz=UTC) if text else None


def dates_of(grant: PersonGrant | TeamGrant) -> str:
    """Return a grant's dates as a draft keeps them; a start that has passed is left out."""
    starts_at = grant.starts_at if grant.begins_later else None
    return f"{seconds(starts_at)}-{seconds(grant.expires_at)}"


def grantees_by_key(customer: Customer, keys: Iterable[str]) -> dict[str, Grantee]:
    """Return key → person or team, for those that are of this customer."""
    valid = {key for key in keys if key[1:].isdecimal() and len(key) < 19}
    people = [int(key[1:]) for key in valid if key.startswith("p")]
    teams = [int(key[1:]) for key in valid if key.startswith("t")]
    grantees: list[Grantee] = []
    if people:
        present = Membership.objects.present().filter(customer=customer, pk__in=people)
        grantees += present.select_related("user", "customer")
    if teams:
        grantees += Team.objects.filter(customer=customer, pk__in=teams).select_related("group")
    return {grantee_key(grantee): grantee for grantee in grantees}


def changes_in(customer: Customer, draft: Draft) -> list[GrantChange]:
    """Return the changes that a draft would make now."""
    grantees = grantees_by_key(
        customer,
        {cell.grantee for cell in draft.wants}
        | {f"p{membership}" for membership, _team in draft.teams},
    )
    resources = {
        resource.pk: resource
        for resource in resources_of(customer).filter(
            pk__in={cell.resource for cell in draft.wants}
        )
    }
    privileges = {
        privilege.pk: privilege
        for privilege in Privilege.objects.filter(
            resource_type__in={cell.resource_type for cell in draft.wants}
        ).select_related("portal", "resource_type")
    }
    sensitive = sensitive_among(privileges.values())
    grants = existing_grants(list(grantees.values()), resources)
    changes: list[GrantChange] = []
    for cell, wanted in draft.wants.items():
        grantee, resource = grantees.get(cell.grantee), resources.get(cell.resource)
        if grantee is None or resource is None:
            continue
        existing = grants.get((cell.grantee, cell.resource), {})
        for pk, privilege in privileges.items():
            if (
                privilege.resource_type_id != cell.resource_type
                or privilege.portal_id != resource.resource_type.portal_id
            ):
                continue
            change = _change_of(
                grantee, resource, privilege, existing.get(pk), wanted.get(pk), sensitive
            )
            if change is not None:
                changes.append(change)
    order = {
        act: position for position, act in enumerate(("give", "again", "join", "take", "leave"))
    }
    changes += _team_changes(customer, draft, grantees)
    return sorted(changes, key=lambda change: (str(change.grantee), order[change.act]))


def privileges_given_in(customer: Customer, cells: Iterable[Cell]) -> dict[Cell, frozenset[int]]:
    """Return cell → the keys of the privileges that are given there now."""
    grantees = grantees_by_key(customer, {cell.grantee for cell in cells})
    grants = existing_grants(list(grantees.values()), {cell.resource for cell in cells})
    return {
        cell: frozenset(
            pk
            for pk, grant in grants.get((cell.grantee, cell.resource), {}).items()
            if grant.permission.privilege.resource_type_id == cell.resource_type
            and not grant.is_expired
        )
        for cell in cells
    }


def _change_of(
    grantee: Grantee,
    resource: Resource,
    privilege: Privilege,
    grant: Any,
    wanted: str | None,
    sensitive: set[int],
) -> GrantChange | None:
    is_given = grant is not None and not grant.is_expired
    common: dict[str, Any] = {
        "grantee": grantee,
        "resource": resource,
        "privilege": privilege,
        "grant": grant,
        "sensitive": privilege.pk in sensitive,
    }
    if wanted is None:
        return GrantChange("take", **common) if is_given else None
    if is_given and wanted != AGAIN and ("-" not in wanted or wanted == dates_of(grant)):
        return None
    starts_at, _dash, expires_at = wanted.partition("-") if "-" in wanted else ("", "", "")
    return GrantChange(
        "again" if is_given else "give",
        **common,
        starts_at=moment(starts_at),
        expires_at=moment(expires_at),
    )


def existing_grants(
    grantees: Iterable[Grantee], resources: Collection[int]
) -> dict[tuple[str, int], dict[int, PersonGrant | TeamGrant]]:
    """Return (grantee, resource) → privilege → the grant, expired or not."""
    grants: dict[tuple[str, int], dict[int, PersonGrant | TeamGrant]] = {}
    related = ("permission__privilege__portal", "granted_by")
    people = {grantee.user_id: grantee for grantee in grantees if isinstance(grantee, Membership)}
    teams = {grantee.group_id: grantee for grantee in grantees if isinstance(grantee, Team)}
    own = PersonGrant.objects.filter(user__in=people, content_object__in=resources)
    for grant in own.select_related(*related):
        key = (grantee_key(people[grant.user_id]), grant.content_object_id)
        grants.setdefault(key, {})[grant.permission_id] = grant
    for team_grant in TeamGrant.objects.filter(
        group__in=teams, content_object__in=resources
    ).select_related(*related):
        key = (grantee_key(teams[team_grant.group_id]), team_grant.content_object_id)
        grants.setdefault(key, {})[team_grant.permission_id] = team_grant
    return grants


def _team_changes(
    customer: Customer, draft: Draft, grantees: Mapping[str, Grantee]
) -> list[GrantChange]:
    if not draft.teams:
        return []
    pks = {team for _membership, team in draft.teams}
    teams = Team.objects.filter(customer=customer).in_bulk(list(pks))
    members = set(
        TeamMembership.objects.filter(team__in=pks).values_list("membership_id", "team_id")
    )
    sensitive = _with_sensitive_privileges(teams.values())
    return [
        GrantChange(act, grantees[f"p{membership}"], teams[team], sensitive=team in sensitive)
        for (membership, team), act in draft.teams.items()
        if f"p{membership}" in grantees
        and team in teams
        and ((membership, team) in members) == (act == LEAVE)
    ]


def _with_sensitive_privileges(teams: Iterable[Team]) -> set[int]:
    """Return the keys of the teams that a person joins only with a reason."""
    groups = {team.group_id: team.pk for team in teams}
    grants = list(
        TeamGrant.objects.filter(group__in=groups).values_list("group_id", "permission_id")
    )
    sensitive = sensitive_among(Privilege.objects.filter(pk__in={pk for _group, pk in grants}))
    return {groups[group] for group, privilege in grants if privilege in sensitive}
