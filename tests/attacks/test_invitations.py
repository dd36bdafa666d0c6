"""Invitations accepted at once elsewhere, or used to get a privilege for oneself."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, Membership, User
from accounts.services.invitations import (
    InvitationRefused,
    accept_invitation,
    acceptance,
    invite_person,
)
from accounts.services.memberships import change_role, remove_membership
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, Privilege, Resource
from portals.services.grants import GrantRefused, GrantTerms, grant_privilege
from portals.services.offered_grants import offer_privileges

PASSWORD = "three unrelated words"


def test_two_invitations_to_a_new_address_are_accepted_at_once(
    alice, alder, charlie, birch, monkeypatch
):
    """Each locks its own customer, so only the database sees that the account is there already."""
    offer = invite_person(actor=alice, customer=alder, address="gina@new.example")
    other = invite_person(actor=charlie, customer=birch, address="gina@new.example")
    check = acceptance.validate_password

    def meanwhile(password, user):
        monkeypatch.setattr(acceptance, "validate_password", check)
        accept_invitation(actor=None, token=other.token, name="Gina", password=PASSWORD)

    monkeypatch.setattr(acceptance, "validate_password", meanwhile)

    with pytest.raises(InvitationRefused) as refusal:
        accept_invitation(actor=None, token=offer.token, name="Gina", password=PASSWORD)

    assert refusal.value.code == "sign_in_first"
    assert Invitation.objects.get(pk=offer.pk).accepted_at is None


@pytest.fixture
def sensitive(alder):
    """Return a sensitive privilege and a resource of Alder that it fits."""
    mailbox = Resource.objects.get(external_id="bob@alder.example")
    privilege = Privilege.objects.filter(
        resource_type=mailbox.resource_type, sensitive=True
    ).first()
    return privilege, mailbox


def offered(actor, customer, address, privilege, resource, role="user"):
    return invite_person(
        actor=actor,
        customer=customer,
        address=address,
        role=role,
        offer=lambda made: offer_privileges(
            actor=actor,
            invitations=made,
            privileges=[(resource, privilege)],
            terms=GrantTerms(reason="Because"),
            signed_in_at=timezone.now(),
        ),
    )


def test_changing_to_an_invited_address_grants_nothing(alice, alder, sensitive):
    """B9: invite one's next address with a sensitive privilege, change to it, accept."""
    offer = offered(alice, alder, "alice.next@alder.example", *sensitive)
    User.objects.filter(pk=alice.pk).update(email="alice.next@alder.example")
    alice.refresh_from_db()

    with pytest.raises(Exception, match="already belong"):
        accept_invitation(actor=alice, token=offer.token)

    assert not PersonGrant.objects.filter(user=alice, permission_id=sensitive[0].pk).exists()


def test_an_invitation_by_a_removed_super_user_to_themselves_is_refused(
    alice, alder, bob, membership, sensitive
):
    """D6: the invitation for the way back in dies with who sent it."""
    change_role(actor=alice, membership=membership(bob), role="super_user")
    offer = offered(bob, alder, "bob.back@alder.example", *sensitive, role="super_user")
    remove_membership(actor=alice, membership=membership(bob))

    with pytest.raises(InvitationRefused):
        accept_invitation(actor=None, token=offer.token, name="Bob", password=PASSWORD)

    assert not User.objects.filter(email="bob.back@alder.example").exists()


def test_nobody_gets_a_sensitive_privilege_through_a_team_in_either_order(
    alice, alder, membership, sensitive
):
    privilege, mailbox = sensitive
    terms = GrantTerms(reason="Because")
    now = timezone.now()
    mine = create_team(actor=alice, customer=alder, name="Mine")
    add_to_team(actor=alice, team=mine, membership=membership(alice))
    with pytest.raises(GrantRefused):
        grant_privilege(
            actor=alice, grantee=mine, privilege=privilege, resource=mailbox,
            terms=terms, signed_in_at=now,
        )  # fmt: skip
    yours = create_team(actor=alice, customer=alder, name="Yours")
    grant_privilege(
        actor=alice, grantee=yours, privilege=privilege, resource=mailbox,
        terms=terms, signed_in_at=now,
    )  # fmt: skip
    with pytest.raises(GrantRefused):
        add_to_team(actor=alice, team=yours, membership=membership(alice))

    codename = f"portals.webmail.{privilege.codename}"
    assert not alice.has_perm(codename, mailbox)


def test_the_invite_page_refuses_unknown_fields(as_, alice, charlie, birch):
    """Unknown fields and resources of others: only a plain invitation is made."""
    theirs = Resource.objects.filter(subscription__customer=birch).exclude(parent=None).first()
    privilege = Privilege.objects.filter(resource_type=theirs.resource_type).first()
    plain = {"address": "gina@alder.example", "role": "user"}
    invite = reverse("portals:invite", args=["alder"])

    foreign = {**plain, "resource": theirs.pk, "privileges": f"{theirs.pk}:{privilege.pk}"}
    assert as_(alice).post(invite, foreign).status_code == 200
    assert not Invitation.objects.filter(address=plain["address"]).exists()

    more = {"as_main_super_user": "on", "customer": birch.pk, "expires_in": "9", "is_staff": "1"}
    as_(alice).post(invite, plain | more)

    offer = Invitation.objects.filter(address=plain["address"]).first()
    assert offer is None or (offer.customer.slug, offer.as_main_super_user) == ("alder", False)
    assert not Membership.objects.filter(customer=birch, role="user").exists()
