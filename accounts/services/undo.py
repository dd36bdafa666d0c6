"""Undo: whoever removed or gave something can take that back, once, within ten minutes.

Each kind of event that can be undone has a handler, registered at start-up, that recreates what the
event recorded. It writes new rows and a new event; the old event stays. Sessions and tokens never
come back, and neither do invitations, whose link is a secret.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Undo, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event

UNDO_WITHIN = timedelta(minutes=10)


class UndoRefused(ValidationError):
    """The event cannot be undone; the message says why.

    Codes: `kind`, `not_yours`, `late`, `undone`, `superseded`.
    """


class UndoHandler(Protocol):
    """A function that recreates what an event recorded; the caller holds the customer's lock.

    It returns the kind and the data of the new event; `left_out` in the data names every part of
    what was removed that does not come back. Events refer to what they removed by its uuid. It
    raises UndoRefused (code `superseded`), or what the ordinary services refuse.
    """

    def __call__(
        self, *, actor: User, customer: Customer, event: AuditEvent
    ) -> tuple[str, dict[str, Any]]:
        """Recreate what the event recorded."""


_HANDLERS: dict[str, UndoHandler] = {}
_REMOVALS: list[str] = []


def register_undo(kind: str, handler: UndoHandler, *, is_removal: bool = True) -> None:
    """Register the handler of a kind of event. Raises ValueError when the kind has one.

    Only removals are offered once more in the activity log, after their message is gone.
    """
    if kind in _HANDLERS:
        raise ValueError(f"undo declared twice: {kind}")
    _HANDLERS[kind] = handler
    if is_removal:
        _REMOVALS.append(kind)


def superseded(text: str) -> UndoRefused:
    """Return the refusal for an event that later events have overtaken."""
    return UndoRefused(text, code="superseded")


def undoable_kinds() -> list[str]:
    """Return the kinds of event that have an undo handler."""
    return list(_HANDLERS)


def removal_kinds() -> list[str]:
    """Return those of them that removed something."""
    return list(_REMOVALS)


@transaction.atomic
def undo_event(*, actor: User, event: AuditEvent) -> AuditEvent:
    """Undo what an event did, as far as that may be done now, and return the new event.

    Only the person who did it can do so, within UNDO_WITHIN and once (Undo.event is unique).
    For the same reason, a sensitive privilege needs no second fresh sign-in: nobody ends with more
    than they had minutes ago. Raises PermissionDenied unless the actor still is a Super User of the
    customer; UndoRefused; whatever the handler refuses.
    """
    if event.customer is None:
        raise UndoRefused(_("This can't be undone."), code="kind")
    customer = lock_managed_customer(actor, event.customer)
    handler = _HANDLERS.get(event.kind)
    if handler is None:
        raise UndoRefused(_("This can't be undone."), code="kind")
    if event.actor_id != actor.pk:
        raise UndoRefused(_("Only the person who made this change can undo it."), code="not_yours")
    if Undo.objects.filter(event=event).exists():
        raise UndoRefused(_("This was already undone."), code="undone")
    if timezone.now() - event.at > UNDO_WITHIN:
        raise UndoRefused(
            _("You can undo a change for ten minutes. That time is over."), code="late"
        )
    kind, data = handler(actor=actor, customer=customer, event=event)
    new_event = record_event(
        kind=kind,
        actor=actor,
        customer=customer,
        person=event.person,
        undoes=event.sequence,
        **data,
    )
    Undo.objects.create(event=event, undone_by=new_event)
    return new_event


@transaction.atomic
def undo_events(*, actor: User, events: Iterable[AuditEvent]) -> list[str]:
    """Undo several events of one act, the last one first, each by the rules of undo_event.

    Returns the names of what can't come back. Raises PermissionDenied; where no event can be
    undone, the first refusal.
    """
    left_out: list[str] = []
    refusals: list[ValidationError] = []
    undone = 0
    for event in sorted(events, key=lambda event: event.pk, reverse=True):
        try:
            left_out += undo_event(actor=actor, event=event).data.get("left_out", [])
        except ValidationError as refusal:
            refusals.append(refusal)
            names = [event.data.get(field) for field in ("person", "grantee", "resource", "team")]
            left_out.append(" · ".join(dict.fromkeys(str(name) for name in names if name)))
        else:
            undone += 1
    if refusals and not undone:
        raise refusals[0]
    return list(dict.fromkeys(left_out))
