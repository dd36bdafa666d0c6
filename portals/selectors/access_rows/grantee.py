"""The access of a person or team, portal by portal."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Membership, Team
from accounts.selectors import Page, page_of
from accounts.selectors.paging import page_made_of
from portals.choices import Reason
from portals.models import Privilege, Resource
from portals.selectors.access_rows.first_page import (
    ORDER,
    PAGE_SIZE,
    all_grants_of,
    first_resources_of,
    parts_of,
    with_names,
)
from portals.selectors.access_rows.rows import AccessRow, complete, rows_of_grants
from portals.selectors.effective_access import Grantee, grants_of
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.roots import roots_of
from portals.selectors.targets import Target


@dataclass
class PortalAccess:
    """Why somebody can open a portal."""

    reason: Reason
    row: AccessRow | None = None  # with the grant, where there is one


@dataclass
class PortalRows:
    """One portal: the access of a person or team there, and whether they can open it."""

    root: Resource
    opens: PortalAccess | None
    open_privilege: Privilege | None
    rows: list[AccessRow] = field(default_factory=list)


@dataclass
class GranteeAccess:
    """The rows of a person or team, and the page of resources they are about."""

    portals: list[PortalRows]
    page: Page[Resource]

    @property
    def rows(self) -> list[AccessRow]:
        """The rows on this page."""
        return [row for portal in self.portals for row in portal.rows]

    @property
    def count(self) -> int:
        """The number of rows on this page."""
        return len(self.rows)


def access_of(grantee: Grantee, *, after: str = "", marked: Collection[str] = ()) -> GranteeAccess:
    """Return what a person or team has, in rows; `marked` are keys of grants to mark.

    Raises BadCursor for a foreign `after`.
    """
    portal_roots = roots_of(grantee.customer_id)
    manifest = manifest_of(root.resource_type.portal_id for root in portal_roots)
    page = _resources_with_access(grantee, portal_roots, after)
    resources = {resource.pk: resource for resource in [*portal_roots, *page]}
    for resource in resources.values():
        resource.resource_type = manifest.types[resource.resource_type_id]
    is_whole = page.is_first and not page.next_cursor
    rows = rows_of_grants(_grants(grantee, resources, manifest, is_whole=is_whole), manifest)
    rows += _without_grant(grantee, portal_roots, page, manifest)
    opening = {privilege.resource_type_id: privilege for privilege in manifest.opening}
    complete(rows, manifest, marked)
    portals = []
    for root in portal_roots:
        own = [row for row in rows if row.target.resource.subscription_id == root.subscription_id]
        open_privilege = opening.get(root.resource_type_id)
        opens = _opening_row(own, open_privilege)
        shown = [
            row
            for row in own
            if not (row.target.is_portal and row.privileges == [open_privilege])
            and (page.is_first or row.target.resource.parent_id is not None)
        ]
        if page.is_first or shown:
            portals.append(PortalRows(root, opens, open_privilege, sorted(shown, key=_order)))
    return GranteeAccess(portals, page)


def _resources_with_access(
    grantee: Grantee, portal_roots: list[Resource], after: str
) -> Page[Resource]:
    """Return a page of the resources that they own or have a grant on; portals are left out."""
    subscriptions = [root.subscription_id for root in portal_roots]
    if not after:
        return page_made_of(first_resources_of(grantee, subscriptions), PAGE_SIZE)
    everything = Resource.objects.filter(subscription__in=subscriptions)
    owner = grantee.pk if isinstance(grantee, Membership) else None
    return page_of(
        everything.filter(parent__isnull=False),
        among=everything,
        order=ORDER,
        after=after,
        size=PAGE_SIZE,
        parts=parts_of(grants_of(grantee), owner),
    )


def _grants(
    grantee: Grantee, resources: dict[int, Resource], manifest: Manifest, *, is_whole: bool
) -> Iterator[tuple[Any, Grantee, Team | None]]:
    """Return the unexpired grants on these resources, each with the team it came through.

    `is_whole` says that these are all resources that they have grants on.
    """
    if is_whole:
        found = all_grants_of(grantee)
    else:
        on_page = [grants.filter(content_object__in=resources) for grants in grants_of(grantee)]
        found = [list(grants) for grants in map(with_names, on_page)]
    for number, grants in enumerate(found):
        for grant in grants:
            resource = resources.get(grant.content_object_id)
            if resource is None or grant.permission_id not in manifest.privileges:
                continue
            grant.content_object = resource
            yield grant, grantee, grant.group.team if number else None


def _without_grant(
    grantee: Grantee,
    portal_roots: list[Resource],
    page: Iterable[Resource],
    manifest: Manifest,
) -> list[AccessRow]:
    """Return a row for each portal with what the role allows, and for each resource they own."""
    if isinstance(grantee, Team):
        return []
    rows = []
    for root in portal_roots if grantee.is_super_user else []:
        by_role = [
            privilege
            for privilege in manifest.privileges.values()
            if privilege.held_by_super_user and privilege.portal_id == root.resource_type.portal_id
        ]
        if by_role:
            target = Target(root, root.resource_type)
            rows.append(AccessRow(grantee, target, by_role, reason=Reason.ROLE))
    for resource in page:
        if resource.owner_id != grantee.pk:
            continue
        of_type = manifest.of_type(resource.resource_type_id)
        own = [privilege for privilege in of_type if privilege.held_by_owner]
        if own:
            target = Target(resource, resource.resource_type)
            rows.append(AccessRow(grantee, target, own, reason=Reason.OWNER))
    return rows


def _opening_row(rows: list[AccessRow], opening: Privilege | None) -> PortalAccess | None:
    """Return why the portal opens for them: the role, else their own grant, else a team's."""
    if opening is None:
        return None
    found = [
        row
        for row in rows
        if row.target.resource.parent_id is None
        and opening in [*row.privileges, *row.included]
        and (row.reason == Reason.ROLE or row.grant)
    ]
    order = [Reason.ROLE, Reason.GRANT, Reason.TEAM]
    found.sort(key=lambda row: order.index(row.reason))
    return PortalAccess(found[0].reason, found[0]) if found else None


def _order(row: AccessRow) -> tuple[Any, ...]:
    target = row.target
    return (target.resource_type.pk, not target.covers_all, str(target.resource), row.reason)
