"""Asking for logs with two keys, the days, the price, the decision, the release, the download."""

import hashlib
import json
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.permissions import FreshSignInRequired
from accounts.services.memberships import suspend_membership
from accounts.signals import periodic_tick
from compliance.models import Download, LogRequest, LogResource, SealedChunk
from compliance.registry import ITEMS
from compliance.selectors.log_requests import first_allowed_day, log_receipt
from compliance.services.log_decisions import approve_log_request, decline_log_request
from compliance.services.log_downloads import download_logs
from compliance.services.log_requests import (
    release_log_request,
    repeat_log_request,
    require_days,
    withdraw_log_request,
)
from compliance.services.representatives import end_representative
from compliance.services.sealed_files import content_of
from hub.example import acts
from portals.models import PersonGrant, Resource
from portals.services.grants import revoke_privilege
from portals.services.resources import Report, delete_resource, put_resource
from tests import log_scene
from tests.test_wrong_actors import signed_in

DAY = timedelta(days=1)
TORONTO = ZoneInfo("America/Toronto")
LIST = "/c/alder/logs/"
NEW = "/c/alder/logs/new/"


@pytest.fixture
def report(db) -> Resource:
    return log_scene.report()


@pytest.fixture
def rate(db):
    return log_scene.price()


@pytest.fixture
def on_file(bob, membership, report, rate):
    """Bob, who has both keys."""
    row = log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    return row


def download(person, request, **more):
    values = {"signed_in_at": timezone.now(), **more}
    return download_logs(actor=person, request=request, **values)


def page_of(request, name="log-request", *more):
    return reverse(f"compliance:{name}", args=["alder", request.uuid, *more])


def staff_page(request):
    return reverse("compliance:provider-log-request", args=[request.uuid])


def test_both_keys_are_needed_to_ask_L34(bob, alice, membership, report, rate):
    with pytest.raises(PermissionDenied):  # neither
        log_scene.ask(bob, report)
    row = log_scene.representative(membership(bob))
    with pytest.raises(ValidationError, match="permission"):  # the first alone
        log_scene.ask(bob, report)
    grant = log_scene.give_key(membership(bob), report)
    log_scene.ask(bob, report)
    revoke_privilege(actor=alice, grant=grant)
    with pytest.raises(ValidationError, match="permission"):
        log_scene.ask(bob, report)
    log_scene.give_key(membership(bob), report)
    end_representative(actor=alice, representative=row)
    with pytest.raises(PermissionDenied):  # the second alone
        log_scene.ask(bob, report)


def test_a_super_user_does_not_hold_the_second_key_by_the_role_L34(alice, membership, report, rate):
    log_scene.representative(membership(alice))
    with pytest.raises(ValidationError, match="permission"):
        log_scene.ask(alice, report)


@pytest.mark.parametrize("key", ["representative", "suspended", "permission", "resource"])
def test_without_a_key_the_download_closes_at_once_L34(
    key, on_file, bob, alice, report, membership
):
    request = log_scene.released(bob, report)
    download(bob, request)

    if key == "representative":
        end_representative(actor=alice, representative=on_file)
    elif key == "suspended":
        suspend_membership(actor=alice, membership=membership(bob))
    elif key == "permission":
        grant = PersonGrant.objects.get(user=bob, permission__privilege__code="request_logs")
        revoke_privilege(actor=alice, grant=grant)
    else:
        delete_resource(actor=log_scene.statistics(), resource=report)

    with pytest.raises(PermissionDenied):
        download(bob, request)
    assert Download.objects.filter(file=request.file).count() == 1


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 29), date(2026, 2, 1)),
        (date(2026, 11, 1), date(2026, 2, 1)),
        (date(2026, 10, 31), date(2026, 1, 1)),
        (date(2026, 9, 30), date(2025, 12, 1)),
        (date(2028, 2, 29), date(2027, 5, 1)),
    ],
)
def test_the_first_day_is_the_first_of_the_month_nine_months_back_L36(today, first):
    assert first_allowed_day(today) == first


def test_the_days_are_judged_by_the_providers_day_at_asking_L36(db):
    """Each boundary day of the window, one second before and after the provider's midnight."""
    first, midnight = date(2026, 2, 1), datetime(2026, 11, 29, tzinfo=TORONTO)
    with time_machine.travel(midnight, tick=False):
        require_days(first, date(2026, 11, 28))
        with pytest.raises(ValidationError, match="yesterday"):
            require_days(first, date(2026, 11, 29))
        with pytest.raises(ValidationError, match="first day"):
            require_days(first - DAY, date(2026, 11, 28))
        with pytest.raises(ValidationError, match="before the first"):
            require_days(date(2026, 11, 3), date(2026, 11, 2))
    almost = midnight - timedelta(seconds=1)
    with (
        time_machine.travel(almost, tick=False),
        pytest.raises(ValidationError, match="yesterday"),
    ):
        require_days(first, date(2026, 11, 28))
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=TORONTO), tick=False):
        with pytest.raises(ValidationError, match="first day"):
            require_days(first, date(2026, 11, 28))
        require_days(date(2026, 3, 1), date(2026, 11, 28))


def test_the_window_moving_on_changes_nothing_that_was_asked_L36(on_file, bob, report):
    request = log_scene.ask(bob, report)
    with time_machine.travel(timezone.now() + 150 * DAY):
        later = LogRequest.objects.get(pk=request.pk)
        assert (later.first_day, later.last_day) == (request.first_day, request.last_day)
        charge = log_scene.approve(request)
        log_scene.pay(charge)
        assert log_scene.claim(request).state == "tabulating"


def midnight_of(day):
    return datetime(day.year, day.month, day.day, tzinfo=TORONTO)


def test_days_are_clipped_to_the_companys_own_time_L37(on_file, bob, membership, report):
    young = log_scene.report("alder-young", days=15)
    log_scene.give_key(membership(bob), young)
    request = log_scene.ask(bob, young, report)

    spans = {row.name: row for row in request.resources.select_related("tenure")}
    assert spans["Alder-Shop"].starts_at == midnight_of(request.first_day)
    assert spans["Alder-Shop"].ends_at == midnight_of(request.last_day + DAY)
    clipped = spans["Alder-Young"]
    assert clipped.starts_at == clipped.tenure.started_at > midnight_of(request.first_day)


def test_a_resource_of_another_company_on_those_days_is_refused_L37(on_file, bob, membership):
    moved = log_scene.report("moved-shop", slug="birch", days=40)
    put_resource(
        actor=log_scene.statistics(),
        customer="alder",
        type_code="usage_report",
        report=Report("moved-shop", "Moved", None),
    )
    moved = Resource.objects.get(external_id="moved-shop", removed_at=None)
    log_scene.give_key(membership(bob), moved)
    with pytest.raises(ValidationError, match="did not have"):
        log_scene.ask(bob, moved)


def test_a_deleted_and_reused_id_counts_for_its_own_times_L37(on_file, bob, membership):
    old = log_scene.report("twice", days=60)
    with time_machine.travel(timezone.now() - 18 * DAY):
        delete_resource(actor=log_scene.statistics(), resource=old)
        ended = timezone.now()
    again = log_scene.report("twice", days=9)
    log_scene.give_key(membership(bob), again)
    today = timezone.localdate(timezone=TORONTO)
    request = log_scene.ask(bob, again, last_day=today - 5 * DAY)

    first, second = request.resources.order_by("starts_at")
    assert first.tenure_id != second.tenure_id
    assert abs(first.ends_at - ended) < timedelta(minutes=1)
    assert second.starts_at == second.tenure.started_at
    with pytest.raises(IntegrityError), transaction.atomic():  # not a second more, in SQL
        LogResource.objects.create(
            request=log_scene.ask(bob, again, last_day=today - 5 * DAY),
            tenure=first.tenure,
            name="x",
            starts_at=first.starts_at,
            ends_at=first.ends_at + DAY,
        )


def test_the_price_is_shown_and_stays_L38(on_file, bob, report, rate, deliver):
    client = signed_in(bob)
    page = " ".join(client.get(NEW).content.decode().split())
    assert "120.00" in page and "GST (5 %)" in page and "QST (9.975 %)" in page
    assert "137.97" in page  # 120.00 + 6.00 + 11.97
    form = {
        "resources": [str(report.pk)],
        "purpose": "legal",
        "first_day": (timezone.localdate() - 20 * DAY).isoformat(),
        "last_day": (timezone.localdate() - 10 * DAY).isoformat(),
        "rate": str(rate.number),
    }
    newer = log_scene.price(50_000)
    refused = client.post(NEW, form)
    assert "The price has changed" in refused.content.decode()
    assert not LogRequest.objects.exists()
    client.post(NEW, {**form, "rate": str(newer.number)})

    request = LogRequest.objects.get()
    log_scene.price(99_900)
    request.refresh_from_db()
    assert (request.rate, request.fee_cents, request.total_cents) == (newer, 50_000, 57_488)
    assert "574.88" in deliver()[-1].body
    assert request.total in client.get(page_of(request)).content.decode()


def test_without_a_price_nobody_asks(bob, membership, report):
    log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    assert "has not set a price" in signed_in(bob).get(NEW).content.decode()
    with pytest.raises(ValidationError, match="price"):
        log_scene.ask(bob, report)


def test_declining_needs_a_reason_and_costs_nothing_L43(on_file, bob, olive, report, deliver):
    request = log_scene.ask(bob, report)
    with pytest.raises(ValidationError, match="reason"):
        decline_log_request(actor=olive, request=request, reason=" ")
    client = signed_in(olive)
    again = client.post(staff_page(request), {"outcome": "decline"})
    assert "Give the reason" in again.content.decode()
    client.post(staff_page(request), {"outcome": "decline", "reason": "No court asked."})

    request.refresh_from_db()
    assert request.state == "declined" and not hasattr(request, "charge")
    mail = deliver()[-1]
    assert "declined" in mail.subject and "No court asked." in mail.body
    assert "You pay nothing" in mail.body
    with pytest.raises(ValidationError, match="answered"):
        log_scene.approve(request)


def test_the_requester_withdraws_until_it_is_paid(on_file, bob, alice, report):
    first, second = log_scene.ask(bob, report), log_scene.ask(bob, report)
    with pytest.raises(PermissionDenied):
        withdraw_log_request(actor=alice, request=first)
    signed_in(bob).post(page_of(first, "log-request-withdraw"))
    first.refresh_from_db()
    assert first.state == "withdrawn"
    log_scene.pay(log_scene.approve(second))
    with pytest.raises(ValidationError, match="too late"):
        withdraw_log_request(actor=bob, request=second)


def test_staff_see_the_beginning_and_check_before_the_release_L43(on_file, bob, olive, report):
    request = log_scene.ready(bob, report)
    with pytest.raises(ValidationError, match="Check the file"):
        release_log_request(actor=olive, request=request, is_checked=False)
    client = signed_in(olive)
    assert "203.0.113.8" in client.get(staff_page(request)).content.decode()
    assert "Check the file first" in client.post(staff_page(request), {}).content.decode()
    client.post(staff_page(request), {"is_checked": "on"})

    request.refresh_from_db()
    assert (request.state, request.checked_by) == ("released", olive)
    with pytest.raises(ValidationError):
        release_log_request(actor=olive, request=request, is_checked=True)


def test_a_wrong_file_is_deleted_and_made_again(on_file, bob, olive, report):
    request = log_scene.ready(bob, report)
    with pytest.raises(ValidationError):
        repeat_log_request(actor=olive, request=request, reason="")
    address = reverse("compliance:log-request-repeat", args=[request.uuid])
    signed_in(olive).post(address, {"reason": "Lines of another site."})
    request.refresh_from_db()
    assert (request.state, request.file) == ("paid", None)
    assert not SealedChunk.objects.filter(file__kind="logs").exists()
    claimed = log_scene.claim(request, "two")
    log_scene.send(claimed)
    assert log_scene.finish(claimed).state == "ready"


def test_the_release_needs_the_requester_still_on_file_L34(on_file, bob, olive, alice, report):
    request = log_scene.ready(bob, report)
    end_representative(actor=alice, representative=on_file)
    with pytest.raises(ValidationError, match="no longer a representative"):
        release_log_request(actor=olive, request=request, is_checked=True)
    with pytest.raises(IntegrityError), transaction.atomic():  # and in SQL
        LogRequest.objects.filter(pk=request.pk).update(
            state="released", checked_at=timezone.now(), checked_by=olive
        )


def test_the_person_on_file_downloads_with_a_fresh_sign_in_and_both_are_told_L45(
    on_file, bob, alice, as_, report, deliver
):
    request = log_scene.released(bob, report)
    subjects = {(mail.to[0], mail.subject) for mail in deliver()}
    assert (bob.email, "The logs of Alder Dental are ready to download") in subjects
    assert (alice.email, "Bob Tremblay can download logs of Alder Dental") in subjects
    address = page_of(request, "log-request-download")
    assert as_(bob).post(address).status_code == 302  # to sign in again
    assert signed_in(alice).post(address).status_code == 403
    assert not Download.objects.exists()

    answer = signed_in(bob).post(address, headers={"User-Agent": "Test browser"})

    content = answer.getvalue()
    assert content == log_scene.CONTENT
    assert hashlib.sha256(content).hexdigest() == request.file.sha256
    [row] = Download.objects.all()
    assert (row.person, row.browser) == (bob, "Test browser")
    told = {mail.to[0] for mail in deliver() if "downloaded logs" in mail.subject}
    assert told == {bob.email, alice.email}
    assert "Downloads: 1 of 5" in signed_in(alice).get(page_of(request)).content.decode()


def test_who_may_not_download_L45(on_file, bob, alice, emma, charlie, report):
    request = log_scene.released(bob, report)
    for person in (alice, emma, charlie):
        with pytest.raises(PermissionDenied):
            download(person, request)
    with pytest.raises(FreshSignInRequired):
        download(bob, request, signed_in_at=timezone.now() - timedelta(minutes=6))
    assert signed_in(emma).get(page_of(request)).status_code == 403
    assert signed_in(charlie).get(page_of(request)).status_code == 404


def test_after_five_downloads_the_file_is_gone_with_the_next_clock_L45(on_file, bob, report):
    request = log_scene.released(bob, report)
    for _again in range(5):
        download(bob, request)
    with pytest.raises(ValidationError, match="5 times"):
        download(bob, request)
    with pytest.raises(IntegrityError), transaction.atomic():  # and in SQL
        Download.objects.create(file=request.file, person=bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        periodic_tick.send(sender=None)
    gone(request)


def test_after_its_days_the_file_is_gone_with_the_next_clock_L45(on_file, bob, report, settings):
    request = log_scene.released(bob, report)
    days = timedelta(days=settings.HUB_LOG_DAYS)
    with time_machine.travel(timezone.now() + days - timedelta(minutes=1)):
        periodic_tick.send(sender=None)
        request.refresh_from_db()
        assert request.state == "released"
    with time_machine.travel(timezone.now() + days + timedelta(seconds=1)):
        with pytest.raises(PermissionDenied):
            download(bob, request)
        periodic_tick.send(sender=None)
    gone(request)
    with pytest.raises(ValidationError, match="no longer there"):
        download(bob, request)


def test_the_file_goes_with_its_representative_L45(on_file, bob, alice, report):
    request = log_scene.released(bob, report)
    end_representative(actor=alice, representative=on_file)
    periodic_tick.send(sender=None)
    gone(request)


def gone(request):
    """Look for the content: no chunk, no key, and nothing of it in any column."""
    request.refresh_from_db()
    assert (request.state, request.file.state) == ("expired", "gone")
    assert request.file.sealed_key is None
    assert not SealedChunk.objects.filter(file=request.file).exists()


def test_a_download_that_began_in_time_finishes_L45(on_file, bob, report, settings):
    request = log_scene.released(bob, report)
    almost = timezone.now() + timedelta(days=settings.HUB_LOG_DAYS) - timedelta(seconds=5)
    with time_machine.travel(almost):
        file, key = download(bob, request)
        pieces = content_of(file, key)
        with time_machine.travel(almost + timedelta(minutes=1)):
            periodic_tick.send(sender=None)
            assert b"".join(pieces) == log_scene.CONTENT
    with time_machine.travel(almost + timedelta(minutes=11)):
        periodic_tick.send(sender=None)
    gone(request)


def test_the_receipt_says_what_days_lines_hash_who_when_fee_L46(on_file, bob, report):
    request = log_scene.released(bob, report)
    with time_machine.travel(timezone.now() + 400 * DAY):
        periodic_tick.send(sender=None)  # it stays when the file is gone
        receipt = log_receipt(LogRequest.objects.get(pk=request.pk))["receipt"]
    [resource] = receipt["resources"]
    assert (resource["id"], resource["lines"]) == (log_scene.REPORT, 2)
    assert receipt["sha256"] == hashlib.sha256(log_scene.CONTENT).hexdigest()
    assert receipt["asked_by"] == {"name": "Bob Tremblay", "capacity": "officer"}
    assert receipt["released_at"] and receipt["first_day"] == request.first_day.isoformat()
    fee = receipt["fee"]
    assert (fee["total_cents"], fee["currency"], fee["rate_version"]) == (13_797, "CAD", 1)
    answer = signed_in(bob).get(page_of(request, "log-request-receipt"))
    assert json.loads(answer.content)["receipt"]["sha256"] == receipt["sha256"]


def test_the_registry_keeps_the_receipt_six_years_L46():
    kept = {item.code: item.retention.days for item in ITEMS}
    assert kept["log_requests"] == kept["payments"] == 6 * 365


def test_no_page_mentions_cards_L41(on_file, bob, olive, report):
    request = log_scene.released(bob, report)
    charge = reverse("compliance:provider-charge", args=[request.charge.uuid])
    texts = [
        signed_in(bob).get(page).content.decode() for page in (LIST, NEW, page_of(request))
    ] + [signed_in(olive).get(page).content.decode() for page in (staff_page(request), charge)]
    for text in texts:
        words = re.sub(r"<[^>]*>", " ", text)
        assert not re.search(r"\bcards?\b", words.replace("Rate card", ""), re.IGNORECASE)


def test_events_tell_the_whole_story(on_file, bob, report):
    request = log_scene.released(bob, report)
    download(bob, request)
    kinds = [
        event.kind
        for event in AuditEvent.objects.filter(customer=request.customer).order_by("pk")
        if event.data.get("log_request") == str(request.uuid)
    ]
    assert kinds == [
        "logs.asked", "logs.approved", "payment.recorded", "logs.claimed", "logs.ready",
        "logs.released", "logs.downloaded",
    ]  # fmt: skip


def test_staff_without_the_permission_change_nothing(on_file, bob, dana, alice, report):
    request = log_scene.ask(bob, report)
    billing = acts.hire("billie", "Billie Ng", "Billing")
    for person in (dana, alice, bob, billing):
        with pytest.raises(PermissionDenied):
            decline_log_request(actor=person, request=request, reason="x")
        with pytest.raises(PermissionDenied):
            approve_log_request(
                actor=person, request=request, invoice_number="1", **log_scene.TERMS
            )
    assert signed_in(billing).get(staff_page(request)).status_code == 200
    answer = signed_in(billing).post(staff_page(request), {"outcome": "decline", "reason": "x"})
    assert answer.status_code == 403


def test_bad_input_names_the_field(on_file, bob, report, charlie, membership):
    client = signed_in(bob)
    for form in (
        {},
        {"resources": ["99999999"], "purpose": "audit"},
        {"resources": ["x"], "purpose": "revenge", "first_day": "soon", "last_day": "2026-13-01"},
        {"resources": [str(report.pk)], "rate": "-1", "first_day": "1", "more": "x"},
    ):
        assert client.post(NEW, form).status_code == 200
    assert not LogRequest.objects.exists()
    foreign = log_scene.report("birch-shop", slug="birch")
    with pytest.raises(ValidationError, match="permission"):
        log_scene.ask(bob, foreign)
    with pytest.raises(ValidationError, match="permission"):
        log_scene.ask(bob)


def test_the_lists_cost_a_fixed_number_of_queries(
    on_file, bob, olive, report, django_assert_max_num_queries
):
    for _again in range(60):
        log_scene.ask(bob, report)
    for person, page in ((bob, LIST), (olive, "/provider/log-requests/")):
        client = signed_in(person)
        client.get(page)
        with django_assert_max_num_queries(22):
            assert "after=" in client.get(page).content.decode()
