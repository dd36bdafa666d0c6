"""Resources that come or change, in a handful of statements."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import Portal, Resource, ResourceType, Subscription
from portals.services.resources.deletion import (
    delete_with_all_below,
    lock_customers,
    lock_portal,
    record_change,
)
from portals.services.resources.reports import (
    LIMIT,
    Faults,
    Outcome,
    Report,
    ResourcesRefused,
    check_reports,
)


@transaction.atomic
def put_resource(*, actor: Portal, customer: str, type_code: str, report: Report) -> Outcome:
    """Say that one thing exists, under this name and parent; doing it again changes nothing.

    `actor` is the portal, `customer` a slug. An id that belonged to another customer begins anew:
    the former thing is deleted with its grants. Raises ResourcesRefused naming the field.
    """
    return _write(actor, customer, type_code, [report], replace=False, place="")


@transaction.atomic
def sync_resources(
    *,
    actor: Portal,
    customer: str,
    type_code: str,
    reports: Sequence[Report],
    replace: bool = False,
) -> Outcome:
    """Report up to LIMIT things of one type and customer, all or nothing.

    With `replace`, what the customer has of this type and is not reported is deleted, with its
    grants and everything below. Raises ResourcesRefused naming each bad row as
    `resources[index].field`.
    """
    if len(reports) > LIMIT:
        raise ResourcesRefused(
            {"resources": _("At most %(limit)s at a time.") % {"limit": f"{LIMIT:,}"}}
        )
    return _write(actor, customer, type_code, reports, replace=replace, place="resources[{}].")


def _write(
    portal: Portal,
    customer: str,
    type_code: str,
    reports: Sequence[Report],
    *,
    replace: bool,
    place: str,
) -> Outcome:
    lock_portal(portal)
    resource_type = _reportable_type(portal, type_code)
    subscription = _subscription(portal, customer)
    faults = Faults(place)
    check_reports(reports, resource_type, faults)
    faults.refuse()
    parents = _parents(subscription, resource_type, reports, faults)
    faults.refuse()

    known = _known(resource_type, reports)
    _leave_former_customers(portal, subscription, resource_type, known)
    gone = delete_with_all_below(_missing(subscription, resource_type, known) if replace else [])
    added, changed = [], []
    for report in reports:
        found = known.get(report.external_id)
        parent_id = parents[report.parent]
        row = Resource(
            subscription=subscription,
            resource_type=resource_type,
            external_id=report.external_id,
            name=report.name,
            parent_id=parent_id,
        )
        if found is None or found.owner != subscription.pk:
            added.append(row)
        elif (found.name, found.parent) != (report.name, parent_id):
            changed.append(row)
    Resource.objects.bulk_create(
        added + changed,
        update_conflicts=True,
        unique_fields=["resource_type", "external_id"],
        update_fields=["name", "parent", "search_name"],
    )
    outcome = Outcome(
        added=len(added),
        changed=len(changed),
        removed=gone["removed"],
        unchanged=len(reports) - len(added) - len(changed),
    )
    record_change(portal, subscription.customer, resource_type, outcome, gone)
    return outcome


class _Known(NamedTuple):
    """What the hub has under a reported id."""

    pk: int
    owner: int  # its subscription
    name: str
    parent: int | None


def _known(resource_type: ResourceType, reports: Sequence[Report]) -> dict[str, _Known]:
    rows = Resource.objects.filter(
        resource_type=resource_type, external_id__in={report.external_id for report in reports}
    )
    fields = ("external_id", "pk", "subscription_id", "name", "parent_id")
    return {external_id: _Known(*rest) for external_id, *rest in rows.values_list(*fields)}


def _leave_former_customers(
    portal: Portal,
    subscription: Subscription,
    resource_type: ResourceType,
    known: Mapping[str, _Known],
) -> None:
    """Lock every customer concerned, and delete what was another's: its grants stay behind (A9)."""
    moved: dict[int, list[int]] = {}
    for found in known.values():
        if found.owner != subscription.pk:
            moved.setdefault(found.owner, []).append(found.pk)
    owners = Subscription.objects.select_related("customer").in_bulk(moved)
    lock_customers([subscription.customer_id, *(row.customer_id for row in owners.values())])
    for owner, pks in moved.items():
        gone = delete_with_all_below(pks)
        outcome = Outcome(0, 0, gone["removed"], 0)
        record_change(portal, owners[owner].customer, resource_type, outcome, gone)


def _missing(
    subscription: Subscription, resource_type: ResourceType, known: Mapping[str, _Known]
) -> list[int]:
    """What the customer has of this type and was not reported."""
    present = Resource.objects.filter(subscription=subscription, resource_type=resource_type)
    return [pk for pk, name in present.values_list("pk", "external_id") if name not in known]


def _reportable_type(portal: Portal, code: str) -> ResourceType:
    found = (
        portal.resource_types.exclude(code=ROOT_TYPE)
        .select_related("parent")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise ResourcesRefused({"type": _("Your manifest declares no such type.")})
    return found


def _subscription(portal: Portal, customer: str) -> Subscription:
    """In the same words for a customer that does not exist: a portal learns of its own only."""
    found = (
        Subscription.objects.select_related("customer")
        .exclude(status=SubscriptionStatus.ENDED)
        .filter(portal=portal, customer__slug=customer)
        .first()
    )
    if found is None:
        raise ResourcesRefused({"customer": _("No customer of this name is subscribed.")})
    return found


def _parents(
    subscription: Subscription,
    resource_type: ResourceType,
    reports: Sequence[Report],
    faults: Faults,
) -> dict[tuple[str, str] | None, int]:
    """The key of each parent named, in this customer's own tree."""
    rows = Resource.objects.filter(subscription=subscription, resource_type=resource_type.parent_id)
    names = {report.parent[1] for report in reports if report.parent is not None}
    if not names:
        return dict.fromkeys([None], rows.values_list("pk", flat=True).get()) if reports else {}
    above = resource_type.parent
    assert above is not None  # noqa: S101  only the root has none, and it is never reported
    found = dict(rows.filter(external_id__in=names).values_list("external_id", "pk"))
    for index, report in enumerate(reports):
        if report.parent is not None and report.parent[1] not in found:
            reason = _("This customer has no such %(type)s.") % {"type": above.code}
            faults.add(index, "parent.id", reason)
    return {(above.code, name): pk for name, pk in found.items()}
