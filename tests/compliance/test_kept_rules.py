"""What the rules about notices, holds and lists keep, attacked from beside them (L21, L24, L56)."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Erasure, ErasureStep, User
from compliance.models import Affected, LegalHold, Wave
from compliance.services.affected import add_by_hand
from compliance.services.holds import end_hold, place_hold, review_hold
from compliance.services.legal_holds import place_hold as place_legal_hold
from compliance.services.waves import release_wave, write_wave
from tests.compliance.breaches import HOLD, TEXTS, add_company, real, released


@pytest.fixture
def first(petra, pascal, alder, deliver):
    """A notice that told the people of a company."""
    breach = real(petra)
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    deliver()
    return wave


def test_the_first_notice_shows_no_correction_on_hold_L24(first, petra, pascal, as_, deliver):
    """Everybody told knows the address of its public page, which would tell of the correction."""
    hold = place_hold(
        actor=petra, breach=first.breach, until=timezone.now() + timedelta(days=10), **HOLD
    )
    review_hold(actor=pascal, hold=hold)
    draft = write_wave(actor=petra, breach=first.breach, corrects="1", **TEXTS)
    wave = release_wave(actor=pascal, wave=draft)
    deliver()
    page = f"/notices/{first.slug}/"
    assert wave.slug not in as_(None).get(page).content.decode()
    end_hold(actor=pascal, hold=hold)
    assert wave.slug in as_(None).get(page).content.decode()


def test_a_hold_after_a_correction_hides_nothing_that_was_sent_L24(
    first, petra, pascal, as_, deliver
):
    draft = write_wave(actor=petra, breach=first.breach, corrects="1", **TEXTS)
    wave = release_wave(actor=pascal, wave=draft)
    deliver()
    until = timezone.now() + timedelta(days=10)
    place_hold(actor=petra, breach=first.breach, until=until, **HOLD)
    assert wave.slug in as_(None).get(f"/notices/{first.slug}/").content.decode()


def test_nobody_is_put_on_the_list_of_a_released_notice_L21(first, petra):
    add_by_hand(actor=petra, breach=first.breach, address="frank@cedar.example")
    frank = Affected.objects.get(wave=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.filter(pk=frank.pk).update(wave=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.create(
            breach=first.breach, wave=first, name="Nora", post="1 Main St", source="hand",
            added_by=petra,
        )  # fmt: skip


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 19, "\0", "²", " 1"])
def test_an_odd_number_names_no_notice_L21(number, first, petra):
    with pytest.raises(ValidationError) as refusal:
        write_wave(actor=petra, breach=first.breach, corrects=number, **TEXTS)
    assert set(refusal.value.error_dict) == {"corrects"}
    assert not Wave.objects.filter(released_at=None).exists()


@pytest.mark.parametrize("person", ["9" * 5000, "9" * 19, "²", "0"])
def test_an_odd_number_names_nobody_affected(person, first, petra, as_):
    page = reverse("compliance:breach-end", args=[first.breach.reference])
    assert as_(petra).get(page).status_code == 200
    assert as_(petra).get(page, {"person": person}).status_code == 404


OTHER_FACTS = {
    "placed_by": lambda: User.objects.get(email="dana@harbour.example"),
    "uuid": uuid.uuid4,
    "until": lambda: timezone.now() + timedelta(days=1),
    "item": lambda: "holds",
    "ended_at": lambda: None,
}


@pytest.mark.parametrize("column", OTHER_FACTS)
def test_a_hold_keeps_its_facts_while_somebody_is_erased_L56(column, olive):
    """An erasure that runs takes the words of a hold on an address, and nothing else of it."""
    now = timezone.now()
    ended = {"ended_at": now, "ended_by": olive, "end_reason": "It is over"}
    hold = LegalHold.objects.create(
        scope="person", address="sam@shop.example", address_hash="x", ground="A dispute",
        placed_by=olive, until=now + timedelta(days=9), **(ended if column == "ended_at" else {}),
    )  # fmt: skip
    erasure = Erasure.objects.create(sealed_addresses="x", address_hash="2" * 64)
    ErasureStep.objects.create(erasure=erasure, item="holds", outcome="done")
    rows = LegalHold.objects.filter(pk=hold.pk)
    more = {"ended_by": None, "end_reason": ""} if column == "ended_at" else {}
    with pytest.raises(IntegrityError, match="kept as it was"), transaction.atomic():
        rows.update(**{column: OTHER_FACTS[column](), **more})
    assert rows.update(ground="–") == 1


def test_an_exercise_is_not_corrected_to_somebody_who_left_the_staff_L32(petra, pascal, dana):
    breach = real(petra, exercise=True)
    add_by_hand(actor=petra, breach=breach, address=dana.email)
    released(petra, pascal, breach)
    User.objects.filter(pk=dana.pk).update(is_staff=False)
    draft = write_wave(actor=petra, breach=breach, corrects="1", **TEXTS)
    with pytest.raises(ValidationError, match="has left the staff"):
        release_wave(actor=pascal, wave=draft)
    User.objects.filter(pk=dana.pk).update(is_staff=True)
    assert release_wave(actor=pascal, wave=draft).list_count == 1


@pytest.mark.parametrize(
    "values",
    [
        {"scope": "person", "address": ""},
        {"scope": "person", "address": f"{'x' * 400}@a.example"},
        {"scope": "person", "address": "a\0@a.example"},
        {"scope": "nonsense"},
        {"ground": "x" * 301},
    ],
)
def test_a_hold_refuses_bad_input_by_its_field_L56(values, officer):
    given = {"scope": "item", "address": "", "ground": "A dispute", **values}
    with pytest.raises(ValidationError) as refusal:
        place_legal_hold(
            actor=officer, item="support", customer="",
            until=timezone.localdate() + timedelta(days=9), **given,
        )  # fmt: skip
    assert set(refusal.value.error_dict) == {list(values)[-1]}
    assert not LegalHold.objects.exists()


def test_no_correction_is_offered_beside_a_draft_L21(first, petra, as_):
    """Its link would open the draft, which goes to other people."""
    page, link = f"/provider/breaches/{first.breach}/", "wording/?corrects=1"
    assert link in as_(petra).get(page).content.decode()
    write_wave(actor=petra, breach=first.breach, **TEXTS)
    assert link not in as_(petra).get(page).content.decode()
