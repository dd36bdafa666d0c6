"""Rights that come together: a preset, or what a colleague has, written into a draft."""

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
from portals.selectors.grant_changes import JOIN, LEAVE, PLAIN, Draft, dates, privileges_given_in
from portals.selectors.permission_matrix import Cell, grantee_key
from portals.selectors.privileges import sensitive_among
from portals.selectors.resources import resources_of, subscriptions_of

WantedPrivilege = tuple[Resource, Privilege, str]  # where, what, and how it is wanted (plans.Draft)
OFFERED = 20  # things of a type to pick from; a search finds the others


def presets_of(customer: Customer) -> list[Preset]:
    """A customer's presets by name, with their lines."""
    found = Preset.objects.filter(customer=customer).prefetch_related(
        "lines__privilege__portal", "lines__privilege__resource_type__portal"
    )
    return sorted(found, key=lambda one: one.name.casefold())


def lines_that_count(preset: Preset) -> list[PresetLine]:
    """The lines whose portal the customer still has."""
    portals = set(subscriptions_of(preset.customer).values_list("portal", flat=True))
    return [one for one in preset.lines.all() if one.privilege.portal_id in portals]


def is_picked(line: PresetLine) -> bool:
    """Whether applying it asks on which things; `open` is about the portal itself."""
    return not line.everywhere and line.privilege.resource_type.code != ROOT_TYPE


def resources_to_pick(customer: Customer, line: PresetLine, search: str) -> list[Resource]:
    """The first things a line can be applied to, by name; one more than OFFERED tells of others."""
    found = resources_of(customer, search=search)
    return list(found.filter(resource_type=line.privilege.resource_type)[: OFFERED + 1])


def expand_preset(preset: Preset, picked: Iterable[tuple[int, int]]) -> list[WantedPrivilege]:
    """What a preset comes to with these things picked: pairs of a privilege and a thing, by key.

    Raises KeyError for a pair that the preset does not ask for.
    """
    customer, lines = preset.customer, lines_that_count(preset)
    roots = {
        one.resource_type.portal_id: one
        for one in resources_of(customer).filter(resource_type__code=ROOT_TYPE)
    }
    rights = [
        (roots[line.privilege.portal_id], line.privilege, PLAIN)
        for line in lines
        if not is_picked(line)
    ]
    open_lines = {line.privilege_id: line.privilege for line in lines if is_picked(line)}
    pairs = list(picked)
    resources = {
        one.pk: one for one in resources_of(customer).filter(pk__in=[pk for _line, pk in pairs])
    }
    for privilege_pk, resource_pk in pairs:
        privilege, resource = open_lines[privilege_pk], resources[resource_pk]
        if resource.resource_type_id != privilege.resource_type_id:
            raise KeyError(resource_pk)
        rights.append((resource, privilege, PLAIN))
    return rights


def add_to_draft(
    customer: Customer, draft: Draft, grantee: Grantee, rights: Iterable[WantedPrivilege]
) -> None:
    """Write rights into a draft beside what is there; what a wider right includes is left out."""
    wanted = [
        (Cell(grantee_key(grantee), resource.pk, privilege.resource_type_id), privilege.pk, mark)
        for resource, privilege, mark in rights
    ]
    given = privileges_given_in(customer, {cell for cell, _pk, _mark in wanted})
    included = _included_in({pk for keys in given.values() for pk in keys})
    for cell, pk, mark in wanted:
        there = draft.wants.get(cell, dict.fromkeys(given[cell], PLAIN))
        if any(pk in included.get(one, {one}) for one in there):
            continue
        draft.wants[cell] = {**there, pk: mark}


def _included_in(privileges: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for giver, one in PrivilegeInclusion.objects.filter(privilege__in=privileges).values_list(
        "privilege_id", "included_id"
    ):
        found.setdefault(giver, set()).add(one)
    return found


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
    """Write what a colleague has been given directly into a draft, dates kept; out: left out.

    Sensitive rights, and teams that hold one, come along where a reason is given. `equal` takes
    what the colleague does not have.
    """
    theirs = _own_grants(other)
    sensitive = sensitive_among([grant.permission.privilege for grant in theirs])
    copied = [one for one in theirs if reason or one.permission_id not in sensitive]
    mine = _own_grants(grantee)
    has = {(one.content_object_id, one.permission_id): dates(one) for one in mine}
    if equal:  # first, so that nothing is left out for a wider right that goes
        _take_the_rest(draft, grantee, mine, theirs)
    add_to_draft(
        customer,
        draft,
        grantee,
        [
            (one.content_object, one.permission.privilege, dates(one))
            for one in copied
            if (one.content_object_id, one.permission_id) not in has
        ],
    )
    if equal:
        for one in copied:
            here = has.get((one.content_object_id, one.permission_id))
            if here is not None and here != dates(one):
                kind = one.permission.privilege.resource_type_id
                cell = Cell(grantee_key(grantee), one.content_object_id, kind)
                draft.wants[cell] = {**draft.wants[cell], one.permission_id: dates(one)}
    if with_teams:
        own = _teams_of(grantee)
        wanted = _teams_of(other)
        draft.teams |= {(grantee.pk, team): JOIN for team in wanted - own}
        if equal:
            draft.teams |= {(grantee.pk, team): LEAVE for team in own - wanted}
    draft.reason = reason or draft.reason
    return len(theirs) - len(copied)


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


def _take_the_rest(
    draft: Draft, grantee: Membership, mine: list[PersonGrant], theirs: list[PersonGrant]
) -> None:
    """Want no longer what only the holder has."""
    kept = {(one.content_object_id, one.permission_id) for one in theirs}
    own: dict[Cell, dict[int, str]] = {}
    for grant in mine:
        kind = grant.permission.privilege.resource_type_id
        cell = Cell(grantee_key(grantee), grant.content_object_id, kind)
        own.setdefault(cell, {})[grant.permission_id] = PLAIN
    for cell, there in own.items():
        wanted = draft.wants.get(cell, there)
        draft.wants[cell] = {
            pk: mark
            for pk, mark in wanted.items()
            if pk not in there or (cell.resource, pk) in kept
        }
