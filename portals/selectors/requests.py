"""Rights a person may ask for: portals closed to them, and more on what they already work with."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.choices import ASKED_OF_PROVIDER, RequestState
from accounts.models import Customer, Membership, Request
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SubscriptionStatus
from portals.models import (
    Privilege,
    RequestedGrant,
    Resource,
    ResourceAncestor,
    Subscription,
)
from portals.selectors.privileges import sensitive_among
from portals.selectors.rights import ResourceRights, explain
from portals.selectors.roots import roots

MOST_THINGS = 25  # of one portal; for what is not among them, words do


@dataclass(frozen=True)
class Askable:
    """One thing, and what this person could ask to do to it."""

    resource: Resource
    privileges: list[Privilege]
    is_portal: bool  # the thing is a subscription's root


def askable_by(membership: Membership) -> list[Askable]:
    """What a person may ask for, portal by portal; things they hold nothing on stay unseen."""
    subscriptions = Subscription.objects.filter(
        customer=membership.customer_id, status=SubscriptionStatus.ACTIVE
    ).order_by("portal__slug")
    tops = {
        root.subscription_id: root
        for root in roots().filter(subscription__customer=membership.customer_id)
    }
    things: list[Resource] = []
    for subscription in subscriptions:
        root = tops[subscription.pk]
        held = things_held_by(membership).filter(subscription=subscription).exclude(pk=root.pk)
        things += [root, *held[:MOST_THINGS]]
    every: dict[int, list[Privilege]] = {}
    for privilege in Privilege.objects.filter(
        resource_type__in={thing.resource_type_id for thing in things}
    ).select_related("portal", "resource_type"):
        every.setdefault(privilege.resource_type_id, []).append(privilege)
    found = [_askable(rights, every) for rights in explain(membership, things)]
    return [askable for askable in found if askable.privileges]


def things_held_by(membership: Membership) -> QuerySet[Resource]:
    """Things on which this person holds a right of the thing's own type, by grant or role.

    A right on something above that says nothing of the thing itself (`open` on the portal) does
    not count: nobody comes to see every domain by it.
    """
    by_grant = Q()
    for grants, holder in (
        ("ancestor__person_grants", {"user": membership.user_id}),
        ("ancestor__team_grants", {"group__team__team_memberships__membership": membership}),
    ):
        privilege = f"{grants}__permission__privilege__inclusions__included__resource_type"
        rows = ResourceAncestor.objects.filter(
            Q(**{f"{grants}__expires_at": None})
            | Q(**{f"{grants}__expires_at__gt": timezone.now()}),
            **{f"{grants}__{name}": value for name, value in holder.items()},
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


def _askable(rights: ResourceRights, every: dict[int, list[Privilege]]) -> Askable:
    held = {one.privilege.pk for one in rights.held if one.in_force}
    lacking = [one for one in every[rights.resource.resource_type_id] if one.pk not in held]
    is_portal = rights.resource.resource_type.code == ROOT_TYPE
    if is_portal and any(one.code == OPEN_PRIVILEGE for one in lacking):
        lacking = [one for one in lacking if one.code == OPEN_PRIVILEGE]  # first things first
    return Askable(rights.resource, lacking, is_portal)


def rights_asked_in(asked: Request) -> QuerySet[RequestedGrant]:
    """The rights one request is about."""
    return (
        RequestedGrant.objects.filter(request=asked)
        .select_related("resource__resource_type", "privilege__portal")
        .order_by("pk")
    )


def services_asked(customer: Customer) -> dict[str, Request]:
    """The open requests to the provider, by the portal's short name."""
    waiting = Request.objects.open().filter(customer=customer, kind__in=ASKED_OF_PROVIDER)
    return {asked.about: asked for asked in waiting}


def sensitive_rights_in(asked: Request) -> set[int]:
    """The keys of the sensitive privileges one request is about."""
    return sensitive_among([row.privilege for row in rights_asked_in(asked)])


def waiting_for(membership: Membership) -> QuerySet[RequestedGrant]:
    """The rights this person has asked for and has no answer about."""
    return RequestedGrant.objects.filter(
        request__membership=membership, request__state=RequestState.OPEN
    )
