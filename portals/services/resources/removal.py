"""Removed resources: hidden with their access, back if reported again, ended after KEPT_FOR."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portals.models import (
    PersonGrant,
    Portal,
    Resource,
    ResourceAncestor,
    ResourceType,
    TeamGrant,
)
from portals.permissions import require_reported_resource
from portals.selectors.losses import lost_resources, returned_resources
from portals.services.resources.deletion import (
    lock_customers,
    lock_portal,
    record_change,
)
from portals.services.resources.reports import Outcome

UNCONFIRMED_SHARE = 10  # percent of a type that a report may remove with its grants, unconfirmed


class Removal(NamedTuple):
    """The losses of a report: resources, with everything below them, and grants."""

    resources: int
    grants: int


class RemovalUnconfirmed(Exception):
    """A report that removes so much that the portal must confirm it, with these numbers."""

    def __init__(self, removal: Removal) -> None:
        """Keep what the report would take away."""
        super().__init__(removal)
        self.removal = removal

    @property
    def message(self) -> str:
        """Say what the report would end, and how to confirm it."""
        grants = ngettext("%(count)s grant", "%(count)s grants", self.removal.grants)
        resources = ngettext("%(count)s resource", "%(count)s resources", self.removal.resources)
        return _(
            "This report removes %(resources)s and ends %(grants)s. To confirm, send "
            "it again with these numbers in “confirm”."
        ) % {
            "resources": resources % {"count": self.removal.resources},
            "grants": grants % {"count": self.removal.grants},
        }


@transaction.atomic
def delete_resource(*, actor: Portal, resource: Resource) -> bool:
    """Remove a resource with everything below it, and return whether it existed.

    For KEPT_FOR it comes back with its access if its portal reports it again in the same company.
    Raises PermissionDenied for a resource of another portal, or for the subscription itself.
    """
    lock_portal(actor)
    current = (
        Resource.objects.filter(pk=resource.pk)
        .select_related("resource_type", "subscription__customer")
        .first()
    )
    if current is None:
        return False
    require_reported_resource(actor, current)
    lock_customers([current.subscription.customer_id])
    removals = remove_with_all_below(loss_of([current.pk]), current.resource_type, timezone.now())
    outcome = Outcome(0, 0, removals["removed"], 0)
    customer = current.subscription.customer
    record_change(actor, customer, current.resource_type, outcome, removals)
    return True


class Loss(NamedTuple):
    """Some resources with all below them: their keys, their number by type, and their grants."""

    below: list[int]
    by_type: Counter[int]
    grants: int


def loss_of(pks: Sequence[int]) -> Loss:
    """Return what the removal of these resources takes away."""
    if not pks:
        return Loss([], Counter(), 0)
    types = dict(
        ResourceAncestor.objects.filter(ancestor__in=pks, resource__removed_at=None).values_list(
            "resource", "resource__resource_type"
        )
    )
    grants = sum(
        rows.unexpired().filter(content_object__in=list(types)).count()
        for rows in (PersonGrant.objects, TeamGrant.objects)
    )
    return Loss(list(types), Counter(types.values()), grants)


def removal_of(losses: Iterable[Loss]) -> Removal:
    """Return what a report takes away in all."""
    rows = list(losses)
    return Removal(sum(len(loss.below) for loss in rows), sum(loss.grants for loss in rows))


def require_confirmation(losses: Mapping[int, Loss]) -> None:
    """Raise RemovalUnconfirmed where a customer loses much of a type, here or below.

    `losses` has what each subscription loses. It is much where nothing of a type is left, or where
    a grant ends and more than UNCONFIRMED_SHARE percent of a type goes.
    """
    for subscription, loss in losses.items():
        if not loss.below:
            continue
        resources = Resource.objects.filter(
            subscription=subscription, resource_type__in=loss.by_type
        )
        counts = resources.order_by().values_list("resource_type").annotate(Count("pk"))
        for resource_type, total in counts:
            lost = loss.by_type[resource_type]
            if lost == total or (loss.grants and lost * 100 > total * UNCONFIRMED_SHARE):
                raise RemovalUnconfirmed(removal_of(losses.values()))


def remove_with_all_below(loss: Loss, resource_type: ResourceType, now: datetime) -> dict[str, Any]:
    """Remove resources of one type with everything below, and return the event data of that."""
    if not loss.below:
        return {"removed": 0}
    resources = Resource.with_removed.filter(pk__in=loss.below)
    data = lost_resources(resources, resource_type)
    resources.update(removed_at=now)
    return {"removed": len(loss.below), **data}


def give_back(
    removed: Iterable[tuple[int, datetime]], resource_type: ResourceType
) -> dict[str, Any]:
    """Give back what was removed with resources that just came back, and return the event data.

    `removed` are the keys of these, with the moment of each removal. What the portal removed below
    them at another moment stays removed.
    """
    by_moment: dict[datetime, list[int]] = {}
    for pk, moment in removed:
        by_moment.setdefault(moment, []).append(pk)
    returned: list[int] = []
    for moment, level in by_moment.items():
        returned += level
        while level:  # parents first: nothing stands below a removed resource
            below = Resource.with_removed.filter(parent__in=level, removed_at=moment)
            level = list(below.values_list("pk", flat=True))
            Resource.with_removed.filter(pk__in=level).update(removed_at=None)
            returned += level
    data = returned_resources(Resource.objects.filter(pk__in=returned), resource_type)
    return {"count": len(returned), "privileges": len(data["grants_returned"]), **data}
