"""What retention and late reports leave: refusals, proofs, receipts (L18, L57, L60, L62)."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent, User
from compliance.models import RetentionRun
from compliance.registry.uses import RESELLER_ALERTS
from compliance.selectors.retention import old_rows
from compliance.selectors.uses import is_told
from compliance.services.retention import approve_rule, run_retention
from preferences.models import ConsentRecord, DeliveryProbe, Escalation, Message, Recipient
from preferences.services.delivery_events import record_delivery_event
from preferences.services.receipts import ReceiptRefused, receipt_for, verify_receipt
from preferences.services.referrals import ever_refused
from tests.compliance.test_erasure import erase
from tests.compliance.test_retention import RULE, consent, old_message
from tests.compliance.whole_person import build


@pytest.fixture
def retain(officer):
    """A function that lets a rule run, and runs it."""

    def run(code):
        found, _held = old_rows(RULE[code])
        approve_rule(actor=officer, rule=code, found=found.count())
        run_retention()
        return RetentionRun.objects.latest("pk")

    return run


def test_an_email_with_a_younger_attempt_stops_no_other_from_going_L60(bob, retain):
    """The attempt at another address is kept by the database's clock, and its notice with it."""
    older, old, attempt = (old_message(bob, days) for days in (1097, 1096, 1094))
    escalation = Escalation.objects.create(message=old, recipient=bob.recipient)
    DeliveryProbe.objects.create(message=attempt, escalation=escalation, address="b@home.example")
    run = retain("messages")
    assert (run.error, run.deleted) == ("", 1)
    assert set(Message.objects.filter(pk__in=[older.pk, old.pk, attempt.pk])) == {old, attempt}
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        assert set(old_rows(RULE["messages"])[0]) == {old.decision, attempt.decision}


def test_who_was_told_of_a_use_stays_told_L18_L60(announced, retain, frank, deliver):
    """The email that told them is the proof, for as long as the notice states the use."""
    with time_machine.travel(timezone.now() - timedelta(days=4 * 365)):
        effective_at = timezone.now() + timedelta(days=31)
        announced(slug="privacy", kind="notice", asked_of="nobody", effective_at=effective_at)
        deliver()
    User.objects.filter(pk=frank.pk).update(created_at=timezone.now() - timedelta(days=5 * 365))
    other = old_message(frank, 1096)
    assert is_told(RESELLER_ALERTS, frank)
    assert retain("messages").error == ""
    assert not Message.objects.filter(pk=other.pk).exists()
    assert is_told(RESELLER_ALERTS, frank)


def test_a_refusal_that_was_taken_back_still_stops_referrals_L60_L62(bob, retain):
    consent(bob.recipient, 2000, wants=False)
    consent(bob.recipient, 1500)
    retain("consent_records")
    assert ever_refused(bob.email)


def test_a_receipt_stays_genuine_when_its_oldest_yes_is_deleted_R36(bob, retain):
    consent(bob.recipient, 2000)
    consent(bob.recipient, 1500, wants=False)
    receipt = json.dumps(receipt_for(actor=bob))
    assert retain("consent_records").deleted == 1
    assert verify_receipt(receipt)["pii_principal_id"] == str(bob.sub)
    changed = receipt.replace('"state": "given"', '"state": "withdrawn"')
    assert changed != receipt
    with pytest.raises(ReceiptRefused):
        verify_receipt(changed)


@pytest.mark.parametrize("kind", ["hard", "soft", "delivered", "complaint"])
def test_a_late_report_writes_nothing_about_an_erased_person_L57(kind, alder, dana, deliver):
    person = build(alder, dana, deliver)
    message = Message.objects.filter(recipient__user=person, state="sent").latest("pk")
    marked = timezone.now() - timedelta(days=9)
    Recipient.objects.filter(user=person).update(unreachable_since=marked)
    erase(person, deliver)
    records = ConsentRecord.objects.filter(recipient=message.recipient)
    counts = records.count(), AuditEvent.objects.count()
    record_delivery_event(message=message, kind=kind, event="late:1")
    assert (records.count(), AuditEvent.objects.count()) == counts
    assert Recipient.objects.get(user=person).unreachable_since == marked


def test_a_row_at_the_very_end_of_its_time_stops_no_rule_L60(bob, retain):
    for days in (365, 365, 366):
        consent(bob.recipient, days)
    run = retain("consent_addresses")
    assert (run.error, run.deleted) == ("", 1)
