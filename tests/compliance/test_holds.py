"""Legal holds: placed and ended by the Privacy group, with a reason and an end (L56)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.services.people import follow_address_change
from compliance.models import LegalHold
from compliance.selectors.erasable import grounds_of, subject_of
from compliance.selectors.holds import subjects_of_holds
from compliance.services.closings import close_account
from compliance.services.legal_holds import end_hold, place_hold
from hub.navigation import sections_for

PAGE = "/provider/holds/"
FORMER = "b.tremblay@alder.example"


def form(**more):
    until = (timezone.localdate() + timedelta(days=30)).isoformat()
    return {
        "scope": "person", "address": "Bob@alder.example", "customer": "", "item": "support",
        "ground": "A court asks", "until": until, **more,
    }  # fmt: skip


def place(actor, **more) -> LegalHold:
    values = {**form(), "until": timezone.localdate() + timedelta(days=30), **more}
    return place_hold(actor=actor, **values)


def kept(person) -> set[str]:
    return {
        code for code, each in grounds_of(subject_of(person, ())).items() if each.ground == "hold"
    }


def test_a_hold_of_a_person_is_shown_and_ends_by_itself_L56(as_, officer, bob, emma):
    staff = as_(officer)
    page = staff.post(PAGE, form(), follow=True).content.decode()
    assert "A court asks" in page
    hold = LegalHold.objects.get()
    assert (hold.person, hold.address) == (bob, "")
    assert kept(bob) == {"support"} and kept(emma) == set()
    last_day = timezone.localtime(hold.until - timedelta(seconds=1)).date()
    assert last_day == timezone.localdate() + timedelta(days=30)
    with time_machine.travel(hold.until - timedelta(seconds=1), tick=False):
        assert kept(bob) == {"support"}
    with time_machine.travel(hold.until, tick=False):
        assert kept(bob) == set()


def test_a_hold_of_a_company_or_an_item_keeps_what_it_is_about_L56(officer, bob, charlie):
    place(officer, scope="customer", address="", customer="birch", item="")
    assert "messages" in kept(charlie) and kept(bob) == set()
    place(officer, scope="item", address="", item="consent_records")
    place(officer, scope="item", address="", item="requests")
    assert "requests" in kept(bob)
    sam = subject_of(None, ["sam@shop.example"])
    place(officer, address="sam@shop.example", item="messages")
    assert grounds_of(sam)["messages"].ground == "hold"


def had_before(person, address=FORMER):
    """Write that a person had another address before."""
    follow_address_change(actor=person, previous=address)


def has_too(person, address=FORMER):
    """Give a person a second address, not yet the main one."""
    EmailAddress.objects.create(user=person, email=address)


@pytest.mark.parametrize("other", [had_before, has_too])
@pytest.mark.parametrize("is_placed_first", [True, False])
def test_a_hold_on_another_address_of_a_person_is_a_hold_on_the_person_L56(
    other, is_placed_first, officer, bob, emma
):
    """By whichever address it was placed, whenever the person got that address."""
    if is_placed_first:
        hold = place(officer, address=FORMER, item="")
        assert (hold.person, hold.address) == (None, FORMER)
        assert kept(bob) == set()
        other(bob)
    else:
        other(bob)
        hold = place(officer, address=FORMER.upper(), item="")
        assert (hold.person, hold.address) == (bob, "")
    assert "support" in kept(bob) and kept(emma) == set()
    of_rows = subjects_of_holds([hold])
    assert of_rows.people == {bob.pk}
    assert {FORMER, bob.email} <= of_rows.addresses
    without_account = grounds_of(subject_of(None, [FORMER]))
    assert without_account["support"].ground == "hold"


def test_an_address_that_two_people_had_holds_the_data_of_both_L56(officer, bob, emma, charlie):
    had_before(bob)
    had_before(emma)
    hold = place(officer, address=FORMER)
    assert (hold.person, hold.address) == (None, FORMER)
    assert kept(bob) == kept(emma) == {"support"} and kept(charlie) == set()


def test_a_company_s_hold_covers_every_address_of_its_people_L56(officer, charlie, bob):
    had_before(charlie, "old@birch.example")
    hold = place(officer, scope="customer", address="", customer="birch", item="")
    whose = subjects_of_holds([hold])
    assert charlie.pk in whose.people and bob.pk not in whose.people
    assert "old@birch.example" in whose.addresses
    assert "messages" in grounds_of(subject_of(None, ["old@birch.example"]))


def test_it_ends_early_with_a_reason_and_never_twice_L56(as_, officer, bob):
    hold = place(officer)
    page = f"{PAGE}{hold.uuid}/"
    assert "A court asks" in as_(officer).get(page).content.decode()
    as_(officer).post(page, {"reason": " "})
    assert LegalHold.objects.in_force().exists()
    as_(officer).post(page, {"reason": "The case is over."})
    hold.refresh_from_db()
    assert (hold.ended_by, hold.end_reason) == (officer, "The case is over.")
    assert kept(bob) == set()
    with pytest.raises(ValidationError, match="already ended"):
        end_hold(actor=officer, hold=hold, reason="Again")
    assert "A court asks" in as_(officer).get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "more"),
    [
        ("until", timedelta(0), {}),
        ("until", timedelta(days=2000), {}),
        ("ground", "  ", {}),
        ("item", "shoes", {}),
        ("item", "", {"scope": "item"}),
        ("customer", "nobody", {"scope": "customer"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_held_L56(officer, field, value, more):
    value = timezone.localdate() + value if field == "until" else value
    with pytest.raises(ValidationError) as refusal:
        place(officer, **{**more, field: value})
    assert list(refusal.value.error_dict) == [field]
    assert not LegalHold.objects.exists()


@pytest.mark.parametrize("name", ["alice", "bob", "dana", "charlie"])
def test_only_the_privacy_group_places_and_ends_holds_L56(name, request, as_, officer):
    person = request.getfixturevalue(name)
    hold = place(officer)
    with pytest.raises(PermissionDenied):
        place(person)
    with pytest.raises(PermissionDenied):
        end_hold(actor=person, hold=hold, reason="Mine")
    for address in (PAGE, f"{PAGE}{hold.uuid}/"):
        assert as_(person).get(address).status_code == 403
    assert as_(None).get(PAGE).status_code == 302


def test_the_list_costs_a_fixed_number_of_queries(as_, officer, django_assert_max_num_queries):
    for number in range(60):
        place(officer, ground=f"Case {number}")
    client = as_(officer)
    client.get(PAGE)
    with django_assert_max_num_queries(16):
        page = client.get(PAGE).content.decode()
    assert "after=" in page


def test_its_end_is_on_the_list_of_deadlines_L56(as_, officer, bob):
    place(officer)
    close_account(actor=bob, signed_in_at=timezone.now())
    page = as_(officer).get("/provider/due/").content.decode()
    assert "A hold ends: A court asks" in page
    assert "An account closes and its data is erased" in page


def menu(person) -> set[str]:
    return {link.url for section in sections_for(person, "/") for link in section.links}


def test_the_privacy_group_finds_holds_and_retention_in_the_menu_L56_L60(alice, bob, dana, officer):
    pages = {"/provider/holds/", "/provider/retention/"}
    assert pages <= menu(officer)
    for other in (alice, bob, dana):
        assert not pages & menu(other), other
