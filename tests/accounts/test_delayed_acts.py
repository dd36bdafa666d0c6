"""What could hand an account to a stranger waits, and the person can cancel it (G5)."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, DelayedAct, SupportCase
from accounts.selectors import sentence_of
from accounts.services import support
from accounts.services.support.delays import (
    cancel_delayed_act,
    do_due_acts,
    hurry_delayed_act,
)
from accounts.tokens import delay_token

WHY = {"ticket": "T-9", "reason": "Lost telephone."}
NEW = "bob.t@alder.example"
ACTS = ("remove_factor", "correct_address")


def open_case(agent, person, *, by="call_back", verifier=None):
    case = support.open_case(actor=agent, person=person, **WHY)
    verify(case, by, verifier or agent)
    return case


def verify(case, by, verifier):
    SupportCase.objects.filter(pk=case.pk).update(
        verification=by,
        verified_at=timezone.now(),
        verified_by=verifier,
        called_back="company" if by == "call_back" else "",
    )
    case.refresh_from_db()


@pytest.fixture
def key(bob):
    return Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Blue key"})


@pytest.fixture
def case(dana, bob):
    return open_case(dana, bob)


def ask(act, agent, case, key):
    if act == "remove_factor":
        support.remove_factor(actor=agent, case=case, factor=str(key.pk))
    else:
        support.correct_address(actor=agent, case=case, address=NEW)
    return DelayedAct.objects.filter(case=case).first()


def is_done(act, bob, key):
    if act == "remove_factor":
        return not Authenticator.objects.filter(pk=key.pk).exists()
    return EmailAddress.objects.filter(user=bob, email=NEW).exists()


@pytest.mark.parametrize("act", ACTS)
def test_delayed_effect_with_cancel_link_G5(
    act, dana, alice, bob, case, key, deliver, time_machine
):
    delayed = ask(act, dana, case, key)

    assert delayed.is_waiting
    assert delayed.takes_effect_at - delayed.asked_at == timedelta(hours=24)
    assert not is_done(act, bob, key)
    told = {mail.to[0]: mail for mail in deliver()}
    assert set(told) == {bob.email, alice.email}
    assert "/delayed/" in told[bob.email].body
    assert "/delayed/" not in told[alice.email].body  # the link is the person's
    time_machine.move_to(delayed.takes_effect_at - timedelta(seconds=1), tick=False)
    assert do_due_acts() == 0
    time_machine.move_to(delayed.takes_effect_at, tick=False)
    before = len(deliver())  # the worker's clock ticks

    delayed.refresh_from_db()
    assert delayed.state == "done"
    assert is_done(act, bob, key)
    assert do_due_acts() == 0  # once
    receipts = {mail.to[0] for mail in deliver()[before - 3 :]}
    assert {bob.email, alice.email} <= receipts


@pytest.mark.parametrize("act", ACTS)
def test_it_takes_effect_although_the_case_is_closed(act, dana, bob, case, key, time_machine):
    delayed = ask(act, dana, case, key)
    support.close_case(actor=dana, case=case, outcome="helped")
    time_machine.move_to(delayed.takes_effect_at)
    assert do_due_acts() == 1
    assert is_done(act, bob, key)


@pytest.mark.parametrize("act", ACTS)
def test_a_super_users_confirmation_needs_no_delay(act, dana, alice, bob, key):
    case = open_case(dana, bob, by="super_user", verifier=alice)
    assert ask(act, dana, case, key) is None
    assert is_done(act, bob, key)


@pytest.mark.parametrize("act", ACTS)
def test_what_waits_is_hurried_by_a_confirmation(act, dana, alice, olive, bob, case, key):
    delayed = ask(act, dana, case, key)
    with pytest.raises(support.SupportRefused, match="confirms"):
        hurry_delayed_act(actor=dana, delayed=delayed)
    verify(case, "super_user", alice)
    with pytest.raises(PermissionDenied):
        hurry_delayed_act(actor=olive, delayed=delayed)

    hurry_delayed_act(actor=dana, delayed=delayed)

    delayed.refresh_from_db()
    assert (delayed.state, delayed.confirmed_by) == ("done", alice)
    assert is_done(act, bob, key)
    with pytest.raises(support.SupportRefused):  # replayed
        hurry_delayed_act(actor=dana, delayed=delayed)


@pytest.mark.parametrize("act", ACTS)
def test_one_waits_at_a_time_whoever_asks(act, dana, olive, bob, case, key):
    ask(act, dana, case, key)
    other = open_case(olive, bob)
    with pytest.raises(support.SupportRefused, match="waits already"):
        ask(act, olive, other, key)
    assert DelayedAct.objects.count() == 1


@pytest.mark.parametrize("act", ACTS)
def test_the_link_cancels_it_without_a_sign_in(
    act, client, dana, olive, bob, case, key, deliver, time_machine
):
    delayed = ask(act, dana, case, key)
    link = reverse("accounts:delayed-act-by-link", args=[delay_token(delayed)])
    assert "Keep your " in client.get(link).content.decode()
    delayed.refresh_from_db()
    assert delayed.is_waiting  # a GET changes nothing
    deliver()

    assert client.post(link).status_code == 200

    delayed.refresh_from_db()
    assert delayed.state == "cancelled"
    assert olive.email in {mail.to[0] for mail in deliver()}  # the alarm
    assert client.post(link).status_code == 409  # replayed
    assert client.get(link).status_code == 200
    time_machine.move_to(delayed.takes_effect_at)
    assert do_due_acts() == 0
    assert not is_done(act, bob, key)
    event = AuditEvent.objects.filter(kind="support.delayed_act_cancelled").first()
    assert event.actor == bob
    assert sentence_of(event).startswith("Bob Tremblay cancelled")


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "x" * 40])
def test_a_spoilt_link_says_nothing(spoil, client, dana, case, key):
    delayed = ask("remove_factor", dana, case, key)
    link = reverse("accounts:delayed-act-by-link", args=[spoil(delay_token(delayed))])
    answer = client.post(link)
    assert answer.status_code == 404
    assert "Bob" not in answer.content.decode()


def test_the_person_cancels_it_on_home_and_nobody_else(as_, dana, alice, bob, emma, case, key):
    delayed = ask("remove_factor", dana, case, key)
    cancel = reverse("accounts:delayed-act-cancel", args=[delayed.uuid])
    for page in ("/", "/profile/"):
        text = as_(bob).get(page).content.decode()
        assert cancel in text and "removes your second factor (Blue key)" in text
        assert cancel not in as_(emma).get(page).content.decode()
    for other in (alice, emma, dana):
        assert as_(other).post(cancel).status_code == 404
        if other != dana:
            with pytest.raises(PermissionDenied):
                cancel_delayed_act(actor=other, delayed=delayed)

    answer = as_(bob).post(cancel, headers={"referer": "http://testserver/profile/"})

    assert answer["Location"].endswith("/profile/")
    delayed.refresh_from_db()
    assert delayed.state == "cancelled"
    assert cancel not in as_(bob).get("/profile/").content.decode()


def test_the_agent_cancels_their_own_and_no_colleagues(as_, dana, olive, case, key, deliver):
    delayed = ask("remove_factor", dana, case, key)
    cancel = reverse("accounts:desk-delayed-act-cancel", args=[delayed.uuid])
    assert as_(olive).post(cancel).status_code == 403
    delayed.refresh_from_db()
    assert delayed.is_waiting
    as_(dana).post(cancel)
    delayed.refresh_from_db()
    assert delayed.state == "cancelled"
    assert olive.email not in {mail.to[0] for mail in deliver()}  # no alarm


@pytest.mark.parametrize("what", ["gone", "closed", "taken"])
def test_what_is_not_possible_any_more_is_void(what, dana, bob, case, key, join, time_machine):
    act = "correct_address" if what == "taken" else "remove_factor"
    delayed = ask(act, dana, case, key)
    if what == "gone":
        key.delete()
    elif what == "closed":
        bob.is_active = False
        bob.save()
    else:
        join("bob.t")
    time_machine.move_to(delayed.takes_effect_at)
    assert do_due_acts() == 0
    delayed.refresh_from_db()
    assert delayed.state == "void"
    assert do_due_acts() == 0


def test_the_database_lets_nothing_happen_early(dana, case, key):
    delayed = ask("remove_factor", dana, case, key)
    row = DelayedAct.objects.filter(pk=delayed.pk)
    now = timezone.now()
    for change in (
        {"state": "done", "settled_at": now},
        {"takes_effect_at": now + timedelta(seconds=1)},
        {"subject": "0"},
        {"confirmed_by": delayed.person},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)


def test_a_bad_address_is_refused_at_once(dana, alice, case):
    for address in ("nobody", alice.email):
        with pytest.raises(support.SupportRefused):
            support.correct_address(actor=dana, case=case, address=address)
    assert not DelayedAct.objects.exists()
