"""Suspending, restoring, removing and changing members: who may, and what follows."""

import pytest
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.permissions import MembershipRefused
from accounts.services.customers import suspend_customer
from accounts.services.memberships import (
    change_role,
    remove_membership,
    restore_membership,
    suspend_membership,
    update_work_details,
)
from portals.models import PersonGrant, PortalSession

ACTS = {
    "suspend": suspend_membership,
    "remove": remove_membership,
    "role": lambda **whom: change_role(role="super_user", **whom),
    "details": lambda **whom: update_work_details(work_name="B", work_phone="", **whom),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_super_user_may(act, alice, bob, membership, alder):
    act(actor=alice, membership=membership(bob))

    event = AuditEvent.objects.first()
    assert (event.actor, event.person, event.customer) == (alice, bob, alder)


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nobody_else_may(act, who, request, bob, membership, events):
    actor, before = request.getfixturevalue(who), events()

    with pytest.raises(PermissionDenied):
        act(actor=actor, membership=membership(bob))

    assert events() == before
    assert Membership.objects.live().filter(user=bob, role="user").exists()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_demoted_super_user_may_not(act, alice, bob, join, membership):
    """B8: an old tab after a demotion."""
    gina = join("gina", role="super_user")
    change_role(actor=alice, membership=membership(gina), role="user")

    with pytest.raises(PermissionDenied):
        act(actor=gina, membership=membership(bob))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_changes_while_the_customer_is_suspended(act, alice, bob, alder, olive, membership):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")

    with pytest.raises(PermissionDenied):
        act(actor=alice, membership=membership(bob))


@pytest.mark.parametrize("act", [suspend_membership, remove_membership])
def test_the_main_super_user_cannot_be_removed(act, alice, join, membership, events):
    gina = join("gina", role="super_user")
    before = events()

    with pytest.raises(MembershipRefused) as refusal:
        act(actor=gina, membership=membership(alice))

    assert refusal.value.code == "main_super_user"
    assert events() == before


def test_the_main_super_user_cannot_be_demoted(alice, join, membership):
    gina = join("gina", role="super_user")

    with pytest.raises(MembershipRefused):
        change_role(actor=gina, membership=membership(alice), role="user")


@pytest.mark.parametrize("act", [suspend_membership, remove_membership])
def test_nobody_acts_on_themselves_C1(act, join, membership):
    gina = join("gina", role="super_user")

    with pytest.raises(MembershipRefused):
        act(actor=gina, membership=membership(gina))


@pytest.mark.parametrize("role", ["user", "super_user"])
def test_nobody_changes_their_own_role_B3(role, join, membership):
    gina = join("gina", role="super_user")

    with pytest.raises(MembershipRefused):
        change_role(actor=gina, membership=membership(gina), role=role)


def test_a_suspension_can_be_lifted(alice, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    assert not membership(bob).is_live

    restore_membership(actor=alice, membership=membership(bob))
    assert membership(bob).is_live
    event = AuditEvent.objects.latest("pk")
    assert (event.kind, event.actor, event.person) == ("membership.restored", alice, bob)


@pytest.mark.parametrize("act", [suspend_membership, remove_membership])
def test_replay_is_refused(act, alice, bob, events):
    place = Membership.objects.get(user=bob)
    act(actor=alice, membership=place)
    before = events()

    with pytest.raises(MembershipRefused):
        act(actor=alice, membership=place)

    assert events() == before


def test_restoring_a_member_who_is_not_suspended_is_refused(alice, bob, membership):
    with pytest.raises(MembershipRefused):
        restore_membership(actor=alice, membership=membership(bob))


def test_same_role_is_refused(alice, bob, membership):
    with pytest.raises(MembershipRefused):
        change_role(actor=alice, membership=membership(bob), role="user")


@pytest.mark.parametrize("role", ["", "admin", "SUPER_USER", None, 1])
def test_unknown_role_is_refused(role, alice, bob, membership):
    with pytest.raises(MembershipRefused):
        change_role(actor=alice, membership=membership(bob), role=role)


def test_leaving_ends_everything(alice, bob, membership, as_):
    assert PersonGrant.objects.filter(user=bob).exists()
    client = as_(bob)

    remove_membership(actor=alice, membership=membership(bob))

    assert not PersonGrant.objects.filter(user=bob).exists()
    assert client.get("/profile/").status_code == 302, "hub sessions end with the last membership"


@pytest.mark.parametrize("act", [suspend_membership, remove_membership])
def test_portal_sessions_and_tokens_end(act, alice, bob, alder, membership):
    session = PortalSession.objects.create(
        user=bob,
        client=Client.objects.create(name="A portal"),
        customer=alder,
        hub_session="x",
        auth_time=timezone.now(),
    )
    code = session.codes.create(hash="x", redirect_uri="https://portal.example/")
    token = Token.objects.create(user=bob, type="at", hash="x", client=session.client)
    code.tokens.create(token=token)

    act(actor=alice, membership=membership(bob))

    assert not Token.objects.filter(user=bob).exists()
    session.refresh_from_db()
    assert session.end_reason == "access"


def test_a_person_of_two_companies_stays_signed_in(alice, bob, charlie, birch, membership, as_):
    from accounts.services.invitations import accept_invitation, invite_person

    offer = invite_person(actor=charlie, customer=birch, address=bob.email)
    accept_invitation(actor=bob, token=offer.token)
    client = as_(bob)

    remove_membership(
        actor=alice, membership=Membership.objects.get(user=bob, customer__slug="alder")
    )

    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    ("act", "said"),
    [("suspend", "suspended your access"), ("remove", "removed you"), ("role", "Super User")],
)
def test_the_person_is_told(act, said, alice, bob, membership, deliver):
    ACTS[act](actor=alice, membership=membership(bob))

    mail = deliver()[-1]
    assert mail.to == [bob.email]
    assert said in mail.body


def test_work_details(alice, bob, membership):
    update_work_details(
        actor=alice, membership=membership(bob), work_name="Zoë Tremblay", work_phone="555"
    )

    changed = membership(bob)
    assert (changed.work_name, changed.search_name) == ("Zoë Tremblay", "zoe tremblay")
    assert AuditEvent.objects.first().data["fields"] == "work_name, work_phone"


def test_unchanged_details_leave_no_event(alice, bob, membership, events):
    before = events()

    update_work_details(
        actor=alice, membership=membership(bob), work_name="Bob Tremblay", work_phone=""
    )

    assert events() == before


def test_bad_details_are_refused(alice, bob, membership):
    with pytest.raises(ValidationError) as refusal:
        update_work_details(
            actor=alice, membership=membership(bob), work_name="B\u202eob", work_phone="5" * 41
        )

    assert set(refusal.value.message_dict) == {"work_name", "work_phone"}


def test_a_signed_out_visitor_changes_nothing(bob, membership):
    with pytest.raises((PermissionDenied, TypeError)):
        suspend_membership(actor=AnonymousUser(), membership=membership(bob))
    assert membership(bob).is_live
