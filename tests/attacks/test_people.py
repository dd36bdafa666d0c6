"""Breach notices meet erasures, holds, exports and the lists of staff: who is told, who learns."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Erasure, Membership, User
from accounts.signals import periodic_tick
from compliance.models import LegalHold, SealedChunk
from compliance.selectors.own_data_file import json_parts
from compliance.services import erasures
from compliance.services.affected import add_by_hand
from compliance.services.closings import close_account, do_due_closings
from compliance.services.erasures import begin_erasure, go_on_with_erasures
from compliance.services.exports import ask_for_own_data, make_own_data
from compliance.services.holds import place_hold
from compliance.services.letters import print_letter
from hub.example import acts
from preferences.models import DeliveryDecision, Escalation, Message, Recipient
from preferences.services.delivery_events import record_delivery_event
from tests.compliance.breaches import HOLD, add_company, real, released

AFTER = timedelta(days=7, minutes=1)


@pytest.fixture
def petra(db):
    """Keeps the register of breaches."""
    return acts.hire("petra", "Petra Lindqvist", "Privacy")


@pytest.fixture
def pascal(db):
    """Her colleague, who releases what she wrote."""
    return acts.hire("pascal", "Pascal Côté", "Privacy")


@pytest.fixture
def breach(petra):
    return real(petra)


def told():
    return [message.to[0] for message in mail.outbox if "breach" in message.subject]


def hold(petra, breach):
    until = timezone.now() + timedelta(days=2)
    return place_hold(actor=petra, breach=breach, until=until, **HOLD)


def export_of(person) -> str:
    return "".join(json_parts(person))


def test_who_is_listed_is_told_although_their_data_is_erased_meanwhile_L56(
    breach, petra, pascal, bob, alder, deliver
):
    """Their address stays until the breach is closed; no page says so before they are told."""
    add_company(petra, breach, alder)
    address = bob.email
    closing = close_account(actor=bob, signed_in_at=timezone.now())
    assert not any(row["ground"] == "breach" for row in closing.plan)
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        for _time in range(3):
            deliver()
            go_on_with_erasures()
        assert User.objects.get(pk=bob.pk).email == address
        assert not Erasure.objects.get(person=bob).steps.filter(ground="breach").exists()
        released(petra, pascal, breach)
        mail.outbox.clear()
        deliver()
    assert told().count(address) == 1


def test_a_subscriber_who_is_listed_is_told_although_erased_L56(breach, petra, pascal, deliver):
    address = "sam@elsewhere.example"
    add_by_hand(actor=petra, breach=breach, address=address)
    begin_erasure(person=None, addresses=[address])
    go_on_with_erasures()
    assert Recipient.objects.filter(address=address).exists()
    released(petra, pascal, breach)
    deliver()
    assert told().count(address) == 1


def test_a_needless_or_closed_breach_keeps_nobodys_data_L56(breach, petra, bob, alder, deliver):
    add_company(petra, breach, alder)
    type(breach).objects.filter(pk=breach.pk).update(closed_at=timezone.now(), closed_by=petra)
    close_account(actor=bob, signed_in_at=timezone.now())
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        for _time in range(3):
            deliver()
            go_on_with_erasures()
    assert Erasure.objects.get(person=bob).done_at is not None


def test_nobody_reads_a_notice_in_their_account_during_a_hold_L24(
    breach, petra, pascal, bob, alder, deliver, as_
):
    add_company(petra, breach, alder)
    hold(petra, breach)
    wave = released(petra, pascal, breach)
    deliver()
    assert str(breach) not in as_(bob).get("/profile/notices/").content.decode()
    assert as_(bob).post(f"/profile/notices/{wave.slug}/").status_code == 404

    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        assert str(breach) in as_(bob).get("/profile/notices/").content.decode()


def test_who_was_told_before_a_hold_reads_the_notice_on_L24(
    breach, petra, pascal, bob, alder, deliver, as_
):
    add_company(petra, breach, alder)
    released(petra, pascal, breach)
    deliver()
    hold(petra, breach)
    assert str(breach) in as_(bob).get("/profile/notices/").content.decode()


def test_an_export_tells_of_no_breach_before_its_notice_L33(
    breach, petra, pascal, bob, alder, deliver
):
    add_company(petra, breach, alder)
    assert str(breach) not in export_of(bob)
    assert not json.loads(export_of(bob))["items"]["breach_notices"]["records"][
        "compliance.Affected"
    ]
    hold(petra, breach)
    released(petra, pascal, breach)
    deliver()
    held = json.loads(export_of(bob))["items"]
    assert not held["breach_notices"]["records"]["compliance.Affected"]
    assert "data breach" not in json.dumps(held["messages"])
    assert "data breach" not in json.dumps(held["campaigns"]["records"])

    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        periodic_tick.send(sender=None)
        deliver()
        told_of = json.loads(export_of(bob))["items"]
    assert len(told_of["breach_notices"]["records"]["compliance.Affected"]) == 1
    assert "data breach" in json.dumps(told_of["messages"])


def test_no_letter_is_printed_during_a_hold_L24(breach, petra, pascal):
    add_by_hand(actor=petra, breach=breach, name="Nora Okafor", post="1 Main St\nHalifax")
    released(petra, pascal, breach)
    hold(petra, breach)
    with pytest.raises(ValidationError):
        print_letter(actor=petra, affected=breach.affected.get(), name="Nora", post="1 Main St")


def test_staff_who_may_not_see_breaches_find_no_email_about_one_L33(
    breach, petra, pascal, bob, alder, olive, deliver, as_
):
    add_company(petra, breach, alder)
    released(petra, pascal, breach)
    deliver()
    [message] = Message.objects.filter(recipient__user=bob, campaign__confidential=True)
    record_delivery_event(message=message, kind="hard", event="b:1", diagnostic="550 unknown")
    escalation = Escalation.objects.get(message=message)
    Escalation.objects.filter(pk=escalation.pk).update(state="staff")

    client = as_(olive)
    pages = [
        "/",
        "/provider/unreachable/",
        "/admin/preferences/message/",
        "/admin/preferences/deliverydecision/",
    ]
    for page in pages:
        shown = client.get(page)
        if shown.status_code == 200:
            assert "data breach" not in shown.content.decode(), page
    for page in (f"/provider/unreachable/{escalation.pk}/",):
        assert client.get(page).status_code == 404


def test_exported_evidence_names_no_breach_L33(breach, petra, pascal, bob, alder, olive, deliver):
    from preferences.services.evidence import export_evidence

    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    deliver()
    evidence = export_evidence(actor=olive, recipient=bob.recipient)
    assert "data breach" not in json.dumps(evidence)
    wave.refresh_from_db()
    assert wave.campaign_id not in {row["campaign"] for row in evidence["campaign_decisions"]}


def test_erasures_that_wait_stop_no_other_L56(bob, emma, petra, monkeypatch):
    """As many as one tick takes are kept by a hold for years; the next one goes on."""
    monkeypatch.setattr(erasures, "MAX_AT_ONCE", 1)
    for person in (bob, emma):
        User.objects.filter(pk=person.pk).update(is_active=False)
    LegalHold.objects.create(
        scope="person", person=bob, item="support", ground="A dispute",
        until=timezone.now() + timedelta(days=400), placed_by=petra,
    )  # fmt: skip
    waits = begin_erasure(person=bob, addresses=[])
    other = begin_erasure(person=emma, addresses=[])
    for _time in range(3):
        go_on_with_erasures()
    waits.refresh_from_db()
    other.refresh_from_db()
    assert waits.done_at is None and other.done_at is not None


def test_a_main_super_user_who_stays_stops_no_other_closing_L56(
    alice, bob, emma, alder, membership, deliver, monkeypatch
):
    from compliance.services import closings

    monkeypatch.setattr(closings, "MAX_AT_ONCE", 1)
    close_account(actor=bob, signed_in_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        close_account(actor=emma, signed_in_at=timezone.now())
    Membership.objects.filter(user=bob).update(role="super_user")
    alder.main_super_user = membership(bob)
    alder.save()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        do_due_closings()
    assert User.objects.get(pk=bob.pk).is_active
    assert not User.objects.get(pk=emma.pk).is_active


def test_the_proof_of_a_breach_notice_is_kept_as_long_as_the_breach_L31(
    breach, petra, pascal, alder, deliver
):
    from compliance.registry.retention import RULES
    from compliance.selectors.retention import old_rows

    [rule] = [each for each in RULES if each.code == "messages"]
    add_company(petra, breach, alder)
    deliver()
    released(petra, pascal, breach)
    deliver()
    theirs = Message.objects.filter(campaign__confidential=True)
    assert theirs.count() == 3
    type(breach).objects.filter(pk=breach.pk).update(closed_at=timezone.now(), closed_by=petra)
    for years, count in ((4, 0), (6, 3)):
        with time_machine.travel(timezone.now() + timedelta(days=years * 365), tick=False):
            assert old_rows(rule)[0].filter(message__in=theirs).count() == count


def test_the_file_with_their_data_goes_with_the_erasure_L57(bob, deliver):
    """Its content is theirs; that it was made and downloaded stays as proof."""
    file = ask_for_own_data(actor=bob, signed_in_at=timezone.now())
    make_own_data(actor=None, file=file.uuid)
    assert SealedChunk.objects.filter(file=file).exists()
    deliver()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    begin_erasure(person=bob, addresses=[])
    go_on_with_erasures()
    file.refresh_from_db()
    assert not SealedChunk.objects.filter(file=file).exists()
    assert file.state == "gone" and not file.sealed_key


def test_an_erasure_empties_no_email_to_others_that_a_hold_keeps_L56(bob, emma, petra):
    """The subject names the erased person; with the end of the hold, it is emptied by itself."""
    message = Message.objects.create(
        recipient=emma.recipient, notice_class_id="legal", address=emma.email,
        subject=f"{bob.name} left", message_id="<held@hub.example>",
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(state="claimed")
    DeliveryDecision.objects.create(message=message, outcome="sent", reason="mandatory")
    Message.objects.filter(pk=message.pk).update(state="sent")
    until = timezone.now() + timedelta(days=40)
    LegalHold.objects.create(
        scope="person", person=emma, item="messages", ground="A dispute", until=until,
        placed_by=petra,
    )  # fmt: skip
    User.objects.filter(pk=bob.pk).update(is_active=False)
    erasure = begin_erasure(person=bob, addresses=[])
    go_on_with_erasures()
    message.refresh_from_db()
    assert message.subject == f"{bob.name} left"
    assert erasure.steps.get(item="messages").ground == "hold"
    with time_machine.travel(until + timedelta(seconds=1), tick=False):
        go_on_with_erasures()
    message.refresh_from_db()
    assert message.subject == "–"


def test_an_erasure_empties_only_subjects_that_name_the_person_L57(bob, emma):
    """Bill is a name, and a word of other subjects."""
    User.objects.filter(pk=bob.pk).update(name="Bill", is_active=False)
    bob.refresh_from_db()
    subjects = {
        "Your bill is ready": "Your bill is ready",
        "Billing moves": "Billing moves",
        "Bill asks to renew alder.example": "–",
        f"Bounced: {bob.email.upper()}": "–",
    }
    keys = {}
    for number, text in enumerate(subjects):
        message = Message.objects.create(
            recipient=emma.recipient, notice_class_id="legal", address=emma.email,
            subject=text, message_id=f"<named{number}@hub.example>",
        )  # fmt: skip
        Message.objects.filter(pk=message.pk).update(state="claimed")
        DeliveryDecision.objects.create(message=message, outcome="sent", reason="mandatory")
        Message.objects.filter(pk=message.pk).update(state="sent")
        keys[text] = message.pk
    begin_erasure(person=bob, addresses=[])
    go_on_with_erasures()
    assert {text: Message.objects.get(pk=key).subject for text, key in keys.items()} == subjects
