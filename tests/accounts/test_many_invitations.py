"""Many invitations at once: parsing, limits, bounces and what an invitation is bound to."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.choices import BounceReason
from accounts.models import AuditEvent, Invitation
from accounts.selectors import sentence_of
from accounts.services.invitations import (
    InvitationRefused,
    Invitee,
    accept_invitation,
    check_invitees,
    columns_of,
    find_invitation,
    invite_main_super_user,
    invite_people,
    invite_person,
    invitees_in_table,
    invitees_in_text,
    note_bounce,
    resend_invitation,
    resend_invitations,
    revoke_invitation,
    revoke_invitations,
)
from accounts.services.invitations.parsing import role_called
from accounts.services.teams import create_team, delete_team
from accounts.spreadsheets import Line
from tests.accounts.conftest import PASSWORD

TWO = [Invitee("gina@alder.example", "Gina"), Invitee("hugo@alder.example")]


@pytest.fixture
def offer(alice, alder):
    return invite_person(actor=alice, customer=alder, address="gina@alder.example", name="Gina")


# --- Reading ---


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("a@x.example", [("a@x.example", "")]),
        ("a@x.example, b@x.example;c@x.example", [("a@x.example", ""), ("b@x.example", ""),
                                                  ("c@x.example", "")]),
        ("a@x.example b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("Gina Roy <a@x.example>\r\nb@x.example", [("a@x.example", "Gina Roy"),
                                                   ("b@x.example", "")]),
        ('"Roy, Gina" <a@x.example>', [("a@x.example", "Roy, Gina")]),
        ("Roy, Gina <a@x.example>, <b@x.example>", [("a@x.example", "Roy, Gina"),
                                                    ("b@x.example", "")]),
        ("nobody", [("nobody", "")]),
        ("nobody, a@x.example", [("nobody", ""), ("a@x.example", "")]),
        ("Gina a@x.example", [("Gina a@x.example", "")]),
        ("Gina <a@x.example> x", [("Gina <a@x.example> x", "")]),
        (" ,;\n\n", []),
    ],
)  # fmt: skip
def test_pasted_people(text, people):
    assert [(invitee.address, invitee.name) for invitee in invitees_in_text(text)] == people


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        (["Address", "Name", "Role"], ["address", "name", "role"]),
        (["NOM", "Adresse courriel", "Équipe", "Téléphone"], ["name", "address", "team",
                                                             "work_phone"]),
        (["Notes", "E-mail", "Rôle"], ["", "address", "role"]),
        (["Mail", "E-mail"], ["address", "other_address"]),
        (["Name", "Role"], None),
        (["a@x.example", "Name"], None),
    ],
)  # fmt: skip
def test_headings_in_english_and_french(heading, columns):
    assert columns_of([Line(1, heading)]) == columns


def test_a_short_line_of_a_table():
    lines = [Line(1, ["Name", "Mail", "Phone"]), Line(2, ["Gina", "g@x.example"])]

    assert invitees_in_table(lines, columns_of(lines)) == [Invitee("g@x.example", "Gina", line=2)]


@pytest.mark.parametrize(
    ("word", "role"),
    [("user", "user"), ("Super User", "super_user"), ("super_user", "super_user"),
     ("Utilisateur", "user"), (" super  utilisateur", "super_user"), ("admin", None)],
)  # fmt: skip
def test_roles_in_words(word, role):
    assert role_called(word) == role


# --- Many at once ---


def test_examined_in_few_queries(alice, alder, django_assert_max_num_queries):
    people = [Invitee(f"p{n}@alder.example") for n in range(300)]

    with django_assert_max_num_queries(5):
        examined = check_invitees(actor=alice, customer=alder, invitees=people)

    assert all(entry.is_valid for entry in examined)


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
@pytest.mark.parametrize("act", [check_invitees, invite_people])
def test_only_super_users_invite_many(act, who, request, alder, events):
    actor, before = request.getfixturevalue(who), events()

    with pytest.raises(PermissionDenied):
        act(actor=actor, customer=alder, invitees=TWO)

    assert events() == before
    assert not Invitation.objects.open().exists()


def test_a_refusal_by_an_upper_app_rolls_everything_back(alice, alder, events, deliver):
    before, mails = events(), len(deliver())

    def refuse(made):
        raise ValidationError("no")

    with pytest.raises(ValidationError):
        invite_people(actor=alice, customer=alder, invitees=TWO, offer=refuse)

    assert events() == before
    assert len(deliver()) == mails
    assert not Invitation.objects.open().exists()


@pytest.mark.parametrize(
    "odd",
    [{"name": "x" * 151}, {"name": "a\x00b"}, {"name": "\u202eevil"}, {"work_phone": "5" * 41},
     {"address": "a\x00@x.example"}, {"address": ""}, {"address": "x" * 900 + "@x.example"},
     {"team": "a\x00"}, {"role": "\u202e"}],
)  # fmt: skip
def test_unreadable_lines_are_bad_lines(odd, alice, alder):
    person = Invitee(**({"address": "gina@alder.example"} | odd))

    [row] = invite_people(actor=alice, customer=alder, invitees=[person])

    assert (row.state, bool(row.problem)) == ("bad", True)
    assert not Invitation.objects.open().exists()


def test_phone_and_team_are_set_at_acceptance(alice, alder, deliver):
    create_team(actor=alice, customer=alder, name="Back office")
    person = Invitee("gina@alder.example", work_phone="555 0100", team="back office")
    invite_people(actor=alice, customer=alder, invitees=[person])
    token = next(w for w in deliver()[-1].body.split() if "/invitations/" in w).split("/")[-2]

    joined = accept_invitation(actor=None, token=token, name="Gina", password=PASSWORD)

    assert joined.work_phone == "555 0100"
    assert [row.team.name for row in joined.team_memberships.all()] == ["Back office"]


def test_a_deleted_team_leaves_the_invitation_open(alice, alder):
    team = create_team(actor=alice, customer=alder, name="Back office")
    invite_people(actor=alice, customer=alder, invitees=TWO[:1], team=team)
    delete_team(actor=alice, team=team)

    assert Invitation.objects.open().get().team is None


# --- How many a day ---


@pytest.fixture
def one_more(alder, monkeypatch):
    """The day's limit, with room for one more invitation of Alder."""
    sent = alder.invitations.filter(as_main_super_user=False).count()
    monkeypatch.setattr("accounts.services.invitations.sending.MAX_A_DAY", sent + 1)


def test_a_burst_is_refused_and_named(offer, one_more, alice, alder, events):
    before = events()
    acts = [
        lambda: invite_people(actor=alice, customer=alder, invitees=[Invitee("h@x.example"),
                                                                    Invitee("i@x.example")]),
        lambda: resend_invitations(actor=alice, invitations=[offer, offer]),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(InvitationRefused, match=r"send . invitations in 24 hours"):
            act()
    assert events() == before

    again = resend_invitation(actor=alice, invitation=offer)
    for act in (
        lambda: resend_invitation(actor=alice, invitation=again),
        lambda: invite_person(actor=alice, customer=alder, address="h@x.example"),
    ):
        with pytest.raises(InvitationRefused, match="A company can send"):
            act()


def test_revoking_frees_no_quota_and_a_new_day_does(one_more, offer, alice, alder):
    revoke_invitation(actor=alice, invitation=offer)
    with pytest.raises(InvitationRefused):
        invite_person(actor=alice, customer=alder, address="h@x.example")

    yesterday = timezone.now() - timedelta(days=1)
    Invitation.objects.filter(pk=offer.pk).update(sent_at=yesterday)
    assert invite_person(actor=alice, customer=alder, address="h@x.example")


def test_each_customer_has_its_own_quota(one_more, offer, charlie, birch):
    assert invite_person(actor=charlie, customer=birch, address="h@x.example")


# --- All of them, or none ---


@pytest.mark.parametrize("act", [resend_invitations, revoke_invitations])
def test_many_invitations_are_all_or_nothing(act, offer, alice, alder, events):
    closed = invite_person(actor=alice, customer=alder, address="hugo@alder.example")
    revoke_invitation(actor=alice, invitation=closed)
    before = events()

    with pytest.raises(InvitationRefused):
        act(actor=alice, invitations=[offer, closed])

    assert events() == before
    find_invitation(offer.token)


@pytest.mark.parametrize("act", [resend_invitations, revoke_invitations])
@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_super_users_of_the_company_may(act, who, request, offer, alice):
    with pytest.raises(PermissionDenied):
        act(actor=request.getfixturevalue(who), invitations=[offer])

    find_invitation(offer.token)


# --- Those that come back ---


def test_a_bounce_is_recorded_reported_and_cleared(offer, alice, alder, charlie, birch, deliver):
    elsewhere = invite_person(actor=charlie, customer=birch, address=offer.address)
    other = invite_person(actor=alice, customer=alder, address="hugo@alder.example")
    before = len(deliver())

    reason = BounceReason.NO_ADDRESS
    assert len(note_bounce(address=offer.address, reason=reason)) == 2
    assert note_bounce(address=offer.address) == [], "noted once"

    told = deliver()[before:]
    assert sorted(mail.to[0] for mail in told) == [alice.email, charlie.email]
    assert "There is no such address." in told[0].body
    for one in (offer, elsewhere, other):
        one.refresh_from_db()
    assert offer.bounced_at
    assert elsewhere.bounced_at
    assert not other.bounced_at
    event = AuditEvent.objects.filter(kind="invitation.bounced", customer=alder).get()
    assert event.actor is None
    assert sentence_of(event) == "The invitation to gina@alder.example bounced."

    assert resend_invitation(actor=alice, invitation=offer).bounced_at is None


def test_a_closed_invitation_records_no_bounce(offer, alice, events):
    revoke_invitation(actor=alice, invitation=offer)
    before = events()

    assert note_bounce(address=offer.address) == []
    assert events() == before


def test_the_operator_is_told_of_a_bounce(olive, deliver):
    from accounts.services.customers import create_customer

    dogwood = create_customer(actor=olive, slug="dogwood", name="Dogwood Inn")
    invite_main_super_user(actor=olive, customer=dogwood, address="iris@dogwood.example")

    note_bounce(address="iris@dogwood.example")

    assert deliver()[-1].to == [olive.email]
    assert "/provider/customers/dogwood/" in deliver()[-1].body


# --- What binds one, kept by the database ---


@pytest.mark.parametrize(
    "change",
    [{"role": "super_user"}, {"address": "eve@alder.example"}, {"as_main_super_user": True,
                                                               "role": "super_user"}],
)  # fmt: skip
def test_bound_to_address_and_role_D5_D7(change, offer):
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(**change)


def test_bound_to_its_customer(offer, birch, alice, alder, charlie):
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(customer=birch)
    theirs = create_team(actor=charlie, customer=birch, name="Dispatch")
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(team=theirs)


@pytest.mark.parametrize("how", ["accepted", "revoked"])
def test_never_open_again_D1(how, offer, alice):
    if how == "accepted":
        accept_invitation(actor=None, token=offer.token, name="Gina", password=PASSWORD)
    else:
        revoke_invitation(actor=alice, invitation=offer)

    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=offer.pk).update(accepted_at=None, revoked_at=None)
