"""A level on the page gives exactly what the decision then allows."""

import re

from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portals.decision import permitted_privileges
from portals.models import PersonGrant, PrivilegeInclusion, Resource, TeamGrant
from portals.selectors.levels import level_scales_of
from portals.selectors.permission_matrix import rows_of_resources
from tests.portals.test_person_page import sign_in_afresh


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3)), min_size=1, max_size=5))
@example(steps=[(7, 0), (186, 1)])  # none on a mailbox, a level on the domain it is in
def test_a_level_gives_exactly_its_privileges(
    nothing_owned, steps, as_, alice, alder, emma, membership
):
    PersonGrant.objects.filter(user=emma).delete()
    TeamGrant.objects.all().delete()
    resources = list(
        Resource.objects.filter(subscription__customer=alder)
        .select_related("resource_type")
        .order_by("pk")
    )
    scales = level_scales_of({resource.resource_type for resource in resources})
    grantee = f"p{membership(emma).pk}"
    collect, review = (
        reverse(f"portals:{name}", args=["alder", grantee])
        for name in ("changes", "changes-review")
    )
    client = as_(alice)
    sign_in_afresh(client, alice)
    wanted = {}
    for which, height in steps:  # several reviews, one after the other: levels up and down
        resource = resources[which % len(resources)]
        levels = scales[resource.resource_type_id].levels[:height]
        level = levels[-1] if levels else None
        wanted[resource] = level
        privilege = level.privilege.pk if level else 0
        value = f"{grantee}/{resource.pk}/{resource.resource_type_id}={privilege}"
        client.post(collect, {"level": value})
        page = client.get(review).content.decode()
        changes = re.findall(r'type="hidden" name="change" value="([^"]+)"', page)
        if changes:
            answer = client.post(review, {"change": changes, "reason": "as planned"})
            assert answer.status_code == 302

    at = {resource.pk: level for resource, level in wanted.items()}
    for resource, level in wanted.items():
        promised = {privilege.pk for privilege in level.reach} if level else set()
        for above in resource.ancestors.values_list("ancestor_id", flat=True):
            if above != resource.pk and (higher := at.get(above)):  # it reaches down to this one
                reached = PrivilegeInclusion.objects.filter(
                    privilege=higher.privilege, included__resource_type=resource.resource_type
                )
                promised |= set(reached.values_list("included", flat=True))
        assert set(permitted_privileges(emma, resource).values_list("pk", flat=True)) == promised
        [row] = rows_of_resources(membership(emma), [resource], {})
        assert row.level == level
        assert {privilege.pk for source in row.sources for privilege in source.reach} == promised
