"""A case that nobody closes lapses by itself after days without an act."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.models import AuditEvent, SupportCase
from accounts.selectors import sentence_of
from accounts.services import support
from accounts.services.support.delays import cancel_delayed_act
from accounts.signals import periodic_tick
from tests.cases import WHY, verified_case

WEEK = timedelta(days=7)


def test_a_case_without_an_act_lapses_by_the_tick_and_its_agent_is_told(
    dana, bob, deliver, time_machine
):
    case = support.open_case(actor=dana, person=bob, **WHY)
    time_machine.move_to(case.opened_at + WEEK - timedelta(seconds=1), tick=False)
    periodic_tick.send(SupportCase)
    case.refresh_from_db()
    assert case.is_open
    sent = len(deliver())
    time_machine.move_to(case.opened_at + WEEK, tick=False)

    periodic_tick.send(SupportCase)

    case.refresh_from_db()
    assert (case.state, case.outcome, case.closed_by) == ("closed", "lapsed", None)
    assert [mail.to for mail in deliver()[sent:]] == [[dana.email]]
    event = AuditEvent.objects.get(kind="support.case_closed")
    assert "Nobody closed it in time" in sentence_of(event)
    assert support.lapse_cases() == 0  # once
    support.open_case(actor=dana, person=bob, **WHY)


def test_the_days_are_a_setting(dana, bob, settings, time_machine):
    settings.HUB_SUPPORT_CASE_DAYS = 2
    case = support.open_case(actor=dana, person=bob, **WHY)
    time_machine.move_to(case.opened_at + timedelta(days=2), tick=False)
    assert support.lapse_cases() == 1


@pytest.mark.parametrize("what", ["act", "verification", "question", "reference"])
def test_whatever_happens_in_it_keeps_it_open_a_week_more(what, dana, bob, alice, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    case = support.open_case(actor=dana, person=bob, **WHY)
    if what == "act":
        support.close_case(actor=dana, case=case, outcome="helped")
        case = verified_case(dana, bob)
    time_machine.move_to(start + timedelta(days=3 if what != "act" else 0, hours=7), tick=False)
    if what == "act":
        support.send_reset_link(actor=dana, case=case)
    elif what == "verification":
        support.verify_by_code(actor=dana, case=case, code=support.make_support_code(actor=bob))
    elif what == "question":
        support.ask_super_users(actor=dana, case=case)
    else:
        support.add_reference(
            actor=dana, case=case, kind="ticket", system="RT", external_id="1", announced=False,
            keep_until=None,
        )  # fmt: skip
    happened = timezone.now()

    time_machine.move_to(start + WEEK, tick=False)
    assert support.lapse_cases() == 0
    time_machine.move_to(happened + WEEK, tick=False)
    assert support.lapse_cases() == 1


def test_what_waits_keeps_it_open(dana, bob, settings, time_machine):
    settings.HUB_SUPPORT_DELAY_HOURS = 24 * 30
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Blue key"})
    case = verified_case(dana, bob)
    delayed = support.remove_factor(actor=dana, case=case, factor=str(key.pk))
    time_machine.move_to(case.opened_at + 2 * WEEK, tick=False)
    assert support.lapse_cases() == 0
    cancel_delayed_act(actor=bob, delayed=delayed)

    assert support.lapse_cases() == 1
    case.refresh_from_db()
    assert case.outcome == "lapsed"


def test_a_closed_case_keeps_its_outcome_and_others_stay_open(dana, olive, bob, emma, time_machine):
    done = support.open_case(actor=dana, person=bob, **WHY)
    support.close_case(actor=dana, case=done, outcome="helped")
    time_machine.move_to(timezone.now() + WEEK, tick=False)
    fresh = support.open_case(actor=olive, person=emma, **WHY)

    assert support.lapse_cases() == 0

    for case, state in ((done, "closed"), (fresh, "open")):
        case.refresh_from_db()
        assert case.state == state
    assert done.outcome == "helped"
