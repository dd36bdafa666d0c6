"""Add and change the resources of a report, in a few statements whatever its size."""

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
from portals.services.resources.owners import OwnerChange, record_owner_changes, resolve_owners
from portals.services.resources.reports import (
    KEEP,
    LIMIT,
    Faults,
    Outcome,
    Report,
    ResourcesRefused,
    check_reports,
)


@transaction.atomic
def put_resource(*, actor: Portal, customer: str, type_code: str, report: Report) -> Outcome:
    """Add or update one resource; repeating it changes nothing.

    `customer` is a slug. Where the id belonged to another customer, that resource is deleted with
    its grants and a new one is made. Raises ResourcesRefused naming the field.
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
    """Add or update up to LIMIT resources of one type and customer, all or nothing.

    With `replace`, the customer's other resources of this type are deleted, with their grants and
    everything below. Raises ResourcesRefused naming each bad row as `resources[index].field`.
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
    _delete_from_former_customers(portal, subscription, resource_type, known)
    present_owners = {
        external_id: existing.owner
        for external_id, existing in known.items()
        if existing.subscription == subscription.pk
    }
    owners = resolve_owners(subscription.customer, reports, present_owners, faults)
    faults.refuse()
    removals = delete_with_all_below(
        _unreported(subscription, resource_type, known) if replace else []
    )
    added, changed, owner_changes = [], [], []
    for report in reports:
        existing = known.get(report.external_id)
        parent_id = parents[report.parent]
        row = Resource(
            subscription=subscription,
            resource_type=resource_type,
            external_id=report.external_id,
            name=report.name,
            parent_id=parent_id,
        )
        before = present_owners.get(report.external_id)
        row.owner_id = before if report.owner == KEEP else owners.get(report.owner or "")
        if existing is None or existing.subscription != subscription.pk:
            added.append(row)
        elif (existing.name, existing.parent, before) != (report.name, parent_id, row.owner_id):
            changed.append(row)
        if row.owner_id != before:
            owner_changes.append(OwnerChange(row, before, row.owner_id))
    Resource.objects.bulk_create(
        added + changed,
        update_conflicts=True,
        unique_fields=["resource_type", "external_id"],
        update_fields=["name", "parent", "owner", "search_name"],
    )
    outcome = Outcome(
        added=len(added),
        changed=len(changed),
        removed=removals["removed"],
        unchanged=len(reports) - len(added) - len(changed),
    )
    record_change(portal, subscription.customer, resource_type, outcome, removals)
    record_owner_changes(portal, subscription.customer, resource_type, owner_changes)
    return outcome


class _Known(NamedTuple):
    """The resource that already has a reported id."""

    pk: int
    subscription: int
    name: str
    parent: int | None
    owner: int | None


def _known(resource_type: ResourceType, reports: Sequence[Report]) -> dict[str, _Known]:
    rows = Resource.objects.filter(
        resource_type=resource_type, external_id__in={report.external_id for report in reports}
    )
    fields = ("external_id", "pk", "subscription_id", "name", "parent_id", "owner_id")
    return {external_id: _Known(*rest) for external_id, *rest in rows.values_list(*fields)}


def _delete_from_former_customers(
    portal: Portal,
    subscription: Subscription,
    resource_type: ResourceType,
    known: Mapping[str, _Known],
) -> None:
    """Lock all customers concerned, and delete the resources that belonged to another one (A9)."""
    moved: dict[int, list[int]] = {}
    for existing in known.values():
        if existing.subscription != subscription.pk:
            moved.setdefault(existing.subscription, []).append(existing.pk)
    former = Subscription.objects.select_related("customer").in_bulk(moved)
    lock_customers([subscription.customer_id, *(row.customer_id for row in former.values())])
    for key, pks in moved.items():
        removals = delete_with_all_below(pks)
        outcome = Outcome(0, 0, removals["removed"], 0)
        record_change(portal, former[key].customer, resource_type, outcome, removals)


def _unreported(
    subscription: Subscription, resource_type: ResourceType, known: Mapping[str, _Known]
) -> list[int]:
    """Return the keys of the customer's resources of this type that were not reported."""
    existing = Resource.objects.filter(subscription=subscription, resource_type=resource_type)
    return [
        pk
        for pk, external_id in existing.values_list("pk", "external_id")
        if external_id not in known
    ]


def _reportable_type(portal: Portal, code: str) -> ResourceType:
    resource_type = (
        portal.resource_types.exclude(code=ROOT_TYPE)
        .select_related("parent")
        .filter(code=code)
        .first()
    )
    if resource_type is None:
        raise ResourcesRefused({"type": _("Your manifest declares no such type.")})
    return resource_type


def _subscription(portal: Portal, customer: str) -> Subscription:
    """Return the subscription. The refusal never says whether the customer exists."""
    subscription = (
        Subscription.objects.select_related("customer")
        .exclude(status=SubscriptionStatus.ENDED)
        .filter(portal=portal, customer__slug=customer)
        .first()
    )
    if subscription is None:
        raise ResourcesRefused({"customer": _("No customer of this name is subscribed.")})
    return subscription


def _parents(
    subscription: Subscription,
    resource_type: ResourceType,
    reports: Sequence[Report],
    faults: Faults,
) -> dict[tuple[str, str] | None, int]:
    """Return the key of each parent that the reports name, in this customer's tree."""
    rows = Resource.objects.filter(subscription=subscription, resource_type=resource_type.parent_id)
    parent_ids = {report.parent[1] for report in reports if report.parent is not None}
    if not parent_ids:
        return dict.fromkeys([None], rows.values_list("pk", flat=True).get()) if reports else {}
    parent_type = resource_type.parent
    assert parent_type is not None  # noqa: S101  only the root has none, and it is not reported
    existing = dict(rows.filter(external_id__in=parent_ids).values_list("external_id", "pk"))
    for index, report in enumerate(reports):
        if report.parent is not None and report.parent[1] not in existing:
            reason = _("This customer has no such %(type)s.") % {"type": parent_type.code}
            faults.add(index, "parent.id", reason)
    return {(parent_type.code, external_id): pk for external_id, pk in existing.items()}
