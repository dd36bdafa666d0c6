"""Invitations: who may send and accept them, and only once (D1 to D8)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, Membership, User
from accounts.services.customers import create_customer, suspend_customer
from accounts.services.invitations import (
    InvitationRefused,
    accept_invitation,
    find_invitation,
    hash_token,
    invite_main_super_user,
    invite_person,
    resend_invitation,
    revoke_invitation,
)
from accounts.services.memberships import change_role, suspend_membership
from tests.accounts.conftest import PASSWORD

NEW = {"name": "Gina Côté", "password": PASSWORD}


@pytest.fixture
def offer(alice, alder):
    return invite_person(actor=alice, customer=alder, address="gina@alder.example", name="Gina")


def gone(token, **how):
    with pytest.raises(InvitationRefused) as refusal:
        accept_invitation(token=token, **({"actor": None} | (how or NEW)))
    assert refusal.value.code == "gone"
    assert not User.objects.filter(email="gina@alder.example").exists()


def test_invited_and_joined(offer, alder, deliver):
    [mail] = deliver()[-1:]
    assert mail.to == ["gina@alder.example"]
    assert f"/invitations/{offer.token}/" in mail.body
    assert "Alice Martin" in mail.body

    membership = accept_invitation(actor=None, token=offer.token, **NEW)

    assert (membership.customer, membership.role) == (alder, "user")
    assert membership.user.check_password(PASSWORD)
    assert membership.user.emailaddress_set.get().verified
    assert AuditEvent.objects.first().kind == "invitation.accepted"


def test_only_a_hash_is_kept(offer):
    stored = Invitation.objects.get(pk=offer.pk)

    assert stored.token_hash == hash_token(offer.token)
    assert offer.token not in str(Invitation.objects.values().get(pk=offer.pk))
    assert offer.token not in str(list(AuditEvent.objects.values_list("public")))


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_super_users_invite(who, request, alder, events):
    actor, before = request.getfixturevalue(who), events()

    with pytest.raises(PermissionDenied):
        invite_person(actor=actor, customer=alder, address="x@alder.example")

    assert events() == before
    assert not Invitation.objects.open().exists()


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
@pytest.mark.parametrize("act", [resend_invitation, revoke_invitation])
def test_only_super_users_resend_and_revoke(act, who, request, offer):
    with pytest.raises(PermissionDenied):
        act(actor=request.getfixturevalue(who), invitation=offer)

    find_invitation(offer.token)


def test_replay_is_refused_D1(offer):
    accept_invitation(actor=None, token=offer.token, **NEW)

    with pytest.raises(InvitationRefused):
        accept_invitation(actor=None, token=offer.token, **NEW)

    assert Membership.objects.filter(user__email=offer.address).count() == 1


def test_expiry_to_the_second_D3(offer, time_machine):
    time_machine.move_to(offer.expires_at - timedelta(seconds=1), tick=False)
    find_invitation(offer.token)

    time_machine.move_to(offer.expires_at, tick=False)
    gone(offer.token)


def test_someone_else_cannot_accept_D4_D5(offer, bob):
    with pytest.raises(InvitationRefused) as refusal:
        accept_invitation(actor=bob, token=offer.token)

    assert refusal.value.code == "other_person"
    find_invitation(offer.token)


def test_an_existing_account_signs_in_first(alice, alder, charlie):
    offer = invite_person(actor=alice, customer=alder, address=charlie.email)

    with pytest.raises(InvitationRefused) as refusal:
        accept_invitation(actor=None, token=offer.token, **NEW)
    assert refusal.value.code == "sign_in_first"

    membership = accept_invitation(actor=charlie, token=offer.token)
    assert membership.work_name == "Charlie Nguyen"


def test_a_revoked_invitation_is_refused_D6(offer, alice):
    revoke_invitation(actor=alice, invitation=offer)

    gone(offer.token)


def test_an_invitation_by_a_demoted_sender_is_refused_D6(alice, alder, join, membership):
    hugo = join("hugo", role="super_user")
    offer = invite_person(actor=hugo, customer=alder, address="gina@alder.example")
    change_role(actor=alice, membership=membership(hugo), role="user")

    gone(offer.token)


def test_an_invitation_by_a_suspended_or_closed_sender_is_refused_D6(
    alice, alder, join, membership
):
    hugo = join("hugo", role="super_user")
    offer = invite_person(actor=hugo, customer=alder, address="gina@alder.example")
    User.objects.filter(pk=hugo.pk).update(is_active=False)
    gone(offer.token)

    User.objects.filter(pk=hugo.pk).update(is_active=True)
    suspend_membership(actor=alice, membership=membership(hugo))
    gone(offer.token)


def test_a_resent_invitation_depends_on_its_new_sender_D6(alice, alder, join, membership):
    hugo = join("hugo", role="super_user")
    offer = invite_person(actor=hugo, customer=alder, address="gina@alder.example")
    change_role(actor=alice, membership=membership(hugo), role="user")

    again = resend_invitation(actor=alice, invitation=offer)

    accept_invitation(actor=None, token=again.token, **NEW)


def test_customer_suspended(offer, olive, alder):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")

    gone(offer.token)


def test_changing_the_role_makes_a_new_invitation_D7(offer, alice, alder):
    revoke_invitation(actor=alice, invitation=offer)
    better = invite_person(
        actor=alice, customer=alder, address=offer.address, name="Gina", role="super_user"
    )

    gone(offer.token)
    assert accept_invitation(actor=None, token=better.token, **NEW).role == "super_user"


def test_resending_invalidates_the_old_link(offer, alice):
    old, ends = offer.token, offer.expires_at

    again = resend_invitation(actor=alice, invitation=offer)

    gone(old)
    assert find_invitation(again.token).expires_at >= ends


def test_an_expired_invitation_can_be_resent(offer, alice):
    Invitation.objects.filter(pk=offer.pk).update(expires_at=timezone.now())

    again = resend_invitation(actor=alice, invitation=offer)

    find_invitation(again.token)


@pytest.mark.parametrize("act", [resend_invitation, revoke_invitation])
def test_an_accepted_invitation_is_no_longer_open(act, offer, alice):
    accept_invitation(actor=None, token=offer.token, **NEW)

    with pytest.raises(InvitationRefused):
        act(actor=alice, invitation=offer)


@pytest.mark.parametrize(
    "address",
    ["", "gina", "gina@", "@alder.example", "a b@alder.example", "gina@alder..example",
     "gіna@alder.example", "gina\u200b@alder.example", "gina@alder.example\r\nBcc: x@y.example",
     "x" * 250 + "@alder.example", "gina@alder.example.", "\u202egina@alder.example"],
)  # fmt: skip
def test_invalid_addresses_are_refused_D8(address, alice, alder):
    with pytest.raises(ValidationError) as refusal:
        invite_person(actor=alice, customer=alder, address=address)

    assert list(refusal.value.message_dict) == ["address"]
    assert not Invitation.objects.open().exists()


@pytest.mark.parametrize(
    "address", ["BOB@Alder.Example", " bob@alder.example ", "ｂｏｂ@alder.example"]
)
def test_spellings_of_one_address_are_one_person_D8(address, alice, alder):
    with pytest.raises(InvitationRefused) as refusal:
        invite_person(actor=alice, customer=alder, address=address)

    assert "address" in refusal.value.message_dict


def test_a_plus_tag_is_another_address_D8(alice, alder):
    assert invite_person(actor=alice, customer=alder, address="bob+x@alder.example")


def test_international_domain_is_stored_in_ascii_D8(alice, alder):
    offer = invite_person(actor=alice, customer=alder, address="gina@café.example")

    assert offer.address == "gina@xn--caf-dma.example"


def test_a_second_open_invitation_is_refused(offer, alice, alder):
    with pytest.raises(InvitationRefused) as refusal:
        invite_person(actor=alice, customer=alder, address="GINA@alder.example")

    assert "address" in refusal.value.message_dict


@pytest.mark.parametrize("name", ["山田太郎", "Zoë", "O’Brien-Ó Súilleabháin", "محمد", "स्मृति"])
def test_names_in_any_script_are_accepted(name, offer):
    membership = accept_invitation(actor=None, token=offer.token, name=name, password=PASSWORD)

    assert membership.user.name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "a\x00b"), ("name", "x" * 151), ("name", "\u202eevil"),
     ("password", ""), ("password", "short"), ("password", "password1234"),
     ("password", "gina@alder.example")],
)  # fmt: skip
def test_bad_input_leaves_the_invitation_open(field, value, offer):
    with pytest.raises(ValidationError) as refusal:
        accept_invitation(actor=None, token=offer.token, **(NEW | {field: value}))

    assert list(refusal.value.message_dict) == [field]
    find_invitation(offer.token)


def test_a_closed_account_cannot_join(alice, alder, charlie):
    offer = invite_person(actor=alice, customer=alder, address=charlie.email)
    charlie.is_active = False
    charlie.save()

    with pytest.raises(InvitationRefused):
        accept_invitation(actor=charlie, token=offer.token)


def test_main_super_user_of_a_pending_customer(olive, deliver):
    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    offer = invite_main_super_user(actor=olive, customer=dogwood, address="iris@dogwood.example")
    assert "main Super User" in deliver()[-1].body

    membership = accept_invitation(actor=None, token=offer.token, **NEW)

    dogwood.refresh_from_db()
    assert (dogwood.status, dogwood.main_super_user) == ("active", membership)
    with pytest.raises(InvitationRefused):
        invite_main_super_user(actor=olive, customer=dogwood, address="eve@dogwood.example")


@pytest.mark.parametrize("who", ["alice", "dana"])
def test_only_operators_appoint_a_main_super_user(who, request, olive):
    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")

    with pytest.raises(PermissionDenied):
        invite_main_super_user(
            actor=request.getfixturevalue(who), customer=dogwood, address="x@dogwood.example"
        )


def test_a_super_user_cannot_change_the_operators_invitation(olive, alice):
    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    offer = invite_main_super_user(actor=olive, customer=dogwood, address="iris@dogwood.example")

    for act in (resend_invitation, revoke_invitation):
        with pytest.raises(PermissionDenied):
            act(actor=alice, invitation=offer)


@pytest.mark.parametrize("same", [True, False])
def test_a_second_main_invitation_waits_for_the_first_to_be_withdrawn(olive, same):
    """Even to another address: who accepts first would be main Super User."""
    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    first = invite_main_super_user(actor=olive, customer=dogwood, address="iris@dogwood.example")
    other = "iris@dogwood.example" if same else "eve@dogwood.example"
    before = AuditEvent.objects.count()

    with pytest.raises(InvitationRefused, match="already pending"):
        invite_main_super_user(actor=olive, customer=dogwood, address=other)

    assert list(dogwood.invitations.all()) == [first]
    assert AuditEvent.objects.count() == before
    revoke_invitation(actor=olive, invitation=first)
    invite_main_super_user(actor=olive, customer=dogwood, address=other)
    assert dogwood.invitations.open().count() == 1


def _lose_the_permission(olive):
    olive.groups.clear()


def _leave_the_staff(olive):
    User.objects.filter(pk=olive.pk).update(is_staff=False)


def _be_closed(olive):
    User.objects.filter(pk=olive.pk).update(is_active=False)


@pytest.mark.parametrize("loss", [_lose_the_permission, _leave_the_staff, _be_closed])
def test_a_main_invitation_ends_with_its_senders_permission(olive, loss):
    """Staff who lost it since made no main Super User, and cannot send it again."""
    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    offer = invite_main_super_user(actor=olive, customer=dogwood, address="gina@alder.example")
    loss(olive)
    olive = User.objects.get(pk=olive.pk)

    gone(offer.token)
    for act in (resend_invitation, revoke_invitation):
        with pytest.raises(PermissionDenied):
            act(actor=olive, invitation=offer)
    dogwood.refresh_from_db()
    assert (dogwood.status, dogwood.main_super_user) == ("pending", None)
