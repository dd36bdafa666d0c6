"""Asking about data without an account: a mailed link, a due day, an answer (L52, L53, L55)."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_tasks_db.models import DBTaskResult

from accounts.models import AuditEvent
from compliance.models import PrivacyRequest
from compliance.services.privacy_requests import (
    ANSWERED_WITHIN,
    confirm_privacy_request,
    enter_privacy_request,
    extend_privacy_request,
    pause_privacy_request,
    resume_privacy_request,
    send_privacy_link,
    settle_privacy_request,
)
from compliance.tokens import BadToken, privacy_token, read_privacy_token
from preferences.models import Recipient

PAGE = "/privacy/"
LINK = re.compile(r"/privacy/confirm/[^/\s]+/")


def form(address, kind="access"):
    return {"address": address, "kind": kind, "language": "en"}


def token_for(address, at=None):
    at = at or timezone.now()
    return privacy_token(address=address, kind="access", language="en", at=at.timestamp())


@pytest.fixture
def asked(bob) -> PrivacyRequest:
    return confirm_privacy_request(actor=None, token=token_for(bob.email))


def test_somebody_suspended_asks_confirms_and_is_answered_L52(client, as_, bob, officer, deliver):
    bob.is_active, bob.suspended_at = False, timezone.now()
    bob.save()
    client.post(PAGE, form("Bob@Alder.example"))
    [mail] = deliver()
    path = LINK.search(mail.body)[0]
    assert mail.to == [bob.email]

    assert "Confirm your request" in client.get(path).content.decode()
    assert not PrivacyRequest.objects.exists()  # opening a link records nothing
    for _again in range(2):
        assert "Your request is received" in client.post(path).content.decode()
    request = PrivacyRequest.objects.get()
    assert (request.person, request.address) == (bob, bob.email)
    assert request.due_at - request.received_at == ANSWERED_WITHIN
    assert "answers your request" in deliver()[1].subject
    assert {mail.to[0] for mail in deliver() if "needs an answer by" in mail.subject} == {
        officer.email, "olive@harbour.example",
    }  # fmt: skip

    staff = as_(officer)
    page = reverse("compliance:privacy-request", args=[request.uuid])
    assert page in staff.get(reverse("compliance:privacy-requests")).content.decode()
    staff.post(page, {"outcome": "answered", "answer": "The file comes by post."})

    request.refresh_from_db()
    assert (request.state, request.settled_by) == ("answered", officer)
    assert "The file comes by post." in deliver()[-1].body
    kinds = AuditEvent.objects.filter(person=bob, kind__startswith="privacy.").order_by("pk")
    assert [event.kind for event in kinds] == ["privacy.received", "privacy.answered"]
    assert all(bob.email not in str(event.data) for event in kinds)


def test_a_subscriber_without_an_account_can_ask_L52(client, deliver):
    Recipient.objects.create(address="sam@shop.example", language="en")
    client.post(PAGE, form("sam@shop.example", "erasure"))
    path = LINK.search(deliver()[0].body)[0]

    client.post(path)

    request = PrivacyRequest.objects.get()
    assert (request.person, request.kind) == (None, "erasure")


def test_nobody_learns_whether_an_address_is_known_L52(client, bob, deliver):
    """The same page, the same queries, and a job either way; only the job looks it up."""
    answers, jobs = [], []
    for address in (bob.email, "nob@alder.example"):
        before = DBTaskResult.objects.count()
        page = client.post(PAGE, form(address)).content.decode()
        answers.append(
            re.sub(r"[\w]+@alder.example|nonce=\S+|value=\S+|hx-headers=\S+ \S+", "", page)
        )
        jobs.append(DBTaskResult.objects.count() - before)

    assert answers[0] == answers[1]
    assert jobs == [1, 1]
    assert [mail.to for mail in deliver()] == [[bob.email]]
    now = timezone.now().timestamp()
    unknown = {"address": "x@y.example", "kind": "access", "language": "en", "at": now}
    assert send_privacy_link(actor=None, **unknown) is False


def test_the_time_runs_from_the_asking_L53(bob):
    asked_at = timezone.now() - timedelta(days=6)

    request = confirm_privacy_request(actor=None, token=token_for(bob.email, asked_at))

    assert request.received_at == asked_at
    assert request.due_at == asked_at + timedelta(days=30)


def test_a_link_is_refused_when_it_is_old_forged_or_cut_L52(client, bob):
    token = token_for(bob.email)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1), tick=False):
        with pytest.raises(BadToken):
            read_privacy_token(token)
        assert client.post(reverse("compliance:privacy-confirm", args=[token])).status_code == 404
    for wrong in (token[:-2], "forged", token.swapcase()):
        with pytest.raises(BadToken):
            read_privacy_token(wrong)
    assert not PrivacyRequest.objects.exists()


REFUSED = {
    "outcome": "refused",
    "answer": "An invoice is unpaid.",
    "ground": "unpaid",
    "kept_items": ["company"],
}


def test_a_refusal_names_reason_ground_items_end_and_recourse_L55(asked, officer, deliver):
    until = timezone.localdate() + timedelta(days=180)
    whole = {"actor": officer, "request": asked, "kept_until": until, **REFUSED}
    missing = {"answer": "  ", "ground": "", "kept_items": [], "kept_until": timezone.localdate()}
    for name, value in missing.items():
        with pytest.raises(ValidationError) as refusal:
            settle_privacy_request(**{**whole, name: value})
        assert list(refusal.value.error_dict) == [name]
    settle_privacy_request(**whole)

    mail = deliver()[-1]
    assert "refused your request" in mail.subject
    text = " ".join(mail.body.split())
    for words in ("An invoice is unpaid.", "an unpaid charge", "Your company", "commissioner"):
        assert words in text
    assert date_format(until) in text
    with pytest.raises(ValidationError, match="already"):
        settle_privacy_request(actor=officer, request=asked, outcome="answered", answer="")


def test_a_partial_answer_names_the_same_L55(asked, officer, deliver, as_):
    page = reverse("compliance:privacy-request", args=[asked.uuid])
    form = {
        **REFUSED,
        "outcome": "partly",
        "kept_until": (timezone.localdate() + timedelta(days=180)).isoformat(),
        "answer": "The rest is kept.",
    }
    as_(officer).post(page, form)
    asked.refresh_from_db()
    assert (asked.state, asked.ground, asked.kept_items) == ("partly", "unpaid", "company")
    assert "answered a part" in deliver()[-1].subject


def entered(officer, **more):
    return enter_privacy_request(
        actor=officer,
        **{
            "kind": "access", "source": "post", "law": "canada", "address": "bob@alder.example",
            "language": "en", "received_on": timezone.localdate() - timedelta(days=4),
            "details": "A letter", **more,
        },
    )  # fmt: skip


def test_staff_enter_what_came_by_phone_email_or_post_and_the_time_runs_from_receipt_L53(
    as_, officer, bob, deliver
):
    form = {
        "kind": "access", "source": "phone", "law": "canada", "address": "Bob@alder.example",
        "language": "en", "received_on": "2026-11-20", "details": "He called.",
    }  # fmt: skip
    with time_machine.travel("2026-11-28T15:00Z", tick=False):
        page = as_(officer).post("/provider/privacy/new/", form, follow=True).content.decode()
        told = deliver()[-1]
    request = PrivacyRequest.objects.get()
    assert "He called." in page
    assert (request.person, request.entered_by, request.source) == (bob, officer, "phone")
    assert request.received_at.isoformat() == "2026-11-20T05:00:00+00:00"  # midnight in Toronto
    assert request.due_at - request.received_at == timedelta(days=30)
    assert "20 Dec" in told.subject


def test_a_month_is_shorter_than_30_days_in_february_L53(officer):
    with time_machine.travel("2027-02-05T15:00Z", tick=False):
        request = entered(officer, law="europe", received_on=date(2027, 1, 31))
        assert timezone.localtime(request.due_at).date() == date(2027, 2, 28)
        canada = entered(officer, received_on=date(2027, 1, 31), kind="objection")
    assert canada.due_at - canada.received_at == timedelta(days=30)


@pytest.mark.parametrize("days", [-1, 400])
def test_a_day_to_come_or_long_ago_is_refused_L53(officer, days):
    with pytest.raises(ValidationError) as refusal:
        entered(officer, received_on=timezone.localdate() - timedelta(days=days))
    assert list(refusal.value.error_dict) == ["received_on"]
    assert not PrivacyRequest.objects.exists()


def test_a_letter_is_entered_once_L53(officer):
    entered(officer)
    with pytest.raises(ValidationError, match="on the list"):
        entered(officer)


def test_only_a_law_that_knows_a_pause_stops_the_time_L53(officer, asked, deliver, as_):
    with pytest.raises(ValidationError, match="no pause"):
        pause_privacy_request(actor=officer, request=asked)
    with pytest.raises(IntegrityError), transaction.atomic():
        PrivacyRequest.objects.filter(pk=asked.pk).update(paused_at=timezone.now())
    request = entered(officer, law="uk")
    due = request.due_at
    staff = as_(officer)
    staff.post(f"/provider/privacy/{request.uuid}/pause/")
    assert "prove who you are" in deliver()[-1].subject
    with time_machine.travel(timezone.now() + timedelta(days=5), tick=False):
        as_(officer).post(f"/provider/privacy/{request.uuid}/resume/")
    request.refresh_from_db()
    assert request.paused_at is None
    assert timedelta(days=4, hours=23) < request.due_at - due < timedelta(days=5, minutes=5)
    with pytest.raises(ValidationError, match="runs"):
        resume_privacy_request(actor=officer, request=request)


def test_the_time_is_extended_once_with_reasons_and_told_L54(officer, asked, deliver, as_):
    due = asked.due_at
    page = f"/provider/privacy/{asked.uuid}/extend/"
    assert as_(officer).get(page).status_code == 200
    as_(officer).post(page, {"days": "20", "reason": "Old tapes must be read."})
    asked.refresh_from_db()
    assert (asked.due_at, asked.extended_from) == (due + timedelta(days=20), due)
    mail = deliver()[-1]
    text = " ".join(mail.body.split())
    assert mail.to == [asked.address]
    assert "Old tapes must be read." in text and "privacy commissioner" in text
    with pytest.raises(ValidationError, match="once"):
        extend_privacy_request(actor=officer, request=asked, days=5, reason="Again.")


@pytest.mark.parametrize(
    ("days", "reason", "later"), [(31, "Why.", 0), (0, "Why.", 0), (9, " ", 0), (9, "Why.", 31)]
)
def test_a_late_long_or_unexplained_extension_is_refused_L54(officer, asked, days, reason, later):
    with (
        time_machine.travel(timezone.now() + timedelta(days=later), tick=False),
        pytest.raises(ValidationError),
    ):
        extend_privacy_request(actor=officer, request=asked, days=days, reason=reason)
    asked.refresh_from_db()
    assert asked.extended_at is None


def test_an_erasure_in_part_keeps_what_staff_named_until_its_day_L55_L56(officer, bob):
    until = timezone.localdate() + timedelta(days=100)
    token = privacy_token(
        address=bob.email, kind="erasure", language="en", at=timezone.now().timestamp()
    )
    request = confirm_privacy_request(actor=None, token=token)
    settle_privacy_request(
        actor=officer, request=request, outcome="partly", answer="A claim runs.", ground="claim",
        kept_items=["support"], kept_until=until,
    )  # fmt: skip
    plan = {each["item"]: each for each in request.closing.plan}
    assert (plan["support"]["ground"], plan["support"]["until"] > str(until)) == ("claim", True)
    assert plan["messages"]["ground"] == ""


@pytest.mark.parametrize("name", ["alice", "dana", "bob"])
def test_only_the_privacy_group_sees_and_answers(name, request, as_, asked):
    person = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        settle_privacy_request(actor=person, request=asked, outcome="answered", answer="")
    with pytest.raises(PermissionDenied):
        entered(person)
    for act in (extend_privacy_request, pause_privacy_request, resume_privacy_request):
        more = {"days": 3, "reason": "x"} if act is extend_privacy_request else {}
        with pytest.raises(PermissionDenied):
            act(actor=person, request=asked, **more)
    for address in (
        "/provider/privacy/", "/provider/privacy/new/", f"/provider/privacy/{asked.uuid}/",
        f"/provider/privacy/{asked.uuid}/extend/",
    ):  # fmt: skip
        assert as_(person).get(address).status_code == 403


def test_the_list_costs_a_fixed_number_of_queries(as_, officer, bob, django_assert_max_num_queries):
    now = timezone.now()
    for number in range(60):
        confirm_privacy_request(
            actor=None, token=token_for(bob.email, now - timedelta(minutes=number))
        )
    client = as_(officer)
    client.get("/provider/privacy/")
    with django_assert_max_num_queries(14):
        page = client.get("/provider/privacy/").content.decode()
    assert "after=" in page


@pytest.mark.parametrize(
    "change",
    [
        {"state": "refused", "answer": ""},
        {"state": "answered"},
        {"due_at": None},
        {"kind": "joke"},
        {"state": "lost"},
        {"source": "fax"},
        {"law": "moon"},
        {"received_at": datetime(2031, 1, 1, tzinfo=UTC)},
        {"extended_at": datetime(2031, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_the_database_keeps_the_register_whole_L53_L55(asked, officer, change):
    if change.get("state") == "refused":
        change = {**change, "settled_at": timezone.now(), "settled_by": officer}
    with pytest.raises(IntegrityError), transaction.atomic():
        PrivacyRequest.objects.filter(pk=asked.pk).update(**change)
