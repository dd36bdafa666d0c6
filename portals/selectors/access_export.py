"""Who may do what, as a table to take away: a line for each right and each way it came."""

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
from portals.selectors.effective_access import EffectivePrivilege, Origin, explain_all, not_over
from portals.selectors.resources import resources_of

PEOPLE_AT_ONCE, THINGS_AT_ONCE = 50, 200


def access_heading() -> list[str]:
    """The names of the columns, in the reader's language."""
    return [
        _("Person"),
        _("Address"),
        _("Portal"),
        _("Kind"),
        _("Thing"),
        _("Id"),
        _("Right"),
        _("Code"),
        _("Counts now"),
        _("Through"),
        _("Given as"),
        _("Given on"),
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
    """Everything the company's people may do, or will from a date on; by person, then by thing.

    In: who reads it; whose rights alone, or on which thing alone. A right that comes in two ways
    has two lines. What does not count now has "No": it begins later, or the person, the company or
    its use of the portal is suspended.
    """
    present = Membership.objects.present().filter(customer=customer)
    if membership is not None:
        present = present.filter(pk=membership.pk)
    for people in _people(present.select_related("user")):
        for resources in _resources(customer, people, resource):
            found = explain_all(people, resources)
            with translation.override(reader.language):
                rows = [
                    _row(one, rights.resource, held, origin, customer, reader)
                    for one in people
                    for rights in found[one]
                    for held in rights.held
                    for origin in held.origins
                ]
            yield from rows


def _people(present: QuerySet[Membership]) -> Iterator[list[Membership]]:
    ordered, after = present.order_by("search_name", "pk"), Q()
    while people := list(ordered.filter(after)[:PEOPLE_AT_ONCE]):
        yield people
        last = people[-1]
        after = Q(search_name=last.search_name, pk__gt=last.pk) | Q(
            search_name__gt=last.search_name
        )


def _resources(
    customer: Customer, people: list[Membership], resource: Resource | None
) -> Iterator[list[Resource]]:
    """What any of these people has a right on, some hundred at a time."""
    on = {"content_object__subscription__customer": customer}
    users = [one.user_id for one in people]
    through = {"group__team__team_memberships__membership__in": people}
    own = PersonGrant.objects.filter(not_over(), user__in=users, **on)
    of_teams = TeamGrant.objects.filter(not_over(), **on, **through)
    below = ResourceAncestor.objects.filter(
        Q(ancestor__in=own.values("content_object"))
        | Q(ancestor__in=of_teams.values("content_object"))
    )
    reached = Q(pk__in=below.values("resource"))
    if any(one.is_super_user for one in people):
        by_role = Privilege.objects.filter(held_by_super_user=True)
        reached |= Q(resource_type__in=by_role.values("resource_type"))
    found = resources_of(customer).filter(reached)
    if resource is not None:
        found = found.filter(pk=resource.pk)
    done = 0
    ordered = found.order_by("pk")
    while resources := list(ordered.filter(pk__gt=done)[:THINGS_AT_ONCE]):
        yield resources
        done = resources[-1].pk


def _row(
    one: Membership,
    resource: Resource,
    held: EffectivePrivilege,
    origin: Origin,
    customer: Customer,
    reader: ExportLocale,
) -> list[Any]:
    grant = origin.grant
    counts = (
        origin.in_force
        and one.is_live
        and one.user.is_active
        and customer.status == CustomerStatus.ACTIVE
        and resource.subscription.status == SubscriptionStatus.ACTIVE
    )
    return [
        one.work_name,
        one.user.email,
        str(held.privilege.portal),
        str(resource.resource_type),
        resource.name,
        resource.external_id,
        str(held.privilege),
        held.privilege.codename,
        _("Yes") if counts else _("No"),
        _through(origin),
        "" if grant is None else str(origin.given or held.privilege),
        "" if grant is None else str(origin.resource or resource),
        "" if grant is None else _moment(grant.starts_at or grant.granted_at, reader),
        "" if grant is None else _moment(grant.expires_at, reader),
        "" if grant is None else str(grant.granted_by),
        "" if grant is None else grant.reason,
    ]


def _through(origin: Origin) -> str:
    if origin.reason == Reason.ROLE:
        return _("Role: Super User")
    if origin.team is not None:
        return _("Team: %(team)s") % {"team": origin.team}
    return _("Given to this person")


def _moment(moment: datetime | None, reader: ExportLocale) -> str:
    """As every spreadsheet program reads it, in the reader's time zone."""
    if moment is None:
        return ""
    local = timezone.localtime(moment, reader.zone)
    return local.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
