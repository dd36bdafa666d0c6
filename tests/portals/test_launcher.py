"""The launcher of Home: it opens a portal exactly where the decision says so."""

import pytest

from accounts.models import Customer, Membership, Team
from portals.choices import Reason
from portals.decision import decide
from portals.models import PersonGrant, Subscription, TeamGrant
from portals.selectors.launcher import launcher_of, openable_portals
from portals.selectors.roots import open_privilege_on, roots

CHANGES = {
    "nothing": lambda: None,
    "no grants": lambda: PersonGrant.objects.all().delete(),
    "a team's grants": lambda: open_for_teams(),
    "subscriptions suspended": lambda: Subscription.objects.update(status="suspended"),
    "companies suspended": lambda: Customer.objects.update(status="suspended"),
}


def open_for_teams():
    PersonGrant.objects.all().delete()
    for team in Team.objects.all():
        for root in roots().filter(subscription__customer=team.customer_id):
            TeamGrant.objects.create(
                group=team.group,
                permission_id=open_privilege_on(root).pk,
                content_object=root,
                granted_by=team.customer.main_super_user.user,
            )


@pytest.mark.parametrize("name", ["alice", "bob", "emma", "charlie", "dana"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_portal_is_open_where_the_decision_says_so(change, name, request):
    person = request.getfixturevalue(name)
    CHANGES[change]()
    here = Membership.objects.filter(user=person).values("customer")
    active = roots().filter(subscription__customer__in=here, subscription__status="active")
    subscriptions = {root.subscription_id: root for root in active}

    permitted = {
        key
        for key, root in subscriptions.items()
        if decide(person, open_privilege_on(root).codename, root) != Reason.NOT_ALLOWED
    }

    opened = openable_portals(person, set(here.values_list("customer", flat=True)))
    assert {row.pk for row in opened} == permitted
    groups = launcher_of(person).groups
    assert sum(len(group.open_portals) for group in groups) == len(permitted)
    closed = sum(len(group.closed_portals) for group in groups)
    assert closed == len(subscriptions) - len(permitted)
