"""One right for several people at once: for all of them, or for nobody."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Customer, Membership, User
from accounts.services.bulk import act_on_all
from portals.models import Privilege, Resource
from portals.services.grants import Terms, grant_at_least


@transaction.atomic
def grant_to_people(
    *,
    actor: User,
    customer: Customer,
    people: Iterable[Membership],
    privilege: Privilege,
    resource: Resource,
    terms: Terms,
    signed_in_at: datetime | None = None,
) -> list[Membership]:
    """Give all of them a privilege on one resource; nobody's becomes shorter by it.

    Raises like act_on_all (accounts.services.bulk) and grant_at_least.
    """
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda one: grant_at_least(
            actor=actor,
            holder=one,
            privilege=privilege,
            resource=resource,
            terms=terms,
            signed_in_at=signed_in_at,
        ),
    )
