"""A bounced notice escalates until it is delivered or every step is used (R47)."""

import json
import smtplib
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail as mail_box
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership
from preferences.gate.escalation_steps import (
    WAIT_FOR_ADDRESS,
    WAIT_FOR_SUPER_USERS,
    confirm_address,
    run_escalations,
)
from preferences.models import DeliveryProbe, Escalation, Message, NoticeClass, Recipient
from preferences.selectors.evidence import evidence_of
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.delivery_events import record_delivery_event
from preferences.services.escalations import EscalationRefused, settle_escalation


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


@pytest.fixture
def returned(clock, send_legal, deliver):
    """A legal notice to somebody that came back."""

    def send(person, kind="hard"):
        send_legal(person)
        deliver()
        message = Message.objects.filter(notice_class="legal", address=person.email).latest("pk")
        record_delivery_event(
            message=message, kind=kind, event=f"x:{message.pk}", diagnostic="550 5.1.1 no"
        )
        return Escalation.objects.get(message=message)

    return send


def second_address(person, address="bob@home.example", verified=True):
    EmailAddress.objects.create(user=person, email=address, verified=verified, primary=False)
    return address


def state(escalation):
    escalation.refresh_from_db()
    return escalation.state


def later(clock, how_long):
    clock.shift(how_long + timedelta(seconds=1))
    return run_escalations()


def test_an_escalation_goes_step_by_step_to_staff_R47(
    returned, clock, bob, alice, olive, deliver, send_legal
):
    address = second_address(bob)
    second_address(bob, "bob@unproved.example", verified=False)
    found = returned(bob)
    mails = len(mail_box.outbox)

    assert run_escalations() == 1
    assert run_escalations() == 0  # its turn comes later
    [mail] = deliver()[mails:]
    assert (mail.to, "Our terms change" in mail.body) == ([address], True)
    assert "From May on." not in mail.body  # what a single mail said is gone
    assert state(found) == "addresses"

    assert later(clock, WAIT_FOR_ADDRESS) == 1
    told = deliver()[mails + 1 :]
    assert [mail.to for mail in told] == [[alice.email]]
    assert bob.email in told[0].body
    assert "terms" not in told[0].body + told[0].subject  # never the content
    assert state(found) == "told"

    assert later(clock, WAIT_FOR_SUPER_USERS) == 1
    assert state(found) == "staff"
    assert later(clock, timedelta(days=300)) == 0  # silence ends nothing

    ended = settle_escalation(actor=olive, escalation=found, how="gave_up", reason="Letter back")
    assert (ended.state, ended.how, ended.by) == ("exhausted", "gave_up", olive)
    kinds = AuditEvent.objects.filter(kind__startswith="escalation.", person=bob)
    assert [e.kind.split(".")[1] for e in kinds.order_by("pk")] == [
        "opened", "address_tried", "told", "staff", "exhausted",
    ]  # fmt: skip


def test_a_delivery_to_the_other_address_ends_the_escalation_R47_R48(returned, bob, deliver):
    second_address(bob)
    found = returned(bob)
    run_escalations()
    deliver()
    message = DeliveryProbe.objects.get().message
    assert state(found) == "addresses"  # accepted proves nothing
    record_delivery_event(message=message, kind="delivered", event="x:d")
    assert (state(found), found.how) == ("proved", "delivered")


def test_a_bouncing_second_address_is_skipped_at_once(returned, bob, alice, deliver):
    second_address(bob)
    found = returned(bob)
    run_escalations()
    deliver()
    record_delivery_event(message=DeliveryProbe.objects.get().message, kind="hard", event="x:t")
    assert Escalation.objects.count() == 1  # a probe never escalates
    assert run_escalations() == 1
    assert state(found) == "told"
    assert DeliveryProbe.objects.count() == 1


@pytest.mark.parametrize("answers", ["bounce", "silence"])
def test_the_second_and_third_address_fail_R47(
    returned, clock, bob, alice, olive, deliver, answers
):
    """Each address once, in turn; then the Super User, then staff, then the end, for good."""
    places = ("home", "phone", "club")
    addresses = [second_address(bob, f"bob@{place}.example") for place in places]
    found = returned(bob)
    for attempt in range(1, 4):
        assert later(
            clock, WAIT_FOR_ADDRESS if attempt > 1 and answers == "silence" else timedelta(0)
        )
        deliver()
        probes = DeliveryProbe.objects.filter(escalation=found).order_by("pk")
        assert [probe.address for probe in probes] == addresses[:attempt]
        assert mail_box.outbox[-1].to == [addresses[attempt - 1]]
        if answers == "bounce":
            record_delivery_event(message=probes.last().message, kind="hard", event=f"x:t{attempt}")
        assert state(found) == "addresses"
    before = len(mail_box.outbox)
    assert later(clock, WAIT_FOR_ADDRESS if answers == "silence" else timedelta(0)) == 1
    assert [mail.to for mail in deliver()[before:]] == [[alice.email]]
    assert state(found) == "told"
    assert later(clock, WAIT_FOR_SUPER_USERS) == 1
    assert state(found) == "staff"
    for _again in range(3):
        assert later(clock, timedelta(days=30)) == 0
    settle_escalation(actor=olive, escalation=found, how="post", reason="Registered letter signed")
    assert (state(found), found.how) == ("proved", "post")
    assert Escalation.objects.count() == 1
    about_bob = [mail for mail in deliver() if "bounces" in mail.subject]
    assert len(about_bob) == 1  # nobody else heard of it, and nobody twice
    assert Message.objects.filter(address__startswith="bob@").count() == 4
    assert Recipient.objects.get(user=bob).unreachable_since  # a letter mends no address
    assert AuditEvent.objects.filter(kind="escalation.address_tried").count() == 3

    [message] = evidence_of(bob.recipient)["messages"]  # and all of it can be shown (R48)
    assert [report["kind"] for report in message["reports"]] == ["hard"]
    followed = message["followed_up"]
    assert (followed["state"], followed["by"]) == ("proved", str(olive.sub))
    assert [probe["address"] for probe in followed["tried"]] == addresses
    kinds = [report["kind"] for probe in followed["tried"] for report in probe["reports"]]
    assert kinds == (["hard"] * 3 if answers == "bounce" else [])
    json.dumps(message)


def test_a_late_delivery_at_the_second_address_ends_it_from_any_step_R47(
    returned, clock, bob, deliver
):
    second_address(bob)
    second_address(bob, "bob@phone.example")
    found = returned(bob)
    run_escalations()
    deliver()
    first = DeliveryProbe.objects.get().message
    later(clock, WAIT_FOR_ADDRESS)
    later(clock, WAIT_FOR_ADDRESS)
    assert state(found) == "told"
    record_delivery_event(message=first, kind="delivered", event="x:late")
    assert (state(found), found.how) == ("proved", "delivered")
    assert later(clock, WAIT_FOR_SUPER_USERS) == 0
    record_delivery_event(message=first, kind="hard", event="x:later still")
    assert state(found) == "proved"


def test_a_campaign_s_notice_goes_to_the_next_address_in_full(clock, olive, bob, deliver):
    second_address(bob)
    words = {f"{x}_{y}": f"{x} {y}" for x in ("subject", "body") for y in ("en", "fr")}
    made = create_campaign(actor=olive, notice_class=NoticeClass.objects.get(code="legal"), **words)
    schedule_campaign(actor=olive, campaign=made)
    deliver()
    message = Message.objects.get(campaign=made, recipient=bob.recipient)
    record_delivery_event(message=message, kind="hard", event="x:1")
    mails = len(mail_box.outbox)
    run_escalations()
    [mail] = deliver()[mails:]
    assert (mail.subject, "body en" in mail.body) == ("subject en", True)


def test_the_only_super_user_goes_straight_to_staff(returned, charlie):
    found = returned(charlie)
    run_escalations()
    assert state(found) == "staff"


def test_super_users_are_told_once_of_many_bounces(returned, bob, alice, deliver):
    one, two = returned(bob), returned(bob)
    run_escalations()
    assert (state(one), state(two)) == ("told", "told")
    assert [m.to for m in deliver() if "bounces" in m.subject] == [[alice.email]]


@pytest.mark.parametrize(("days", "times"), [(6.9, 1), (7.1, 2)])
def test_super_users_are_told_again_after_a_week(returned, clock, bob, deliver, days, times):
    returned(bob)
    run_escalations()
    clock.shift(timedelta(days=days))
    returned(bob)
    run_escalations()

    assert len([m for m in deliver() if "bounces" in m.subject]) == times


def test_a_notice_to_a_marked_address_goes_out_and_escalates_at_once(
    bob, deliver, send_legal, clock
):
    Recipient.objects.filter(user=bob).update(unreachable_since=timezone.now())
    send_legal(bob)
    assert deliver()[-1].to == [bob.email]
    assert Escalation.objects.get().message.decision.reason == "escalate"


def test_a_permanent_smtp_refusal_is_a_hard_bounce(bob, deliver, send_legal, monkeypatch):
    send_legal(bob)

    def refuse(self, messages):
        raise smtplib.SMTPRecipientsRefused({bob.email: (550, b"5.1.1 no such mailbox")})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    deliver()
    assert Recipient.objects.get(user=bob).unreachable_since
    assert Escalation.objects.get().message.reports.get().kind == "hard"


def test_nobody_without_an_account_escalates(clock, deliver, bob, send_legal):
    bob.email = "stranger@elsewhere.example"
    send_legal(bob)
    deliver()
    record_delivery_event(message=Message.objects.get(), kind="hard", event="x:1")
    assert not Escalation.objects.exists()


# --- The person ---


def test_the_banner_shows_until_the_person_confirms(returned, as_, bob, alice, deliver):
    found = returned(bob)
    page = as_(bob)
    assert "See bounced emails" in page.get("/profile/").text
    assert "See bounced emails" not in as_(alice).get("/profile/").text
    assert "Our terms change" in page.get("/preferences/bounces/").text

    page.post("/preferences/bounces/")
    assert (state(found), found.how, found.by) == ("proved", "read", bob)
    assert Recipient.objects.get(user=bob).unreachable_since is None
    assert "See bounced emails" not in page.get("/profile/").text
    assert deliver()[-1].subject == "Email to bob@alder.example works again"
    assert AuditEvent.objects.filter(kind="address.confirmed").count() == 1
    confirm_address(actor=bob)
    assert AuditEvent.objects.filter(kind="address.confirmed").count() == 1


def test_a_bounced_delivery_probe_marks_again_and_escalates_nothing(returned, bob, deliver):
    returned(bob)
    confirm_address(actor=bob)
    deliver()
    record_delivery_event(message=DeliveryProbe.objects.get().message, kind="hard", event="x:again")
    assert Recipient.objects.get(user=bob).unreachable_since
    assert Escalation.objects.count() == 1


def test_a_new_address_gets_the_bounced_notices(returned, bob, deliver):
    found = returned(bob)
    EmailAddress.objects.filter(user=bob).delete()
    bob.email = "bob@new.example"
    bob.save()
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    run_escalations()
    assert deliver()[-1].to == ["bob@new.example"]
    assert DeliveryProbe.objects.get().escalation == found


def test_a_closed_account_confirms_nothing(returned, bob):
    returned(bob)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        confirm_address(actor=bob)


# --- Staff ---


@pytest.mark.parametrize("name", ["bob", "alice", "charlie", "dana"])
def test_only_permitted_staff_settle(returned, request, bob, name):
    found = returned(bob)
    with pytest.raises(PermissionDenied):
        settle_escalation(
            actor=request.getfixturevalue(name), escalation=found, how="phone", reason="x"
        )
    assert state(found) == "addresses"


def test_settling_needs_a_method_and_a_reason_and_happens_once(returned, bob, olive):
    found = returned(bob)
    for wrong in ({"how": "read"}, {"reason": ""}):
        with pytest.raises(ValidationError) as refusal:
            settle_escalation(
                actor=olive, escalation=found, **{"how": "phone", "reason": "Said yes", **wrong}
            )
        assert set(refusal.value.error_dict) == set(wrong)
    settle_escalation(actor=olive, escalation=found, how="phone", reason="Said yes")
    with pytest.raises(EscalationRefused):
        settle_escalation(actor=olive, escalation=found, how="post", reason="Letter")
    for attempt in (
        lambda: Escalation.objects.update(state="staff", ended_at=None, how=""),
        found.delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def test_the_list_for_staff(returned, as_, charlie, olive, django_assert_max_num_queries):
    found = returned(charlie)
    run_escalations()
    client = as_(olive)
    assert charlie.name in client.get("/provider/unreachable/").text
    page = f"/provider/unreachable/{found.pk}/"
    Membership.objects.filter(user=charlie).update(work_phone="+1 902 555 0101")
    Customer.objects.filter(slug="birch").update(street="1 Pier", city="Halifax")
    shown = client.get(page).text
    assert "+1 902 555 0101" in shown
    assert "1 Pier" in shown
    assert "This field is required" in client.post(page, {"how": "phone"}).text
    client.post(page, {"how": "phone", "reason": "Called on Monday"})
    assert state(found) == "proved"
    with django_assert_max_num_queries(14):
        assert "Called on Monday" in client.get("/provider/unreachable/").text
