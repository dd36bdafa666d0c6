"""Undo: a routine removal comes back within ten minutes, once, by who did it.

Each kind of event that can be undone has a function that recreates what the event recorded,
registered at start-up. What comes back is new rows and a new event; the trail keeps both. Sessions
and tokens never come back, and so invitations, whose link is a secret, are not undone.
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
    """It cannot be undone; the message says why.

    Codes: `kind`, `not_yours`, `late`, `undone`, `superseded`.
    """


class UndoHandler(Protocol):
    """Brings back what an event recorded, in the transaction and under the customer's lock.

    Out: the kind and the data of the new event; `left_out` in it lists, in words, what could not
    come back. Raises UndoRefused (code `superseded`), or what the ordinary services refuse.
    """

    def __call__(
        self, *, actor: User, customer: Customer, event: AuditEvent
    ) -> tuple[str, dict[str, Any]]:
        """UndoHandler."""


_RECREATE: dict[str, UndoHandler] = {}


def register_undo(kind: str, recreate: UndoHandler) -> None:
    """Say how events of a kind are undone. Raises ValueError when the kind is already taken."""
    if kind in _RECREATE:
        raise ValueError(f"undo declared twice: {kind}")
    _RECREATE[kind] = recreate


def superseded(text: str) -> UndoRefused:
    """The refusal where things have moved on since."""
    return UndoRefused(text, code="superseded")


def undoable_kinds() -> list[str]:
    """The kinds of event that can be undone at all."""
    return list(_RECREATE)


@transaction.atomic
def undo_event(*, actor: User, event: AuditEvent) -> AuditEvent:
    """Bring back what a removal took, as far as the ordinary rules of giving allow it now.

    Only who removed it, within UNDO_WITHIN, and once: Undo.event is unique. That is also why a
    sensitive right needs no second fresh sign-in here: the same person puts back precisely what
    they took minutes ago, so that nobody ends with more than they had. Out: the new event. Raises
    PermissionDenied unless the actor is still a Super User here; UndoRefused and other
    ValidationErrors.
    """
    if event.customer is None:
        raise UndoRefused(_("This cannot be undone."), code="kind")
    customer = lock_managed_customer(actor, event.customer)
    recreate = _RECREATE.get(event.kind)
    if recreate is None:
        raise UndoRefused(_("This cannot be undone."), code="kind")
    if event.actor_id != actor.pk:
        raise UndoRefused(_("Only who did it can undo it."), code="not_yours")
    if Undo.objects.filter(event=event).exists():
        raise UndoRefused(_("This was already undone."), code="undone")
    if timezone.now() - event.at > UNDO_WITHIN:
        raise UndoRefused(_("The time to undo this is over."), code="late")
    kind, data = recreate(actor=actor, customer=customer, event=event)
    done = record_event(
        kind=kind,
        actor=actor,
        customer=customer,
        person=event.person,
        undoes=event.sequence,
        **data,
    )
    Undo.objects.create(event=event, undone_by=done)
    return done


@transaction.atomic
def undo_events(*, actor: User, events: Iterable[AuditEvent]) -> list[str]:
    """Bring back what one act removed in several events, each by the rules of undo_event.

    Out: in words, what could not come back. Raises PermissionDenied; the first refusal when
    nothing at all comes back.
    """
    left_out: list[str] = []
    refusals: list[ValidationError] = []
    undone = 0
    for event in events:
        try:
            left_out += undo_event(actor=actor, event=event).data.get("left_out", [])
        except ValidationError as refusal:
            refusals.append(refusal)
            about = [event.data.get(name) for name in ("person", "resource", "team")]
            left_out.append(" · ".join(str(one) for one in about if one))
        else:
            undone += 1
    if refusals and not undone:
        raise refusals[0]
    return list(dict.fromkeys(left_out))
