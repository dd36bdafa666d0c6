"""A case says who called, why, and how the caller was verified; each act hangs on one."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.choices import SUFFICIENT_FOR, CaseOutcome, SupportAct, Verification
from accounts.models import AuditEvent, CaseAct, SupportCase
from accounts.models.cases import VERIFIED_FOR
from accounts.services import support
from accounts.services.memberships import update_work_details
from accounts.services.support.limits import MOST_CASES

WHY = {"ticket": "T-1042", "reason": "Lost the phone"}


@pytest.fixture
def case(dana, bob, alder):
    return support.open_case(actor=dana, person=bob, **WHY)


def test_a_case_is_opened_for_the_only_company(case, bob, dana, alder):
    assert (case.person, case.customer, case.opened_by) == (bob, alder, dana)
    assert case.is_open and not case.is_verified
    event = AuditEvent.objects.get(kind="support.case_opened")
    assert (event.customer, event.person, event.actor) == (None, bob, dana)


@pytest.mark.parametrize("field", ["ticket", "reason"])
@pytest.mark.parametrize("value", ["", "   ", "a\x07b", "x" * 501, "\u202eticket"])
def test_a_case_needs_ticket_and_reason_G1(field, value, dana, bob, events):
    before = events()
    with pytest.raises(ValidationError) as refusal:
        support.open_case(actor=dana, person=bob, **(WHY | {field: value}))

    assert list(refusal.value.message_dict) == [field]
    assert events() == before and not SupportCase.objects.exists()


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_but_support_opens_a_case(who, request, emma):
    with pytest.raises(PermissionDenied):
        support.open_case(actor=request.getfixturevalue(who), person=emma, **WHY)


def test_no_case_of_staff_or_oneself_G3(dana, olive):
    for person in (dana, olive):
        with pytest.raises(PermissionDenied):
            support.open_case(actor=dana, person=person, **WHY)


def test_a_case_is_about_a_company_of_the_person(dana, bob, birch):
    with pytest.raises(support.SupportRefused):
        support.open_case(actor=dana, person=bob, customer=birch, **WHY)


def test_an_agent_has_one_open_case_of_a_person(case, dana, olive, bob):
    with pytest.raises(support.SupportRefused):
        support.open_case(actor=dana, person=bob, **WHY)

    support.open_case(actor=olive, person=bob, **WHY)
    support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
    support.open_case(actor=dana, person=bob, **WHY)


def test_a_call_back_goes_to_the_file_alone_G9(case, dana, bob, alice, membership):
    for number in ("+1 416 555 0100", "", "company"):
        with pytest.raises(support.SupportRefused):
            support.verify_by_call_back(actor=dana, case=case, phone=number)
    update_work_details(
        actor=alice, membership=membership(bob), work_name="Bob", work_phone="416 555 0199"
    )
    with pytest.raises(support.SupportRefused):  # an impostor may have changed it
        support.verify_by_call_back(actor=dana, case=case, phone="work")

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        case = support.verify_by_call_back(actor=dana, case=case, phone="work")
    assert (case.verification, case.called_back) == (Verification.CALL_BACK, "work")
    event = AuditEvent.objects.get(kind="support.caller_verified")
    assert "0199" not in str(event.data)


@pytest.fixture
def verified(case, dana, alder, settings):
    alder.phone = "416 555 0100"
    alder.save()
    return support.verify_by_call_back(actor=dana, case=case, phone="company")


@pytest.mark.parametrize("act", SupportAct)
def test_each_act_has_its_verifications(act, verified):
    assert Verification.SUPER_USER in SUFFICIENT_FOR[act]
    for method in Verification:
        verified.verification = method
        assert (method in SUFFICIENT_FOR[act]) or method.strength < 2


def test_a_verification_ends_after_a_working_day(verified, dana):
    support.lock_verified_case(dana, verified, SupportAct.RESET_LINK)
    with (
        time_machine.travel(timezone.now() + VERIFIED_FOR + timedelta(seconds=1)),
        pytest.raises(support.SupportRefused),
    ):
        support.lock_verified_case(dana, verified, SupportAct.RESET_LINK)


def test_a_case_is_one_agents(verified, olive, dana):
    with pytest.raises(PermissionDenied):
        support.lock_verified_case(olive, verified, SupportAct.RESET_LINK)
    with pytest.raises(PermissionDenied):
        support.close_case(actor=olive, case=verified, outcome=CaseOutcome.HELPED)


def test_a_closed_case_is_over(verified, dana):
    support.close_case(actor=dana, case=verified, outcome=CaseOutcome.HELPED)

    with pytest.raises(support.SupportRefused):
        support.lock_verified_case(dana, verified, SupportAct.RESET_LINK)
    with pytest.raises(support.SupportRefused):
        support.close_case(actor=dana, case=verified, outcome=CaseOutcome.HELPED)


@pytest.mark.parametrize("outcome", ["", "denied", "lapsed", "nothing"])
def test_an_agent_chooses_among_the_outcomes(outcome, case, dana):
    with pytest.raises(support.SupportRefused):
        support.close_case(actor=dana, case=case, outcome=outcome)


def test_an_act_is_done_once_in_a_case(verified, dana):
    CaseAct.objects.create(case=verified, act=SupportAct.REMOVE_FACTOR, subject="1")

    support.lock_verified_case(dana, verified, SupportAct.REMOVE_FACTOR, subject="2")
    with pytest.raises(support.SupportRefused):
        support.lock_verified_case(dana, verified, SupportAct.REMOVE_FACTOR, subject="1")


def test_an_agent_opens_so_many_cases_an_hour_G6(dana, bob, alder):
    for number in range(MOST_CASES):
        case = support.open_case(actor=dana, person=bob, ticket=f"T-{number}", reason="Busy")
        support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
    with pytest.raises(support.SupportRefused):
        support.open_case(actor=dana, person=bob, **WHY)

    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        support.open_case(actor=dana, person=bob, **WHY)
