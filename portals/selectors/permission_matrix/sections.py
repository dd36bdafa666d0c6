"""The matrix of one person or team: a section for each portal, a group for each resource type."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership
from accounts.selectors import Page, page_of
from portals.models import Privilege, Resource, ResourceType, Subscription
from portals.selectors.effective_access import Grantee, grants_of
from portals.selectors.permission_matrix.rows import Row, WantedGrants, rows_of_resources
from portals.selectors.resources import resources_of, subscriptions_of

MAX_PER_TYPE = 10  # resources of a type shown at once
MAX_WITH_GRANTS = 200  # resources with grants, shown before others
MAX_SEARCH_RESULTS = 60  # resources that a search shows


@dataclass
class Group:
    """The resources of one type in one portal."""

    resource_type: ResourceType
    rows: list[Row]
    more: bool
    is_open: bool = True
    by_default: bool = True  # whether it is open unless the address says otherwise

    @property
    def key(self) -> str:
        """Its key in an address."""
        return f"{self.resource_type.portal.slug}.{self.resource_type.code}"

    @property
    def access_count(self) -> int:
        """The number of rows with access, or with a pending change."""
        return sum(bool(row.sources) or row.wanted is not None for row in self.rows)


@dataclass
class Section:
    """One portal."""

    subscription: Subscription
    groups: list[Group]
    is_open: bool = True
    by_default: bool = True  # whether it is open unless the address says otherwise
    lacks: Privilege | None = None  # the privilege to open it, where the person lacks it

    @property
    def key(self) -> str:
        """Its key in an address."""
        return self.subscription.portal.slug

    @property
    def access_count(self) -> int:
        """The number of rows with access, or with a pending change."""
        return sum(group.access_count for group in self.groups)


@dataclass(frozen=True)
class MatrixFilter:
    """A filter of the resources that a matrix shows."""

    search: str = ""
    differences: bool = False  # only where something is given directly, or pending
    with_access: bool = False  # only where something is given, directly or through a team
    resource_type: ResourceType | None = None  # only this one, page by page
    after: str = ""


def matrix_of(
    grantee: Grantee, customer: Customer, matrix_filter: MatrixFilter, wants: WantedGrants
) -> tuple[list[Section], Page[Resource] | None]:
    """Return the matrix of a person or team; filtered by a type, one page of its resources."""
    subscriptions = list(subscriptions_of(customer))
    types = list(
        ResourceType.objects.filter(
            portal__in=[subscription.portal_id for subscription in subscriptions]
        )
        .select_related("portal")
        .order_by("portal", "pk")
    )
    page: Page[Resource] | None = None
    more: set[int] = set()
    everything = resources_of(customer)
    if matrix_filter.resource_type is not None:
        page = page_of(
            resources_of(customer, search=matrix_filter.search).filter(
                resource_type=matrix_filter.resource_type
            ),
            among=everything,
            order=("name", "pk"),
            after=matrix_filter.after,
        )
        resources = list(page)
    elif matrix_filter.search:
        resources = list(
            resources_of(customer, search=matrix_filter.search)[: MAX_SEARCH_RESULTS + 1]
        )
        more |= {resource.resource_type_id for resource in resources[MAX_SEARCH_RESULTS:]}
        resources = resources[:MAX_SEARCH_RESULTS]
    else:
        with_grants = _with_grants(grantee, everything, matrix_filter, wants)
        resources = list(with_grants[: MAX_WITH_GRANTS + 1])
        for left_out in resources[MAX_WITH_GRANTS:]:
            # They are in order of types, so this type and the later ones have more.
            more |= {
                resource_type.pk
                for resource_type in types
                if resource_type.pk >= left_out.resource_type_id
            }
        resources = resources[:MAX_WITH_GRANTS]
        if not matrix_filter.differences and not matrix_filter.with_access:
            resources, unshown = _with_first_of_each_type(resources, everything, types)
            more |= unshown
    rows: dict[int, list[Row]] = {}
    for row in rows_of_resources(grantee, resources, wants):
        rows.setdefault(row.resource.resource_type_id, []).append(row)
    return [
        Section(subscription, groups)
        for subscription in subscriptions
        if (
            groups := [
                Group(resource_type, rows.get(resource_type.pk, []), resource_type.pk in more)
                for resource_type in types
                if resource_type.portal_id == subscription.portal_id
                and (resource_type.pk in rows or resource_type.pk in more)
            ]
        )
    ], page


def _with_grants(
    grantee: Grantee,
    everything: QuerySet[Resource],
    matrix_filter: MatrixFilter,
    wants: WantedGrants,
) -> QuerySet[Resource]:
    """Return the resources with a grant or a pending change of this grantee, or that they own."""
    condition = Q(pk__in=[cell.resource for cell in wants])
    for grants in grants_of(grantee, through_teams=not matrix_filter.differences):
        condition |= Q(pk__in=grants.values("content_object_id"))
    if isinstance(grantee, Membership) and not matrix_filter.differences:
        condition |= Q(owner=grantee)
    return everything.filter(condition)


def _with_first_of_each_type(
    resources: list[Resource], everything: QuerySet[Resource], types: Iterable[ResourceType]
) -> tuple[list[Resource], set[int]]:
    """Add the first resources of each type, up to MAX_PER_TYPE, and return the types with more."""
    shown = {resource.pk for resource in resources}
    filled, more = list(resources), set()
    for resource_type in types:
        count = sum(resource.resource_type_id == resource_type.pk for resource in resources)
        room = max(MAX_PER_TYPE - count, 0)
        of_type = everything.filter(resource_type=resource_type).exclude(pk__in=shown)
        first = list(of_type.order_by("name", "pk")[: room + 1])
        filled += first[:room]
        if len(first) > room:
            more.add(resource_type.pk)
    return filled, more
