"""The register of breaches: notes, decisions, clocks, reports, companies, letters, the file."""

import hashlib
import io
import json
import zipfile
from datetime import date, timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.signals import periodic_tick
from compliance.choices.report_fields import REPORT_FIELDS
from compliance.models import Breach, CustomerNotice, Letter, NoticeReading, Report, ReportFiling
from compliance.selectors.affected import Filter, list_hash, outcome_counts, recipients_of
from compliance.selectors.breaches import state_of
from compliance.services.affected import add_by_hand
from compliance.services.breach_files import take_evidence
from compliance.services.breaches import assess_breach, close_breach, update_breach
from compliance.services.customer_notices import send_customer_notice
from compliance.services.letters import (
    end_affected,
    post_letter,
    print_letter,
    read_notice,
    return_letter,
)
from compliance.services.reports import decide_report, file_report
from hub.example import acts
from preferences.models import ContactRole
from tests.compliance.breaches import (
    FACTORS,
    TEXTS,
    add_company,
    note,
    real,
    released,
    settle_reports,
    written,
)

LIST = "/provider/breaches/"
FOR_COMPANY = {"body_en": "A copy of your mailboxes.", "body_fr": "Une copie de vos boîtes."}


def test_every_breach_has_its_decision_with_reasons_L20(petra):
    breach = note(petra)
    for name in FACTORS:
        with pytest.raises(ValidationError) as refusal:
            assess_breach(actor=petra, breach=breach, risk="none", **{**FACTORS, name: " "})
        assert set(refusal.value.error_dict) == {name}
    with pytest.raises(ValidationError):
        close_breach(actor=petra, breach=breach)

    none = assess_breach(actor=petra, breach=breach, risk="none", **FACTORS)
    assert none.determined_at and none.decided_by == petra
    assert set(breach.reports.values_list("needed", "why")) == {("not_needed", none.reasons)}
    assert close_breach(actor=petra, breach=none).closed_at


def test_the_first_decision_fixes_when_it_was_determined_L20(petra):
    breach = real(petra)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        again = assess_breach(actor=petra, breach=breach, risk="none", **FACTORS)
    assert again.determined_at == breach.determined_at
    with pytest.raises(IntegrityError), transaction.atomic():
        Breach.objects.filter(pk=breach.pk).update(determined_at=timezone.now())


@pytest.mark.parametrize("days", [0, 700, 5 * 365])
def test_no_breach_is_deleted_before_its_time_L31(days, petra):
    breach = note(petra, aware_at=timezone.now() - timedelta(days=days))
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(breach=breach).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Breach.objects.filter(pk=breach.pk)._raw_delete("default")


def test_a_breach_decided_late_is_kept_for_24_months_L31(petra):
    old = timezone.now() - timedelta(days=6 * 366)
    breach = assess_breach(actor=petra, breach=note(petra, aware_at=old), risk="none", **FACTORS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(breach=breach).delete()
    kept = note(petra, aware_at=old)
    assert Report.objects.filter(breach=kept).delete()[0], "it was noted 6 years after all"
    Breach.objects.filter(pk=kept.pk).delete()


def test_the_clocks_of_the_laws_L25(petra, pascal, alder):
    breach = note(petra)
    due = lambda: dict(breach.reports.values_list("regulator", "due_at"))  # noqa: E731
    assert due()["gdpr"] == breach.aware_at + timedelta(hours=72)
    assert due()["opc"] is None and due()["california"] is None
    breach = assess_breach(actor=petra, breach=breach, risk="real", **FACTORS)
    assert due()["opc"] == breach.determined_at + timedelta(hours=72)
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    assert due()["california"] == wave.released_at + timedelta(days=15)
    earlier = breach.aware_at - timedelta(days=1)
    update_breach(actor=petra, breach=breach, aware_at=earlier)
    assert due()["gdpr"] == earlier + timedelta(hours=72)
    with pytest.raises(ValidationError) as refusal:
        update_breach(actor=petra, breach=breach, aware_at=earlier + timedelta(minutes=1))
    assert set(refusal.value.error_dict) == {"aware_at"}


def test_what_is_overdue_is_told_to_staff_once_L25(petra, deliver, as_):
    breach = note(petra)
    clocks = as_(petra).get("/provider/due/").content.decode()
    assert f"Report {breach}: Data protection authority" in clocks
    assert f"Tell the people affected by {breach}" in clocks
    mail.outbox.clear()
    for days in (4, 5, 31):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            periodic_tick.send(sender=None)
            deliver()
    told = [m.body for m in mail.outbox if m.to == [petra.email] and str(breach) in m.body]
    assert len(told) == 2, "the report after 72 hours, the people after 30 days"


def test_each_regulator_is_decided_and_reports_are_kept_L26(petra):
    breach = real(petra)
    report = breach.reports.get(regulator="cai")
    now = timezone.now()
    contents = dict.fromkeys(REPORT_FIELDS["cai"], "x")
    with pytest.raises(ValidationError):
        file_report(actor=petra, report=report, contents=contents, sent_at=now)
    for bad in ({"needed": "needed", "why": " "}, {"needed": "undecided", "why": "x"}):
        with pytest.raises(ValidationError):
            decide_report(actor=petra, report=report, **bad)
    decide_report(actor=petra, report=report, needed="needed", why="People of Quebec.")
    for name in contents:
        with pytest.raises(ValidationError) as refusal:
            file_report(actor=petra, report=report, contents={**contents, name: ""}, sent_at=now)
        assert set(refusal.value.error_dict) == {name}

    first = file_report(actor=petra, report=report, contents=contents, sent_at=now)
    second = file_report(actor=petra, report=report, contents={"number": "40"}, sent_at=now)
    assert (first.number, second.number) == (1, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportFiling.objects.filter(pk=first.pk).update(contents={})
    with pytest.raises(ValidationError):
        decide_report(actor=petra, report=report, needed="not_needed", why="x")
    with pytest.raises(ValidationError):
        file_report(actor=petra, report=report, contents={}, sent_at=now)


def test_a_late_report_says_why_L25(petra):
    breach = real(petra, aware_at=timezone.now() - timedelta(days=4))
    report = breach.reports.get(regulator="gdpr")
    decide_report(actor=petra, report=report, needed="needed", why="People of the Union.")
    given = {"contents": dict.fromkeys(REPORT_FIELDS["gdpr"], "x"), "sent_at": timezone.now()}
    with pytest.raises(ValidationError) as refusal:
        file_report(actor=petra, report=report, **given)
    assert set(refusal.value.error_dict) == {"late_reason"}
    assert file_report(actor=petra, report=report, late_reason="Found late.", **given).late_reason


def test_companies_are_told_first_and_learn_of_no_other_L27(
    petra, pascal, alder, birch, alice, bob, membership, deliver
):
    breach = real(petra, role="processor")
    ContactRole.objects.create(membership=membership(bob), kind="security", by=alice)
    add_company(petra, breach, alder)
    with pytest.raises(ValidationError, match="companies"):
        released(petra, pascal, breach)
    tell = {"actor": pascal, "breach": breach, "customer": alder}
    for language in ("en", "fr"):
        with pytest.raises(ValidationError) as refusal:
            send_customer_notice(**tell, **{**FOR_COMPANY, f"body_{language}": f"As {birch} too"})
        assert set(refusal.value.error_dict) == {f"body_{language}"}
    mail.outbox.clear()
    send_customer_notice(**tell, **FOR_COMPANY)
    deliver()

    assert sorted(m.to[0] for m in mail.outbox) == [alice.email, bob.email]
    assert all(birch.name not in m.body for m in mail.outbox)
    with pytest.raises(ValidationError):
        send_customer_notice(**tell, **FOR_COMPANY)
    assert released(petra, pascal, breach).released_at


@pytest.mark.parametrize("values", [{"role": "controller"}, {"role": "both", "exercise": True}])
def test_no_company_is_told_of_our_data_or_an_exercise_L27(values, petra, alder):
    breach = real(petra, **values)
    with pytest.raises(ValidationError):
        send_customer_notice(actor=petra, breach=breach, customer=alder, **FOR_COMPANY)
    assert not CustomerNotice.objects.exists()


def test_an_outsider_gets_a_letter_which_proves_until_it_returns_L29(petra, pascal):
    breach = real(petra)
    add_by_hand(actor=petra, breach=breach, name="Nora Okafor", post="1 Main St\nHalifax")
    person = breach.affected.get()
    with pytest.raises(ValidationError):
        print_letter(actor=petra, affected=person, name="x", post="y")
    released(petra, pascal, breach)
    assert outcome_counts(breach) == {"letter": 1}
    letter = print_letter(actor=petra, affected=person, name=person.name, post=person.post)
    with pytest.raises(ValidationError):
        print_letter(actor=petra, affected=person, name="x", post="y")
    assert outcome_counts(breach) == {"printed": 1}
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    for day in (today - timedelta(1), today + timedelta(1)):
        with pytest.raises(ValidationError):
            post_letter(actor=petra, letter=letter, posted_on=day)
    with pytest.raises(ValidationError):
        return_letter(actor=petra, letter=letter, returned_on=today)
    post_letter(actor=petra, letter=letter, posted_on=today)
    assert outcome_counts(breach) == {"proved": 1}
    with pytest.raises(ValidationError):
        post_letter(actor=petra, letter=letter, posted_on=today)
    return_letter(actor=petra, letter=letter, returned_on=today)
    assert outcome_counts(breach) == {"letter": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(posted_on=date(2020, 1, 1))
    for bad in (
        {"outcome": "proved", "reason": "x"},
        {"outcome": "exhausted", "reason": " "},
        {"outcome": "indirect", "reason": "x"},
        {"outcome": "exhausted", "reason": "x", "ground": "harm"},
    ):
        with pytest.raises(ValidationError):
            end_affected(actor=petra, breach=breach, **bad)
    end_affected(actor=petra, breach=breach, outcome="exhausted", reason="Moved away.")
    assert outcome_counts(breach) == {"exhausted": 1}


def test_reading_the_notice_proves_it_L29(petra, pascal, alder, bob, emma, charlie, as_):
    breach = real(petra)
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    client = as_(bob)
    assert str(breach) in client.get("/profile/notices/").content.decode()
    assert not NoticeReading.objects.exists(), "the list alone proves nothing"
    page = f"/profile/notices/{wave.slug}/"
    for _time in range(2):
        assert client.post(page).url == f"/notices/{wave.slug}/"
    assert as_(charlie).post(page).status_code == 404
    assert NoticeReading.objects.get().person == bob
    assert outcome_counts(breach)["proved"] == 1
    with pytest.raises(PermissionDenied):
        read_notice(actor=bob, affected=breach.affected.get(address=emma.email))


def test_a_breach_is_closed_when_nothing_is_open(petra, pascal, alder, deliver):
    breach = real(petra)
    add_company(petra, breach, alder)
    released(petra, pascal, breach)
    assert state_of(breach, timezone.now()) == "sending"
    deliver()
    periodic_tick.send(sender=None)
    assert state_of(breach, timezone.now()) == "following_up"
    with pytest.raises(ValidationError) as refusal:
        close_breach(actor=petra, breach=breach)
    assert len(refusal.value.messages) == 2
    settle_reports(petra, breach)
    ended = end_affected(
        actor=petra, breach=breach, outcome="indirect", ground="no_contact", reason="On our site."
    )
    assert ended == 3
    closed = close_breach(actor=petra, breach=breach)
    with pytest.raises(ValidationError, match="closed"):
        written(petra, closed)
    with pytest.raises(IntegrityError), transaction.atomic():
        Breach.objects.filter(pk=breach.pk).update(cause="Other")


def test_the_evidence_file_is_readable_without_the_hub_L30(petra, pascal, alder, deliver):
    breach = real(petra, circumstances="A disk was sold.")
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    deliver()
    with zipfile.ZipFile(io.BytesIO(take_evidence(actor=petra, breach=breach).read())) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    assert json.loads(files["breach.json"])["breach"]["circumstances"] == "A disk was sold."
    notice = json.loads(files["notice-1.json"])
    text = json.dumps(
        notice["texts"], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()
    assert hashlib.sha256(text).hexdigest() == notice["sha256"] == wave.sha256
    assert hashlib.sha256(files["list-1.jsonl"]).hexdigest() == notice["list_sha256"]
    assert notice["list_sha256"] == list_hash(wave)
    proofs = [json.loads(line) for line in files["proof-1.jsonl"].splitlines()]
    assert [p["email"]["state"] for p in proofs] == ["sent"] * 3
    assert notice["released_by"] == str(pascal)


@pytest.mark.parametrize("name", ["bob", "alice", "dana", "oscar", None])
def test_who_may_not_see_breaches_learns_nothing_L33(name, request, petra, as_, alder):
    breach = real(petra, circumstances="A disk was sold.")
    add_company(petra, breach, alder)
    if name == "oscar":
        person = acts.hire("oscar", "Oscar Doyle", "Operators")
    else:
        person = request.getfixturevalue(name) if name else None
    client = as_(person)
    for page in ("", "new/", f"{breach}/", f"{breach}/people/", f"{breach}/reports/opc/", "B-1/"):
        answer = client.get(LIST + page)
        assert answer.status_code == (404 if person else 302), page
        assert str(breach) not in answer.content.decode().replace(LIST + page, "")
    if person is not None:
        found = client.get("/search/", {"q": "breach"}).content.decode()
        assert LIST not in found and "A disk" not in found


def test_the_activity_log_names_only_the_reference_L33(petra, pascal, alder):
    breach = real(petra, circumstances="A disk was sold.")
    add_company(petra, breach, alder)
    released(petra, pascal, breach)
    for event in AuditEvent.objects.filter(kind__startswith="breach."):
        assert set(event.public) <= {"actor_name", "breach", "number", "text_hash"}
        assert event.customer is None


@pytest.mark.parametrize(
    "values",
    [
        {"role": "owner"},
        {"aware_at": timezone.now() + timedelta(days=3)},
        {"first_day": date(2026, 2, 1), "last_day": date(2026, 1, 1)},
        {"first_day": date(2026, 2, 1)},
    ],
)
def test_bad_facts_note_nothing(values, petra):
    with pytest.raises(ValidationError):
        note(petra, **values)
    assert not Breach.objects.exists()


@pytest.mark.parametrize("name", ["bob", "alice", "dana"])
def test_only_privacy_staff_keep_the_register(name, request, petra, alder):
    person, breach = request.getfixturevalue(name), real(petra)
    report = breach.reports.get(regulator="opc")
    events = AuditEvent.objects.count()
    for act in (
        lambda: note(person),
        lambda: update_breach(actor=person, breach=breach, cause="x"),
        lambda: assess_breach(actor=person, breach=breach, risk="none", **FACTORS),
        lambda: close_breach(actor=person, breach=breach),
        lambda: decide_report(actor=person, report=report, needed="needed", why="x"),
        lambda: take_evidence(actor=person, breach=breach),
        lambda: end_affected(actor=person, breach=breach, outcome="exhausted", reason="x"),
        lambda: send_customer_notice(
            actor=person, breach=breach, customer=alder, body_en="x", body_fr="x"
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEvent.objects.count() == events


def test_filters_find_former_members_and_those_of_a_time_L21(alder, bob, emma, alice, membership):
    from accounts.services.memberships import remove_membership

    now = timezone.now()
    remove_membership(actor=alice, membership=membership(bob))
    find = lambda **wanted: {r.email for r in recipients_of(Filter(**wanted))}  # noqa: E731
    everybody = {alice.email, bob.email, emma.email}
    assert find(customer=alder) == everybody
    assert find(customer=alder, former=False) == {alice.email, emma.email}
    assert find(customer=alder, since=now + timedelta(days=1)) == {alice.email, emma.email}
    assert find(customer=alder, since=now - timedelta(days=1), until=now) == everybody
    assert find(customer=alder, until=now - timedelta(days=3660)) == set()
    assert everybody < find(everybody=True)


def test_from_a_note_to_a_release_on_the_pages(petra, pascal, alder, as_):
    writer, releaser = as_(petra), as_(pascal)
    aware = timezone.localtime(timezone.now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    page = writer.post(f"{LIST}new/", {"role": "controller", "aware_at": aware}).url
    assert writer.get(page).status_code == 200
    writer.post(f"{page}assess/", {"risk": "real", **FACTORS})
    found = {"customer": "alder", "former": "on"}
    assert b"3 people found" in writer.post(f"{page}people/add/filter/", found).content
    writer.post(f"{page}people/add/filter/", {**found, "confirm": "on"})
    assert b"Bob Tremblay" in writer.get(f"{page}people/").content
    shown = writer.get(f"{page}wording/").context["form"]["version"].value()
    writer.post(f"{page}wording/", {**TEXTS, "version": shown})
    shown = releaser.get(f"{page}release/").context["form"]["version"].value()
    sent = releaser.post(f"{page}release/", {"final": "on", "version": shown}, follow=True)
    assert "The notice is released." in sent.content.decode()
    assert b"Released on" in writer.get(page).content
    [bob] = Breach.objects.get().affected.filter(name__startswith="Bob")
    assert b"Email address" in writer.get(f"{page}people/{bob.pk}/").content
    made = writer.post(f"{page}file/")
    assert zipfile.is_zipfile(io.BytesIO(b"".join(made.streaming_content)))


def test_an_exercise_is_noted_by_its_box(petra, as_):
    aware = timezone.localtime(timezone.now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    as_(petra).post(f"{LIST}new/", {"role": "controller", "aware_at": aware, "exercise": "on"})
    assert Breach.objects.get().exercise
    with pytest.raises(IntegrityError), transaction.atomic():
        Breach.objects.update(exercise=False)


def test_references_count_on_within_a_year(petra):
    year = timezone.localdate(timezone=timezone.get_default_timezone()).year
    assert [str(note(petra)) for _n in range(2)] == [f"B-{year}-001", f"B-{year}-002"]


@pytest.mark.parametrize("page", ["", "{}/", "{}/people/", "{}/release/", "{}/reports/opc/"])
def test_the_pages_have_a_budget_of_queries(
    page, petra, pascal, alder, as_, django_assert_max_num_queries
):
    breach = real(petra)
    add_company(petra, breach, alder)
    released(petra, pascal, breach)
    written(petra, breach)
    client = as_(petra)
    client.get(LIST)
    with django_assert_max_num_queries(24):
        assert client.get(LIST + page.format(breach)).status_code == 200
