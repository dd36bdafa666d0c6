"""Writing audit events, and verifying their chains."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from accounts.choices import HUB_ACTOR_NAME
from accounts.models import (
    AuditChain,
    AuditEvent,
    AuditEventPerson,
    AuditEventResource,
    Customer,
    User,
)
from accounts.models.audit import chain_name, customer_of_chain
from accounts.services.event_sealing import People, seal_words

BATCH_SIZE = 5000  # people of one query


class AuditBroken(Exception):
    """A chain has a fault; the text says at which event, and what is wrong."""


def record_event(
    *,
    kind: str,
    actor: User | None,
    customer: Customer | None = None,
    person: User | None = None,
    actor_name: str = "",
    concerned: Iterable[int] = (),
    about: str = "",
    **data: Any,
) -> AuditEvent:
    """Append one event to the customer's chain, or to the provider's where no customer is given.

    `kind` is a key of accounts.choices.EVENT_SENTENCES. The act was done by `actor`, or by a portal
    or the hub itself, whose `actor_name` is given; it concerns `person`. `data` holds the values
    that the sentence names, and the details (accounts.selectors.event_details).

    `concerned` are the keys of the users for whom the act changed something, beside `person`: who
    could do less or more, whoever caused it. The log is filtered by them too.

    `about` is the address of the person concerned, where they may have no account.

    Personal words are sealed, as accounts.choices.event_words declares them.

    In a customer's chain, people have the name they have at work there, as on its other pages.
    Staff, and everybody in the provider's chain, have the name of their account.

    The event is part of the caller's transaction, so there is no act without it. Raises
    TransactionManagementError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("record_event needs the act's transaction")
    names = customer.memberships.names_at_work(actor, person) if customer else {}
    if person is not None:
        data.setdefault("person", names.get(person.pk, str(person)))
    people = list(_people(customer, concerned))
    if people:
        people.sort(key=lambda row: (row[2], row[0]))
        data["concerned"] = [{"sub": str(sub), "name": name} for _key, sub, name in people]
    words = dict(data)
    if actor is not None and not actor_name:
        words["actor_name"] = names.get(actor.pk, str(actor))
    subs = {str(sub): key for key, sub, _name in people}
    public, sealed = seal_words(kind, words, People(actor, person, subs, about))
    # Locked last, because everybody who writes an event of this chain waits for it.
    name = chain_name(customer)
    AuditChain.objects.get_or_create(name=name)
    chain = AuditChain.objects.select_for_update().get(name=name)
    event = AuditEvent(
        chain=name,
        sequence=chain.last_sequence + 1,
        customer=customer,
        at=timezone.now(),
        kind=kind,
        actor=actor,
        actor_label=actor_name or ("" if actor else HUB_ACTOR_NAME),
        person=person,
        public=public,
        sealed=sealed,
        previous_hash=chain.last_hash,
    )
    event.open_with(words)
    event.hash = event.computed_hash()
    event.save(force_insert=True)
    AuditEventResource.objects.bulk_create(
        AuditEventResource(event=event, resource=resource) for resource in sorted(event.resources())
    )
    AuditEventPerson.objects.bulk_create(
        (AuditEventPerson(event=event, person_id=key) for key, _sub, _name in sorted(people)),
        batch_size=BATCH_SIZE,
    )
    chain.last_sequence, chain.last_hash = event.sequence, event.hash
    chain.save()
    return event


def differences_between(
    row: models.Model, values: Mapping[str, Any], changed: Iterable[str]
) -> list[dict[str, str]]:
    """Return the old and the new value of each changed field, for an event; the row is unchanged.

    A rename so gives both names.
    """
    return [
        {"field": name, "before": str(getattr(row, name)), "after": str(values[name])}
        for name in changed
    ]


def _people(customer: Customer | None, keys: Iterable[int]) -> Iterator[tuple[int, uuid.UUID, str]]:
    """Yield key, `sub` and name of these users: their name at work, where they have worked."""
    rest = iter(sorted(set(keys)))
    while batch := list(islice(rest, BATCH_SIZE)):
        users = list(User.objects.filter(pk__in=batch).only("sub", "name"))
        names = customer.memberships.names_at_work(*users) if customer else {}
        yield from ((user.pk, user.sub, names.get(user.pk, user.name)) for user in users)


def verify_chain(name: str, earlier: Mapping[int, str] | None = None) -> int:
    """Recompute one chain, and return how many events it holds.

    `earlier` has the hash of each sequence number in an older export. All of them must still be
    there, because a chain alone can't show that its end was cut. Events may be written meanwhile.
    Raises AuditBroken at the first fault.
    """
    exported = dict(earlier or {})
    customer = customer_of_chain(name)
    previous, expected, last_id = "0" * 64, 1, 0
    for event in AuditEvent.objects.filter(chain=name).order_by("sequence").iterator():
        if event.sequence != expected:
            raise AuditBroken(f"{name}: event {expected} is missing")
        if event.previous_hash != previous or event.computed_hash() != event.hash:
            raise AuditBroken(f"{name}: event {event.sequence} was changed")
        if event.customer_id != customer or event.pk <= last_id:
            raise AuditBroken(f"{name}: event {event.sequence} was moved")
        if exported.pop(event.sequence, event.hash) != event.hash:
            raise AuditBroken(f"{name}: event {event.sequence} differs from the earlier export")
        previous, expected, last_id = event.hash, expected + 1, event.pk
    if exported:
        raise AuditBroken(f"{name}: event {min(exported)} of the earlier export is gone")
    _verify_head(name, expected - 1, previous)
    return expected - 1


def _verify_head(name: str, last: int, last_hash: str) -> None:
    """Check that the head is the last event read, or an event appended meanwhile follows it."""
    head = AuditChain.objects.filter(name=name).first()
    if head is None:
        if last:
            raise AuditBroken(f"{name}: the head of the chain is missing")
        return
    if head.last_sequence == last and head.last_hash == last_hash:
        return
    following = AuditEvent.objects.filter(
        chain=name, sequence=last + 1, previous_hash=last_hash
    ).exists()
    if head.last_sequence <= last or not following:
        raise AuditBroken(f"{name}: the chain ends at {last}, its head says otherwise")
