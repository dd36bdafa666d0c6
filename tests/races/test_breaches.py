"""Two people at one breach, and a hold that comes while an email is on its way, on PostgreSQL."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.models import Affected, Breach, CustomerNotice, Hold, ReportFiling, Wave
from compliance.services.affected import add_by_hand
from compliance.services.breaches import close_breach
from compliance.services.customer_notices import send_customer_notice
from compliance.services.holds import place_hold
from compliance.services.letters import end_affected
from compliance.services.reports import decide_report, file_report
from compliance.services.waves import release_wave, write_wave
from preferences.choices import MessageState
from preferences.gate import delivery
from preferences.gate.campaign_sending import dispatch
from preferences.models import Campaign, Message, NamedRecipient
from tests.compliance.breaches import HOLD, TEXTS, add_company, note, real, settle_reports, written
from tests.races.meeting import race_at
from tests.races.test_races import (
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    join,
    new_customer,
    olive,  # noqa: F401
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
ALONE = "Alone on call."
IN_TRANSIT = 0.3  # seconds


def company(staff, *names):
    customer, main = new_customer(staff)
    for name in names:
        join(customer, main, name)
    return customer


def listed(staff, **values):
    """A breach with a real risk and the people of a company in its list."""
    breach = real(staff, **values)
    add_company(staff, breach, company(staff, "bob", "emma"))
    return breach


def test_a_hold_waits_for_the_email_on_its_way_and_stops_the_next_L24(olive, monkeypatch):  # noqa: F811
    breach = listed(olive)
    wave = release_wave(actor=olive, wave=written(olive, breach), alone_reason=ALONE)
    ended, begun = [], threading.Event()

    def transmit(message):
        begun.set()
        time.sleep(IN_TRANSIT)
        ended.append(timezone.now())
        return 1

    def place():
        begun.wait()
        until = timezone.now() + timedelta(days=1)
        return place_hold(actor=olive, breach=breach, until=until, **HOLD)

    monkeypatch.setattr(delivery, "transmit", transmit)
    assert won(race(lambda: dispatch(wave.campaign_id), place)) == 2

    hold = Hold.objects.get()
    assert ended and max(ended) <= hold.begins_at, "no email left after the hold began"
    states = list(Message.objects.filter(campaign=wave.campaign).values_list("state", flat=True))
    assert states.count(MessageState.SENT) == len(ended)
    assert set(states) <= {MessageState.SENT, MessageState.QUEUED}


def test_a_notice_is_released_once(olive):  # noqa: F811
    breach = listed(olive)
    wave = written(olive, breach)
    release = lambda: release_wave(actor=olive, wave=wave, alone_reason=ALONE)  # noqa: E731

    results = race_at("compliance.services.waves.list_hash", release, release)

    assert won(results) == 1
    assert Campaign.objects.filter(confidential=True).count() == 1


def test_who_comes_during_the_release_is_told_now_or_with_the_next_L21(olive):  # noqa: F811
    for _round in range(ROUNDS):
        breach = listed(olive)
        wave = written(olive, breach)
        race(
            lambda wave=wave: release_wave(actor=olive, wave=wave, alone_reason=ALONE),
            lambda breach=breach: add_by_hand(
                actor=olive, breach=breach, address="late@elsewhere.example"
            ),
        )
        wave = Wave.objects.get(pk=wave.pk)
        told = set(wave.affected.values_list("recipient", flat=True))
        named = NamedRecipient.objects.filter(campaign=wave.campaign)
        assert set(named.values_list("recipient", flat=True)) == told
        assert len(told) == wave.list_count
        assert Affected.objects.filter(breach=breach).count() == 4, "nobody is lost"


def test_a_correction_is_released_once_to_the_same_people_L21(olive):  # noqa: F811
    breach = listed(olive)
    first = release_wave(actor=olive, wave=written(olive, breach), alone_reason=ALONE)
    wave = write_wave(actor=olive, breach=breach, corrects="1", **TEXTS)

    def release():
        return release_wave(actor=olive, wave=wave, alone_reason=ALONE)

    def add():
        return add_by_hand(actor=olive, breach=breach, address="late@elsewhere.example")

    race(release, release, add)

    again = Affected.objects.filter(wave=wave)
    assert set(again.values_list("corrects", flat=True)) == set(
        first.affected.values_list("pk", flat=True)
    )
    assert again.count() == first.list_count == Wave.objects.get(pk=wave.pk).list_count
    assert Campaign.objects.filter(confidential=True).count() == 2


def test_two_breaches_at_once_have_two_references(olive):  # noqa: F811
    results = race(*[lambda: note(olive)] * 4)

    assert won(results) == 4
    assert Breach.objects.values("reference").distinct().count() == 4


def test_a_person_is_listed_once(olive):  # noqa: F811
    breach = real(olive)
    add = lambda: add_by_hand(actor=olive, breach=breach, address="a@b.example")  # noqa: E731

    assert won(race(*[add] * 4)) == 1
    assert breach.affected.count() == 1


def test_a_company_is_told_once_L27(olive):  # noqa: F811
    breach, customer = real(olive, role="processor"), company(olive)
    tell = lambda: send_customer_notice(  # noqa: E731
        actor=olive, breach=breach, customer=customer, body_en="x", body_fr="x"
    )

    assert won(race(*[tell] * 3)) == 1
    assert CustomerNotice.objects.count() == Campaign.objects.filter(confidential=True).count() == 1


def test_a_report_and_its_supplement_have_their_own_numbers_L26(olive):  # noqa: F811
    report = real(olive).reports.get(regulator="california")
    decide_report(actor=olive, report=report, needed="needed", why="x")
    contents = dict.fromkeys(("sample", "residents", "period", "contact"), "x")
    send = lambda: file_report(  # noqa: E731
        actor=olive, report=report, contents=contents, sent_at=timezone.now()
    )

    assert won(race(*[send] * 3)) == 3
    assert sorted(ReportFiling.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_a_hold_placed_while_a_breach_is_closed_finds_it_closed_or_keeps_it_open(olive):  # noqa: F811
    for _round in range(ROUNDS):
        breach = listed(olive)
        release_wave(actor=olive, wave=written(olive, breach), alone_reason=ALONE)
        settle_reports(olive, breach)
        end_affected(actor=olive, breach=breach, outcome="exhausted", reason="x")
        until = timezone.now() + timedelta(days=1)
        race(
            lambda breach=breach: close_breach(actor=olive, breach=breach),
            lambda breach=breach, until=until: place_hold(
                actor=olive, breach=breach, until=until, **HOLD
            ),
        )
        closed = Breach.objects.get(pk=breach.pk).closed_at is not None
        assert closed is not breach.holds.exists()
