"""Append to the audit trail, and prove it."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditChain, AuditEvent, Customer, User
from accounts.models.audit import chain_name


class AuditBroken(Exception):
    """A chain does not hold; the text says which event and how."""


def record_event(
    *,
    kind: str,
    actor: User | None,
    customer: Customer | None = None,
    person: User | None = None,
    actor_name: str = "",
    **data: Any,
) -> AuditEvent:
    """Append one event to the customer's chain, or to the provider's where no customer is given.

    In: the kind (accounts.choices.EVENT_SENTENCES), who did it (`actor`, or `actor_name` for a
    portal or the hub itself), whom it concerns, and the values its sentence names. Out: the event.
    Runs inside the caller's transaction, so that the act and its event stand or fall together;
    raises TransactionManagementError outside one.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("record_event needs the act's transaction")
    name = chain_name(customer)
    AuditChain.objects.get_or_create(name=name)
    chain = AuditChain.objects.select_for_update().get(name=name)
    if person is not None:
        data.setdefault("person", str(person))
    event = AuditEvent(
        chain=name,
        sequence=chain.last_sequence + 1,
        customer=customer,
        at=timezone.now(),
        kind=kind,
        actor=actor,
        actor_name=actor_name or (str(actor) if actor else "The hub"),
        person=person,
        data=data,
        previous_hash=chain.last_hash,
    )
    event.hash = event.computed_hash()
    event.save(force_insert=True)
    chain.last_sequence, chain.last_hash = event.sequence, event.hash
    chain.save()
    return event


def verify_chain(name: str, earlier: Iterable[tuple[int, str]] = ()) -> int:
    """Recompute one chain; returns how many events it holds.

    `earlier` holds (sequence, hash) pairs of an older export, which must still be there: a chain
    alone cannot show that its end was cut. Raises AuditBroken at the first fault.
    """
    hashes: dict[int, str] = {}
    previous, expected = "0" * 64, 1
    for event in AuditEvent.objects.filter(chain=name).order_by("sequence").iterator():
        if event.sequence != expected:
            raise AuditBroken(f"{name}: event {expected} is missing")
        if event.previous_hash != previous or event.computed_hash() != event.hash:
            raise AuditBroken(f"{name}: event {event.sequence} was changed")
        hashes[event.sequence] = previous = event.hash
        expected += 1
    head = AuditChain.objects.filter(name=name).first()
    if head is None and hashes:
        raise AuditBroken(f"{name}: the head of the chain is missing")
    if head is not None and (head.last_sequence, head.last_hash) != (expected - 1, previous):
        raise AuditBroken(f"{name}: the chain ends at {expected - 1}, its head says otherwise")
    for sequence, digest in earlier:
        if hashes.get(sequence) != digest:
            raise AuditBroken(f"{name}: event {sequence} differs from the earlier export")
    return len(hashes)
