"""The access of a person or team, portal by portal."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from accounts.models import Membership, Team
from accounts.selectors import Page, page_of
from accounts.selectors.paging import Part
from portals.choices import Reason, SubscriptionStatus
from portals.models import Privilege, Resource
from portals.selectors.access_rows.rows import AccessRow, complete, rows_of_grants
from portals.selectors.effective_access import Grantee, grants_of
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.roots import roots
from portals.selectors.targets import Target

PAGE_SIZE = 100  # resources; what is given on whole portals is on the first page


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
    portal_roots = list(
        roots()
        .filter(subscription__customer=grantee.customer_id)
        .exclude(subscription__status=SubscriptionStatus.ENDED)
        .order_by("resource_type__portal__slug")
    )
    manifest = manifest_of(root.resource_type.portal_id for root in portal_roots)
    page = _resources_with_access(grantee, portal_roots, after)
    resources = {resource.pk: resource for resource in [*portal_roots, *page]}
    for resource in resources.values():
        resource.resource_type = manifest.types[resource.resource_type_id]
    rows = rows_of_grants(_grants(grantee, resources, manifest), manifest)
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
    everything = Resource.objects.filter(
        subscription__in=[root.subscription_id for root in portal_roots]
    )
    parts = [Part(Q(pk__in=grants.values("content_object_id"))) for grants in grants_of(grantee)]
    if isinstance(grantee, Membership):
        parts.append(Part(Q(owner=grantee)))
    return page_of(
        everything.filter(parent__isnull=False),
        among=everything,
        order=("resource_type_id", "name", "pk"),
        after=after,
        size=PAGE_SIZE,
        parts=parts,
    )


def _grants(
    grantee: Grantee, resources: dict[int, Resource], manifest: Manifest
) -> Iterator[tuple[Any, Grantee, Team | None]]:
    """Return the unexpired grants on these resources, each with the team it came through."""
    own, *of_teams = [
        grants.filter(content_object__in=resources, permission__in=manifest.privileges)
        .select_related("granted_by")
        .order_by("pk")
        for grants in grants_of(grantee)
    ]
    for grant in own:
        grant.content_object = resources[grant.content_object_id]
        yield grant, grantee, None
    for grants in of_teams:
        for grant in grants.select_related("granted_by", "group__team"):
            grant.content_object = resources[grant.content_object_id]
            yield grant, grantee, grant.group.team


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
