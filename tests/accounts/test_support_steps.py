"""The steps around the acts: each is refused to everybody else, changes nothing, and is logged."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.choices import CaseStep
from accounts.models import (
    AuditEvent,
    CallerCode,
    CaseConfirmation,
    CaseReference,
    DelayedAct,
    SupportCase,
    User,
)
from accounts.selectors import sentence_of
from accounts.services import support
from accounts.services.support.delays import cancel_delayed_act, hurry_delayed_act
from accounts.services.support.limits import MOST_CASES, sound_alarm
from tests.cases import WHY, verified_case

TICKET = {
    "kind": "ticket", "system": "RT", "external_id": "7", "announced": False, "keep_until": None,
}  # fmt: skip
# name → the step of the log, and the service for an actor, a case and what waits in it.
STEPS = {
    "open_case": (
        CaseStep.OPEN,
        lambda a, c, d: support.open_case(actor=a, person=c.person, **WHY),
    ),
    "send_caller_code": (
        CaseStep.VERIFY,
        lambda a, c, d: support.send_caller_code(actor=a, case=c),
    ),
    "verify_by_code": (
        CaseStep.VERIFY,
        lambda a, c, d: support.verify_by_code(actor=a, case=c, code="ABCDEFGH"),
    ),
    "verify_by_call_back": (
        CaseStep.VERIFY,
        lambda a, c, d: support.verify_by_call_back(actor=a, case=c, phone="company"),
    ),
    "ask_super_users": (
        CaseStep.VERIFY,
        lambda a, c, d: support.ask_super_users(actor=a, case=c),
    ),
    "add_reference": (
        CaseStep.REFER,
        lambda a, c, d: support.add_reference(actor=a, case=c, **TICKET),
    ),
    "close_case": (
        CaseStep.CLOSE,
        lambda a, c, d: support.close_case(actor=a, case=c, outcome="helped"),
    ),
    "hurry": (CaseStep.HURRY, lambda a, c, d: hurry_delayed_act(actor=a, delayed=d)),
    "cancel": (CaseStep.CANCEL, lambda a, c, d: cancel_delayed_act(actor=a, delayed=d)),
}
each_step = pytest.mark.parametrize("step", STEPS)


@pytest.fixture
def case(dana, bob):
    return verified_case(dana, bob)


@pytest.fixture
def delayed(dana, bob, case):
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Blue key"})
    return support.remove_factor(actor=dana, case=case, factor=str(key.pk))


def state():
    models = (SupportCase, CallerCode, CaseConfirmation, CaseReference, DelayedAct, Authenticator)
    rows = [list(model.objects.order_by("pk").values_list()) for model in models]
    return rows, AuditEvent.objects.exclude(kind="support.step_refused").count()


def refused(step, actor, case, delayed, error=PermissionDenied):
    """Try a step, and check that it is refused, unchanged and logged."""
    named, service = STEPS[step]
    before, refusals = state(), AuditEvent.objects.filter(kind="support.step_refused")
    count = refusals.count()
    with pytest.raises(error):
        service(actor, case, delayed)
    assert state() == before
    if error is PermissionDenied:
        assert refusals.all().count() == count + 1
        event = refusals.order_by("-pk")[0]
        assert (event.actor, event.person, event.customer) == (actor, case.person, None)
        assert event.data["step"] == named.value
        assert str(named.label) in sentence_of(event)


@each_step
@pytest.mark.parametrize("who", ["olive", "alice", "charlie", "sam"])
def test_no_step_in_another_agents_case_or_by_anybody_else(step, who, request, case, delayed):
    """Sam is staff without the permission; Olive is another agent, who opens her own cases."""
    sam = User.objects.create_user("sam@harbour.example", name="Sam", is_staff=True)
    actor = sam if who == "sam" else request.getfixturevalue(who)
    if (step, who) == ("open_case", "olive"):
        assert support.open_case(actor=actor, person=case.person, **WHY).opened_by == actor
        return
    refused(step, actor, case, delayed)


@each_step
def test_no_step_by_the_person_themselves(step, bob, case, delayed):
    if step == "cancel":  # is theirs
        assert cancel_delayed_act(actor=bob, delayed=delayed).state == "cancelled"
        return
    refused(step, bob, case, delayed)


@each_step
def test_no_step_on_staff_G3(step, dana, bob, case, delayed):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    refused(step, dana, case, delayed)


@each_step
def test_no_step_once_the_case_is_closed(step, dana, case, delayed):
    if step == "open_case":
        refused(step, dana, case, delayed, error=ValidationError)  # hers is open already
        return
    support.close_case(actor=dana, case=case, outcome="helped")
    if step == "cancel":  # stops only, and is the agent's in any case
        assert cancel_delayed_act(actor=dana, delayed=delayed).state == "cancelled"
        return
    refused(step, dana, case, delayed, error=ValidationError)


def test_what_is_hurried_too_early_is_logged(dana, case, delayed):
    with pytest.raises(support.SupportRefused):
        hurry_delayed_act(actor=dana, delayed=delayed)
    event = AuditEvent.objects.get(kind="support.step_refused")
    assert (event.actor, event.data["step"]) == (dana, "hurry_delayed")


def test_a_burst_of_cases_alarms_once_G6(dana, bob, deliver):
    for number in range(MOST_CASES):
        case = support.open_case(actor=dana, person=bob, ticket=f"T-{number}", reason="Busy")
        support.close_case(actor=dana, case=case, outcome="helped")
    sent = len(deliver())

    for _try in range(2):
        with pytest.raises(support.SupportRefused) as refusal:
            support.open_case(actor=dana, person=bob, **WHY)
        assert refusal.value.code == "burst"

    assert [mail.to for mail in deliver()[sent:]] == [["olive@harbour.example"]]
    assert AuditEvent.objects.filter(kind="support.step_refused", actor=dana).count() == 2


def test_a_mistyped_form_is_not_logged(dana, case):
    with pytest.raises(ValidationError):
        support.close_case(actor=dana, case=case, outcome="nothing")
    assert not AuditEvent.objects.filter(kind="support.step_refused").exists()


def test_each_agents_burst_alarms_for_itself_G6(dana, olive):
    for actor in (dana, olive, dana):
        sound_alarm(actor)

    alarms = AuditEvent.objects.filter(kind="support.burst")
    assert sorted(alarms.values_list("actor", flat=True)) == sorted([dana.pk, olive.pk])
