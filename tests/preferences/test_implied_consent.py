"""Implied consent expires on its day (R17, R18, R19; CASL 10(10), 10(14))."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import Membership
from preferences.audience.clocks import begins
from preferences.choices import Reason
from preferences.models import DeliveryDecision
from preferences.selectors import send_decision_for

HERE = ZoneInfo("America/Toronto")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        ("2026-11-22T00:00", 24, "2024-11-22"),
        ("2026-11-22T23:59", 24, "2024-11-22"),
        ("2026-11-22T12:00", 6, "2026-05-22"),
        ("2026-08-31T12:00", 6, "2026-02-28"),
        ("2024-08-31T12:00", 6, "2024-02-29"),
        ("2024-02-29T12:00", 24, "2022-02-28"),
        ("2026-01-15T12:00", 6, "2025-07-15"),
        ("2026-12-31T12:00", 24, "2024-12-31"),
        ("2026-03-08T03:30", 6, "2025-09-08"),  # the clocks went forward this night
    ],
)
def test_a_period_is_counted_in_whole_days_before_the_day(today, months, first):
    assert begins(moment(today), months) == moment(f"{first}T00:00")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("2026-12-10T09:00", Reason.IMPLIED),
        ("2028-12-10T23:59", Reason.IMPLIED),  # the last day
        ("2028-12-11T00:00", Reason.LAPSED),
    ],
)
@pytest.mark.parametrize("basis", ["purchase", "contract"])
def test_two_years_after_the_account_ended_R18(bob, newsletter, consent, basis, sent, reason):
    consent(bob.recipient, newsletter, basis=basis, at=moment("2020-01-01T00:00"))
    assert send_decision_for(bob.recipient, newsletter).reason == Reason.IMPLIED  # while it runs
    for field in ("ended_at", "ends_at"):
        changed = {"ended_at": None, "ends_at": None, field: moment("2026-12-10T15:00")}
        Membership.objects.filter(user=bob).update(**changed)
        with time_machine.travel(moment(sent), tick=False):
            assert send_decision_for(bob.recipient, newsletter).reason == reason


@pytest.mark.parametrize(
    ("sent", "reason"),
    [("2028-12-10T23:59", Reason.DEFAULT_ON), ("2028-12-11T00:00", Reason.LAPSED)],
)
def test_default_consent_lasts_as_long_as_the_relationship_R18(bob, newsletter, sent, reason):
    Membership.objects.filter(user=bob).update(ended_at=moment("2026-12-10T00:00"))
    with time_machine.travel(moment(sent), tick=False):
        assert send_decision_for(bob.recipient, newsletter).reason == reason


@pytest.mark.parametrize(
    ("basis", "sent", "reason"),
    [
        ("inquiry", "2027-06-10T23:59", Reason.IMPLIED),
        ("inquiry", "2027-06-11T00:00", Reason.LAPSED),
        ("purchase", "2028-12-10T23:59", Reason.IMPLIED),
        ("purchase", "2028-12-11T00:00", Reason.LAPSED),
        ("contract", "2028-12-11T00:00", Reason.LAPSED),
        ("publication", "2040-01-01T00:00", Reason.IMPLIED),
        ("disclosure", "2040-01-01T00:00", Reason.IMPLIED),
        ("express", "2040-01-01T00:00", Reason.CHOSE_YES),
    ],
)
def test_consent_of_somebody_without_an_account_R18(
    subscriber, newsletter, consent, basis, sent, reason
):
    sam = subscriber()
    consent(sam, newsletter, basis=basis, at=moment("2026-12-10T15:00"))
    with time_machine.travel(moment(sent), tick=False):
        assert send_decision_for(sam, newsletter).reason == reason


@pytest.mark.parametrize(
    ("basis", "last_day"),
    [("inquiry", "2027-06-10"), ("purchase", "2028-12-10"), ("contract", "2028-12-10")],
)
@pytest.mark.parametrize(
    ("given", "reason"),
    [("2026-12-10T00:00", Reason.IMPLIED), ("2026-12-09T23:59:59.999999", Reason.LAPSED)],
)
def test_consent_of_a_days_first_moment_is_of_that_day_R18(
    subscriber, newsletter, consent, basis, last_day, given, reason
):
    sam = subscriber()
    consent(sam, newsletter, basis=basis, at=moment(given))
    for time in ("00:00", "23:59"):
        with time_machine.travel(moment(f"{last_day}T{time}"), tick=False):
            assert send_decision_for(sam, newsletter).reason == reason


def test_consent_by_inquiry_expires_even_for_a_customer_R18(bob, newsletter, consent):
    consent(bob.recipient, newsletter, basis="inquiry", at=moment("2026-01-01T00:00"))
    with time_machine.travel(moment("2027-01-01T00:00"), tick=False):
        assert send_decision_for(bob.recipient, newsletter).reason == Reason.LAPSED


def test_a_topic_with_express_consent_takes_no_implied_consent_R17(bob, promotions, consent):
    consent(bob.recipient, promotions, basis="contract")
    assert send_decision_for(bob.recipient, promotions).reason == Reason.DEFAULT_OFF


def test_consent_that_expires_before_sending_stops_the_email_R19(
    subscriber, newsletter, consent, deliver
):
    from django.core.mail import EmailMessage

    from preferences.emails import TOPIC_HEADER

    sam = subscriber()
    record = consent(sam, newsletter, basis="inquiry", at=moment("2026-12-10T15:00"))
    with time_machine.travel(moment("2027-06-10T23:59"), tick=False) as clock:
        EmailMessage("News", "Text", to=[sam.email], headers={TOPIC_HEADER: "newsletter"}).send()
        clock.move_to(moment("2027-06-11T00:00"))
        assert sam.email not in [address for mail in deliver() for address in mail.to]
    decision = DeliveryDecision.objects.get(message__recipient=sam)
    assert (decision.reason, decision.consent) == (Reason.LAPSED, record)
