"""One privilege for several people at once: for all of them, or for nobody."""

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
    """Give each of these people a privilege on one resource; no existing grant gets shorter.

    `let_in` also gives portal access, for the same time, to those who lack it. Raises like
    act_on_all (accounts.services.bulk) and grant_at_least.
    """
    memberships = list(people)
    customer_portals = portals_of(customer, [resource.subscription_id]) if let_in else []
    missing_portals = portals_without_access(memberships, customer_portals)

    def give(membership: Membership) -> None:
        targets = [
            (privilege, resource),
            *((portal.privilege, portal.root) for portal in missing_portals[membership]),
        ]
        for target_privilege, target_resource in targets:
            grant_at_least(
                actor=actor,
                grantee=membership,
                privilege=target_privilege,
                resource=target_resource,
                terms=terms,
                signed_in_at=signed_in_at,
            )

    return act_on_all(actor=actor, customer=customer, people=memberships, act=give)
