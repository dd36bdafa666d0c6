"""What the database keeps to during and after an erasure, whatever code forgets (L56, L57)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Erasure, ErasureStep, User
from compliance.services.closings import close_account, do_due_closings
from compliance.services.erasures import begin_erasure, go_on_with_erasures
from compliance.services.legal_holds import end_hold, place_hold
from preferences.models import DeliveryEvent, Escalation, Message
from preferences.services.delivery_events import record_delivery_event
from tests.compliance.test_erasure import AFTER, erase
from tests.compliance.whole_person import ADDRESS, build, found_in_database


@pytest.fixture
def zerlina(alder, dana, deliver) -> User:
    return build(alder, dana, deliver)


def test_the_database_refuses_a_step_that_a_hold_forbids_L56(bob, officer, deliver):
    """Whatever code forgets: a hold of the person, of an address, of the company, of the item."""
    until = timezone.localdate() + timedelta(days=9)
    of_item = {"item": "support", "customer": "", "ground": "A dispute", "until": until}
    close_account(actor=bob, signed_in_at=timezone.now())
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
    erasure = Erasure.objects.get(person=bob)
    of_nobody = begin_erasure(person=None, addresses=["sam@shop.example"])
    for hold, row in (
        ({"scope": "person", "address": bob.email}, erasure),
        ({"scope": "customer", "address": "", "customer": "alder"}, erasure),
        ({"scope": "item", "address": ""}, erasure),
        ({"scope": "person", "address": "Sam@Shop.example"}, of_nobody),
    ):
        placed = place_hold(actor=officer, **{**of_item, **hold})
        with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
            ErasureStep.objects.create(erasure=row, item="support", outcome="done")
        end_hold(actor=officer, hold=placed, reason="It is over.")
    place_hold(actor=officer, **of_item, scope="person", address="other@shop.example")
    for row in (erasure, of_nobody):
        ErasureStep.objects.create(erasure=row, item="support", outcome="done")


def test_an_erased_account_is_never_opened_again_L57(zerlina, deliver):
    """While its erasure runs, and after it, whoever asks."""
    close_account(actor=zerlina, signed_in_at=timezone.now())
    deliver()
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        for done in (False, True):
            assert Erasure.objects.filter(person=zerlina, done_at=None).exists() is not done
            for change in ({"is_active": True}, {"is_staff": True}):
                with pytest.raises(IntegrityError, match="never opened"), transaction.atomic():
                    User.objects.filter(pk=zerlina.pk).update(**change)
            deliver()
            go_on_with_erasures()


def test_a_bounce_after_the_erasure_keeps_no_text_L57(zerlina, deliver):
    message = Message.objects.filter(recipient__user=zerlina, state="sent").latest("pk")
    stale = Message.objects.get(pk=message.pk)
    erase(zerlina, deliver)
    for number, kind in enumerate(("hard", "soft", "delivered", "complaint")):
        report = record_delivery_event(
            message=stale, kind=kind, event=f"late:{number}", diagnostic=f"no such user {ADDRESS}"
        )
        assert report is not None and report.diagnostic == ""
        assert report.reason == ("no_address" if kind == "hard" else report.reason)
    assert found_in_database() == []
    assert not Escalation.objects.filter(message=message).exists()
    assert zerlina.recipient.unreachable_since is None
    with pytest.raises(IntegrityError, match="no text"), transaction.atomic():
        DeliveryEvent.objects.create(
            message=message, kind="hard", reason="no_address", event="raw:1", diagnostic=ADDRESS
        )
