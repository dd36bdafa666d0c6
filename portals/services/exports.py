"""The audit events of access exports."""

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
    """Record that somebody exports the company's access, before the first line is sent.

    `membership` or `resource` says that the export is about one person or one resource only. A
    suspended company can be exported too. Raises PermissionDenied unless the actor is a Super User
    of the company.
    """
    customer = lock_managed_customer(actor, customer, to_read=True)
    if membership is not None:
        return record_event(
            kind="access.exported_of_person",
            actor=actor,
            customer=customer,
            person=membership.user,
        )
    if resource is not None:
        return record_event(
            kind="access.exported_on_resource",
            actor=actor,
            customer=customer,
            resource=str(resource),
            resource_id=resource.pk,
        )
    return record_event(kind="access.exported", actor=actor, customer=customer)
