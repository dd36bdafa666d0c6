"""Phone numbers are validated wherever they are entered; stored ones are kept."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer, Membership
from accounts.services.customers import update_company
from accounts.services.invitations import Invitee, check_invitees, invite_people
from accounts.services.memberships import update_work_details
from accounts.services.requests import approve_request, open_request
from accounts.validators import validate_phone
from tests.edits import edit

SAID = "This is not a phone number. Enter 3 to 15 digits"


@pytest.mark.parametrize(
    "number",
    ["911", "555 0100", "+1 (514) 555-0100", "514.555.0100", "01/23.45", "+1 514 555 0100 ext. 12",
     "555 0100, ext 12", "5550100x12", "555 0100 poste 12", "555 0100 Ext.7", "1" * 15,
     "514\u00a0555\u00a00100 extension 3"],
)  # fmt: skip
def test_valid_phone_numbers(number):
    validate_phone(number)


@pytest.mark.parametrize(
    "number",
    ["12", "ask Bob", "555 0100 or 555 0101", "1" * 16, "ext. 1234", "555 0100 ext.", "+()",
     "555 0100 ext. 12 ext. 13", "555\n0100", "\u0665\u0665\u0665 0100", "<b>5550100</b>",
     "5550100;12", " " * 1000, "1 " * 7 + " " * 1000 + "!", "+++123", "1+2+3", "...---///123",
     "((((555", "  555  ", "(1)" * 400, "1-" * 2000],
)  # fmt: skip
def test_invalid_phone_numbers_are_refused(number):
    with pytest.raises(ValidationError, match=SAID):
        validate_phone(number)


def test_every_service_refuses_it_by_field(alice, bob, alder, membership, events):
    before, at_work = events(), {"membership": membership(bob), "work_name": "Bob Tremblay"}
    for field, act in {
        "phone": lambda: update_company(actor=alice, customer=alder, phone="ask Bob"),
        "work_phone": lambda: update_work_details(actor=alice, work_phone="ask Bob", **at_work),
    }.items():
        with pytest.raises(ValidationError) as refusal:
            act()
        assert set(refusal.value.message_dict) == {field}
        assert refusal.value.messages[0].startswith(SAID)
    with pytest.raises(ValidationError) as refusal:
        open_request(actor=bob, customer=alder, kind="phone", wanted={"work_phone": "ask Alice"})
    assert refusal.value.message_dict["work_phone"][0].startswith(SAID)
    assert events() == before


def test_pages_show_the_error_beside_the_field(as_, alice, bob):
    details, asking = (
        f"/c/alder/people/{bob.sub}/details/edit/",
        "/c/alder/requests/new/?kind=phone",
    )
    company = {"name": "Alder Dental", "language": "en", "phone": "none"}
    for who, page, field, data in (
        (alice, details, "work_phone", {"work_name": "Bob", "work_phone": "none"}),
        (alice, "/c/alder/company/", "phone", company),
        (bob, asking, "work_phone", {"work_phone": "none"}),
    ):
        send = as_(who).post if page == asking else partial(edit, as_(who))
        answer = send(page, data)
        assert answer.status_code == 200, page
        assert answer.context["form"].errors[field][0].startswith(SAID)
        assert 'value="none"' in answer.content.decode()


def test_a_line_of_a_file_is_refused_with_the_same_message(alice, alder):
    lines = [Invitee(f"{name}@alder.example", work_phone=name) for name in ("gina", "hugo")]
    lines.append(Invitee("ivan@alder.example", work_phone="555 0100 poste 12"))

    examined = check_invitees(actor=alice, customer=alder, invitees=lines)

    assert [entry.state for entry in examined] == ["bad", "bad", "valid"]
    assert examined[0].problem.startswith(SAID)
    sent = invite_people(actor=alice, customer=alder, invitees=lines)
    assert [entry.state for entry in sent] == ["bad", "bad", "sent"]


def test_an_old_invalid_number_does_not_block_other_changes(alice, bob, alder, membership):
    Membership.objects.filter(user=bob).update(work_phone="ask Alice")
    Customer.objects.filter(pk=alder.pk).update(phone="at the desk")
    old = {"membership": membership(bob), "work_phone": "ask Alice"}

    update_work_details(actor=alice, work_name="Robert Tremblay", **old)
    update_company(actor=alice, customer=alder, city="Québec", phone="at the desk")

    assert (membership(bob).work_name, membership(bob).work_phone) == (
        "Robert Tremblay",
        "ask Alice",
    )
    alder.refresh_from_db()
    assert (alder.city, alder.phone) == ("Québec", "at the desk")
    wanted = {"work_name": "Bobby"}
    access_request = open_request(actor=bob, customer=alder, kind="name", wanted=wanted)
    approve_request(actor=alice, access_request=access_request)
    assert membership(bob).work_name == "Bobby"
    update_work_details(**old | {"work_phone": "", "work_name": "Bobby"}, actor=alice)
    assert membership(bob).work_phone == ""
