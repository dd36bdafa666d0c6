"""Handing over the role of main Super User: offer, acceptance and every refusal."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, HandOver, Membership, User
from accounts.permissions import FreshSignInRequired
from accounts.selectors import sentence_of
from accounts.services.confirmation_name import ConfirmationNameRefused
from accounts.services.customers import suspend_customer
from accounts.services.hand_overs import (
    HandOverRefused,
    accept_hand_over,
    decline_hand_over,
    offer_hand_over,
    withdraw_hand_over,
)
from accounts.services.memberships import change_role, remove_membership, suspend_membership
from hub.navigation import sections_for

COMPANY, NAME = "/c/alder/company/", "Alder Dental"


@pytest.fixture
def gina(join):
    return join("gina", role="super_user")


@pytest.fixture
def offer(alice, alder, gina, membership):
    return offer_hand_over(
        actor=alice,
        customer=alder,
        to=membership(gina),
        confirmation_name=NAME,
        signed_in_at=timezone.now(),
    )


def accept(who, offer):
    return accept_hand_over(actor=who, hand_over=offer, signed_in_at=timezone.now())


def unchanged(alder, alice):
    assert Customer.objects.get(pk=alder.pk).main_super_user.user == alice


def test_offered_and_accepted(offer, alice, gina, alder, join, deliver):
    hugo = join("hugo", role="super_user")
    [mail] = [mail for mail in deliver() if mail.to == [gina.email]][-1:]
    assert f"/c/alder/company/hand-over/{offer.uuid}/" in mail.body
    assert "Alice Martin asks you" in mail.body
    unchanged(alder, alice)
    before = len(deliver())

    accept(gina, offer)

    alder.refresh_from_db()
    assert alder.main_super_user.user == gina
    event = AuditEvent.objects.first()
    assert event.kind == "customer.main_super_user_changed"
    assert sentence_of(event).startswith("Gina Newcomer took over from Alice Martin")
    told = deliver()[before:]
    assert {mail.to[0] for mail in told} == {alice.email, gina.email, hugo.email}
    assert all("Alice Martin handed over the role of main Super User" in mail.body for mail in told)


def test_declined(offer, alice, gina, alder, deliver):
    decline_hand_over(actor=gina, hand_over=offer)

    unchanged(alder, alice)
    assert AuditEvent.objects.first().kind == "hand_over.declined"
    assert deliver()[-1].to == [alice.email]


def test_withdrawn(offer, alice, gina, alder, deliver):
    withdraw_hand_over(actor=alice, hand_over=offer)

    assert AuditEvent.objects.first().kind == "hand_over.withdrawn"
    assert deliver()[-1].to == [gina.email]
    with pytest.raises(HandOverRefused):
        accept(gina, offer)
    unchanged(alder, alice)


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
@pytest.mark.parametrize("first", ["accept", "decline", "withdraw"])
def test_an_offer_is_settled_once(first, act, offer, alice, gina, events):
    """Nothing is replayed, whatever came first."""
    acts = {
        "accept": lambda: accept(gina, offer),
        "decline": lambda: decline_hand_over(actor=gina, hand_over=offer),
        "withdraw": lambda: withdraw_hand_over(actor=alice, hand_over=offer),
    }
    acts[first]()
    before = events()

    with pytest.raises(HandOverRefused):
        acts[act]()

    assert events() == before


def test_an_offer_expires_to_the_second_and_allows_another(
    offer, alice, gina, alder, membership, time_machine
):
    again = {"actor": alice, "customer": alder, "to": membership(gina), "confirmation_name": NAME}
    time_machine.move_to(offer.expires_at - timedelta(seconds=1), tick=False)
    with pytest.raises(HandOverRefused):
        offer_hand_over(**again, signed_in_at=timezone.now())

    time_machine.move_to(offer.expires_at, tick=False)
    with pytest.raises(HandOverRefused):
        accept(gina, offer)
    second = offer_hand_over(**again, signed_in_at=timezone.now())

    offer.refresh_from_db()
    assert offer.state == "lapsed"
    accept(gina, second)


def test_only_the_main_super_user_offers(alder, gina, alice, bob, charlie, olive, dana, membership):
    for actor in (gina, bob, charlie, olive, dana):
        with pytest.raises(PermissionDenied):
            offer_hand_over(
                actor=actor,
                customer=alder,
                to=membership(alice),
                confirmation_name=NAME,
                signed_in_at=timezone.now(),
            )

    assert not HandOver.objects.exists()


def test_only_the_receiver_answers(offer, alice, bob, charlie, olive, dana, join, alder):
    hugo = join("hugo", role="super_user")
    for actor in (alice, hugo, bob, charlie, olive, dana):
        with pytest.raises(PermissionDenied):
            accept(actor, offer)
        with pytest.raises(PermissionDenied):
            decline_hand_over(actor=actor, hand_over=offer)
        if actor != alice:
            with pytest.raises(PermissionDenied):
                withdraw_hand_over(actor=actor, hand_over=offer)

    unchanged(alder, alice)
    assert HandOver.objects.waiting().get() == offer


def test_an_offer_to_a_user_a_non_member_or_oneself_is_refused(
    alice, bob, charlie, alder, membership
):
    for to in (bob, charlie, alice):
        with pytest.raises(HandOverRefused) as refusal:
            offer_hand_over(
                actor=alice,
                customer=alder,
                to=membership(to),
                confirmation_name=NAME,
                signed_in_at=timezone.now(),
            )
        assert list(refusal.value.message_dict) == ["to"]

    assert not HandOver.objects.exists()


def test_the_confirmation_name_is_required(alice, gina, alder, membership, events):
    before = events()
    with pytest.raises(ConfirmationNameRefused):
        offer_hand_over(
            actor=alice,
            customer=alder,
            to=membership(gina),
            confirmation_name="Alder",
            signed_in_at=timezone.now(),
        )
    assert events() == before


@pytest.mark.parametrize("moment", [None, timedelta(minutes=5, seconds=1)])
def test_offering_and_accepting_need_a_fresh_sign_in(
    moment, alice, gina, alder, membership, events
):
    stale = moment and timezone.now() - moment
    give = {"actor": alice, "customer": alder, "to": membership(gina), "confirmation_name": NAME}
    with pytest.raises(FreshSignInRequired):
        offer_hand_over(**give, signed_in_at=stale)
    offer = offer_hand_over(**give, signed_in_at=timezone.now())
    before = events()

    with pytest.raises(FreshSignInRequired):
        accept_hand_over(actor=gina, hand_over=offer, signed_in_at=stale)

    unchanged(alder, alice)
    assert events() == before
    assert HandOver.objects.waiting().get() == offer


def test_every_condition_is_checked_again_at_acceptance(
    offer, alice, gina, alder, olive, membership
):
    place = membership(gina)
    change_role(actor=alice, membership=place, role="user")
    with pytest.raises(PermissionDenied):
        accept(gina, offer)
    change_role(actor=alice, membership=place, role="super_user")

    suspend_membership(actor=alice, membership=place)
    with pytest.raises(PermissionDenied):
        accept(gina, offer)
    Membership.objects.filter(pk=place.pk).update(suspended_at=None)

    Membership.objects.filter(pk=place.pk).update(ends_at=timezone.now() + timedelta(days=30))
    with pytest.raises(HandOverRefused) as offboarding:
        accept(gina, offer)
    assert offboarding.value.code == "offboarding"
    Membership.objects.filter(pk=place.pk).update(ends_at=None)

    User.objects.filter(pk=alice.pk).update(is_active=False)  # stolen, and closed by staff
    with pytest.raises(HandOverRefused):
        accept(gina, offer)
    User.objects.filter(pk=alice.pk).update(is_active=True)

    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    with pytest.raises(PermissionDenied):
        accept(gina, offer)
    unchanged(alder, alice)


def test_an_offer_ends_with_its_membership(offer, alice, gina, alder, membership):
    remove_membership(actor=alice, membership=membership(gina))

    offer.refresh_from_db()
    assert offer.state == "lapsed"
    assert AuditEvent.objects.filter(kind="hand_over.lapsed", person=gina).count() == 1
    unchanged(alder, alice)


def test_the_new_main_super_user_is_protected_and_the_former_one_is_not(
    offer, alice, gina, alder, membership
):
    accept(gina, offer)

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=gina).update(ends_at=timezone.now() + timedelta(days=1))
    remove_membership(actor=gina, membership=membership(alice))


# --- The database's own rules ---


@pytest.mark.parametrize(
    "change",
    [{"state": "accepted"}, {"settled_at": timezone.now()}, {"state": "no", "settled_at": None}],
)
def test_the_database_refuses_inconsistent_rows(change, offer):
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.filter(pk=offer.pk).update(**change)


def test_a_customer_has_one_open_offer_at_most(offer, alder, alice, membership, join):
    hugo = membership(join("hugo", role="super_user"))
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.create(
            customer=alder, giver=membership(alice), receiver=hugo, expires_at=timezone.now()
        )


def test_no_offer_across_customers_nor_to_oneself(alder, alice, charlie, membership):
    for to in (charlie, alice):
        with pytest.raises(IntegrityError), transaction.atomic():
            HandOver.objects.create(
                customer=alder,
                giver=membership(alice),
                receiver=membership(to),
                expires_at=timezone.now(),
            )


def test_an_offer_is_for_one_person_and_settled_once(offer, alice, gina, join, membership):
    hugo = membership(join("hugo", role="super_user"))
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.filter(pk=offer.pk).update(receiver=hugo)
    decline_hand_over(actor=gina, hand_over=offer)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.filter(pk=offer.pk).update(state="open", settled_at=None)


# --- Pages ---


def url(name, offer=None):
    return reverse(f"accounts:{name}", args=["alder", *([offer.uuid] if offer else [])])


def test_a_hand_over_through_the_pages(fresh, alice, gina, alder, membership):
    there = url("hand-over-offer")
    wrong = fresh(alice).post(there, {"to": gina.sub, "confirmation_name": "Alder"})
    assert wrong.context["hand_over"].errors["confirmation_name"]
    data = {"to": gina.sub, "confirmation_name": "alder dental"}

    assert fresh(alice).post(there, data)["Location"] == COMPANY
    offer = HandOver.objects.get()
    assert "already offered" in fresh(alice).post(there, data).content.decode()
    assert "offered the role to Gina Newcomer" in fresh(alice).get(COMPANY).content.decode()

    page = fresh(gina).get(COMPANY).content.decode()
    assert url("hand-over", offer) in page
    assert "Accept role" in fresh(gina).get(url("hand-over", offer)).content.decode()
    assert fresh(gina).post(url("hand-over-accept", offer))["Location"] == COMPANY
    unsettled = fresh(gina).post(url("hand-over-accept", offer), follow=True)
    assert "no longer open" in unsettled.content.decode()
    assert Customer.objects.get(pk=alder.pk).main_super_user == membership(gina)


def test_pages_need_a_fresh_sign_in(as_, alice, gina, offer):
    answer = as_(gina).post(url("hand-over-accept", offer))

    assert reverse("account_reauthenticate") in answer["Location"]
    assert HandOver.objects.waiting().exists()


def test_the_menu_shows_a_pending_offer(alice, gina, offer, time_machine):
    def waiting(person):
        links = [link for section in sections_for(person, "/") for link in section.links]
        return {link.url: link.waiting for link in links}[COMPANY]

    assert (waiting(gina), waiting(alice)) == (1, 0)
    time_machine.move_to(offer.expires_at)
    assert waiting(gina) == 0


def test_other_people_see_no_button(as_, offer, join):
    html = as_(join("hugo", role="super_user")).get(url("hand-over", offer)).content.decode()

    assert "Accept role" not in html
    assert "Withdraw offer" not in html


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
def test_get_changes_nothing(act, as_, gina, offer):
    assert as_(gina).get(url(f"hand-over-{act}", offer)).status_code == 405


def test_an_offer_of_another_company_is_not_found_A4(as_, charlie, offer):
    assert as_(charlie).get(f"/c/birch/company/hand-over/{offer.uuid}/").status_code == 404


def test_a_second_super_user_is_suggested(as_, alice, join):
    html = as_(alice).get(COMPANY).content.decode()
    assert "You are the only Super User" in html
    assert "disabled" in html

    join("gina", role="super_user")
    assert "You are the only Super User" not in as_(alice).get(COMPANY).content.decode()


@pytest.mark.parametrize("who", ["bob", "emma", "charlie"])
def test_only_super_users_can_be_chosen(who, request, fresh, alice, alder, membership):
    to = request.getfixturevalue(who).sub

    answer = fresh(alice).post(
        url("hand-over-offer"), {"to": to, "confirmation_name": "Alder Dental"}
    )

    assert answer.context["hand_over"].errors["to"]
    assert not HandOver.objects.exists()
