"""Requests: made, withdrawn and answered once; what approval does, and what is refused."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent, Membership
from accounts.permissions import RequestRefused
from accounts.selectors import sentence_of
from accounts.services.audit import verify_chain
from accounts.services.customers import suspend_customer
from accounts.services.memberships import remove_membership, suspend_membership
from accounts.services.offboarding import plan_offboarding
from accounts.services.requests import (
    MAX_A_DAY,
    MAX_OPEN,
    approve_request,
    open_request,
    refuse_request,
    withdraw_request,
)


@pytest.fixture
def ask(bob, alder):
    """Bob asks Alder's Super Users for something: ask("phone", wanted={...})."""

    def opened(kind="other", *, actor=bob, customer=alder, **said):
        said = {"text": "A sentence."} | said
        return open_request(actor=actor, customer=customer, kind=kind, **said)

    return opened


@pytest.fixture
def gina(join):
    """A second Super User of Alder."""
    return join("gina", role="super_user")


def kinds(alder, access_request):
    events = AuditEvent.objects.filter(customer=alder, kind__startswith="request.").order_by("pk")
    return [event.kind for event in events if event.data["request_id"] == str(access_request.uuid)]


# --- Asking ---


def test_super_users_are_told_of_a_request_and_it_is_recorded(
    ask, alder, alice, bob, gina, deliver
):
    access_request = ask("other", text="A new chair, please.")

    mails = {mail.to[0]: mail for mail in deliver() if "Bob" in mail.subject}
    assert set(mails) == {alice.email, gina.email}
    mail = mails[alice.email]
    assert mail.subject == "Bob Tremblay asks: “A new chair, please.”"
    assert "> A new chair, please." in mail.body
    assert f"/c/alder/requests/{access_request.uuid}/" in mail.body
    event = AuditEvent.objects.get(customer=alder, kind="request.opened", actor=bob)
    assert sentence_of(event) == "Bob Tremblay made a request: Other request."
    assert verify_chain(f"customer:{alder.pk}")


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        ("holiday", {}, "kind"),
        ("other", {"text": "  "}, "text"),
        ("other", {"text": "x" * 501}, "text"),
        ("other", {"text": "turned \u202e around"}, "text"),
        ("other", {"text": "null\x00byte"}, "text"),
        ("name", {"wanted": {"work_name": " "}}, "work_name"),
        ("name", {"wanted": {"work_name": "x" * 151}}, "work_name"),
        ("name", {"wanted": {"work_name": "two\nlines"}}, "work_name"),
        ("name", {"wanted": {"work_name": "Bob Tremblay"}}, "work_name"),
        ("phone", {"wanted": {"work_phone": "1" * 41}}, "work_phone"),
        ("address", {"wanted": {"address": "not an address"}}, "address"),
        ("address", {"wanted": {"address": "BOB@alder.example"}}, "address"),
    ],
)
def test_bad_input_is_refused_by_field_and_changes_nothing(ask, events, kind, said, field):
    before = events(), AccessRequest.objects.count()

    with pytest.raises(RequestRefused) as refusal:
        ask(kind, **said)

    assert list(refusal.value.message_dict) == [field]
    assert (events(), AccessRequest.objects.count()) == before


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("name", {}), ("phone", {"role": "super_user"}), ("leave", {"work_name": "x"})],
)
def test_a_kind_takes_only_its_own_value(ask, kind, wanted):
    with pytest.raises(RequestRefused):
        ask(kind, wanted=wanted)


def test_only_live_members_ask(ask, alder, alice, bob, charlie, dana, olive, membership):
    for stranger in (charlie, dana):
        with pytest.raises(PermissionDenied):
            ask(actor=stranger)
    suspend_membership(actor=alice, membership=membership(bob))
    with pytest.raises(PermissionDenied):
        ask()


def test_no_request_while_the_customer_is_suspended(ask, alder, olive):
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    with pytest.raises(PermissionDenied):
        ask()


def test_one_open_request_for_the_same_change(ask):
    ask("leave")
    with pytest.raises(RequestRefused, match="already asked"):
        ask("leave")
    ask("other")
    ask("other")


def test_open_requests_are_limited(ask):
    for _n in range(MAX_OPEN):
        ask()
    with pytest.raises(RequestRefused, match="Withdraw a request"):
        ask()


def test_withdrawn_requests_count_for_the_daily_limit(ask, bob):
    for _n in range(MAX_A_DAY):
        withdraw_request(actor=bob, access_request=ask())
    with pytest.raises(RequestRefused, match="too many requests today"):
        ask()


def test_a_person_without_another_super_user_is_told(ask, alice, frank, cedar, gina, alder):
    with pytest.raises(RequestRefused, match="No other Super User"):
        ask(actor=frank, customer=cedar)
    assert ask(actor=gina, customer=alder).is_open


def test_the_main_super_user_cannot_ask_to_leave(ask, alice, gina):
    with pytest.raises(RequestRefused, match="and over the role"):
        ask("leave", actor=alice)


# --- Answering ---


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("name", "work_name", "Robert Tremblay"), ("phone", "work_phone", "+1 514 555 0142")],
)
def test_approval_changes_name_or_phone(
    ask, alder, alice, bob, membership, deliver, kind, field, value
):
    access_request = ask(kind, wanted={field: value})

    approved = approve_request(actor=alice, access_request=access_request, answer="Of course.")

    assert getattr(membership(bob), field) == value
    assert (approved.state, approved.answered_by) == ("approved", alice)
    assert kinds(alder, access_request) == ["request.opened", "request.approved"]
    (mail,) = [mail for mail in deliver() if mail.subject.startswith("Approved: ")]
    assert mail.to == [bob.email]
    assert "Of course." in mail.body


def test_approval_removes_a_person_who_asked_to_leave(ask, alder, alice, bob, deliver):
    other, access_request = ask(), ask("leave")

    plan_offboarding(
        actor=alice, membership=access_request.membership, access_request=access_request
    )

    assert not Membership.objects.present().filter(user=bob, customer=alder).exists()
    other.refresh_from_db()
    assert (other.state, other.answered_by) == ("withdrawn", None)
    assert kinds(alder, other) == ["request.opened", "request.lapsed"]
    assert "Approved: leave Alder Dental" in [mail.subject for mail in deliver()]


def test_approving_an_address_takes_no_account_over(ask, alice, bob, deliver):
    access_request = ask("address", wanted={"address": "Bob@New.example"})
    assert access_request.wanted == {"address": "bob@new.example"}

    approve_request(actor=alice, access_request=access_request)

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"
    (mail,) = [mail for mail in deliver() if mail.subject.startswith("Approved: ")]
    assert mail.to == ["bob@alder.example"]
    assert "/accounts/email/" in mail.body
    assert "bob@new.example" in mail.body


def test_a_refusal_has_a_reason_that_the_requester_reads(ask, alder, alice, bob, deliver):
    access_request = ask()
    for empty in ("", "  "):
        with pytest.raises(RequestRefused) as refusal:
            refuse_request(actor=alice, access_request=access_request, reason=empty)
        assert list(refusal.value.message_dict) == ["reason"]

    refuse_request(actor=alice, access_request=access_request, reason="Next year.")

    assert kinds(alder, access_request) == ["request.opened", "request.refused"]
    (mail,) = [mail for mail in deliver() if mail.subject.startswith("Refused: ")]
    assert mail.to == [bob.email]
    assert "Next year." in mail.body


def test_a_request_is_answered_once(ask, alice, gina, bob, membership, events):
    access_request = ask("name", wanted={"work_name": "Robert"})
    refuse_request(actor=gina, access_request=access_request, reason="No.")
    before = events()

    for act in (
        lambda: approve_request(actor=alice, access_request=access_request),
        lambda: refuse_request(actor=alice, access_request=access_request, reason="Me too."),
        lambda: withdraw_request(actor=bob, access_request=access_request),
    ):
        with pytest.raises(RequestRefused, match="Gina Newcomer has already answered"):
            act()
    assert membership(bob).work_name == "Bob Tremblay"
    assert events() == before


def test_only_super_users_of_the_customer_answer(
    ask, bob, emma, charlie, dana, olive, alice, alder, events
):
    access_request, before = ask(), None
    before = events()
    for person in (bob, emma, charlie, dana, olive):
        with pytest.raises(PermissionDenied):
            approve_request(actor=person, access_request=access_request)
        with pytest.raises(PermissionDenied):
            refuse_request(actor=person, access_request=access_request, reason="No.")
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    with pytest.raises(PermissionDenied):
        approve_request(actor=alice, access_request=access_request)
    access_request.refresh_from_db()
    assert access_request.is_open
    assert events() == before + 1  # the suspension


def test_nobody_answers_their_own_request(ask, gina, alder, alice):
    access_request = ask("leave", actor=gina)
    with pytest.raises(RequestRefused, match="your own"):
        approve_request(actor=gina, access_request=access_request)
    plan_offboarding(
        actor=alice, membership=access_request.membership, access_request=access_request
    )
    assert not Membership.objects.present().filter(user=gina).exists()


def test_only_the_requester_withdraws(ask, alder, alice, bob, emma):
    access_request = ask()
    for other in (alice, emma):
        with pytest.raises(PermissionDenied):
            withdraw_request(actor=other, access_request=access_request)

    withdraw_request(actor=bob, access_request=access_request)

    assert kinds(alder, access_request) == ["request.opened", "request.withdrawn"]
    with pytest.raises(RequestRefused, match="withdrawn"):
        approve_request(actor=alice, access_request=access_request)


def test_open_requests_end_with_the_membership(ask, alice, bob, alder, membership):
    access_request = ask("leave")
    remove_membership(actor=alice, membership=membership(bob))
    access_request.refresh_from_db()
    assert access_request.state == "withdrawn"
    with pytest.raises(RequestRefused):
        approve_request(actor=alice, access_request=access_request)


def test_a_refused_act_leaves_the_request_open(ask, alice, gina, hand_over, events):
    """What a yes brings about and the yes itself stand or fall together."""
    access_request = ask("leave", actor=gina)
    hand_over(alice, Membership.objects.get(user=gina))
    before = events()
    with pytest.raises(ValidationError, match="and over the role"):
        plan_offboarding(
            actor=alice, membership=access_request.membership, access_request=access_request
        )
    access_request.refresh_from_db()
    assert access_request.is_open
    assert events() == before


# --- The database's own rules ---


@pytest.mark.parametrize(
    "values",
    [
        {"state": "approved"},
        {"state": "approved", "answered_at": "now"},
        {"state": "refused", "answered_at": "now", "answered_by": "alice"},
        {"state": "open", "answered_at": "now"},
        {"state": "withdrawn"},
        {"state": "lost"},
        {"kind": "holiday"},
        {"customer": "birch"},
    ],
)
def test_the_database_refuses_incomplete_answers(ask, alice, birch, values):
    access_request = ask()
    words = {"now": timezone.now(), "alice": alice, "birch": birch}
    filled = {name: words.get(value, value) for name, value in values.items()}

    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.filter(pk=access_request.pk).update(**filled)


def test_the_database_protects_an_answer(ask, alice):
    access_request = ask()
    refuse_request(actor=alice, access_request=access_request, reason="No.")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_accessrequest SET answer = 'Yes.' WHERE id = %s", [access_request.pk]
        )


def test_requests_are_visible_to_requester_and_super_users(
    ask, alice, bob, emma, charlie, dana, gina
):
    access_request = ask()
    seen = {
        person: AccessRequest.objects.visible_to(person).filter(uuid=access_request.uuid).exists()
        for person in (alice, bob, emma, charlie, dana, gina)
    }
    assert [person for person, sees in seen.items() if sees] == [alice, bob, gina]
    assert not AccessRequest.objects.visible_to(alice).filter(uuid=uuid.uuid4()).exists()
