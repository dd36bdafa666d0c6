"""Closing, erasing and holding at once, on PostgreSQL (L56, L57)."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Erasure, ErasureStep, User
from compliance.models import Closing, LegalHold
from compliance.services import erasures, legal_holds
from compliance.services.closings import cancel_closing, close_account, do_closing
from compliance.services.erasures import erase_item, go_on_with_erasures, run_erasure
from compliance.services.legal_holds import place_hold
from hub.example import acts
from preferences.choices import UNFINISHED
from preferences.models import DeliveryDecision, Message
from tests.races.test_races import (
    ROUNDS,
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
EIGHT = range(8)
LONG_AGO = timedelta(days=8)


def joined(number: int) -> User:
    """Return a new person, who has been nowhere."""
    return User.objects.create_user(f"p{number}@alder.example", name=f"Person {number}")


def due(person: User) -> Closing:
    """Return a closing whose days of grace are over."""
    past = timezone.now() - LONG_AGO
    return Closing.objects.create(
        person=person, language="en", plan=[], asked_at=past, takes_effect_at=past + LONG_AGO / 2
    )


def settle_messages(person: User) -> None:
    """Let the worker have sent what waits for a person."""
    waiting = Message.objects.filter(recipient__user=person, state__in=UNFINISHED)
    waiting.update(state="claimed")
    for message in waiting:
        DeliveryDecision.objects.create(message=message, outcome="sent", reason="mandatory")
    waiting.update(state="sent")


@pytest.fixture
def officer() -> User:
    return acts.hire("paula", "Paula Ng", "Privacy")


def test_one_who_closes_eight_times_at_once_closes_once():
    person, now = joined(0), timezone.now()
    results = race(*(lambda: close_account(actor=person, signed_in_at=now) for _one in EIGHT))
    assert won(results) == 1
    assert Closing.objects.count() == 1


def test_the_clock_and_a_change_of_mind_end_in_one_of_both():
    for number in range(ROUNDS):
        person = joined(number)
        closing = due(person)
        race(
            lambda closing=closing: do_closing(actor=None, closing=closing.pk),
            lambda closing=closing, person=person: cancel_closing(actor=person, closing=closing),
        )
        closing.refresh_from_db()
        person.refresh_from_db()
        assert (closing.state, person.is_active) in (("started", False), ("cancelled", True))
        assert Erasure.objects.filter(person=person).count() == (closing.state == "started")


def test_two_runs_erase_each_item_once():
    for number in range(ROUNDS):
        person = joined(number)
        do_closing(actor=None, closing=due(person).pk)
        settle_messages(person)
        erasure = Erasure.objects.get(person=person)
        results = race(
            *(lambda key=erasure.pk: run_erasure(actor=None, erasure=key) for _one in range(3))
        )
        assert results.count(True) == 1
        done = ErasureStep.objects.filter(erasure=erasure, outcome="done")
        assert done.count() == done.values("item").distinct().count()


def test_a_message_that_comes_meanwhile_keeps_no_address_in_the_end():
    for number in range(ROUNDS):
        person = joined(number)
        do_closing(actor=None, closing=due(person).pk)
        settle_messages(person)
        erasure, address = Erasure.objects.get(person=person), person.email

        def write(person=person, address=address, number=number) -> None:
            Message.objects.create(
                recipient=person.recipient, notice_class_id="legal", address=address,
                subject="Late", message_id=f"<late-{number}@hub.example>",
            )  # fmt: skip

        race(lambda key=erasure.pk: run_erasure(actor=None, erasure=key), write)
        settle_messages(person)
        go_on_with_erasures()
        assert not Message.objects.filter(address=address).exists()
        assert Erasure.objects.get(pk=erasure.pk).done_at is not None


def test_a_hold_set_meanwhile_keeps_the_item_or_comes_after_its_erasure(officer):
    until = timezone.localdate() + timedelta(days=9)
    for number in range(ROUNDS):
        person = joined(number)
        do_closing(actor=None, closing=due(person).pk)
        settle_messages(person)
        erasure = Erasure.objects.get(person=person)
        hold = {
            "scope": "person", "address": person.email, "customer": "", "item": "requests",
            "ground": "A dispute", "until": until,
        }  # fmt: skip
        race(
            lambda key=erasure.pk: run_erasure(actor=None, erasure=key),
            lambda hold=hold: place_hold(actor=officer, **hold),
        )
        step = ErasureStep.objects.filter(erasure=erasure, item="requests").latest("pk")
        erasure.refresh_from_db()
        assert step.outcome == "done" or erasure.done_at is None
        assert LegalHold.objects.count() == number + 1


@pytest.mark.parametrize("is_first", [True, False])
def test_a_hold_and_the_destruction_of_its_data_wait_for_each_other_L56(
    is_first, officer, monkeypatch
):
    """A hold that is placed while an item is destroyed comes after it; one before it is kept to."""
    person = joined(0)
    do_closing(actor=None, closing=due(person).pk)
    settle_messages(person)
    erasure = Erasure.objects.get(person=person)
    [item] = [each for each in erasures.ITEMS if each.code == "membership"]
    order, middle = [], threading.Event()

    def pausing(act, name):
        def paused(*args, **kwargs):
            result = act(*args, **kwargs)
            middle.set()
            time.sleep(0.3)
            order.append(name)
            return result

        return paused

    slow = (legal_holds, "record_event", "hold") if is_first else (erasures, "destroy", "erasure")
    module, name, done = slow
    monkeypatch.setattr(module, name, pausing(getattr(module, name), done))

    def hold():
        if not is_first:
            middle.wait(5)
        legal_holds.place_hold(
            actor=officer, scope="person", item="membership", address=person.email, customer="",
            ground="A dispute", until=timezone.localdate() + timedelta(days=9),
        )  # fmt: skip
        order.append("held")

    def erase():
        if is_first:
            middle.wait(5)
        erase_item(actor=None, erasure=erasure.pk, item=item)
        order.append("erased")

    race(hold, erase)
    step = ErasureStep.objects.get(erasure=erasure, item="membership")
    assert step.outcome == ("kept" if is_first else "done"), order
    assert order.index("held") < order.index("erased") if is_first else order[0] == "erasure"
    assert LegalHold.objects.count() == 1
