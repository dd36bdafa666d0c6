"""A notice that corrects an earlier one: to exactly the people whom that one told."""

import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Membership
from accounts.services.memberships import remove_membership
from accounts.signals import periodic_tick
from compliance.choices.breaches import Outcome
from compliance.models import Affected, Wave
from compliance.selectors.affected import list_hash, outcome_counts
from compliance.selectors.breach_file import evidence_file
from compliance.selectors.notices import notices_of
from compliance.services.affected import add_by_hand, remove_affected
from compliance.services.holds import place_hold, review_hold
from compliance.services.letters import end_affected, post_letter, print_letter, read_notice
from compliance.services.waves import release_wave, wave_values, write_wave
from tests.compliance.breaches import HOLD, TEXTS, add_company, real, released
from tests.edits import edit

CORRECTED = {**TEXTS, "items_en": "Phone numbers too.", "items_fr": "Aussi des numéros."}


@pytest.fixture
def breach(petra):
    return real(petra)


@pytest.fixture
def first(breach, petra, pascal, alder, deliver):
    """A notice that told Alice, Bob, Emma and an outsider; Frank is listed after it."""
    add_company(petra, breach, alder)
    add_by_hand(actor=petra, breach=breach, name="Nora Roy", post="1 Main St")
    wave = released(petra, pascal, breach)
    deliver()
    add_by_hand(actor=petra, breach=breach, address="frank@cedar.example")
    mail.outbox.clear()
    return wave


@pytest.fixture
def correct(breach, first, petra, pascal):
    """A function that writes and releases a correction of the first notice."""

    def do(**texts):
        written = {**CORRECTED, **texts}
        wave = write_wave(actor=petra, breach=breach, corrects=str(first.number), **written)
        return release_wave(actor=pascal, wave=wave)

    return do


def subjects():
    return {m.to[0]: m.subject for m in mail.outbox if "breach" in m.subject}


def test_a_correction_goes_to_exactly_the_people_told_L21_L22(
    first, correct, breach, petra, alice, bob, emma, alder, deliver
):
    remove_membership(actor=alice, membership=Membership.objects.get(user=bob, customer=alder))
    deliver()
    mail.outbox.clear()
    wave = correct()
    deliver()

    assert set(subjects()) == {alice.email, bob.email, emma.email}, "not Frank, who was not told"
    assert all(
        subject.startswith("Correction: Notice of data breach") for subject in subjects().values()
    )
    email = next(m for m in mail.outbox if m.to == [bob.email])
    assert "This corrects the notice that we sent you on" in email.body
    assert "Phone numbers too." in email.body and f"/notices/{wave.slug}/" in email.body
    assert (wave.list_count, wave.corrects) == (4, first)
    assert wave.list_sha256 == list_hash(wave)
    told = {(row.recipient_id, row.name, row.address, row.post) for row in first.affected.all()}
    again = {(row.recipient_id, row.name, row.address, row.post) for row in wave.affected.all()}
    assert again == told
    first.refresh_from_db()
    assert first.list_sha256 == list_hash(first), "the first notice and its list stay"
    assert breach.affected.filter(wave=None).get().address == "frank@cedar.example"


def test_the_same_rules_hold_for_the_release_of_a_correction_L19_L23(first, breach, petra, pascal):
    wave = write_wave(actor=petra, breach=breach, corrects="1", **{**CORRECTED, "advice_fr": " "})
    with pytest.raises(ValidationError):
        release_wave(actor=pascal, wave=wave)
    wave = write_wave(actor=petra, breach=breach, **CORRECTED)
    assert wave.corrects == first, "it stays a correction"
    with pytest.raises(ValidationError):
        release_wave(actor=petra, wave=wave)
    assert not Affected.objects.filter(corrects__isnull=False).exists()
    release_wave(actor=pascal, wave=wave)
    with pytest.raises(ValidationError):
        release_wave(actor=pascal, wave=wave)
    assert breach.affected.filter(corrects__isnull=False).count() == 4


def test_a_hold_stops_a_correction_too_L24(first, correct, breach, petra, pascal, bob, deliver):
    until = timezone.now() + timedelta(days=10)
    review_hold(actor=pascal, hold=place_hold(actor=petra, breach=breach, until=until, **HOLD))
    correct()
    deliver()
    periodic_tick.send(sender=None)
    deliver()
    assert not subjects()
    assert [row.wave for row in notices_of(bob)] == [first], "the one that was sent is still shown"
    with time_machine.travel(until + timedelta(minutes=1), tick=False):
        periodic_tick.send(sender=None)
        deliver()
    assert len(subjects()) == 3


def test_each_correction_has_its_own_proof_L29(first, correct, breach, petra, pascal, bob, deliver):
    read_notice(actor=bob, affected=notices_of(bob).get(wave=first))
    before = outcome_counts(breach)
    wave = correct()
    deliver()
    assert outcome_counts(breach) == before, "each person counts once, by the first notice"
    assert outcome_counts(breach, wave) == {Outcome.SENT: 3, Outcome.LETTER: 1}
    read_notice(actor=bob, affected=notices_of(bob).get(wave=wave))
    nora = wave.affected.get(recipient=None)
    letter = print_letter(actor=petra, affected=nora, name="Nora Roy", post="1 Main St")
    post_letter(actor=petra, letter=letter, posted_on=timezone.localdate())
    assert outcome_counts(breach, wave) == {Outcome.SENT: 2, Outcome.PROVED: 2}
    assert outcome_counts(breach)[Outcome.LETTER] == 1, "the first letter is still to be sent"
    end_affected(actor=pascal, breach=breach, outcome="exhausted", reason="Every address tried")
    assert outcome_counts(breach, wave) == {Outcome.PROVED: 2, Outcome.EXHAUSTED: 2}


def test_the_evidence_file_shows_what_was_corrected_L30(first, correct, breach, bob, deliver):
    wave = correct()
    deliver()
    with zipfile.ZipFile(evidence_file(breach, provider="Harbour")) as archive:
        notice = json.loads(archive.read("notice-2.json"))
        proofs = [json.loads(line) for line in archive.read("proof-2.jsonl").splitlines()]
        listed = [json.loads(line) for line in archive.read("list-1.jsonl").splitlines()]
        assert json.loads(archive.read("notice-1.json"))["corrects"] is None
    assert (notice["corrects"], notice["sha256"]) == (1, wave.sha256)
    assert {proof["corrects"] for proof in proofs} == {row["pk"] for row in listed}
    assert {proof["email"]["state"] for proof in proofs if proof["email"]} == {"sent"}


def test_people_see_which_notice_is_corrected_L28(first, correct, bob, as_, deliver):
    wave = correct()
    deliver()
    page = as_(bob).get("/profile/notices/").content.decode()
    assert "Correction of a notice of data breach" in page
    shown = as_(None).get(f"/notices/{wave.slug}/").content.decode()
    assert shown.count("This corrects the notice that we sent") == 1 and first.slug in shown
    old = as_(None).get(f"/notices/{first.slug}/").content.decode()
    assert "We corrected this notice on" in old and wave.slug in old


def test_staff_write_a_correction_on_the_page_L21(first, breach, petra, pascal, as_):
    page = f"/provider/breaches/{breach}/wording/"
    overview = as_(petra).get(f"/provider/breaches/{breach}/").content.decode()
    assert f"{page}?corrects=1" in overview
    begun = as_(petra).get(f"{page}?corrects=1").content.decode()
    assert "circumstances in en." in begun, "it begins with the text of the notice"
    assert edit(as_(petra), page, {**CORRECTED, "corrects": "1"}).status_code == 302
    wave = Wave.objects.get(released_at=None)
    assert wave.corrects == first
    check = f"/provider/breaches/{breach}/release/"
    assert "4 people get it" in as_(pascal).get(check).content.decode()
    edit(as_(pascal), check, {"final": "on"})
    overview = as_(petra).get(f"/provider/breaches/{breach}/").content.decode()
    assert "corrects notice 1" in overview
    people = f"/provider/breaches/{breach}/people/"
    assert "frank@cedar.example" in as_(petra).get(people).content.decode()
    again = as_(petra).get(f"{people}?notice=2").content.decode()
    assert "Nora Roy" in again and "frank@cedar.example" not in again
    assert as_(petra).get(f"{people}?notice=1").status_code == 404


@pytest.mark.parametrize("number", ["2", "9", "x", "-1"])
def test_only_a_released_first_notice_is_corrected_L21(number, first, correct, breach, petra):
    correct()
    with pytest.raises(ValidationError) as refusal:
        write_wave(actor=petra, breach=breach, corrects=number, **CORRECTED)
    assert set(refusal.value.error_dict) == {"corrects"}


def test_a_correction_can_become_an_ordinary_notice_before_the_release_L21(
    first, breach, petra, pascal
):
    write_wave(actor=petra, breach=breach, corrects="1", **CORRECTED)
    wave = write_wave(actor=petra, breach=breach, corrects="")
    assert wave_values(wave)["corrects"] == ""
    wave = release_wave(actor=pascal, wave=wave)
    assert [row.address for row in wave.affected.all()] == ["frank@cedar.example"]


def test_who_may_not_release_corrects_nothing_L33(first, breach, petra, alice, dana, as_):
    wave = write_wave(actor=petra, breach=breach, corrects="1", **CORRECTED)
    for person in (alice, dana):
        with pytest.raises(PermissionDenied):
            write_wave(actor=person, breach=breach, corrects="1", **CORRECTED)
        with pytest.raises(PermissionDenied):
            release_wave(actor=person, wave=wave)
        assert as_(person).get(f"/provider/breaches/{breach}/wording/").status_code == 404


def test_people_of_a_correction_are_never_taken_off_L21(first, correct, petra):
    row = correct().affected.first()
    with pytest.raises(ValidationError):
        remove_affected(actor=petra, affected=row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.filter(pk=row.pk).update(corrects=None)


def test_sql_keeps_a_correction_to_the_people_told_L21(first, breach, petra, pascal):
    wave = write_wave(actor=petra, breach=breach, corrects="1", **CORRECTED)
    frank, told = breach.affected.get(wave=None), first.affected.exclude(recipient=None)[0]
    facts = {"breach": breach, "wave": wave, "source": "hand", "added_by": petra}
    wrong = [
        lambda: Affected.objects.filter(pk=frank.pk).update(wave=wave),
        lambda: Affected.objects.create(
            **facts, corrects=told, recipient=frank.recipient, address=frank.address
        ),
        lambda: Affected.objects.create(
            **{**facts, "wave": None}, corrects=told, recipient=told.recipient,
            address=told.address, name=told.name,
        ),
        # Released without telling everybody again
        lambda: Wave.objects.filter(pk=wave.pk).update(
            released_at=timezone.now(), released_by=pascal, sha256="1", list_sha256="1",
            list_count=1,
        ),
        lambda: Wave.objects.filter(pk=wave.pk).update(corrects=wave),
    ]  # fmt: skip
    for act in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    again = {"recipient": told.recipient, "address": told.address, "name": told.name}
    Affected.objects.create(**facts, corrects=told, **again)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.create(**facts, corrects=told, **again)
