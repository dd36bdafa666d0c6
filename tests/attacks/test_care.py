"""Undo, invitations and offboarding give nobody a sensitive grant without its fresh sign-in.

The attacker has a Super User's open session and cannot sign in. They revoke a team's grant (which
needs no fresh sign-in), let an accomplice into the team (which needs none now), and undo.
"""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts import emails
from accounts.models import Membership
from accounts.services.invitations import Invitee, accept_invitation, invite_people
from accounts.services.membership_expiry import end_due_memberships
from accounts.services.memberships import remove_membership
from accounts.services.offboarding import plan_offboarding
from accounts.services.teams import add_to_team, create_team, remove_from_team
from accounts.services.undo import UndoRefused, undo_event
from portals.models import Privilege, Resource
from portals.services.grants import GrantRefused, GrantTerms, grant_privilege, revoke_privilege

HAS = "portals.domains.domain.transfer"


@pytest.fixture
def domain(db):
    return Resource.objects.get(resource_type__code="domain", external_id="alder.example")


@pytest.fixture
def movers(alice, alder):
    return create_team(actor=alice, customer=alder, name="Movers")


@pytest.fixture
def gain(alice, movers, domain):
    """Grant the team the privilege, with a reason and a fresh sign-in."""

    def give():
        return grant_privilege(
            actor=alice,
            grantee=movers,
            privilege=Privilege.objects.get(portal__slug="domains", codename="domain.transfer"),
            resource=domain,
            terms=GrantTerms(reason="They move our domains"),
            signed_in_at=timezone.now(),
        )

    return give


@pytest.fixture
def without(alice, gain):
    """Do something while the grant is revoked, then restore it by an undo."""

    def around(act):
        event = revoke_privilege(actor=alice, grant=gain())
        act()
        try:
            undo_event(actor=alice, event=event)
        except UndoRefused as refusal:  # that nobody gains is what counts
            return refusal
        return None

    return around


def test_an_undo_gives_nothing_to_a_later_member(without, alice, bob, movers, membership, domain):
    without(lambda: add_to_team(actor=alice, team=movers, membership=membership(bob)))

    assert not bob.has_perm(HAS, domain)


def test_an_undo_restores_access_of_the_former_grantee(
    without, alice, bob, emma, movers, membership, domain, gain
):
    add_to_team(actor=alice, team=movers, membership=membership(bob))
    add_to_team(actor=alice, team=movers, membership=membership(emma))

    refusal = without(
        lambda: remove_from_team(actor=alice, team=movers, membership=membership(emma))
    )

    assert refusal is None
    assert bob.has_perm(HAS, domain)
    assert not emma.has_perm(HAS, domain)


def test_restoring_a_team_place_gives_no_new_access(alice, bob, movers, membership, domain, gain):
    add_to_team(actor=alice, team=movers, membership=membership(bob))
    left = remove_from_team(actor=alice, team=movers, membership=membership(bob))
    gain()
    with pytest.raises(GrantRefused):
        undo_event(actor=alice, event=left)

    assert not bob.has_perm(HAS, domain)


def test_restoring_a_member_gives_no_new_access(alice, bob, movers, membership, domain, gain):
    add_to_team(actor=alice, team=movers, membership=membership(bob))
    removed = remove_membership(actor=alice, membership=membership(bob))
    gain()
    undo_event(actor=alice, event=removed)

    assert membership(bob).is_live
    assert not bob.has_perm(HAS, domain)


def test_an_invitation_gives_no_more_than_when_it_was_sent(
    without, alice, alder, movers, domain, monkeypatch
):
    def invite():
        people = [Invitee(address="gina@alder.example")]
        invite_people(actor=alice, customer=alder, invitees=people, team=movers)

    tokens = []
    monkeypatch.setattr(emails, "send_invitation", lambda one: tokens.append(one.token))
    without(invite)
    gina = accept_invitation(
        actor=None, token=tokens[0], name="Gina", password="three unrelated words"
    ).user

    assert not gina.has_perm(HAS, domain)


def test_a_planned_offboarding_transfers_no_more_than_when_it_was_made(
    without, alice, bob, emma, movers, membership, domain
):
    add_to_team(actor=alice, team=movers, membership=membership(bob))
    tomorrow = timezone.now() + timedelta(days=1)
    without(
        lambda: plan_offboarding(
            actor=alice,
            membership=membership(bob),
            leaves_at=tomorrow,
            teams=[(movers, membership(emma))],
        )
    )
    with time_machine.travel(tomorrow + timedelta(minutes=1)):
        end_due_memberships()

        assert not Membership.objects.get(user=bob).is_live
        assert not emma.has_perm(HAS, domain)
