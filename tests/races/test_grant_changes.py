"""Two concurrent changes of one row, on PostgreSQL: one Super User is told to look again."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.audit import verify_chain
from accounts.services.memberships import change_role
from portals.models import PersonGrant, Portal, Privilege, Resource
from portals.selectors.grant_changes import GrantChange, fingerprint
from portals.selectors.targets import Target
from portals.services.grant_changes import ChangeRefused, apply_change
from portals.services.grants import grant_privilege
from portals.services.subscriptions import subscribe_customer
from tests.races.meeting import race_at
from tests.races.test_races import (
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


def test_two_changes_of_one_row_apply_once(olive):  # noqa: F811
    portal = Portal.objects.get(slug="domains")
    opening, registering = (
        Privilege.objects.get(portal=portal, codename=f"subscription.{code}")
        for code in ("open", "register_domain")
    )
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        subscribe_customer(actor=olive, customer=customer, portal=portal)
        root = Resource.objects.get(subscription__customer=customer)
        second, bob = join(customer, main, "second"), join(customer, main, "bob")
        change_role(actor=main.user, membership=second, role="super_user")
        held = grant_privilege(actor=main.user, grantee=bob, privilege=opening, resource=root)
        before = AuditEvent.objects.filter(customer=customer).count()

        change = GrantChange(
            (bob,),
            (Target(root, root.resource_type),),
            (registering,),
            replaces=(held,),
            shown=fingerprint(bob, root),
            portal_access=False,
        )

        def press(actor, customer=customer, change=change):
            return apply_change(
                actor=actor, customer=customer, change=change, signed_in_at=timezone.now()
            )

        results = race_at(
            "portals.services.grant_changes.revoke_privilege",
            lambda: press(main.user),
            lambda: press(second.user),
        )

        assert sum(isinstance(result, list) for result in results) == 1, results
        assert sum(isinstance(result, ChangeRefused) for result in results) == 1
        assert list(
            PersonGrant.objects.filter(user=bob.user).values_list("permission", flat=True)
        ) == [registering.pk]
        assert AuditEvent.objects.filter(customer=customer).count() == before + 2
        assert verify_chain(f"customer:{customer.pk}")
