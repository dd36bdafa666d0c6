"""Unanswered requests: reminders, then the provider, whose staff answer or send them back."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import signals
from accounts.models import AccessRequest, AuditEvent, Membership, User
from accounts.permissions import RequestRefused
from accounts.selectors import sentence_of
from accounts.services.audit import verify_chain
from accounts.services.customers import suspend_customer
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import remove_membership, update_work_details
from accounts.services.requests import (
    approve_request,
    open_request,
    pass_on_request,
    refuse_request,
    send_back_request,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def ask(bob, alder):
    """Bob asks Alder's Super Users for something: ask("phone", wanted={...})."""

    def opened(kind="other", *, actor=bob, customer=alder, **said):
        said = {"text": "A sentence."} | said
        return open_request(actor=actor, customer=customer, kind=kind, **said)

    return opened


@pytest.fixture
def clerk(db):
    """Staff of the provider without any permission."""
    return User.objects.create_user("clerk@harbour.example", name="Clerk", is_staff=True)


@pytest.fixture
def waiting(emma):
    """The example's own request, asked for access."""
    return AccessRequest.objects.get(membership__user=emma)


def strike(after):
    with time_machine.travel(timezone.now() + after, tick=False):
        signals.periodic_tick.send(sender=None)


def kinds(access_request):
    events = AuditEvent.objects.filter(
        kind__startswith="request.", customer=access_request.customer
    )
    return [
        e.kind for e in events.order_by("pk") if e.data["request_id"] == str(access_request.uuid)
    ]


def subjects(deliver, address):
    return [mail.subject for mail in deliver() if mail.to == [address]]


# --- The clock ---


@pytest.mark.parametrize(
    ("hours", "reminders", "passed"),
    [(23, 0, False), (25, 1, False), (49, 2, False), (73, 0, True)],
)
def test_an_open_request_is_reminded_of_then_passed_on(ask, hours, reminders, passed):
    access_request = ask()
    strike(hours * HOUR)
    strike(hours * HOUR)
    access_request.refresh_from_db()
    assert (access_request.reminders, access_request.passed_at is not None) == (reminders, passed)
    extra = ["request.reminded"] if reminders else ["request.passed"] if passed else []
    assert kinds(access_request) == ["request.opened", *extra]
    assert verify_chain(f"customer:{access_request.customer_id}")


def test_the_people_concerned_are_told_of_each_step(ask, alice, bob, dana, olive, deliver):
    ask("phone", wanted={"work_phone": "+1 514 555 0100"})
    for hours in (25, 26, 49, 50, 73, 74, 200):
        strike(hours * HOUR)

    told = subjects(deliver, alice.email)
    what = "use +1 514 555 0100 as work phone"
    assert told.count(f"Reminder: Bob Tremblay asks to {what}") == 2
    assert told.count(f"Passed on to Harbour: Bob Tremblay asks to {what}") == 1
    assert subjects(deliver, bob.email) == [f"Passed on to Harbour: You asked to {what}"]
    for staff in (dana, olive):
        assert f"Alder Dental: Bob Tremblay asks to {what}" in subjects(deliver, staff.email)


def test_the_clock_skips_answered_and_suspended_requests(ask, alice, alder, olive):
    answered = ask()
    refuse_request(actor=alice, access_request=answered, reason="No.")
    waiting = ask()
    suspend_customer(actor=olive, customer=alder, reason="unpaid")
    strike(100 * HOUR)
    for access_request in (answered, waiting):
        access_request.refresh_from_db()
        assert access_request.passed_at is None


def test_the_time_is_a_setting(ask, settings):
    settings.HUB_REQUEST_HOURS = 2
    access_request = ask()
    strike(3 * HOUR)
    access_request.refresh_from_db()
    assert access_request.passed_at is not None
    assert access_request.reminders == 0


# --- By hand ---


def test_a_super_user_passes_a_request_on_once(ask, alice, olive, events):
    access_request = pass_on_request(actor=alice, access_request=ask())
    assert sentence_of(AuditEvent.objects.filter(kind="request.passed").get()) == (
        "Alice Martin passed a request from Bob Tremblay on to the provider: Other request."
    )
    before = events()
    with pytest.raises(RequestRefused, match="already passed on to the provider"):
        pass_on_request(actor=alice, access_request=access_request)
    assert events() == before


def test_only_its_super_users_pass_a_request_on(ask, bob, emma, charlie, dana, olive, join, events):
    gina = join("gina", role="super_user")
    access_request, own = ask(), ask(actor=gina)
    before = events()
    for person in (bob, emma, charlie, dana, olive):
        with pytest.raises(PermissionDenied):
            pass_on_request(actor=person, access_request=access_request)
    with pytest.raises(RequestRefused, match="your own"):
        pass_on_request(actor=gina, access_request=own)
    assert events() == before


# --- The provider's answer ---


def test_staff_answer_only_requests_that_were_passed_on(ask, alice, olive, clerk, charlie, events):
    access_request = ask("phone", wanted={"work_phone": "+1 514 555 0100"})
    before = events()
    for person in (olive, clerk, charlie):
        with pytest.raises(PermissionDenied):
            approve_request(actor=person, access_request=access_request, for_provider=True)
    pass_on_request(actor=alice, access_request=access_request)
    for person in (clerk, charlie, alice):
        with pytest.raises(PermissionDenied):
            approve_request(actor=person, access_request=access_request, for_provider=True)
        with pytest.raises(PermissionDenied):
            send_back_request(actor=person, access_request=access_request, word="No.")
    assert events() == before + 1


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("name", "work_name", "Robert Tremblay"), ("phone", "work_phone", "+1 514 555 0142")],
)
def test_staff_approve_a_change(ask, alice, olive, bob, membership, deliver, kind, field, value):
    access_request = pass_on_request(actor=alice, access_request=ask(kind, wanted={field: value}))

    approved = approve_request(actor=olive, access_request=access_request, for_provider=True)

    assert getattr(membership(bob), field) == value
    assert (approved.by_provider, approved.answered_by) == (True, olive)
    (mail,) = [mail for mail in deliver() if mail.subject.startswith("Approved: ")]
    assert "Olive Bergeron of Harbour approved" in mail.body
    with pytest.raises(RequestRefused, match="already answered"):
        approve_request(actor=alice, access_request=access_request)


def test_staff_approve_a_request_to_leave(ask, alice, olive, bob, emma, membership):
    access_request = pass_on_request(actor=alice, access_request=ask("leave"))
    with pytest.raises(PermissionDenied):
        remove_membership(actor=olive, membership=membership(emma), answering=access_request)
    with pytest.raises(PermissionDenied):
        update_work_details(
            actor=olive,
            membership=membership(emma),
            work_name="E",
            work_phone="",
            answering=access_request,
        )
    approve_request(actor=olive, access_request=access_request, for_provider=True)
    assert not Membership.objects.present().filter(user=bob).exists()


def test_staff_never_grant_privileges(waiting, alice, olive, emma, events):
    pass_on_request(actor=alice, access_request=waiting)
    before = events()
    with pytest.raises(RequestRefused, match="Only a Super User can give access"):
        approve_request(actor=olive, access_request=waiting, for_provider=True)
    with pytest.raises(PermissionDenied):
        approve_request(actor=olive, access_request=waiting)
    assert events() == before
    waiting.refresh_from_db()
    assert waiting.is_open
    assert refuse_request(
        actor=olive, access_request=waiting, reason="Ask again.", for_provider=True
    )


def test_a_request_sent_back_starts_its_time_again(ask, alice, olive, deliver):
    access_request = ask()
    strike(73 * HOUR)
    with pytest.raises(RequestRefused) as refusal:
        send_back_request(actor=olive, access_request=access_request, word=" ")
    assert list(refusal.value.message_dict) == ["word"]

    with time_machine.travel(timezone.now() + 74 * HOUR, tick=False):
        sent = send_back_request(
            actor=olive, access_request=access_request, word="Yours to decide."
        )
        assert sent.passed_at is None
    strike(80 * HOUR)
    access_request.refresh_from_db()
    assert (access_request.passed_at, access_request.reminders) == (None, 0)
    bodies = [mail.body for mail in deliver() if mail.to == [alice.email]]
    assert any("Yours to decide." in body for body in bodies)
    strike((74 + 73) * HOUR)
    access_request.refresh_from_db()
    assert access_request.passed_at is not None


# --- What no Super User may answer ---


@pytest.fixture
def bob_of_two(alice, bob, alder, birch, charlie):
    """Bob, who belongs to Birch too."""
    invitation = invite_person(actor=charlie, customer=birch, address=bob.email, name="Bob")
    accept_invitation(actor=bob, token=invitation.token, name="Bob", password="")
    return bob


def test_an_address_of_two_companies_goes_to_support(ask, alice, dana, bob_of_two, alder, deliver):
    access_request = ask("address", wanted={"address": "bob@new.example"})

    assert access_request.passed_at is not None
    for act in (
        lambda: approve_request(actor=alice, access_request=access_request),
        lambda: refuse_request(actor=alice, access_request=access_request, reason="No."),
    ):
        with pytest.raises(RequestRefused, match="the provider does"):
            act()
    with pytest.raises(RequestRefused, match="No Super User"):
        send_back_request(actor=dana, access_request=access_request, word="Yours.")
    approve_request(actor=dana, access_request=access_request, for_provider=True)
    bob_of_two.refresh_from_db()
    assert bob_of_two.email == "bob@alder.example"  # they prove the new one themselves
    assert any("bob@new.example" in mail.body for mail in deliver() if "Approved" in mail.subject)


def test_the_only_super_user_of_two_companies_asks_the_provider_too(alice, alder, birch, charlie):
    invitation = invite_person(actor=charlie, customer=birch, address=alice.email, name="Alice")
    wanted = {"address": "alice@new.example"}
    with pytest.raises(RequestRefused, match="No other Super User"):
        open_request(actor=alice, customer=alder, kind="address", wanted=wanted)

    accept_invitation(actor=alice, token=invitation.token, name="Alice", password="")

    access_request = open_request(actor=alice, customer=alder, kind="address", wanted=wanted)
    assert access_request.passed_at is not None


def test_a_request_without_a_super_user_goes_to_the_provider(ask, alice, dana, deliver):
    User.objects.filter(pk=alice.pk).update(is_active=False)  # a stolen account
    access_request = ask()
    assert access_request.passed_at is not None
    assert "Alder Dental: Bob Tremblay asks: “A sentence.”" in subjects(deliver, dana.email)


@pytest.mark.parametrize(
    "values",
    [{"by_provider": True}, {"reminders": 3}, {"kind": "add"}, {"kind": "end", "about": "x"}],
)
def test_the_database_refuses_inconsistent_requests(ask, values):
    access_request = ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.filter(pk=access_request.pk).update(**values)
