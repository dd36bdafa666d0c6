"""What a person removed a moment ago and could still bring back."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from accounts.models import AuditEvent, Customer, Undo, User

MAX_REMOVALS = 1000  # entries looked at: what one act may bring back together
SAME_ACT_WITHIN = timedelta(seconds=1)  # an act writes its entries at once, one after the other


def removals_of(
    actor: User, customer: Customer, *, kinds: Iterable[str], since: datetime
) -> list[list[AuditEvent]]:
    """What this person removed here and nobody has undone, newest first.

    What one act removed stands together, oldest first.
    """
    found = AuditEvent.objects.filter(
        customer=customer, actor=actor, kind__in=list(kinds), at__gte=since
    ).annotate(undone=Exists(Undo.objects.filter(event=OuterRef("pk"))))
    acts: list[list[AuditEvent]] = []
    newer: AuditEvent | None = None
    for event in found.order_by("-pk")[:MAX_REMOVALS]:
        if event.undone:
            newer = None
            continue
        if newer is None or newer.at - event.at > SAME_ACT_WITHIN:
            acts.append([])
        acts[-1].insert(0, event)
        newer = event
    return acts
