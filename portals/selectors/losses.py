"""The losses of an act, in the data of its event: grants, offers, requests, people concerned.

Read before the rows are deleted. Every act that ends access describes it here, so that the activity
log names it in the same words, and is found by each person whose access it changed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.choices import RequestState, Role
from accounts.languages import in_readers_language
from accounts.models import Customer, Invitation, Membership, TeamMembership
from accounts.selectors.event_details import moment_text
from portals.choices import SubscriptionStatus
from portals.models import (
    OfferedGrant,
    PersonGrant,
    Privilege,
    PrivilegeInclusion,
    RequestedGrant,
    Resource,
    ResourceAncestor,
    ResourceType,
    TeamGrant,
)
from portals.models.grants import unexpired
from portals.selectors.privileges import types_at_or_below

Grant = PersonGrant | TeamGrant


def terms_event_data(terms: Any) -> dict[str, Any]:
    """Return the event data of the terms of a grant or offer, with times in ISO 8601."""
    return {
        "starts_at": terms.starts_at and terms.starts_at.isoformat(),
        "expires_at": terms.expires_at and terms.expires_at.isoformat(),
        "reason": terms.reason,
    }


def _privilege(privilege: Privilege, resource: Resource) -> dict[str, Any]:
    return {
        "privilege": privilege.labels,
        "codename": privilege.codename,
        "resource": privilege.names_of(resource),
        "resource_id": resource.pk,
    }


def ended_grants(customer: Customer, grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """Return the event data of grants that end together: enough to restore each as it was."""
    grants = list(grants)
    granters = {grant.granted_by for grant in grants}
    names = customer.memberships.names_at_work(*granters)
    return [
        {
            **_privilege(grant.permission.privilege, grant.content_object),
            **terms_event_data(grant),
            "granted_by": str(grant.granted_by.sub),
            "granted_by_name": names.get(grant.granted_by_id, str(grant.granted_by)),
            "granted_at": grant.granted_at.isoformat(),
        }
        for grant in grants
    ]


def _grants(condition: Q) -> list[Grant]:
    related = ("permission__privilege", "content_object__subscription", "granted_by")
    people = PersonGrant.with_removed.filter(condition).select_related("user", *related)
    teams = TeamGrant.with_removed.filter(condition).select_related("group__team", *related)
    return [*people.order_by("pk"), *teams.order_by("pk")]


def _grantees(customer: Customer, grants: Iterable[Grant]) -> list[dict[str, str]]:
    """Return the event data of each grant's person, with the name at work, or team."""
    grants = list(grants)
    names = customer.memberships.names_at_work(
        *{grant.user for grant in grants if isinstance(grant, PersonGrant)}
    )
    return [
        {
            "grantee": names.get(grant.user_id, str(grant.user)),
            "grantee_sub": str(grant.user.sub),
        }
        if isinstance(grant, PersonGrant)
        else {"grantee": str(grant.group.team), "team_uuid": str(grant.group.team.uuid)}
        for grant in grants
    ]


def lost_access(customer: Customer, *, of_grant: Q, of_offer: Q) -> dict[str, Any]:
    """Return the grants, offers and open requests of a customer that meet these conditions.

    `of_grant` is about person and team grants alike, `of_offer` about the rows of invitations and
    requests. `concerned` are the keys of the people who lose a grant, their own or a team's.
    """
    grants = _grants(of_grant & Q(content_object__subscription__customer=customer))
    grantees = _grantees(customer, grants)
    of_customer = Q(resource__subscription__customer=customer)
    offers = OfferedGrant.with_removed.filter(
        of_customer & of_offer, invitation__accepted_at=None, invitation__revoked_at=None
    ).select_related("invitation", "resource", "privilege")
    requests = RequestedGrant.with_removed.filter(
        of_customer & of_offer, request__state=RequestState.OPEN
    ).select_related("request__membership__user", "resource", "privilege")
    lost = {
        "grants": [
            {**grantee, **data}
            for grantee, data in zip(grantees, ended_grants(customer, grants), strict=True)
        ],
        "offers": [
            {"grantee": offer.invitation.address, **_privilege(offer.privilege, offer.resource)}
            for offer in offers.order_by("pk")
        ],
        "requested": [
            {
                "grantee": str(row.request.membership),
                "grantee_sub": str(row.request.membership.user.sub),
                **_privilege(row.privilege, row.resource),
            }
            for row in requests.order_by("pk")
        ],
    }
    people = people_with(grants) | {row.request.membership.user_id for row in requests}
    return {name: rows for name, rows in lost.items() if rows} | {"concerned": people}


def lost_resources(resources: QuerySet[Resource], resource_type: ResourceType) -> dict[str, Any]:
    """Return what goes with resources of one customer, of this type and below, as event data.

    That is each resource, and what lost_access returns.
    """
    rows = list(resources.select_related("resource_type", "subscription__customer").order_by("pk"))
    if not rows:
        return {}
    customer, keys = rows[0].subscription.customer, resources.values("pk")
    lost = lost_access(customer, of_grant=Q(content_object__in=keys), of_offer=Q(resource__in=keys))
    lost["concerned"] |= people_who_reach([row.pk for row in rows], customer, resource_type)
    return {"removed_resources": resources_event_data(rows), **lost}


def returned_resources(
    resources: QuerySet[Resource], resource_type: ResourceType
) -> dict[str, Any]:
    """Return what comes back with resources of one customer, as event data: they, and grants."""
    rows = list(resources.select_related("resource_type", "subscription__customer").order_by("pk"))
    customer = rows[0].subscription.customer
    grants = _grants(Q(content_object__in=resources.values("pk")) & unexpired())
    grantees = _grantees(customer, grants)
    return {
        "returned_resources": resources_event_data(rows),
        "grants_returned": [
            {**grantee, **data}
            for grantee, data in zip(grantees, ended_grants(customer, grants), strict=True)
        ],
        "concerned": people_who_reach([row.pk for row in rows], customer, resource_type),
    }


def resources_event_data(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return the event data of resources that go or come together."""
    return [
        {
            "resource": resource.name,
            "resource_id": resource.pk,
            "external_id": resource.external_id,
            "type": resource.resource_type.labels,
        }
        for resource in resources
    ]


def offers_in(invitation: Invitation) -> dict[str, Any]:
    """Return what a withdrawn invitation offered, as event data."""
    offers = OfferedGrant.objects.filter(invitation=invitation).order_by("pk")
    rows = [
        _privilege(offer.privilege, offer.resource)
        for offer in offers.select_related("privilege", "resource")
    ]
    return {"offers": rows} if rows else {}


def privileges_by_role(customer: Customer) -> list[dict[str, str]]:
    """Return the privileges that Super Users hold by their role, with their portals, by language.

    That is on every resource of their type, so that no resource is named.
    """
    portals = customer.subscriptions.exclude(status=SubscriptionStatus.ENDED).values("portal")
    privileges = Privilege.objects.filter(portal__in=portals, held_by_super_user=True)
    return [
        {
            language: f"{privilege.portal.labels[language]}: {label}"
            for language, label in privilege.labels.items()
        }
        for privilege in privileges.select_related("portal").order_by("portal", "position", "pk")
    ]


def people_with(grants: Iterable[Grant]) -> set[int]:
    """Return the keys of the users who have one of these grants, directly or through a team."""
    grants = list(grants)
    groups = {grant.group_id for grant in grants if isinstance(grant, TeamGrant)}
    members = TeamMembership.objects.filter(team__group__in=groups)
    people = {grant.user_id for grant in grants if isinstance(grant, PersonGrant)}
    if groups:
        people |= set(members.values_list("membership__user_id", flat=True))
    return people


def people_with_grants_on(resources: Any, types: Iterable[int]) -> set[int]:
    """Return the keys of the users with a grant on these, good for resources of these types.

    `resources` are keys, or a query of them. A grant that has expired counts no more.
    """
    useful = PrivilegeInclusion.objects.filter(included__resource_type__in=types)
    on_these = Q(content_object__in=resources, permission__in=useful.values("privilege"))
    return people_with(_grants(on_these & unexpired()))


def people_with_access_by(customer: Customer, privileges: Any) -> set[int]:
    """Return the keys of the users with a grant of one of these privileges (keys, or a query)."""
    in_company = Q(content_object__subscription__customer=customer)
    return people_with(_grants(in_company & Q(permission__in=privileges) & unexpired()))


def held_by_role(customer: Customer, types: Iterable[int]) -> set[int]:
    """Return the keys of the Super Users, where they hold a privilege of these types by role."""
    if not Privilege.objects.filter(resource_type__in=types, held_by_super_user=True).exists():
        return set()
    present = Membership.objects.present().filter(customer=customer, role=Role.SUPER_USER)
    return set(present.values_list("user_id", flat=True))


def people_who_reach(
    resources: Iterable[int], customer: Customer, resource_type: ResourceType
) -> set[int]:
    """Return the keys of the users with access to one of these, of this type and below."""
    above = set().union(*ancestors_of(resources).values())
    types = types_at_or_below(resource_type)
    return people_with_grants_on(above, types) | held_by_role(customer, types)


def ancestors_of(resources: Iterable[int]) -> dict[int, set[int]]:
    """Return the keys of each of these resources and of what is above it."""
    ancestors: dict[int, set[int]] = {}
    rows = ResourceAncestor.objects.filter(resource__in=set(resources))
    for resource, ancestor in rows.values_list("resource_id", "ancestor_id"):
        ancestors.setdefault(resource, set()).add(ancestor)
    return ancestors


def describe_privileges(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each grant, offer or request in an event's data."""
    return [_describe_privilege(part) for part in parts]


def name_privilege(part: Mapping[str, Any]) -> str:
    """Return the permission and the resource of a grant, with its person or team where given."""
    line = _("“%(privilege)s” on %(resource)s") % {
        "privilege": in_readers_language(part["privilege"]),
        "resource": in_readers_language(part["resource"]),
    }
    if "grantee" not in part:
        return line
    return _("%(grantee)s: %(privilege)s") % {"grantee": part["grantee"], "privilege": line}


def _describe_privilege(part: Mapping[str, Any]) -> str:
    line = name_privilege(part)
    if part.get("starts_at"):
        line = _("%(privilege)s, from %(when)s") % {
            "privilege": line,
            "when": moment_text(part["starts_at"]),
        }
    if part.get("expires_at"):
        line = _("%(privilege)s, until %(when)s") % {
            "privilege": line,
            "when": moment_text(part["expires_at"]),
        }
    if part.get("granted_by_name"):
        line = _("%(privilege)s, given by %(person)s on %(when)s") % {
            "privilege": line,
            "person": part["granted_by_name"],
            "when": moment_text(part["granted_at"]),
        }
    if part.get("reason"):
        line = _("%(privilege)s (reason: %(reason)s)") % {
            "privilege": line,
            "reason": part["reason"],
        }
    return line
