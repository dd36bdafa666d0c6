"""What a name may hold: everything that people write, and nothing that hides or misleads.

Reported of others as LemmyNet/lemmy#3888: a filter of invisible characters that broke
scripts and emoji.
"""

import time

import pytest
from django.core.exceptions import ValidationError

from accounts.choices import InviteeState, RequestKind
from accounts.domains import to_ascii
from accounts.models import Customer, Invitation, Team, User
from accounts.search import search_key
from accounts.selectors.people_list import PeopleFilter, count_people
from accounts.services.customers import create_customer, update_company
from accounts.services.invitations import (
    Invitee,
    accept_invitation,
    check_invitees,
    columns_of,
    invite_person,
)
from accounts.services.invitations.parsing import role_called
from accounts.services.memberships import update_work_details
from accounts.services.people import update_profile
from accounts.services.requests import open_request
from accounts.services.teams import create_team, rename_team
from accounts.spreadsheets import Line
from accounts.validators import (
    REFUSED_CHARACTERS,
    normalise_address,
    validate_name,
    validate_plain_lines,
    validate_plain_text,
)


@pytest.mark.parametrize(
    "name",
    [
        "Zoë \U0001fae8",  # an emoji of 2022, which Python 3.11 calls unassigned
        "Gina \U0001f469\u200d\U0001f4bb",  # an emoji joined of two
        "Rob \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "نیلوفر می\u200cخواهد",  # Persian needs the non-joiner
        "श्री\u200dमती",
        "משה כהן",
        "محمد علي",
        "山田\U000e0100太郎",  # a form of a character
        "Gina \u2764\ufe0f",
        "Ω \u0378",  # whatever Unicode may put there one day
    ],
)
def test_names_of_every_script_and_emoji_are_taken(name, alice, bob, membership):
    update_work_details(actor=alice, membership=membership(bob), work_name=name, work_phone="")

    assert membership(bob).work_name == name


@pytest.mark.parametrize(("first", "last", "name"), REFUSED_CHARACTERS)
def test_characters_that_control_or_hide_are_refused(first, last, name):
    for code in (first, last):
        with pytest.raises(ValidationError) as refusal:
            validate_plain_text(f"a{chr(code)}b")
        assert f"U+{code:04X}" in refusal.value.messages[0], name


@pytest.mark.parametrize("name", ["\u200dGina", "Gina\u200c", "\u200d", "\U000e0067ina"])
def test_joiners_and_tags_stand_inside_alone(name):
    with pytest.raises(ValidationError):
        validate_plain_text(name)


def test_lines_may_break():
    validate_plain_lines("one\r\ntwo\n\tthree")
    with pytest.raises(ValidationError):
        validate_plain_lines("one\x0btwo")


LEGAL = [
    "O'Brien & Fils Inc.",
    "Alder Dental",
    "St. John's",
    "3D.Print Ltd",
    "Booking.com",
    "Yahoo! Canada Co.",
    "Dr. J. R. Smith, Jr.",
    "9876-5432 Québec inc./1234567 Canada Ltd.",
    "A/S Søn & Co.",
    "c/o Zoë",
    "Who's Who?",
    "Alder Dental Assoc. of New Brunswick and Nova Scotia Ltd.",
    "S.A.R.L. d’Été",
    "山田。太郎",
    "Association des dentistes indépendants du Bas-Saint-Laurent et de la Gaspésie (1998) inc.",
    "Coop. agricole de la Vallée du Richelieu",
    "Coll. of Physicians and Surgeons of Ontario",
    "Comm. scolaire de la Seigneurie des Mille-Îles",
    "Synd. des travailleurs et travailleuses de Postes",
    "Constr. Tremblay et fils de la région de la Mauricie inc.",
    "Les amis de la coop. Saint-Denis et des environs de Kamouraska",
    "Syndicat des travailleuses et travailleurs du centre de santé et de services sociaux de Laval",
    "Ville de Saint-Louis-du-Ha! Ha!",
    "Club de l'âge d'or et des loisirs de Saint-Louis-du-Ha! Ha! inc.",
    "Fish & Chips To Go!",
    "The Great Canadian Bagel!",
    "Is It Clean Yet?",
    "SMS: Solutions Mobiles Sherbrooke",
    "Tel: Aviv Imports",
    "Data:Lab",
    "Hotels.com/Expedia",
    "Hotels.com/Expedia, Inc.",
    "Kahoot.com? Oui",
    "@properties",
    "A@B Consulting",
]
MESSAGES = [
    "https://evil.example",
    "Win at www.evil.example",
    "evil.example/prize",
    "evil.example:8080/a",
    "evil．example／prize",
    "Bob bob@evil.example",
    "Bob＠evil.example",
    "mailto:bob",
    "evil.example?a=1",
    "evil.example?Prize",
    "evil.example/Prize/now",
    "evil.example/Prize?a=1",
    "bit.ly/x",
    "bit.ly/3X",
    "Click here to win: https://evil.example/a",
    "Your account is suspended. Sign in at www.evil.example now",
    "Hello, your account is blocked since today. Call 555 0100",
    "You have now won a really big prize! Congratulations",
    "word " * 21,
    "a" * 151,
    "two\nlines",
    "evil.example\\prize",
]
# A rule that refused these would refuse names of real companies, too.
SHORT_SENTENCES = [
    "You have won a big prize. Congratulations",
    "Claim your prize now!",
    "You won 1000 $! Call 555 0100 now to claim your prize today please",
]


@pytest.mark.parametrize("name", LEGAL)
def test_legal_names_are_taken(name):
    validate_name(name)


@pytest.mark.parametrize("name", SHORT_SENTENCES)
def test_sentences_that_cannot_be_told_from_a_name_are_taken(name):
    validate_name(name)


def test_a_long_text_of_combining_marks_is_measured_before_it_is_normalised():
    """To normalise marks that alternate in class takes time by the square of their number."""
    marks = "a" + "\u0301\u0316" * 200_000
    began = time.process_time()

    for refuse in (validate_name, normalise_address):
        for text in (marks, f"post@{marks}.example"):
            with pytest.raises(ValidationError):
                refuse(text)
    with pytest.raises(UnicodeError):
        to_ascii(f"{marks}.example")
    key = search_key(marks)

    assert time.process_time() - began < 2
    assert key == "a…"


def test_a_long_text_is_not_found_or_compared_as_a_shorter_one():
    assert search_key("Yes" + " " * 400 + "or no") == "yes…"
    assert search_key("É" * 300) == "e" * 300


def test_searches_and_headings_of_combining_marks_are_read_soon(alice, alder):
    marks = "e" + "\u0301\u0316" * 200_000
    began = time.process_time()

    assert not count_people(alder, PeopleFilter(search=marks))
    assert columns_of([Line(1, [marks, "E-mail"])]) == ["", "address"]
    assert role_called(marks) is None
    [checked] = check_invitees(
        actor=alice, customer=alder, invitees=[Invitee("ivy@alder.example", marks, team=marks)]
    )

    assert checked.state == InviteeState.BAD
    assert time.process_time() - began < 2


@pytest.fixture
def name_fields(alice, bob, olive, alder, membership):
    """What names somebody → the field of its refusal."""
    team = alder.teams.get()
    offer = invite_person(actor=alice, customer=alder, address="hugo@alder.example")

    def asked(name):
        open_request(actor=bob, customer=alder, kind=RequestKind.NAME, wanted={"work_name": name})

    return [
        ("name", lambda name: update_profile(actor=bob, name=name, language="en")),
        (
            "work_name",
            lambda name: update_work_details(
                actor=alice, membership=membership(bob), work_name=name, work_phone=""
            ),
        ),
        ("work_name", asked),
        ("name", lambda name: update_company(actor=alice, customer=alder, name=name)),
        ("name", lambda name: create_customer(actor=olive, slug="elm", name=name)),
        ("name", lambda name: create_team(actor=alice, customer=alder, name=name)),
        ("name", lambda name: rename_team(actor=alice, team=team, name=name)),
        (
            "name",
            lambda name: invite_person(
                actor=alice, customer=alder, address="ivy@alder.example", name=name
            ),
        ),
        (
            "name",
            lambda name: accept_invitation(
                actor=None, token=offer.token, name=name, password="two long plain words"
            ),
        ),
    ]


@pytest.mark.parametrize("name", MESSAGES)
def test_no_name_carries_a_message_of_its_own_to_strangers(name, name_fields):
    """Reported of others as Unleash/unleash#2307, Azure/api-management-developer-portal#1243."""
    before = [list(m.objects.order_by("pk").values()) for m in (User, Customer, Team, Invitation)]
    for field, act in name_fields:
        with pytest.raises(ValidationError) as refusal:
            act(name)
        assert list(refusal.value.message_dict) == [field]

    after = [list(m.objects.order_by("pk").values()) for m in (User, Customer, Team, Invitation)]
    assert after == before


def test_a_list_of_invitees_names_the_line_whose_name_is_a_message(alice, alder):
    invitees = [Invitee("ivy@alder.example", "Win at https://evil.example")]

    [checked] = check_invitees(actor=alice, customer=alder, invitees=invitees)

    assert checked.state == InviteeState.BAD
    assert "web or email address" in checked.problem


def test_the_first_super_users_name_is_refused_beside_its_own_field(as_, olive):
    answer = as_(olive).post(
        "/provider/new-customer/",
        {"name": "Elm", "slug": "elm", "language": "en", "address": "ivy@elm.example",
         "person": "https://evil.example"},
    )  # fmt: skip

    assert list(answer.context["form"].errors) == ["person"]
    assert not Customer.objects.filter(slug="elm").exists()


def test_an_invitations_subject_quotes_the_company_and_names_the_sender(alice, alder, deliver):
    """Unleash/unleash#2307: the reader sees whose words they are, and who invites."""
    update_company(actor=alice, customer=alder, name="Alder” Dental")
    invite_person(actor=alice, customer=alder, address="ivy@elsewhere.example")

    [mail] = [mail for mail in deliver() if mail.to == ["ivy@elsewhere.example"]]
    assert mail.subject == f"Join “Alder Dental” on Harbour (invited by {alice.email})"
