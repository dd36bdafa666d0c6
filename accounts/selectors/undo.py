"""The removals that a person can still undo."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from accounts.models import AuditEvent, Customer, Undo, User

MAX_REMOVALS = 1000  # events that are looked at; one act may have written many
SAME_ACT_WITHIN = timedelta(seconds=1)  # between two events of one act


def removals_of(
    actor: User, customer: Customer, *, kinds: Iterable[str], since: datetime
) -> list[list[AuditEvent]]:
    """Return what a person removed and nobody has undone, newest act first.

    The events of one act are one list, oldest first.
    """
    events = AuditEvent.objects.filter(
        customer=customer, actor=actor, kind__in=list(kinds), at__gte=since
    ).annotate(undone=Exists(Undo.objects.filter(event=OuterRef("pk"))))
    acts: list[list[AuditEvent]] = []
    newer: AuditEvent | None = None
    for event in events.order_by("-pk")[:MAX_REMOVALS]:
        if event.undone:
            newer = None
            continue
        if newer is None or newer.at - event.at > SAME_ACT_WITHIN:
            acts.append([])
        acts[-1].insert(0, event)
        newer = event
    return acts
