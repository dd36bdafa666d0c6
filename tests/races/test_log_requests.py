"""Log requests at one moment, on PostgreSQL: payments, claims, the end of keys and of files."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from compliance.models import Download, LogRequest, Payment, SealedChunk
from compliance.services import log_requests
from compliance.services.card_payments import REPORTER, EventTooEarly, apply_card_event
from compliance.services.external_payments import record_external_payment
from compliance.services.log_decisions import (
    approve_log_request,
    close_log_request,
    decline_log_request,
)
from compliance.services.log_downloads import download_logs, expire_log_requests
from compliance.services.log_requests import release_log_request, withdraw_log_request
from compliance.services.payments import reverse_payment
from compliance.services.representatives import (
    confirm_representative,
    end_representative,
    propose_representative,
)
from compliance.services.sealed_files import content_of
from compliance.stripe_checkout import Paid, WentBack
from portals.models import Resource
from tests import log_scene
from tests.races.meeting import race_at
from tests.races.test_races import (
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
EIGHT = range(8)


@pytest.fixture
def bob() -> User:
    return User.objects.get(email="bob@alder.example")


@pytest.fixture
def alice() -> User:
    return User.objects.get(email="alice@alder.example")


@pytest.fixture
def report(bob):
    resource, member = log_scene.report(), Membership.objects.get(user=bob)
    log_scene.price()
    log_scene.representative(member)
    log_scene.give_key(member, resource)
    return resource


def refused(results) -> int:
    """How many were refused by a rule; anything else fails the test."""
    wrong = [
        result
        for result in results
        if isinstance(result, BaseException)
        and not isinstance(result, ValidationError | PermissionDenied)
    ]
    assert not wrong, wrong
    return len(results) - won(results)


def test_the_same_payment_eight_times_is_one_L40(bob, report):
    charge = log_scene.approve(log_scene.ask(bob, report))
    values = {"charge": charge, "cents": charge.total_cents, "currency": "CAD"}

    results = race(
        *(
            lambda: record_external_payment(
                actor=log_scene.BOOKS, external_id="one", method="billing", **values
            )
            for _one in EIGHT
        )
    )

    assert sorted(outcome.is_new for outcome in results) == [False] * 7 + [True]
    assert Payment.objects.count() == 1
    assert LogRequest.objects.get().state == "paid"


def test_of_eight_different_payments_one_is_recorded_L40(bob, report):
    charge = log_scene.approve(log_scene.ask(bob, report))
    values = {"charge": charge, "cents": charge.total_cents, "currency": "CAD"}

    results = race(
        *(
            lambda number=number: record_external_payment(
                actor=log_scene.BOOKS, external_id=f"p{number}", method="billing", **values
            )
            for number in EIGHT
        )
    )

    assert sum(outcome.payment is not None for outcome in results) == 1
    assert Payment.objects.count() == 1


def requests_of_two_companies(bob, report) -> list[LogRequest]:
    other = User.objects.get(email="charlie@birch.example")
    member = Membership.objects.get(user=other)
    log_scene.representative(member)
    theirs = log_scene.report("birch-shop", "birch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_requests, "askable_resources", lambda *_args: Resource.objects.all())
        return [log_scene.ask(bob, report), log_scene.ask(other, theirs)]


def test_one_id_for_charges_of_two_companies_is_one_payment_and_an_alarm_L40(bob, report):
    requests = requests_of_two_companies(bob, report)
    charges = [log_scene.approve(row, f"INV-{row.pk}") for row in requests]

    results = race_at(
        "compliance.services.external_payments.add_payment",
        *(
            lambda charge=charge: record_external_payment(
                actor=log_scene.BOOKS, charge=charge, external_id="one", cents=charge.total_cents,
                currency="CAD", method="billing",
            )
            for charge in charges
        ),
    )  # fmt: skip

    assert sorted(outcome.payment is not None for outcome in results) == [False, True]
    assert sorted(LogRequest.objects.values_list("state", flat=True)) == ["approved", "paid"]
    assert AuditEvent.objects.filter(kind="payment.refused").count() == 1


def test_one_invoice_number_for_two_companies_is_one_charge_and_a_refusal(bob, report):
    olive, requests = log_scene.staff(), requests_of_two_companies(bob, report)

    results = race_at(
        "compliance.services.log_decisions._decide",
        *(
            lambda request=request: approve_log_request(
                actor=olive, request=request, invoice_number="INV-7", **log_scene.TERMS
            )
            for request in requests
        ),
    )

    assert (won(results), refused(results)) == (1, 1)
    [refusal] = [result for result in results if isinstance(result, ValidationError)]
    assert "Another charge has this invoice number" in str(refusal.message_dict["invoice_number"])
    assert sorted(LogRequest.objects.values_list("state", flat=True)) == ["approved", "asked"]
    assert AuditEvent.objects.filter(kind="logs.approved").count() == 1


def test_a_refused_report_eight_times_is_one_alarm_L40(bob, report):
    charge = log_scene.approve(log_scene.ask(bob, report))
    values = {"charge": charge, "cents": 5, "currency": "CAD"}

    results = race(
        *(
            lambda: record_external_payment(
                actor=log_scene.BOOKS, external_id="one", method="billing", **values
            )
            for _one in EIGHT
        )
    )

    assert [outcome.payment for outcome in results] == [None] * 8
    assert AuditEvent.objects.filter(kind="payment.refused").count() == 1


def test_stripes_event_eight_times_and_a_refund_at_once_L40(bob, report):
    charge = log_scene.approve(log_scene.ask(bob, report))
    paid = Paid(str(charge.uuid), "pi_1", charge.total_cents, "CAD")
    back = WentBack("pi_1", "ch_1", charge.total_cents, is_ours=True)

    def take_back() -> None:
        with suppress(EventTooEarly):
            apply_card_event(actor=REPORTER, event=back)

    race(
        *(lambda: apply_card_event(actor=REPORTER, event=paid) for _one in EIGHT),
        take_back,
        take_back,
    )

    apply_card_event(actor=REPORTER, event=back)  # Stripe sends it again
    assert sorted(Payment.objects.values_list("cents", flat=True)) == [
        -charge.total_cents, charge.total_cents,
    ]  # fmt: skip
    assert LogRequest.objects.get().state == "refunded"
    assert not AuditEvent.objects.filter(kind="payment.refused").exists()


def test_closing_and_the_result_of_the_portal_at_once_L34(bob, alice, report):
    request, olive = log_scene.ask(bob, report), log_scene.staff()
    log_scene.pay(log_scene.approve(request))
    claimed = log_scene.claim(request)
    log_scene.send(claimed)
    end_representative(actor=alice, representative=request.representative)

    results = race(
        lambda: close_log_request(actor=olive, request=request, reason="Bob left."),
        lambda: log_scene.finish(claimed),
    )

    refused(results)
    assert LogRequest.objects.get().state == "closed"
    assert not SealedChunk.objects.filter(file__kind="logs").exists()


def test_two_companies_cannot_give_the_same_profile_L47(bob):
    other = User.objects.get(email="charlie@birch.example")
    for person in (bob, other):
        log_scene.representative(Membership.objects.get(user=person))
    ours, theirs = log_scene.authorisation("x"), log_scene.authorisation("X", slug="birch")

    results = race_at(
        "compliance.services.authorisations._record",
        lambda: log_scene.give(bob, ours),
        lambda: log_scene.give(other, theirs),
    )

    assert (won(results), refused(results)) == (1, 1)


def test_of_eight_workers_one_claims_L44(bob, report):
    request = log_scene.ask(bob, report)
    log_scene.pay(log_scene.approve(request))

    results = race(
        *(lambda number=number: log_scene.claim(request, f"worker {number}") for number in EIGHT)
    )

    assert (won(results), refused(results)) == (1, 7)


def test_of_eight_results_one_file_is_made_L44(bob, report):
    request = log_scene.ask(bob, report)
    log_scene.pay(log_scene.approve(request))
    claimed = log_scene.claim(request)
    log_scene.send(claimed)

    results = race(*(lambda: log_scene.finish(claimed) for _one in EIGHT))

    assert won(results) == 8  # the same answer to each
    assert LogRequest.objects.get().file.sha256
    assert SealedChunk.objects.filter(file__kind="logs").count() == 1


def test_a_request_is_decided_once(bob, report):
    request, olive = log_scene.ask(bob, report), log_scene.staff()
    acts = [
        lambda: approve_log_request(
            actor=olive, request=request, invoice_number="I", **log_scene.TERMS
        ),
        lambda: decline_log_request(actor=olive, request=request, reason="No."),
        lambda: withdraw_log_request(actor=bob, request=request),
    ]
    results = race(*(acts[number % 3] for number in EIGHT))
    assert won(results) >= 1
    refused(results)
    final = LogRequest.objects.get()
    assert final.state in ("approved", "declined", "withdrawn")
    assert hasattr(final, "charge") is (final.decided_at is not None and final.decline_reason == "")


def test_a_representative_ended_between_release_and_download_L34(bob, alice, report):
    """Whoever is first wins; no download is recorded after the end."""
    request = log_scene.released(bob, report)
    now = timezone.now()

    results = race(
        lambda: end_representative(actor=alice, representative=request.representative),
        *(lambda: download_logs(actor=bob, request=request, signed_in_at=now) for _one in range(4)),
    )

    refused(results)
    request.representative.refresh_from_db()
    assert request.representative.ended_at is not None
    assert Download.objects.count() == won(results[1:])
    with pytest.raises(PermissionDenied):
        download_logs(actor=bob, request=request, signed_in_at=now)


def test_eight_downloads_are_five_L45(bob, report):
    request, now = log_scene.released(bob, report), timezone.now()
    results = race(
        *(lambda: download_logs(actor=bob, request=request, signed_in_at=now) for _one in EIGHT)
    )
    assert (won(results), refused(results)) == (5, 3)
    assert Download.objects.count() == 5


def test_a_reversal_and_a_release_at_once_L42(bob, report):
    request, olive = log_scene.ready(bob, report), log_scene.staff()
    payment = request.charge.payments.get()

    results = race(
        lambda: release_log_request(actor=olive, request=request, is_checked=True),
        lambda: reverse_payment(actor=olive, payment=payment, reason="It bounced."),
    )

    refused(results)
    request.refresh_from_db()
    was_released = not isinstance(results[0], BaseException)
    assert request.state == ("released" if was_released else "refunded")


def test_the_clock_and_a_download_that_began_in_time_L45(bob, report, settings):
    request = log_scene.released(bob, report)
    almost = timezone.now() + timedelta(days=settings.HUB_LOG_DAYS) - timedelta(seconds=5)
    with time_machine.travel(almost):
        file, key = download_logs(actor=bob, request=request, signed_in_at=timezone.now())
    with time_machine.travel(almost + timedelta(minutes=1)):
        race(*(expire_log_requests for _one in EIGHT))
        assert b"".join(content_of(file, key)) == log_scene.CONTENT
    with time_machine.travel(almost + timedelta(minutes=12)):
        assert sum(race(*(expire_log_requests for _one in EIGHT))) == 1
    assert not SealedChunk.objects.filter(file=file).exists()


def test_eight_proposals_and_confirmations_are_one_L35(bob, alice):
    member, olive = Membership.objects.get(user=bob), log_scene.staff()
    until = timezone.now() + timedelta(days=100)
    results = race(
        *(
            lambda: propose_representative(
                actor=alice, customer=member.customer, member=member, capacity="officer",
                evidence="The board", until=until,
            )
            for _one in EIGHT
        )
    )  # fmt: skip
    assert (won(results), refused(results)) == (1, 7)
    [row] = [result for result in results if not isinstance(result, BaseException)]
    results = race(
        *(lambda: confirm_representative(actor=olive, representative=row) for _one in EIGHT)
    )
    assert (won(results), refused(results)) == (1, 7)


def test_they_run_on_postgresql():
    assert connection.vendor == "postgresql"
