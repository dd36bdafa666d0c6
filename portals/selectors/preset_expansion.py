"""Write the privileges of a preset, or of a colleague, into a draft."""

from collections.abc import Iterable

from accounts.models import Customer, Membership, TeamMembership
from portals.choices import ROOT_TYPE
from portals.models import (
    PersonGrant,
    Preset,
    PresetLine,
    Privilege,
    PrivilegeInclusion,
    Resource,
)
from portals.selectors.effective_access import Grantee, grants_of
from portals.selectors.grant_changes import JOIN, LEAVE, PLAIN, Draft, dates_of, privileges_given_in
from portals.selectors.permission_matrix import Cell, grantee_key
from portals.selectors.privileges import sensitive_among
from portals.selectors.resources import resources_of, subscriptions_of

WantedPrivilege = tuple[Resource, Privilege, str]  # and how it is wanted (grant_changes.Draft)
MAX_CHOICES = 20  # resources of a type to choose from; a search finds others


def presets_of(customer: Customer) -> list[Preset]:
    """Return a customer's presets by name, with their lines."""
    presets = Preset.objects.filter(customer=customer).prefetch_related(
        "lines__privilege__portal", "lines__privilege__resource_type__portal"
    )
    return sorted(presets, key=lambda preset: preset.name.casefold())


def usable_lines(preset: Preset) -> list[PresetLine]:
    """Return the lines whose portal the customer still uses."""
    portals = set(subscriptions_of(preset.customer).values_list("portal", flat=True))
    return [line for line in preset.lines.all() if line.privilege.portal_id in portals]


def needs_resource_choice(line: PresetLine) -> bool:
    """Return whether applying a line asks for resources; a portal has only one root."""
    return not line.everywhere and line.privilege.resource_type.code != ROOT_TYPE


def resource_choices(customer: Customer, line: PresetLine, search: str) -> list[Resource]:
    """Return the first resources a line can apply to, with one more than MAX_CHOICES if any."""
    resources = resources_of(customer, search=search)
    return list(resources.filter(resource_type=line.privilege.resource_type)[: MAX_CHOICES + 1])


def expand_preset(preset: Preset, picked: Iterable[tuple[int, int]]) -> list[WantedPrivilege]:
    """Return the privileges of a preset for the chosen resources.

    `picked` are pairs of a privilege key and a resource key. Raises KeyError for a pair that the
    preset does not ask for.
    """
    customer, lines = preset.customer, usable_lines(preset)
    roots = {
        root.resource_type.portal_id: root
        for root in resources_of(customer).filter(resource_type__code=ROOT_TYPE)
    }
    privileges = [
        (roots[line.privilege.portal_id], line.privilege, PLAIN)
        for line in lines
        if not needs_resource_choice(line)
    ]
    open_lines = {
        line.privilege_id: line.privilege for line in lines if needs_resource_choice(line)
    }
    pairs = list(picked)
    resources = resources_of(customer).in_bulk([pk for _privilege, pk in pairs])
    for privilege_pk, resource_pk in pairs:
        privilege, resource = open_lines[privilege_pk], resources[resource_pk]
        if resource.resource_type_id != privilege.resource_type_id:
            raise KeyError(resource_pk)
        privileges.append((resource, privilege, PLAIN))
    return privileges


def add_to_draft(
    customer: Customer, draft: Draft, grantee: Grantee, rights: Iterable[WantedPrivilege]
) -> None:
    """Add privileges to a draft, except those that a given or wanted privilege includes."""
    wanted = [
        (Cell(grantee_key(grantee), resource.pk, privilege.resource_type_id), privilege.pk, mark)
        for resource, privilege, mark in rights
    ]
    given = privileges_given_in(customer, {cell for cell, _pk, _mark in wanted})
    included = _included_in({pk for keys in given.values() for pk in keys})
    for cell, pk, mark in wanted:
        present = draft.wants.get(cell, dict.fromkeys(given[cell], PLAIN))
        if any(pk in included.get(other, {other}) for other in present):
            continue
        draft.wants[cell] = {**present, pk: mark}


def _included_in(privileges: set[int]) -> dict[int, set[int]]:
    by_privilege: dict[int, set[int]] = {}
    for privilege, included in PrivilegeInclusion.objects.filter(
        privilege__in=privileges
    ).values_list("privilege_id", "included_id"):
        by_privilege.setdefault(privilege, set()).add(included)
    return by_privilege


def copy_grants(
    customer: Customer,
    draft: Draft,
    grantee: Membership,
    other: Membership,
    *,
    equal: bool,
    with_teams: bool,
    reason: str,
) -> int:
    """Add a colleague's own grants to a draft, with their dates, and return how many are left out.

    Sensitive ones, and teams with a sensitive grant, are copied only where there is a reason.
    `equal` removes what the colleague does not have.
    """
    source = _own_grants(other)
    sensitive = sensitive_among([grant.permission.privilege for grant in source])
    copied = [grant for grant in source if reason or grant.permission_id not in sensitive]
    own = _own_grants(grantee)
    own_dates = {(grant.content_object_id, grant.permission_id): dates_of(grant) for grant in own}
    if equal:  # first: a privilege that goes must not hide one that it includes
        _remove_other_grants(draft, grantee, own, source)
    add_to_draft(
        customer,
        draft,
        grantee,
        [
            (grant.content_object, grant.permission.privilege, dates_of(grant))
            for grant in copied
            if (grant.content_object_id, grant.permission_id) not in own_dates
        ],
    )
    if equal:
        for grant in copied:
            dates = own_dates.get((grant.content_object_id, grant.permission_id))
            if dates is not None and dates != dates_of(grant):
                cell = _cell_of(grantee, grant)
                draft.wants[cell] = {**draft.wants[cell], grant.permission_id: dates_of(grant)}
    if with_teams:
        own_teams = _teams_of(grantee)
        source_teams = _teams_of(other)
        draft.teams |= {(grantee.pk, team): JOIN for team in source_teams - own_teams}
        if equal:
            draft.teams |= {(grantee.pk, team): LEAVE for team in own_teams - source_teams}
    draft.reason = reason or draft.reason
    return len(source) - len(copied)


def _cell_of(membership: Membership, grant: PersonGrant) -> Cell:
    resource_type = grant.permission.privilege.resource_type_id
    return Cell(grantee_key(membership), grant.content_object_id, resource_type)


def _own_grants(membership: Membership) -> list[PersonGrant]:
    [own] = grants_of(membership, through_teams=False)
    live = subscriptions_of(membership.customer)
    return list(
        own.filter(content_object__subscription__in=live)
        .select_related("permission__privilege", "content_object")
        .order_by("pk")
    )


def _teams_of(membership: Membership) -> set[int]:
    rows = TeamMembership.objects.filter(membership=membership)
    return set(rows.values_list("team_id", flat=True))


def _remove_other_grants(
    draft: Draft, grantee: Membership, own: list[PersonGrant], source: list[PersonGrant]
) -> None:
    """Remove from the draft what the grantee has and the colleague has not."""
    kept = {(grant.content_object_id, grant.permission_id) for grant in source}
    by_cell: dict[Cell, dict[int, str]] = {}
    for grant in own:
        by_cell.setdefault(_cell_of(grantee, grant), {})[grant.permission_id] = PLAIN
    for cell, given in by_cell.items():
        wanted = draft.wants.get(cell, given)
        draft.wants[cell] = {
            pk: mark
            for pk, mark in wanted.items()
            if pk not in given or (cell.resource, pk) in kept
        }
