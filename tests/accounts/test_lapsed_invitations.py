"""Invitations that nobody can accept any more: the list says so, and inviting again renews them.

Reported of others as toeverything/AFFiNE#4176 and segmentio/segment-docs#4292.
"""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.choices import InviteeState
from accounts.models import AuditEvent, Invitation, User
from accounts.selectors import invitations_of
from accounts.services.customers import create_customer
from accounts.services.invitations import (
    InvitationRefused,
    accept_invitation,
    check_invitees,
    find_invitation,
    invite_main_super_user,
    invite_person,
    resend_invitation,
)
from accounts.services.invitations.parsing import Invitee
from accounts.services.memberships import change_role, remove_membership, suspend_membership

ADDRESS = "ivy@alder.example"
LIST = "/c/alder/people/invitations/"


@pytest.fixture
def hugo(join):
    return join("hugo", role="super_user")


@pytest.fixture
def offer(hugo, alder):
    return invite_person(actor=hugo, customer=alder, address=ADDRESS, role="super_user")


def expire(offer):
    Invitation.objects.filter(pk=offer.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture(params=["demoted", "suspended", "removed", "closed", "expired"])
def lapsed(request, alice, hugo, offer, membership):
    person = membership(hugo)
    if request.param == "demoted":
        change_role(actor=alice, membership=person, role="user")
    elif request.param == "suspended":
        suspend_membership(actor=alice, membership=person)
    elif request.param == "removed":
        remove_membership(actor=alice, membership=person)
    elif request.param == "closed":
        User.objects.filter(pk=hugo.pk).update(is_active=False)
    else:
        expire(offer)
    return request.param


def test_the_list_says_that_an_invitation_cannot_be_accepted(as_, alice, alder, lapsed):
    html = as_(alice).get(LIST).content.decode()

    words = "Expired" if lapsed == "expired" else "no longer a Super User"
    assert words in html
    assert "Waiting" not in html
    assert [row.sender_may for row in invitations_of(alder)] == [lapsed == "expired"]


def test_inviting_again_renews_it_with_what_is_offered_now(alice, alder, offer, lapsed):
    [checked] = check_invitees(actor=alice, customer=alder, invitees=[Invitee(ADDRESS)])
    assert checked.state == InviteeState.VALID

    again = invite_person(actor=alice, customer=alder, address=ADDRESS, role="user")

    offer.refresh_from_db()
    assert offer.revoked_at is not None
    assert AuditEvent.objects.filter(kind="invitation.revoked").count() == 1
    with pytest.raises(InvitationRefused):
        find_invitation(offer.token)
    person = accept_invitation(
        actor=None, token=again.token, name="Ivy", password="three plain long words"
    )
    assert person.role == "user"


def test_a_colleague_takes_it_over_by_sending_it_again(as_, alice, alder, offer, lapsed):
    resend_invitation(actor=alice, invitation=offer)

    assert [row.sender_may for row in invitations_of(alder)] == [True]
    assert "Waiting" in as_(alice).get(LIST).content.decode()


def test_one_that_can_be_accepted_is_not_replaced(as_, alice, alder, offer):
    with pytest.raises(InvitationRefused) as refusal:
        invite_person(actor=alice, customer=alder, address=ADDRESS)
    [checked] = check_invitees(actor=alice, customer=alder, invitees=[Invitee(ADDRESS)])

    assert list(refusal.value.message_dict) == ["address"]
    assert checked.state == InviteeState.ALREADY_INVITED
    offer.refresh_from_db()
    assert offer.revoked_at is None
    assert "Waiting" in as_(alice).get(LIST).content.decode()


def test_who_may_not_invite_renews_nothing(alder, bob, charlie, birch, offer, lapsed):
    for stranger in (bob, charlie):
        with pytest.raises(PermissionDenied):
            invite_person(actor=stranger, customer=alder, address=ADDRESS)
    invite_person(actor=charlie, customer=birch, address=ADDRESS)  # their own company's

    offer.refresh_from_db()
    assert offer.revoked_at is None


def test_staff_invite_the_main_super_user_again_after_expiry(olive):
    elm = create_customer(actor=olive, slug="elm", name="Elm")
    first = invite_main_super_user(actor=olive, customer=elm, address="ivy@elm.example")
    with pytest.raises(InvitationRefused):
        invite_main_super_user(actor=olive, customer=elm, address="max@elm.example")
    expire(first)

    second = invite_main_super_user(actor=olive, customer=elm, address="max@elm.example")

    assert list(elm.invitations.open()) == [second]
