"""What leaves the hub as a file is in the trail."""

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
    """Say in the trail that somebody takes the people list away, before the first row leaves.

    In: what the list is narrowed to, as it is asked and as the address has it. A suspended
    customer's may be taken too: it can be read. Raises PermissionDenied unless the actor is a Super
    User here.
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
def record_activity_export(
    *, actor: User, customer: Customer, form: str, filters: str
) -> AuditEvent:
    """Say in the trail that somebody takes it away: the export's own last event.

    In: csv or jsonl, and the filters as the address has them. A suspended customer's may be taken
    too: it can be read. Raises PermissionDenied unless the actor is a Super User here.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    return record_event(
        kind="activity.exported", actor=actor, customer=customer, format=form, filters=filters
    )


@transaction.atomic
def record_history_export(*, actor: User, form: str) -> AuditEvent:
    """Say in a person's own history that they took it away. Raises PermissionDenied if closed."""
    if not actor.is_active:
        raise PermissionDenied("this account is closed")
    return record_event(kind="history.exported", actor=actor, person=actor, format=form)
