"""Undo restores what was removed in any order, or names what it leaves out.

After kanidm/kanidm#176 and SparkDevNetwork/Rock#4055: a restored group had lost its members, and
what pointed at it.
"""

from datetime import timedelta
from itertools import combinations, permutations

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, ReassignedTeam, Team, TeamMembership
from accounts.selectors import details_of, removals_of
from accounts.services.invitations import Invitee, invite_people
from accounts.services.memberships import remove_membership
from accounts.services.teams import add_to_team, create_team, delete_team, remove_from_team
from accounts.services.undo import UNDO_WITHIN, removal_kinds, undo_event
from portals.models import PersonGrant, TeamGrant
from portals.services.grants import revoke_privilege
from portals.services.offboarding import plan_offboarding
from preferences.models import ContactRole
from preferences.services.customer_email import name_contact

RENEW, DNS, SEE = "domains.domain.renew", "domains.domain.manage_dns", "domains.domain.view"
MAIL = "webmail.mailbox.read"  # sensitive


@pytest.fixture
def world(alice, bob, emma, alder, membership, give, resource):
    """Emma is in a team with a sensitive and another right, and has one of her own; so has Bob."""
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(emma))
    domain, mailbox = resource("domain", "alder.example"), resource("mailbox", "info@alder.example")
    give(alice, team, RENEW, domain, reason="Nights")
    give(alice, team, MAIL, mailbox, reason="Nights")
    give(alice, membership(emma), DNS, domain, reason="Her own")
    give(alice, membership(bob), SEE, domain, reason="His own")
    return team


def access():
    """Everybody's grants, with their terms and author, teams, and people in them."""
    people = PersonGrant.objects.filter(user__memberships__ended_at=None).values_list(
        "user", "permission__codename", "content_object__name", "starts_at", "expires_at",
        "reason", "granted_by", "granted_at",
    )  # fmt: skip
    teams = TeamGrant.objects.values_list(
        "group__team__uuid", "permission__codename", "content_object__name", "starts_at",
        "expires_at", "reason", "granted_by", "granted_at",
    )  # fmt: skip
    places = TeamMembership.objects.values_list("team__uuid", "membership__uuid")
    present = Membership.objects.present().values_list("uuid", "role", "ends_at")
    return {*people, *teams, *places, *present}


def own(user, code):
    return PersonGrant.objects.filter(user=user, permission__codename=code).first()


def hand_over_to_bob(alice, world, bob, emma):
    """Emma leaves at once: Bob gets her right, and her place in the team while there is one."""
    place = Membership.objects.get(user=emma, ended_at=None)
    receiver = Membership.objects.get(user=bob, ended_at=None)
    grant = own(emma, "domains.domain.manage_dns")
    teams = list(Team.objects.filter(team_memberships__membership=place))
    offboarding = plan_offboarding(
        actor=alice,
        membership=place,
        grants=[(grant, receiver)] if grant else [],
        teams=[(team, receiver) for team in teams if team.pk == world.pk],
        reason="Takes over",
        signed_in_at=timezone.now(),
    )
    return [offboarding.event]


ACTS = {
    "remove Emma": lambda alice, team, bob, emma: [
        remove_membership(actor=alice, membership=Membership.objects.get(user=emma, ended_at=None))
    ],
    "remove Bob": lambda alice, team, bob, emma: [
        remove_membership(actor=alice, membership=Membership.objects.get(user=bob, ended_at=None))
    ],
    "delete the team": lambda alice, team, bob, emma: [delete_team(actor=alice, team=team)],
    "take everybody out": lambda alice, team, bob, emma: [
        remove_from_team(actor=alice, team=team, membership=row.membership)
        for row in TeamMembership.objects.filter(team=team)
    ],
    "revoke the team's": lambda alice, team, bob, emma: [
        revoke_privilege(actor=alice, grant=grant)
        for grant in TeamGrant.objects.filter(group__team=team)
    ],
    "revoke people's": lambda alice, team, bob, emma: [
        revoke_privilege(actor=alice, grant=grant)
        for grant in PersonGrant.objects.filter(
            user__in=[bob, emma], permission__codename="domains.domain.manage_dns",
            user__memberships__ended_at=None,
        )
    ],
    "Emma leaves to Bob": hand_over_to_bob,
}  # fmt: skip


def undo_all(alice, events):
    """Undo in this order, and what was refused once more until nothing moves; return the names."""
    named, rest = [], list(events)
    while rest:
        refused = []
        for event in rest:
            try:
                named += undo_event(actor=alice, event=event).data.get("left_out", [])
            except ValidationError as refusal:
                refused.append(event)
                reason = refusal.messages[0]
        if refused == rest:
            return [*named, reason]
        rest = refused
    return named


@pytest.mark.parametrize(
    "acts",
    [
        *((act,) for act in ACTS),
        *permutations(ACTS, 2),
        *combinations(ACTS, 3),
    ],
    ids=" then ".join,
)
def test_after_any_acts_and_undos_in_any_order_access_is_as_before(acts, world, alice, bob, emma):
    before = access()
    events = []
    for act in acts:
        try:
            with transaction.atomic():
                events += [event for event in ACTS[act](alice, world, bob, emma) if event]
        except (ValidationError, Membership.DoesNotExist):
            pass  # not possible any more
    orders = list(permutations(events)) if len(events) < 4 else [events, events[::-1]]
    for order in orders:
        with transaction.atomic():
            named = undo_all(alice, order)
            lost, gained = before - access(), access() - before
            said = [event.data for event in order], named
            assert not gained, said
            assert not lost or named, said
            assert not lost, said
            transaction.set_rollback(True)


@pytest.mark.parametrize("first", ["membership.removed", "team.deleted"])
def test_the_page_names_what_an_undo_left_out_until_the_other_brings_it_back(
    first, as_, alice, bob, emma, alder, world, resource
):
    """Remove Emma, delete her team: whichever is undone first names the rest, and both restore."""
    domain = resource("domain", "alder.example")
    events = {
        event.kind: event
        for act in ("remove Emma", "delete the team")
        for event in ACTS[act](alice, world, bob, emma)
    }
    second = "team.deleted" if first == "membership.removed" else "membership.removed"

    def press(kind):
        address = reverse("accounts:undo", args=["alder", events[kind].sequence])
        html = as_(alice).post(address, follow=True).content.decode()
        return " ".join(line for line in html.splitlines() if "be restored" in line)

    said = press(first)
    assert ("Night shift" in said) == (first == "membership.removed")
    assert not emma.has_perm(f"portals.{RENEW}", domain)

    assert "Night shift" not in press(second)
    assert emma.has_perm(f"portals.{RENEW}", domain)
    assert TeamMembership.objects.filter(
        team__uuid=world.uuid, membership__user=emma, membership__ended_at=None
    ).exists()


def test_an_undo_names_what_ended_with_a_membership_for_good(
    alice, bob, emma, membership, world, alder
):
    """A plan for the last day is not made again; contact roles and added email are."""
    name_contact(actor=alice, membership=membership(emma), kind="billing")
    plan_offboarding(
        actor=alice,
        membership=membership(emma),
        teams=[(world, membership(bob))],
        leaves_at=timezone.now() + timedelta(days=5),
        reason="Leaves",
        signed_in_at=timezone.now(),
    )
    event = remove_membership(actor=alice, membership=membership(emma))
    assert "Contact roles that ended" in dict(details_of(event))

    done = undo_event(actor=alice, event=event)

    assert "the handover plan for the last day" in done.data["left_out"]
    assert ContactRole.objects.filter(membership=membership(emma), kind="billing").exists()


def test_a_deleted_team_comes_back_into_plans_and_invitations(
    alice, bob, emma, membership, world, alder
):
    invite_people(
        actor=alice, customer=alder, invitees=[Invitee("ivy@alder.example")], team=world,
        reason="Nights", signed_in_at=timezone.now(),
    )  # fmt: skip
    plan_offboarding(
        actor=alice,
        membership=membership(emma),
        teams=[(world, membership(bob))],
        leaves_at=timezone.now() + timedelta(days=5),
        reason="Leaves",
        signed_in_at=timezone.now(),
    )
    event = delete_team(actor=alice, team=world)
    details = dict(details_of(event))
    assert details["Invitations"] == ["ivy@alder.example"]
    assert details["Planned handovers of team memberships"] == ["Emma Roy → Bob Tremblay"]

    done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == []
    team = Team.objects.get(uuid=world.uuid)
    assert alder.invitations.get(address="ivy@alder.example").team == team
    assert ReassignedTeam.objects.get().team == team


def test_a_grant_changed_since_is_kept_and_named(
    alice, bob, emma, membership, world, give, resource
):
    """Undo takes back what was handed over, and not what the receiver got since."""
    [event] = hand_over_to_bob(alice, world, bob, emma)
    give(alice, membership(bob), DNS, resource("domain", "alder.example"), reason="For good now")

    done = undo_event(actor=alice, event=event)

    [kept] = [line for line in done.data["left_out"] if "keeps" in line]
    assert "Bob Tremblay" in kept and "alder.example" in kept
    assert own(bob, DNS).reason == "For good now"


def test_what_an_undo_took_back_is_no_removal_to_undo(alice, bob, emma, alder, world):
    """Undoing a leaving takes the receiver's part back, and offers no undo of that."""
    [event] = hand_over_to_bob(alice, world, bob, emma)
    undo_event(actor=alice, event=event)

    kinds = AuditEvent.objects.filter(pk__gt=event.pk).values_list("kind", flat=True)
    assert {"grant.taken_back", "team.member_taken_back"} <= set(kinds)
    since = timezone.now() - UNDO_WITHIN
    assert not removals_of(alice, alder, kinds=removal_kinds(), since=since)
