"""Privileges that a person can ask for, and the links from portals that lead there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from django.db.models import BigIntegerField, Q, QuerySet
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.choices import ASKED_OF_PROVIDER, CustomerStatus, RequestState
from accounts.models import AccessRequest, Customer, Membership, User
from accounts.selectors.composed import ComposedQuery, any_of, numbered
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SubscriptionStatus
from portals.models import Portal, Privilege, RequestedGrant, Resource
from portals.selectors.accessible import first_accessible
from portals.selectors.effective_access import EffectiveAccess, explain
from portals.selectors.grant_expiry import renewed_end
from portals.selectors.roots import roots_of

MAX_RESOURCES_PER_PORTAL = 25  # others can be asked for in words


@dataclass(frozen=True)
class RequestableAccess:
    """One resource, and the privileges on it that a person can ask for."""

    resource: Resource
    privileges: list[Privilege]
    sensitive: set[int]  # keys of the privileges that are, or include one that is
    is_portal: bool  # the resource is a subscription's root
    renewal_ends: dict[int, datetime]  # privilege that ends soon → its end if renewed


@dataclass(frozen=True)
class PortalLink:
    """A link from a portal to the request page, in the portal's own names; see docs/portals.md."""

    portal: str
    type: str = ""
    resource: str = ""
    privilege: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "PortalLink | None":
        """Read a link's query; None where it names no portal or a value is not valid."""
        values = {name: query.get(name, "") for name in ("portal", "type", "resource", "privilege")}
        is_valid = all(len(value) <= 255 and value.isprintable() for value in values.values())
        return cls(**values) if values["portal"] and is_valid else None

    @property
    def codename(self) -> str:
        """The privilege as type.code; without type and privilege, the one to open the portal."""
        if not self.privilege:
            return f"{ROOT_TYPE}.{OPEN_PRIVILEGE}" if not self.type else ""
        return self.privilege if "." in self.privilege else f"{self.type}.{self.privilege}"


def resource_from_link(customer: Customer, link: PortalLink) -> Resource | None:
    """Return the customer's resource that a link names; without a type, the portal's root."""
    resources = Resource.objects.select_related("resource_type__portal").filter(
        subscription__customer=customer,
        subscription__status=SubscriptionStatus.ACTIVE,
        resource_type__portal__slug=link.portal,
    )
    if not link.type:
        return resources.filter(parent=None).first()
    return resources.filter(
        resource_type__code=link.type, external_id=link.resource or customer.slug
    ).first()


def memberships_to_ask_in(user: User, link: PortalLink) -> list[Membership]:
    """Return the memberships in which a person can ask for what a link names.

    These are of the customers that have the resource. Where none of the person's customers has it,
    they are of those that use the portal, so that the answer says nothing of other customers.
    """
    memberships = list(
        Membership.objects.live()
        .filter(
            user=user,
            customer__status=CustomerStatus.ACTIVE,
            customer__subscriptions__portal__slug=link.portal,
            customer__subscriptions__status=SubscriptionStatus.ACTIVE,
        )
        .select_related("customer")
        .order_by("customer__name", "pk")
    )
    if not link.type or not link.resource:
        return memberships
    with_resource = [
        membership for membership in memberships if resource_from_link(membership.customer, link)
    ]
    return with_resource or memberships


def safe_return_url(link: PortalLink | None, address: str) -> str:
    """Return the address if it is of the link's portal, else "", to prevent open redirects."""
    portal = Portal.objects.filter(slug=link.portal).first() if link and address else None
    if portal is None or not urlsplit(address).netloc:
        return ""
    hosts = {urlsplit(url).netloc for url in [portal.home_url, *portal.redirect_uris]}
    is_https = urlsplit(portal.home_url).scheme == "https"
    is_safe = url_has_allowed_host_and_scheme(address, hosts, require_https=is_https)
    return address if is_safe else ""


def requestable_access_of(
    membership: Membership, linked_resource: Resource | None = None
) -> list[RequestableAccess]:
    """Return what a person can ask for, portal by portal.

    Resources without access stay hidden, except the one that a link named: whoever knows its name
    may ask for it.
    """
    portals: dict[int, list[Resource]] = {
        root.subscription_id: [root]
        for root in roots_of(membership.customer_id)
        if root.subscription.status == SubscriptionStatus.ACTIVE
    }
    for resource in first_accessible(membership, portals, MAX_RESOURCES_PER_PORTAL):
        portals[resource.subscription_id].append(resource)
    resources = [resource for of_portal in portals.values() for resource in of_portal]
    if linked_resource is not None and linked_resource not in resources:
        resources.append(linked_resource)
    requestable = [_requestable(access) for access in explain(membership, resources)]
    return [entry for entry in requestable if entry.privileges]


def _requestable(access: EffectiveAccess) -> RequestableAccess:
    lasting = {
        entry.privilege.pk for entry in access.privileges if entry.in_force and not entry.ends_soon
    }
    missing = [entry for entry in access.of_type if entry.pk not in lasting]
    is_portal = access.resource.resource_type.code == ROOT_TYPE
    if is_portal and any(privilege.code == OPEN_PRIVILEGE for privilege in missing):
        # Without portal access, no other privilege on the portal is of use.
        missing = [privilege for privilege in missing if privilege.code == OPEN_PRIVILEGE]
    now = timezone.now()
    renewal_ends = {
        entry.privilege.pk: max(
            renewed_end(origin.grant, now) for origin in entry.origins if origin.grant is not None
        )
        for entry in access.privileges
        if entry.ends_soon
    }
    sensitive = access.sensitive & {privilege.pk for privilege in missing}
    return RequestableAccess(access.resource, missing, sensitive, is_portal, renewal_ends)


def requested_privileges_in(access_request: AccessRequest) -> QuerySet[RequestedGrant]:
    """Return the privileges that a request asks for."""
    return _with_names(RequestedGrant.objects.filter(request=access_request))


def requested_privileges_of(requests: Sequence[AccessRequest]) -> list[RequestedGrant]:
    """Return the privileges that some requests ask for, for a page."""
    keys = numbered("request", [request.pk for request in requests])
    return _requested_privileges(len(keys)).rows(**keys) if keys else []


def _with_names(rows: QuerySet[RequestedGrant]) -> QuerySet[RequestedGrant]:
    return rows.select_related(
        "request__membership__user", "resource__resource_type", "privilege__portal"
    ).order_by("pk")


@cache
def _requested_privileges(requests: int) -> ComposedQuery[RequestedGrant]:
    """Return the query of `requested_privileges_of` for so many requests."""
    return ComposedQuery(
        lambda **keys: _with_names(RequestedGrant.objects.filter(any_of("request", keys.values()))),
        **numbered("request", [BigIntegerField()] * requests),
    )


def open_service_requests(customer: Customer) -> dict[str, AccessRequest]:
    """Return portal slug → the customer's open request to the provider about it."""
    requests = AccessRequest.objects.open().filter(customer=customer, kind__in=ASKED_OF_PROVIDER)
    return {access_request.about: access_request for access_request in requests}


def open_requested_grants(membership: Membership) -> QuerySet[RequestedGrant]:
    """Return the privileges of this person's open requests."""
    return RequestedGrant.objects.filter(
        request__membership=membership, request__state=RequestState.OPEN
    )


def by_requested_resource(customer: Customer, search: str) -> Q:
    """Return the condition that a request asks for a resource found by the words of `search`."""
    resources = Resource.objects.matching(search, customer=customer)
    return Q(pk__in=RequestedGrant.objects.filter(resource__in=resources).values("request"))
