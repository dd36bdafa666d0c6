"""Audit events for data that leaves the hub as a file."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import AuditEvent, Customer, User
from accounts.permissions import lock_managed_customer
from accounts.selectors.people_list import PeopleFilter, count_people
from accounts.services.audit import record_event


@transaction.atomic
def record_people_export(
    *, actor: User, customer: Customer, people_filter: PeopleFilter, filters: str
) -> AuditEvent:
    """Record that somebody exports the people list, before the first row leaves.

    `people_filter` is what the list is narrowed to, `filters` the same as the URL has it. Raises
    PermissionDenied unless the actor is a Super User of the customer, which may be suspended.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    return record_event(
        kind="people.exported",
        actor=actor,
        customer=customer,
        count=count_people(customer, people_filter),
        filters=filters,
    )


@transaction.atomic
def record_list_export(
    *, actor: User, customer: Customer, kind: str, count: int, search: str
) -> AuditEvent:
    """Record that somebody exports a list of the company, before the first row leaves.

    `kind` is the event's. Raises PermissionDenied unless the actor is a Super User of the customer,
    which may be suspended.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    return record_event(kind=kind, actor=actor, customer=customer, count=count, filters=search)


@transaction.atomic
def record_activity_export(
    *, actor: User, customer: Customer, form: str, filters: str
) -> AuditEvent:
    """Record that somebody exports the activity log; this is the last event of the export.

    `form` is `csv` or `jsonl`, `filters` is as the URL has them. Raises PermissionDenied unless the
    actor is a Super User of the customer, which may be suspended.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    return record_event(
        kind="activity.exported", actor=actor, customer=customer, format=form, filters=filters
    )


@transaction.atomic
def record_history_export(*, actor: User, form: str) -> AuditEvent:
    """Record that a person exports their own history.

    Raises PermissionDenied if their account is closed.
    """
    if not actor.is_active:
        raise PermissionDenied("this account is closed")
    return record_event(kind="history.exported", actor=actor, person=actor, format=form)
