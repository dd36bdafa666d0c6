"""One right for several people at once: for all of them, or for nobody."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Customer, Membership, User
from accounts.services.bulk import act_on_all
from portals.models import Privilege, Resource
from portals.selectors.portal_access import portals_of, portals_without_access
from portals.services.grants import GrantTerms, grant_at_least


@transaction.atomic
def grant_to_people(
    *,
    actor: User,
    customer: Customer,
    people: Iterable[Membership],
    privilege: Privilege,
    resource: Resource,
    terms: GrantTerms,
    signed_in_at: datetime | None = None,
    let_in: bool = False,
) -> list[Membership]:
    """Give all of them a privilege on one resource; nobody's becomes shorter by it.

    `let_in` also gives those who cannot open the resource's portal the right to, for the same
    time. Raises like act_on_all (accounts.services.bulk) and grant_at_least.
    """
    chosen = list(people)
    customer_portals = portals_of(customer, [resource.subscription_id]) if let_in else []
    closed = portals_without_access(chosen, customer_portals)

    def give(one: Membership) -> None:
        wanted = [
            (privilege, resource),
            *((customer_portal.privilege, customer_portal.root) for customer_portal in closed[one]),
        ]
        for needed, target in wanted:
            grant_at_least(
                actor=actor,
                grantee=one,
                privilege=needed,
                resource=target,
                terms=terms,
                signed_in_at=signed_in_at,
            )

    return act_on_all(actor=actor, customer=customer, people=chosen, act=give)
