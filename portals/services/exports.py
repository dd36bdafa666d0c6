"""That somebody took away who may do what is in the trail."""

from django.db import transaction

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from portals.models import Resource


@transaction.atomic
def record_access_export(
    *,
    actor: User,
    customer: Customer,
    membership: Membership | None = None,
    resource: Resource | None = None,
) -> AuditEvent:
    """Say in the trail that somebody takes the company's rights away, before the first line leaves.

    In: whose rights alone, or on which thing alone. A suspended company's may be taken too: they
    can be read. Raises PermissionDenied unless the actor is a Super User here.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    if membership is not None:
        return record_event(
            kind="rights.exported_of_person",
            actor=actor,
            customer=customer,
            person=membership.user,
        )
    if resource is not None:
        return record_event(
            kind="rights.exported_on_resource",
            actor=actor,
            customer=customer,
            resource=str(resource),
            resource_id=resource.pk,
        )
    return record_event(kind="rights.exported", actor=actor, customer=customer)
