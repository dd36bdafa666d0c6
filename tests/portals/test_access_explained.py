"""The explanation on a person's page agrees with the decision (hypothesis over small worlds)."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership
from accounts.services.teams import create_team
from portals.choices import Reason
from portals.decision import decide
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors import resource_grantees
from portals.selectors.effective_access import explain
from portals.selectors.resource_grantees import ResourceReach, people_page, teams_with_access

MOMENTS = {None: None, "past": timedelta(days=-1), "future": timedelta(days=1)}

grants = st.lists(
    st.tuples(
        st.sampled_from(["bob", "emma", "alice", "team"]),
        st.integers(min_value=0, max_value=200),  # which privilege
        st.integers(min_value=0, max_value=200),  # which resource
        st.sampled_from([None, "past", "future"]),
        st.sampled_from([None, "future"]),
    ),
    max_size=8,
)


def _moment(name):
    return None if MOMENTS[name] is None else timezone.now() + MOMENTS[name]


def _people_on(resource):
    """Return the people on the resource's page, whether grants are few or many."""
    above = Resource.objects.filter(descendants__resource=resource).exclude(pk=resource.pk)
    reach = ResourceReach.of(resource, above)
    teams, found = teams_with_access(reach), []
    for many in (0, 2, 1000):
        with patch.object(resource_grantees, "MANY", many):
            found.append([person.pk for person in people_page(reach, teams)])
    assert found[0] == found[1] == found[2]
    everybody = people_page(reach, replace(teams, more=True))
    assert found[0] == [person.pk for person in everybody]
    return set(found[0])


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(wanted=grants)
def test_the_explanation_agrees_with_the_decision(wanted, alice, alder, bob, membership):
    PersonGrant.objects.all().delete()
    TeamGrant.objects.all().delete()
    team = alder.teams.first() or create_team(actor=alice, customer=alder, name="Office")
    team.team_memberships.get_or_create(membership=membership(bob))
    privileges = list(Privilege.objects.order_by("pk"))
    resources = list(Resource.objects.filter(subscription__customer=alder).order_by("pk"))
    people = {m.user.email.split("@")[0]: m for m in Membership.objects.filter(customer=alder)}
    for grantee, which, where, starts, expires in wanted:
        privilege = privileges[which % len(privileges)]
        there = [r for r in resources if r.subscription.portal_id == privilege.portal_id]
        terms = {
            "content_object": there[where % len(there)],
            "permission_id": privilege.pk,
            "defaults": {
                "granted_by": alice,
                "starts_at": _moment(starts),
                "expires_at": _moment(expires) and _moment(expires) + timedelta(days=1),
            },
        }
        if grantee == "team":
            TeamGrant.objects.update_or_create(group=team.group, **terms)
        else:
            PersonGrant.objects.update_or_create(user=people[grantee].user, **terms)

    for row, bobs in zip(explain(team, resources), explain(people["bob"], resources), strict=True):
        through_team = {
            held.privilege.codename
            for held in bobs.privileges
            if any(origin.team == team and origin.in_force for origin in held.origins)
        }
        assert {held.privilege.codename for held in row.privileges if held.in_force} == through_team

    seen_by_thing = {resource.pk: _people_on(resource) for resource in resources}
    for person in people.values():
        for row in explain(person, resources):
            explained = {held.privilege.codename for held in row.privileges if held.in_force}
            decided = {
                privilege.codename
                for privilege in privileges
                if privilege.resource_type_id == row.resource.resource_type_id
                and decide(person.user, privilege.codename, row.resource) != Reason.NOT_ALLOWED
            }
            assert explained == decided, (person, row.resource)
            if row.privileges:
                assert person.pk in seen_by_thing[row.resource.pk]
