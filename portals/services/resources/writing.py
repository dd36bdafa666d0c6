"""Add and change the resources of a report, in a few statements whatever its size."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import Portal, Resource, ResourceType, Subscription
from portals.models.resources import KEPT_FOR
from portals.services.resources.changes import Changes, Known
from portals.services.resources.deletion import (
    delete_moved,
    end_for_good,
    lock_customers,
    lock_portal,
    record_change,
    record_resources,
)
from portals.services.resources.owners import OwnerChange, record_owner_changes, resolve_owners
from portals.services.resources.removal import (
    Removal,
    give_back,
    loss_of,
    removal_of,
    remove_with_all_below,
    require_confirmation,
)
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

    `customer` is a slug. Where the id belonged to another customer, that resource ends for good
    with its grants, and a new one is made; the outcome says what ended. What was removed from this
    customer within KEPT_FOR comes back with its access. Raises ResourcesRefused naming the field.
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
    confirm: Removal | None = None,
) -> Outcome:
    """Add or update up to LIMIT resources of one type and customer, all or nothing.

    With `replace`, the customer's other resources of this type are removed, with everything below.
    Raises ResourcesRefused naming each bad row as `resources[index].field`; RemovalUnconfirmed
    where the report takes away much, from this customer or from the former ones of its ids, and
    `confirm` does not repeat how much.
    """
    if len(reports) > LIMIT:
        raise ResourcesRefused(
            {"resources": _("Send at most %(limit)s at a time.") % {"limit": f"{LIMIT:,}"}}
        )
    return _write(
        actor,
        customer,
        type_code,
        reports,
        replace=replace,
        place="resources[{}].",
        check_removal=True,
        confirm=confirm,
    )


def _write(
    portal: Portal,
    customer: str,
    type_code: str,
    reports: Sequence[Report],
    *,
    replace: bool,
    place: str,
    check_removal: bool = False,
    confirm: Removal | None = None,
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
    former = _lock_customers_of(subscription, known)
    now = timezone.now()
    known = _without_ended(portal, subscription, known, now)
    present_owners = {
        external_id: existing.owner
        for external_id, existing in known.items()
        if existing.subscription == subscription.pk
    }
    owners = resolve_owners(subscription.customer, reports, present_owners, faults)
    faults.refuse()
    moved = _moved(subscription, known)
    missing = _unreported(subscription, resource_type, known) if replace else []
    missing_loss = loss_of(missing)
    losses = {subscription.pk: missing_loss} | {key: loss_of(pks) for key, pks in moved.items()}
    removal = removal_of(losses.values())
    if check_removal and removal != confirm:
        require_confirmation(losses)
    delete_moved(portal, resource_type, former, moved)
    removals = remove_with_all_below(missing_loss, resource_type, now)
    added, changed, returning, owner_changes = [], [], [], []
    changes = Changes(subscription.customer, resource_type)
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
            changes.add(parent_id)
        elif existing.removed_at is not None:
            returning.append(row)
        elif (existing.name, existing.parent, before) != (report.name, parent_id, row.owner_id):
            changed.append(row)
            changes.change(existing, row)
        if row.owner_id != before:
            owner_changes.append(OwnerChange(row, before, row.owner_id))
    Resource.objects.bulk_create(
        added + changed + returning,
        update_conflicts=True,
        unique_fields=["resource_type", "external_id"],
        update_fields=["name", "parent", "owner", "search_name", "search_words", "removed_at"],
    )
    if returning:
        back = [known[row.external_id] for row in returning]
        removed = [(row.pk, row.removed_at) for row in back if row.removed_at is not None]
        data = give_back(removed, resource_type)
        record_resources("resources.returned", portal, subscription.customer, resource_type, data)
    outcome = Outcome(
        added=len(added),
        changed=len(changed),
        removed=removals["removed"],
        unchanged=len(reports) - len(added) - len(changed) - len(returning),
        returned=len(returning),
        moved=removal.resources - removals["removed"],
        grants_ended=removal.grants,
    )
    record_change(
        portal, subscription.customer, resource_type, outcome, changes.event_data(removals)
    )
    record_owner_changes(portal, subscription.customer, resource_type, owner_changes)
    return outcome


def _known(resource_type: ResourceType, reports: Sequence[Report]) -> dict[str, Known]:
    rows = Resource.with_removed.filter(
        resource_type=resource_type, external_id__in={report.external_id for report in reports}
    )
    fields = ("external_id", "pk", "subscription_id", "name", "parent_id", "removed_at", "owner_id")
    return {external_id: Known(*rest) for external_id, *rest in rows.values_list(*fields)}


def _lock_customers_of(
    subscription: Subscription, known: Mapping[str, Known]
) -> dict[int, Subscription]:
    """Lock all customers concerned, and return the subscriptions that have these ids."""
    subscriptions = Subscription.objects.select_related("customer").in_bulk(
        {existing.subscription for existing in known.values()}
    )
    customers = [row.customer_id for row in subscriptions.values()]
    lock_customers([subscription.customer_id, *customers])
    return subscriptions


def _without_ended(
    portal: Portal, subscription: Subscription, known: Mapping[str, Known], now: datetime
) -> dict[str, Known]:
    """End for good what was removed too long ago, or from another customer; return the others."""
    ended = {
        existing.pk
        for existing in known.values()
        if existing.removed_at is not None
        and (existing.subscription != subscription.pk or existing.removed_at <= now - KEPT_FOR)
    }
    if ended:
        end_for_good(portal, Resource.with_removed.filter(pk__in=ended))
    return {name: existing for name, existing in known.items() if existing.pk not in ended}


def _moved(subscription: Subscription, known: Mapping[str, Known]) -> dict[int, list[int]]:
    """Return other subscription → the keys of its resources that are reported for this one."""
    moved: dict[int, list[int]] = {}
    for existing in known.values():
        if existing.subscription != subscription.pk:
            moved.setdefault(existing.subscription, []).append(existing.pk)
    return moved


def _unreported(
    subscription: Subscription, resource_type: ResourceType, known: Mapping[str, Known]
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
        raise ResourcesRefused({"type": _("Your manifest does not declare this type.")})
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
        raise ResourcesRefused({"customer": _("No subscribed company has this short name.")})
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
            reason = _("This company has no %(type)s with this ID.") % {"type": parent_type.code}
            faults.add(index, "parent.id", reason)
    return {(parent_type.code, external_id): pk for external_id, pk in existing.items()}
