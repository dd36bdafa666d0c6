"""The access export: a line for each person, resource, privilege and origin."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import Customer, Membership
from accounts.selectors.activity import ExportLocale
from portals.choices import Reason, SubscriptionStatus
from portals.models import PersonGrant, Privilege, Resource, ResourceAncestor, TeamGrant
from portals.selectors.effective_access import EffectivePrivilege, Origin, explain_all
from portals.selectors.resources import resources_of

PEOPLE_PER_BATCH, RESOURCES_PER_BATCH = 50, 200


def access_heading() -> list[str]:
    """Return the column names in the active language."""
    return [
        _("Person"),
        _("Address"),
        _("Portal"),
        _("Kind"),
        _("Resource"),
        _("Id"),
        _("Permission"),
        _("Code"),
        _("In force"),
        _("Through"),
        _("Given permission"),
        _("Given on resource"),
        _("From"),
        _("Until"),
        _("Given by"),
        _("Reason"),
    ]


def access_rows(
    customer: Customer,
    reader: ExportLocale,
    *,
    membership: Membership | None = None,
    resource: Resource | None = None,
) -> Iterator[list[Any]]:
    """Yield what the company's people may do, now or later, by person and then by resource.

    `membership` or `resource` limits the rows to one. A privilege with two origins has two rows.
    "In force" is "No" where the grant begins later, or where the person, the company or the
    subscription is suspended.
    """
    memberships = Membership.objects.present().filter(customer=customer)
    if membership is not None:
        memberships = memberships.filter(pk=membership.pk)
    for people in _people_in_batches(memberships.select_related("user")):
        for resources in _resources_in_batches(customer, people, resource):
            explained = explain_all(people, resources)
            with translation.override(reader.language):
                rows = [
                    _row(person, access.resource, entry, origin, customer, reader)
                    for person in people
                    for access in explained[person]
                    for entry in access.privileges
                    for origin in entry.origins
                ]
            yield from rows


def _people_in_batches(memberships: QuerySet[Membership]) -> Iterator[list[Membership]]:
    ordered, after = memberships.order_by("search_name", "pk"), Q()
    while people := list(ordered.filter(after)[:PEOPLE_PER_BATCH]):
        yield people
        last = people[-1]
        after = Q(search_name=last.search_name, pk__gt=last.pk) | Q(
            search_name__gt=last.search_name
        )


def _resources_in_batches(
    customer: Customer, people: list[Membership], resource: Resource | None
) -> Iterator[list[Resource]]:
    """Yield the resources to which any of these people has access."""
    on = {"content_object__subscription__customer": customer}
    users = [person.user_id for person in people]
    own = PersonGrant.objects.unexpired().filter(user__in=users, **on)
    of_teams = TeamGrant.objects.unexpired().filter(
        group__team__team_memberships__membership__in=people, **on
    )
    below = ResourceAncestor.objects.filter(
        Q(ancestor__in=own.values("content_object"))
        | Q(ancestor__in=of_teams.values("content_object"))
    )
    accessible = Q(pk__in=below.values("resource")) | Q(owner__in=people)
    if any(person.is_super_user for person in people):
        by_role = Privilege.objects.filter(held_by_super_user=True)
        accessible |= Q(resource_type__in=by_role.values("resource_type"))
    ordered = resources_of(customer).filter(accessible).order_by("pk")
    if resource is not None:
        ordered = ordered.filter(pk=resource.pk)
    last_key = 0
    while resources := list(ordered.filter(pk__gt=last_key)[:RESOURCES_PER_BATCH]):
        yield resources
        last_key = resources[-1].pk


def _row(
    membership: Membership,
    resource: Resource,
    entry: EffectivePrivilege,
    origin: Origin,
    customer: Customer,
    reader: ExportLocale,
) -> list[Any]:
    grant = origin.grant
    counts_now = (
        origin.in_force
        and membership.is_live
        and membership.user.is_active
        and customer.status == CustomerStatus.ACTIVE
        and resource.subscription.status == SubscriptionStatus.ACTIVE
    )
    return [
        membership.work_name,
        membership.user.email,
        str(entry.privilege.portal),
        str(resource.resource_type),
        resource.name,
        resource.external_id,
        str(entry.privilege),
        entry.privilege.codename,
        _("Yes") if counts_now else _("No"),
        _through(origin),
        "" if grant is None else str(origin.given or entry.privilege),
        "" if grant is None else str(origin.resource or resource),
        "" if grant is None else _moment(grant.starts_at or grant.granted_at, reader),
        "" if grant is None else _moment(grant.expires_at, reader),
        "" if grant is None else str(grant.granted_by),
        "" if grant is None else grant.reason,
    ]


def _through(origin: Origin) -> str:
    if origin.reason == Reason.ROLE:
        return _("Role: Super User")
    if origin.reason == Reason.OWNER:
        return _("Owner")
    if origin.team is not None:
        return _("Team: %(team)s") % {"team": origin.team}
    return _("Given to this person")


def _moment(moment: datetime | None, reader: ExportLocale) -> str:
    """Return a time as every spreadsheet program reads it, in the reader's time zone."""
    if moment is None:
        return ""
    local = timezone.localtime(moment, reader.zone)
    return local.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
