"""Importing an existing list with its basis; it never revives an opt-out (R17, R38, R44)."""

import io
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.spreadsheets import read_table
from preferences.choices import IMPORTED_BASES, ImportOutcome, Reason
from preferences.models import Choice, ConsentRecord, Recipient
from preferences.selectors import find_recipient, may_send, send_decision_for
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.import_lines import Columns
from preferences.services.imports import ImportRefused, import_consents

ALL = Columns(address=0, statuses=(1,), date=2, language=3)


@pytest.fixture
def load(olive, newsletter):
    """Import a file's text into the newsletter; out: number of the line → outcome."""

    def run(text, *, actor=olive, topic=newsletter, columns=ALL, basis="express", dry_run=False):
        rows = import_consents(
            actor=actor,
            topic=topic,
            lines=read_table(io.BytesIO(text.encode()))[1:],
            columns=columns,
            basis=basis,
            wording="The box on the former order form, May 2024.",
            dry_run=dry_run,
            default_date=date(2026, 1, 2) if basis == "express" else None,
            answers={(2, ""): "wants"} if basis == "express" else None,
        )
        return {row.number: row.outcome.value for row in rows}

    return run


FILE = """email,status,date,lang
Sam@Elsewhere.example,subscribed,2026-05-01,fr
bob@alder.example,yes,2026-05-02T10:00:00Z,en
alice@alder.example,unsubscribed,,en
nobody,subscribed,2026-05-01,en
kim@elsewhere.example,perhaps,2026-05-01,en
lee@elsewhere.example,subscribed,2999-05-01,en
max@elsewhere.example,subscribed,2026-02-31,en
sam@elsewhere.example,subscribed,,en
ann@elsewhere.example,subscribed,,en
ann@elsewhere.example,unsubscribed,,en
"""
OUTCOMES = {
    2: "added",
    3: "added",
    4: "opted_out",
    5: "bad_address",
    6: "bad_status",
    7: "bad_date",
    8: "bad_date",
    9: "repeated",
    10: "repeated",  # the refusal of the same address counts
    11: "opted_out",
}


def test_each_line_is_reported_and_valid_ones_are_imported(load, bob, alice, newsletter):
    assert load(FILE) == OUTCOMES
    sam = find_recipient("sam@elsewhere.example")
    assert (sam.user, sam.language) == (None, "fr")
    record = ConsentRecord.objects.get(recipient=sam)
    assert (record.source, record.basis, record.wants) == ("import", "express", True)
    assert record.at.date().isoformat() == "2026-05-01"
    assert record.wording.startswith("The box on")
    assert send_decision_for(sam, newsletter).reason == Reason.CHOSE_YES
    assert send_decision_for(bob.recipient, newsletter).reason == Reason.CHOSE_YES
    assert not may_send(alice, newsletter)
    event = AuditEvent.objects.get(kind="topic.imported")
    assert (event.data["added"], event.data["refused"]) == (2, 2)


def test_a_dry_run_reports_the_same_and_writes_nothing(load):
    assert load(FILE, dry_run=True) == OUTCOMES
    assert not ConsentRecord.objects.exists()
    assert not Recipient.objects.filter(user=None).exists()
    assert not AuditEvent.objects.filter(kind="topic.imported").exists()


def test_importing_twice_is_idempotent(load):
    load(FILE)
    count = ConsentRecord.objects.count()
    again = load(FILE)
    assert {again[n] for n in (2, 3, 4, 11)} == {"unchanged"}
    assert ConsentRecord.objects.count() == count


@pytest.mark.parametrize("basis", IMPORTED_BASES)
def test_an_import_never_revives_an_opt_out_R44(
    load, bob, emma, alice, newsletter, promotions, consent, basis
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stop_all_optional(actor=emma)
    choose_topic(actor=alice, topic=newsletter, wants=False)
    alice.email = "alice@new.example"
    alice.save(update_fields=["email"])
    lines = "".join(
        f"{address},yes,2026-05-01,en\n"
        for address in ("bob@alder.example", "emma@alder.example", "alice@alder.example")
    )
    assert set(load(f"a,b,c,d\n{lines}", basis=basis).values()) == {"kept_out"}
    assert not any(may_send(person, newsletter) for person in (bob, emma, alice))
    # and past the service the database refuses it
    for reader in (bob.recipient, emma.recipient):
        with pytest.raises(IntegrityError), transaction.atomic():
            consent(reader, newsletter, basis=basis, source="import")
    # their own word, later, is theirs
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert load("a,b,c,d\nbob@alder.example,yes,2026-05-01,en\n")[2] == "unchanged"


def test_implied_consent_needs_its_date_and_expires_from_it_R17_R18(load, newsletter):
    since = (timezone.now() - timedelta(days=30)).date()
    rows = f"a,b,c,d\nsam@elsewhere.example,yes,{since},en\nkim@elsewhere.example,yes,,en\n"
    assert load(rows, basis="inquiry") == {2: "added", 3: "bad_date"}
    assert (
        send_decision_for(find_recipient("sam@elsewhere.example"), newsletter).reason
        == Reason.IMPLIED
    )
    with pytest.raises(ImportRefused) as refusal:
        load(rows, basis="inquiry", columns=Columns(address=0))
    assert "date" in refusal.value.message_dict


def test_a_basis_is_required_R17(load, promotions, olive, newsletter):
    for values, field in (
        ({"basis": ""}, "basis"),
        ({"basis": "hope"}, "basis"),
        ({"basis": "contract", "topic": promotions}, "basis"),  # it wants a word
    ):
        with pytest.raises(ImportRefused) as refusal:
            load(FILE, **values)
        assert field in refusal.value.message_dict
    with pytest.raises(ImportRefused) as refusal:
        import_consents(
            actor=olive, topic=newsletter, lines=[], columns=ALL, basis="express",
            wording=" ", dry_run=True,
        )  # fmt: skip
    assert "wording" in refusal.value.message_dict


def test_a_restricted_topic_takes_nobody_without_an_account(load, bob, promotions):
    type(promotions).objects.filter(pk=promotions.pk).update(resellers_only=True)
    rows = "a,b\nsam@elsewhere.example,yes\nbob@alder.example,yes\n"
    outcomes = load(rows, topic=promotions, columns=Columns(address=0, statuses=(1,)))
    assert outcomes == {2: ImportOutcome.NO_ACCOUNT, 3: ImportOutcome.ADDED}


def test_only_staff_who_manage_topics_import(load, dana, alice, bob):
    for actor in (dana, alice, bob):
        with pytest.raises(PermissionDenied):
            load(FILE, actor=actor)
    assert not Choice.objects.exists()


def test_a_thousand_lines_take_few_queries(load, django_assert_max_num_queries):
    load("a,b\n" + "".join(f"n{n}@elsewhere.example,yes\n" for n in range(900)))
    with django_assert_max_num_queries(40):
        outcomes = load("a,b\n" + "".join(f"n{n}@elsewhere.example,no\n" for n in range(900)))
    assert set(outcomes.values()) == {"opted_out"}
