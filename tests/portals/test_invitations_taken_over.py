"""Invitations outlive their sender: a colleague takes them over before, or after.

After toeverything/AFFiNE#4176 and the report on Shelf-nu/shelf.nu#3056: an invitation that nobody
could use any more, and nobody was told.
"""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, Membership
from accounts.permissions import FreshSignInRequired
from accounts.selectors import details_of, invitations_of, sentence_of
from accounts.services.customers import create_customer, suspend_customer
from accounts.services.invitations import (
    InvitationRefused,
    accept_invitation,
    find_invitation,
    invite_main_super_user,
    invite_person,
    revoke_invitation,
    take_over_invitations,
)
from accounts.services.memberships import change_role, remove_membership
from portals.services.grants import GrantTerms
from portals.services.offered_grants import offer_privileges

PASSWORD = "three plain long words"
TAKE_OVER = "/c/alder/people/invitations/take-over/"


@pytest.fixture
def hugo(alice, alder):
    invitation = invite_person(
        actor=alice, customer=alder, address="hugo@alder.example", name="Hugo", role="super_user"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Hugo", password=PASSWORD
    ).user


@pytest.fixture
def offer(hugo, alder):
    return invite_person(actor=hugo, customer=alder, address="ivy@alder.example", role="user")


def take(actor, *invitations, **more):
    return take_over_invitations(actor=actor, invitations=invitations, **more)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_link_that_was_sent_keeps_working(when, alice, hugo, offer, alder, membership):
    link, ends = offer.token, offer.expires_at
    if when == "before":
        take(alice, offer)
    remove_membership(actor=alice, membership=membership(hugo))
    if when == "after":
        with pytest.raises(InvitationRefused):
            find_invitation(link)
        take(alice, offer)

    assert [row.sender_may for row in invitations_of(alder)] == [True]
    offer.refresh_from_db()
    assert (offer.expires_at, offer.times_sent, offer.invited_by) == (ends, 1, alice)
    assert accept_invitation(actor=None, token=link, name="Ivy", password=PASSWORD).is_live


def test_no_email_is_sent_and_the_log_names_all(alice, hugo, offer, alder, mailoutbox, deliver):
    sent = len(deliver())

    take(alice, offer)

    assert len(deliver()) == sent
    event = AuditEvent.objects.get(kind="invitation.taken_over")
    assert all(
        name in sentence_of(event) for name in ("Alice Martin", "ivy@alder.example", "Hugo", "User")
    )
    assert ("People concerned", ["Hugo"]) in details_of(event)


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_nobody_but_a_super_user_of_the_company_may(who, request, offer, hugo):
    with pytest.raises(PermissionDenied):
        take(request.getfixturevalue(who), offer)
    offer.refresh_from_db()
    assert offer.invited_by == hugo


@pytest.mark.parametrize("state", ["accepted", "withdrawn", "expired", "suspended", "main"])
def test_what_nobody_can_accept_any_more_is_refused(
    state, alice, hugo, olive, alder, offer, membership
):
    refusal = InvitationRefused
    if state == "accepted":
        accept_invitation(actor=None, token=offer.token, name="Ivy", password=PASSWORD)
    elif state == "withdrawn":
        revoke_invitation(actor=hugo, invitation=offer)
    elif state == "expired":
        Invitation.objects.filter(pk=offer.pk).update(expires_at=timezone.now())
    elif state == "suspended":
        suspend_customer(actor=olive, customer=alder, reason="Unpaid")
        refusal = PermissionDenied
    else:
        Invitation.objects.filter(pk=offer.pk).delete()
        customer = create_customer(actor=olive, slug="fern", name="Fern")
        offer = invite_main_super_user(actor=olive, customer=customer, address="f@fern.example")
        refusal = PermissionDenied  # only staff send it

    with pytest.raises(refusal):
        take(alice, offer)
    assert not AuditEvent.objects.filter(kind="invitation.taken_over").exists()


def test_again_and_ones_own_change_nothing(alice, hugo, offer):
    assert take(hugo, offer) == []
    assert take(alice, offer) != []
    assert take(alice, offer) == []
    assert AuditEvent.objects.filter(kind="invitation.taken_over").count() == 1


def test_all_or_none(alice, hugo, alder, offer):
    second = invite_person(actor=hugo, customer=alder, address="jo@alder.example")
    revoke_invitation(actor=hugo, invitation=second)

    with pytest.raises(InvitationRefused):
        take(alice, offer, second)

    offer.refresh_from_db()
    assert offer.invited_by == hugo


def test_a_sensitive_offer_wants_a_fresh_sign_in(
    alice, hugo, alder, resource, privilege_of, membership
):
    """Who takes it over gives it: the conditions are those of giving."""
    invitation = invite_person(
        actor=hugo, customer=alder, address="ivy@alder.example",
        offer=lambda invitations: offer_privileges(
            actor=hugo, invitations=invitations,
            privileges=[(resource("mailbox", "info@alder.example"),
                     privilege_of("webmail.mailbox.read"))],
            terms=GrantTerms(reason="Cover"), signed_in_at=timezone.now(),
        ),
    )  # fmt: skip
    change_role(actor=alice, membership=membership(hugo), role="user")

    with pytest.raises(FreshSignInRequired):
        take(alice, invitation)
    with pytest.raises(FreshSignInRequired):
        take(alice, invitation, signed_in_at=timezone.now() - timedelta(hours=1))
    take(alice, invitation, signed_in_at=timezone.now())

    ivy = accept_invitation(actor=None, token=invitation.token, name="Ivy", password=PASSWORD).user
    assert ivy.has_perm("portals.webmail.mailbox.read", resource("mailbox", "info@alder.example"))


@pytest.mark.parametrize(
    "page",
    [
        "portals:person-details",
        "accounts:person-remove",
        "accounts:person-end",
        "portals:offboarding",
    ],
)
def test_the_page_says_which_would_stop_and_one_press_takes_them_over(
    page, as_, alice, hugo, offer, alder
):
    invite_person(actor=alice, customer=alder, address="own@alder.example")
    address = reverse(page, args=["alder", hugo.sub])
    client = as_(alice)

    html = client.get(address).content.decode()
    assert "ivy@alder.example" in html
    assert "own@alder.example" not in html
    assert "stops working when" in html

    answer = client.post(TAKE_OVER, {"invitation": offer.uuid}, headers={"referer": address})
    assert answer.url == address
    assert (
        "ivy@alder.example"
        not in client.get(address)
        .content.decode()
        .split("<main")[1]
        .split("Its link still works")[-1]
    )
    offer.refresh_from_db()
    assert offer.invited_by == alice


@pytest.mark.parametrize("act", ["suspend", "remove"])
def test_a_bulk_action_says_it_too(act, as_, alice, bob, hugo, offer):
    address = reverse("portals:people-bulk-action", args=["alder", act])
    html = as_(alice).get(f"{address}?person={hugo.sub}&person={bob.sub}").content.decode()

    assert "ivy@alder.example" in html
    assert "Take over the invitation" in html


def test_the_list_offers_it_for_those_whose_sender_is_gone(as_, alice, hugo, offer, membership):
    client = as_(alice)
    list_page = reverse("portals:invitations", args=["alder"])
    button = "Take over the invitation to ivy@alder.example"
    assert button not in client.get(list_page).content.decode()

    change_role(actor=alice, membership=membership(hugo), role="user")
    assert button in client.get(list_page).content.decode()

    client.post(TAKE_OVER, {"invitation": offer.uuid})
    html = client.get(list_page).content.decode()
    assert button not in html
    assert "Waiting" in html


def test_a_user_and_a_stranger_see_and_change_nothing(as_, bob, charlie, offer, hugo):
    for person, status in ((bob, 403), (charlie, 404), (None, 302)):
        answer = as_(person).post(TAKE_OVER, {"invitation": offer.uuid})
        assert answer.status_code == status
    offer.refresh_from_db()
    assert offer.invited_by == hugo
    assert Membership.objects.get(user=hugo).is_live
