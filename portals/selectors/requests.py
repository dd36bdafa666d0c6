"""Rights a person may ask for: portals closed to them, and more on what they already work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.choices import ASKED_OF_PROVIDER, CustomerStatus, RequestState
from accounts.models import AccessRequest, Customer, Membership, User
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SubscriptionStatus
from portals.models import (
    Portal,
    Privilege,
    RequestedGrant,
    Resource,
    ResourceAncestor,
    Subscription,
)
from portals.selectors.effective_access import EffectiveAccess, explain
from portals.selectors.grant_expiry import renewed_end
from portals.selectors.privileges import sensitive_among
from portals.selectors.roots import roots

MOST_THINGS = 25  # of one portal; for what is not among them, words do


@dataclass(frozen=True)
class Askable:
    """One thing, and what this person could ask to do to it."""

    resource: Resource
    privileges: list[Privilege]
    is_portal: bool  # the thing is a subscription's root
    kept_until: dict[int, datetime]  # of those they have, but not for long: until when, once more


@dataclass(frozen=True)
class Named:
    """What a link speaks of, by the names a portal knows; see docs/portals.md."""

    portal: str
    type: str = ""
    resource: str = ""
    privilege: str = ""

    @classmethod
    def in_query(cls, query: Mapping[str, str]) -> "Named | None":
        """What an address names; None where it names no portal, or nothing a portal could."""
        values = {name: query.get(name, "") for name in ("portal", "type", "resource", "privilege")}
        fits = all(len(value) <= 255 and value.isprintable() for value in values.values())
        return cls(**values) if values["portal"] and fits else None

    @property
    def codename(self) -> str:
        """The privilege as type.code; a link may leave the type out, or name none at all."""
        if not self.privilege:
            return f"{ROOT_TYPE}.{OPEN_PRIVILEGE}" if not self.type else ""
        return self.privilege if "." in self.privilege else f"{self.type}.{self.privilege}"


def named_target(customer: Customer, named: Named) -> Resource | None:
    """The thing of this customer that a link speaks of: without a type, the portal itself."""
    resources = Resource.objects.select_related("resource_type__portal").filter(
        subscription__customer=customer,
        subscription__status=SubscriptionStatus.ACTIVE,
        resource_type__portal__slug=named.portal,
    )
    if not named.type:
        return resources.filter(resource_type__code=ROOT_TYPE).first()
    return resources.filter(
        resource_type__code=named.type, external_id=named.resource or customer.slug
    ).first()


def places_to_ask(user: User, named: Named) -> list[Membership]:
    """In which of their customers this person may ask for what a link speaks of.

    The one that has the thing; where none of theirs has it, whether or not others do, those that
    use the portal.
    """
    using = list(
        Membership.objects.live()
        .filter(
            user=user,
            customer__status=CustomerStatus.ACTIVE,
            customer__subscriptions__portal__slug=named.portal,
            customer__subscriptions__status=SubscriptionStatus.ACTIVE,
        )
        .select_related("customer")
        .order_by("customer__name", "pk")
    )
    if not named.type or not named.resource:
        return using
    having = [one for one in using if named_target(one.customer, named)]
    return having or using


def way_back(named: Named | None, address: str) -> str:
    """An address of the named portal to return to; nothing for any other, so no open redirect."""
    portal = Portal.objects.filter(slug=named.portal).first() if named and address else None
    if portal is None or not urlsplit(address).netloc:
        return ""
    own = {urlsplit(one).netloc for one in [portal.home_url, *portal.redirect_uris]}
    secure = urlsplit(portal.home_url).scheme == "https"
    safe = url_has_allowed_host_and_scheme(address, own, require_https=secure)
    return address if safe else ""


def askable_by(membership: Membership, named: Resource | None = None) -> list[Askable]:
    """What a person may ask for, portal by portal; things they hold nothing on stay unseen.

    Save the one thing a link named: who knows its name may ask for it.
    """
    subscriptions = Subscription.objects.filter(
        customer=membership.customer_id, status=SubscriptionStatus.ACTIVE
    ).order_by("portal__slug")
    tops = {
        root.subscription_id: root
        for root in roots().filter(subscription__customer=membership.customer_id)
    }
    resources: list[Resource] = []
    for subscription in subscriptions:
        root = tops[subscription.pk]
        held = resources_held_by(membership).filter(subscription=subscription).exclude(pk=root.pk)
        resources += [root, *held[:MOST_THINGS]]
    if named is not None and named not in resources:
        resources.append(named)
    every: dict[int, list[Privilege]] = {}
    for privilege in Privilege.objects.filter(
        resource_type__in={resource.resource_type_id for resource in resources}
    ).select_related("portal", "resource_type"):
        every.setdefault(privilege.resource_type_id, []).append(privilege)
    found = [_askable(rights, every) for rights in explain(membership, resources)]
    return [askable for askable in found if askable.privileges]


def resources_held_by(membership: Membership) -> QuerySet[Resource]:
    """Things on which this person holds a right of the thing's own type, by grant or role.

    A right on something above that says nothing of the thing itself (`open` on the portal) does
    not count: nobody comes to see every domain by it.
    """
    by_grant = Q()
    for grants, grantee in (
        ("ancestor__person_grants", {"user": membership.user_id}),
        ("ancestor__team_grants", {"group__team__team_memberships__membership": membership}),
    ):
        privilege = f"{grants}__permission__privilege__inclusions__included__resource_type"
        rows = ResourceAncestor.objects.filter(
            Q(**{f"{grants}__expires_at": None})
            | Q(**{f"{grants}__expires_at__gt": timezone.now()}),
            **{f"{grants}__{name}": value for name, value in grantee.items()},
            **{privilege: F("resource__resource_type")},
        )
        by_grant |= Q(pk__in=rows.values("resource_id"))
    if membership.is_super_user:
        by_grant |= Q(
            resource_type__in=Privilege.objects.filter(held_by_super_user=True).values(
                "resource_type_id"
            )
        )
    return (
        Resource.objects.filter(by_grant, subscription__customer=membership.customer_id)
        .select_related("resource_type__portal")
        .order_by("resource_type_id", "name", "pk")
    )


def _askable(rights: EffectiveAccess, every: dict[int, list[Privilege]]) -> Askable:
    held = {one.privilege.pk for one in rights.held if one.in_force and not one.ends_soon}
    lacking = [one for one in every[rights.resource.resource_type_id] if one.pk not in held]
    is_portal = rights.resource.resource_type.code == ROOT_TYPE
    if is_portal and any(one.code == OPEN_PRIVILEGE for one in lacking):
        lacking = [one for one in lacking if one.code == OPEN_PRIVILEGE]  # first things first
    now = timezone.now()
    kept = {
        one.privilege.pk: max(
            renewed_end(origin.grant, now) for origin in one.origins if origin.grant is not None
        )
        for one in rights.held
        if one.ends_soon
    }
    return Askable(rights.resource, lacking, is_portal, kept)


def requested_privileges_in(access_request: AccessRequest) -> QuerySet[RequestedGrant]:
    """The rights one request is about."""
    return (
        RequestedGrant.objects.filter(request=access_request)
        .select_related("resource__resource_type", "privilege__portal")
        .order_by("pk")
    )


def services_asked(customer: Customer) -> dict[str, AccessRequest]:
    """The open requests to the provider, by the portal's short name."""
    waiting = AccessRequest.objects.open().filter(customer=customer, kind__in=ASKED_OF_PROVIDER)
    return {access_request.about: access_request for access_request in waiting}


def sensitive_privileges_in(access_request: AccessRequest) -> set[int]:
    """The keys of the sensitive privileges one request is about."""
    return sensitive_among([row.privilege for row in requested_privileges_in(access_request)])


def waiting_for(membership: Membership) -> QuerySet[RequestedGrant]:
    """The rights this person has asked for and has no answer about."""
    return RequestedGrant.objects.filter(
        request__membership=membership, request__state=RequestState.OPEN
    )
