"""Teams: created, renamed, deleted, joined and left; who may, and what is refused."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, TeamMembership
from accounts.selectors import count_people_in, people_in, people_of, sentence_of
from accounts.selectors.options import PeopleOptions
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role, remove_membership
from accounts.services.teams import (
    TeamRefused,
    add_to_team,
    create_team,
    delete_team,
    remove_from_team,
    rename_team,
)
from portals.models import TeamGrant
from tests.edits import edit


@pytest.fixture
def team(alder):
    """Reception, with Emma in it and one grant."""
    return alder.teams.get()


@pytest.fixture
def acts(team, alder, bob, emma, membership):
    """name → the act, for any actor."""
    return {
        "create": lambda actor: create_team(actor=actor, customer=alder, name="Accounts"),
        "rename": lambda actor: rename_team(actor=actor, team=team, name="Front desk"),
        "delete": lambda actor: delete_team(actor=actor, team=team),
        "add": lambda actor: put_in(actor, team, membership(bob)),
        "remove": lambda actor: remove_from_team(
            actor=actor, team=team, membership=membership(emma)
        ),
    }


def put_in(actor, team, membership):
    """Join a team with a sensitive grant: with a reason and a fresh sign-in."""
    return add_to_team(
        actor=actor,
        team=team,
        membership=membership,
        reason="covers the front desk",
        signed_in_at=timezone.now(),
    )


HOUR = timedelta(hours=1)
ACTS = ["create", "rename", "delete", "add", "remove"]


def stored():
    """Everything a team is made of."""
    rows = (Team, TeamMembership, TeamGrant, Group, AuditEvent)
    return [list(model.objects.order_by("pk").values()) for model in rows]


@pytest.mark.parametrize("act", ACTS)
def test_a_super_user_may_and_one_event_records_it(act, acts, alice, alder, events):
    before = events()

    acts[act](alice)

    event = AuditEvent.objects.first()
    assert (event.actor, event.customer) == (alice, alder)
    assert event.kind.startswith("team.")
    assert "—" not in sentence_of(event)
    assert events() == before + 1


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "frank", "dana", "olive"])
@pytest.mark.parametrize("act", ACTS)
def test_nobody_else_may(act, who, acts, request):
    actor, before = request.getfixturevalue(who), stored()

    with pytest.raises(PermissionDenied):
        acts[act](actor)

    assert stored() == before


@pytest.mark.parametrize("act", ACTS)
def test_not_after_a_demotion_nor_in_a_suspended_customer(
    act, acts, alice, bob, olive, alder, membership
):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    change_role(actor=alice, membership=membership(bob), role="user")
    with pytest.raises(PermissionDenied):
        acts[act](bob)

    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    before = stored()
    with pytest.raises(PermissionDenied):
        acts[act](alice)
    assert stored() == before


def test_renaming_keeps_people_and_grants(team, alice, emma, membership):
    group, grants = team.group_id, list(TeamGrant.objects.values())

    renamed = rename_team(actor=alice, team=team, name="  Front desk ")

    assert (renamed.pk, renamed.name, renamed.group_id) == (team.pk, "Front desk", group)
    assert list(TeamGrant.objects.values()) == grants
    assert membership(emma).team_memberships.filter(team=team).exists()
    event = AuditEvent.objects.first()
    assert sentence_of(event) == "Alice Martin renamed the team Reception to Front desk."


def test_a_repeated_act_records_no_second_event(team, alice, bob, emma, membership, events):
    rename_team(actor=alice, team=team, name="Front desk")
    put_in(alice, team, membership(bob))
    remove_from_team(actor=alice, team=team, membership=membership(emma))
    before = events()

    rename_team(actor=alice, team=team, name="Front desk")
    put_in(alice, team, membership(bob))
    remove_from_team(actor=alice, team=team, membership=membership(emma))

    assert events() == before


def test_deleting_ends_memberships_grants_and_group_and_records_them(
    team, alice, emma, bob, membership
):
    put_in(alice, team, membership(bob))
    mailbox = TeamGrant.objects.get(group=team.group).content_object
    assert bob.has_perm("portals.webmail.mailbox.use", mailbox)

    delete_team(actor=alice, team=team)

    assert not Team.objects.filter(pk=team.pk).exists()
    assert not TeamMembership.objects.filter(team_id=team.pk).exists()
    assert not TeamGrant.objects.filter(group_id=team.group_id).exists()
    assert not Group.objects.filter(name=f"team:{team.uuid}").exists()
    assert not bob.has_perm("portals.webmail.mailbox.use", mailbox)
    assert Membership.objects.live().filter(user__in=[bob, emma]).count() == 2
    event = AuditEvent.objects.first()
    assert sentence_of(event) == (
        "Alice Martin deleted the team Reception. Members: 2. Permissions ended: 1."
    )
    [grant] = event.data["grants"]
    assert (grant["codename"], grant["resource_id"]) == ("mailbox.use", mailbox.pk)
    assert set(event.data["members"]) == {str(membership(who).uuid) for who in (bob, emma)}


@pytest.mark.parametrize("act", ["rename", "delete", "add", "remove"])
def test_a_deleted_team_cannot_be_changed(act, acts, team, alice):
    delete_team(actor=alice, team=Team.objects.get(pk=team.pk))
    before = stored()

    with pytest.raises(TeamRefused):
        acts[act](alice)

    assert stored() == before


@pytest.mark.parametrize(
    "name",
    ["", "   ", "x" * 101, "a\x00b", "line\nbreak", "a\x1b[31m", "\u202eevil", "zero\u200bwidth"],
)
def test_bad_names_are_refused_by_field(name, team, alice, alder):
    before = stored()

    with pytest.raises(ValidationError) as made:
        create_team(actor=alice, customer=alder, name=name)
    with pytest.raises(ValidationError) as renamed:
        rename_team(actor=alice, team=team, name=name)

    assert set(made.value.error_dict) == set(renamed.value.error_dict) == {"name"}
    assert stored() == before


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Reception", "reception"),
        ("Accueil été", "ACCUEIL E\u0301TE\u0301"),
        ("Front desk", "Front  desk"),
        ("Straße", "STRASSE"),
        ("Склад", "склад"),
        ("ガレージ", "ｶﾞﾚｰｼﾞ"),
    ],
)
def test_a_taken_name_is_refused_however_it_is_written(name, same, team, alice, alder):
    if name != team.name:
        create_team(actor=alice, customer=alder, name=name)
    other = create_team(actor=alice, customer=alder, name="Other")

    for act in (
        lambda: create_team(actor=alice, customer=alder, name=same),
        lambda: rename_team(actor=alice, team=other, name=same),
    ):
        with pytest.raises(TeamRefused) as refusal:
            act()
        assert set(refusal.value.error_dict) == {"name"}

    assert Team.objects.filter(customer=alder, name=same).count() == 0


@pytest.mark.parametrize("name", ["山田班", "فريق", "स्वागत", "O’Brien & Søn", "<b>x</b>", "%s {}"])
def test_team_names_in_any_script_are_accepted(name, alice, alder, as_):
    made = create_team(actor=alice, customer=alder, name=name)

    assert made.name == name
    assert name in sentence_of(AuditEvent.objects.first())
    assert as_(alice).get(reverse("accounts:teams", args=["alder"])).status_code == 200


def test_a_name_may_be_rewritten_in_another_case(team, alice):
    assert rename_team(actor=alice, team=team, name="RECEPTION").name == "RECEPTION"


def test_teams_of_two_customers_may_share_a_name(team, charlie, birch):
    assert create_team(actor=charlie, customer=birch, name=team.name).customer == birch


def test_only_live_members_join(team, alice, bob, charlie, membership):
    gone = membership(bob)
    remove_membership(actor=alice, membership=gone)
    for odd in (membership(charlie), gone):
        with pytest.raises(TeamRefused):
            add_to_team(actor=alice, team=team, membership=odd)

    assert team.team_memberships.count() == 1


def test_a_member_past_their_end_does_not_join(team, alice, bob, membership):
    Membership.objects.filter(user=bob).update(ends_at=timezone.now() - timedelta(minutes=1))

    with pytest.raises(TeamRefused):
        add_to_team(actor=alice, team=team, membership=membership(bob))


class TestPages:
    """The list, the form that makes a team, and the acts that come back to it."""

    @pytest.fixture
    def page(self):
        return reverse("accounts:teams", args=["alder"])

    def test_the_list_counts_live_members(self, page, as_, alice, bob, emma, alder, membership):
        office = create_team(actor=alice, customer=alder, name="Office")
        for person in (alice, bob, emma):
            add_to_team(actor=alice, team=office, membership=membership(person))
        Membership.objects.filter(user=emma).update(ends_at=timezone.now())

        rows = as_(alice).get(page).context["page"]

        assert [(row.name, row.people) for row in rows] == [("Office", 2), ("Reception", 0)]

    def test_creating_leads_to_the_team(self, page, as_, alice, alder):
        answer = as_(alice).post(page, {"name": "Accounts"}, follow=True)

        made = alder.teams.get(name="Accounts")
        assert answer.redirect_chain[-1][0] == reverse("portals:team", args=["alder", made.uuid])

    def test_a_taken_name_is_shown_at_the_field(self, page, as_, alice, alder):
        answer = as_(alice).post(page, {"name": "RECEPTION"})

        assert answer.context["form"].errors["name"] == [
            "Another team has this name. Choose another name."
        ]
        assert alder.teams.count() == 1

    def test_pages_by_key_within_a_budget(
        self, page, as_, alice, alder, django_assert_max_num_queries
    ):
        for number in range(60):
            create_team(actor=alice, customer=alder, name=f"{'tT'[number % 2]}eam {number:02}")
        client = as_(alice)
        client.get(page)
        with django_assert_max_num_queries(4):
            first = client.get(page).context["page"]
        second = client.get(page, {"after": first.next_cursor}).context["page"]

        names = [team.name for team in (*first, *second)]
        assert names[0] == "Reception"
        assert [name.lower() for name in names[1:]] == [f"team {number:02}" for number in range(60)]

    def test_members_are_counted_as_they_are_listed(
        self, page, as_, alice, bob, emma, alder, team, membership
    ):
        """Whoever is suspended is in the team; whoever's last day is over is not."""
        others = create_team(actor=alice, customer=alder, name="Office")
        put_in(alice, team, membership(bob))
        put_in(alice, others, membership(emma))
        now = timezone.now()
        for state in ({}, {"suspended_at": now}, {"ends_at": now}, {"ends_at": now - HOUR}):
            Membership.objects.filter(user=emma).update(**state)

            rows = as_(alice).get(page).context["page"]
            assert [row.people for row in rows] == [
                people_in(row.pk, row.customer_id).count() for row in rows
            ]
            assert count_people_in(team) == people_in(team.pk, team.customer_id).count()
            assert {row.people for row in rows} == ({0, 1} if "ends_at" in state else {1, 2})

    def test_somebody_can_be_added_until_all_are_in(self, alder, team, monkeypatch):
        monkeypatch.setattr("accounts.selectors.options.NEWEST", 1)
        outside = PeopleOptions(alder, outside=str(team.uuid))
        people = list(people_of(alder).order_by("joined_at").exclude(team_memberships__team=team))
        assert len(people) > 1
        for person in people:
            assert outside.has_any()
            TeamMembership.objects.create(team=team, membership=person)

        assert not outside.has_any()
        assert not outside.search("")

    def test_renaming_by_the_page(self, as_, alice, team):
        path = reverse("accounts:team-rename", args=["alder", team.uuid])
        assert as_(alice).get(path).status_code == 200
        assert edit(as_(alice), path, {"name": "Front desk"}).status_code == 302
        team.refresh_from_db()
        assert team.name == "Front desk"

    def test_members_by_the_persons_page(self, as_, alice, bob, alder, membership):
        client, team = as_(alice), create_team(actor=alice, customer=alder, name="Office")
        add = reverse("accounts:person-team-add", args=["alder", bob.sub])
        out = reverse("accounts:person-team-remove", args=["alder", bob.sub, team.uuid])

        html = client.post(add, {"team": team.uuid}, follow=True).content.decode()
        assert out in html
        assert membership(bob).team_memberships.filter(team=team).exists()

        html = client.post(out, follow=True).content.decode()
        assert "Bob Tremblay is in no team." in html
        assert not membership(bob).team_memberships.exists()

    def test_people_and_teams_of_another_company_are_not_found(
        self, as_, alice, bob, charlie, birch, team, membership
    ):
        theirs = create_team(actor=charlie, customer=birch, name="Drivers")
        client, before = as_(alice), stored()
        for name, args, data in (
            ("team-member-add", [theirs.uuid], {"person": bob.sub}),
            ("team-member-remove", [team.uuid, charlie.sub], {}),
            ("person-team-add", [charlie.sub], {"team": team.uuid}),
            ("person-team-remove", [bob.sub, theirs.uuid], {}),
            ("team-rename", [theirs.uuid], {"name": "Mine"}),
        ):
            path = reverse(f"accounts:{name}", args=["alder", *args])
            assert client.post(path, data).status_code == 404, (name, args)
        add = reverse("accounts:team-member-add", args=["alder", team.uuid])
        html = client.post(add, {"person": charlie.sub}, follow=True).content.decode()
        assert "no longer in the list" in html
        add = reverse("accounts:person-team-add", args=["alder", bob.sub])
        for unknown in (theirs.uuid, uuid.uuid4(), theirs.name):  # no hint which of them exists
            html = client.post(add, {"team": unknown}, follow=True).content.decode()
            assert "no longer in the list" in html or "No match for" in html
        assert stored() == before
