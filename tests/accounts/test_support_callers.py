"""A caller is verified by a code, or by a Super User; a pretext gets no further (G9)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.choices import CaseOutcome, Verification
from accounts.models import AuditEvent, CallerCode, SupportCase
from accounts.permissions import FreshSignInRequired
from accounts.services import support
from accounts.services.support.caller_codes import EMAILED_A_DAY, TRIES, WRONG_A_DAY
from tests.cases import WHY


@pytest.fixture
def case(dana, bob):
    return support.open_case(actor=dana, person=bob, **WHY)


def emailed_code(mails, person):
    [mail] = [mail for mail in mails if mail.to == [person.email] and "Read it aloud" in mail.body]
    return re.search(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", mail.body)[1]


def test_a_code_of_the_persons_own_page_verifies_once(case, dana, bob, as_):
    page = as_(bob).post(reverse("accounts:support-code"))
    code = page.context["code"]
    assert code in page.content.decode() and "no-store" in page["Cache-Control"]

    assert support.verify_by_code(actor=dana, case=case, code=code.lower().replace("-", " "))

    case.refresh_from_db()
    assert case.verification == Verification.HUB_CODE and case.is_verified
    assert not support.verify_by_code(actor=dana, case=case, code=code)


def test_an_emailed_code_verifies_its_case_alone(case, dana, olive, bob, deliver):
    support.send_caller_code(actor=dana, case=case)
    code = emailed_code(deliver(), bob)
    other = support.open_case(actor=olive, person=bob, **WHY)

    assert not support.verify_by_code(actor=olive, case=other, code=code)
    assert support.verify_by_code(actor=dana, case=case, code=code)
    case.refresh_from_db()
    assert case.verification == Verification.EMAIL_CODE


def test_another_persons_code_verifies_nothing(case, dana, emma):
    code = support.make_support_code(actor=emma)
    assert not support.verify_by_code(actor=dana, case=case, code=code)


def test_a_new_code_ends_the_one_before(case, dana, bob):
    first = support.make_support_code(actor=bob)
    second = support.make_support_code(actor=bob)
    assert not support.verify_by_code(actor=dana, case=case, code=first)
    assert support.verify_by_code(actor=dana, case=case, code=second)


def test_a_code_works_for_ten_minutes(case, dana, bob):
    code = support.make_support_code(actor=bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert not support.verify_by_code(actor=dana, case=case, code=code)
    support.make_support_code(actor=bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert support.delete_old_caller_codes() == 1


def test_the_last_wrong_try_ends_a_code(case, dana, bob):
    code = support.make_support_code(actor=bob)
    for _ in range(TRIES):
        assert not support.verify_by_code(actor=dana, case=case, code="BBBB-BBBB")
    assert not support.verify_by_code(actor=dana, case=case, code=code)
    wrong = AuditEvent.objects.filter(kind="support.code_wrong", person=bob, actor=dana)
    assert wrong.count() == TRIES + 1


def test_so_many_wrong_codes_a_day_and_the_operators_are_told(case, dana, olive, bob, deliver):
    other = support.open_case(actor=olive, person=bob, **WHY)
    for number in range(WRONG_A_DAY):
        agent, mine = ((dana, case), (olive, other))[number % 2]
        support.verify_by_code(actor=agent, case=mine, code="BBBB-BBBB")
    with pytest.raises(support.SupportRefused):
        support.verify_by_code(actor=dana, case=case, code=support.make_support_code(actor=bob))
    assert [mail.to for mail in deliver()] == [["olive@harbour.example"]]


def test_so_many_codes_are_emailed_a_day(case, dana, bob):
    for _ in range(EMAILED_A_DAY):
        support.send_caller_code(actor=dana, case=case)
    with pytest.raises(support.SupportRefused):
        support.send_caller_code(actor=dana, case=case)
    assert CallerCode.objects.count() == 1


def test_no_code_is_stored_or_logged_G7(case, dana, bob, deliver):
    support.send_caller_code(actor=dana, case=case)
    codes = [support.make_support_code(actor=bob), emailed_code(deliver(), bob)]
    support.verify_by_code(actor=dana, case=case, code=codes[0])
    for code in codes:
        bare = code.replace("-", "")
        assert not [e for e in AuditEvent.objects.all() if bare in str(e.data).replace("-", "")]
        assert not CallerCode.objects.filter(code_hash__icontains=bare).exists()


@pytest.mark.parametrize("who", ["olive", "alice", "bob"])
def test_only_the_cases_agent_verifies(who, request, case, bob):
    actor, code = request.getfixturevalue(who), support.make_support_code(actor=bob)
    for verify in (
        lambda: support.verify_by_code(actor=actor, case=case, code=code),
        lambda: support.send_caller_code(actor=actor, case=case),
        lambda: support.verify_by_call_back(actor=actor, case=case, phone="work"),
        lambda: support.ask_super_users(actor=actor, case=case),
        lambda: support.close_case(actor=actor, case=case, outcome=CaseOutcome.HELPED),
    ):
        with pytest.raises(PermissionDenied):
            verify()
    case.refresh_from_db()
    assert case.is_open and not case.verification


# --- A Super User confirms ---


def answer(question, actor, *, is_right=True, fresh=True):
    moment = timezone.now() if fresh else None
    return support.answer_confirmation(
        actor=actor, question=question, is_right=is_right, signed_in_at=moment
    )


def test_a_super_user_confirms_a_caller(case, dana, alice, bob, alder):
    question = support.ask_super_users(actor=dana, case=case)
    answer(question, alice)

    case.refresh_from_db()
    assert (case.verification, case.verified_by) == (Verification.SUPER_USER, alice)
    kinds = AuditEvent.objects.filter(customer=alder, person=bob).values_list("kind", flat=True)
    assert {"support.confirmation_asked", "support.caller_confirmed"} <= set(kinds)
    with pytest.raises(support.SupportRefused):
        answer(question, alice)


def test_to_confirm_takes_a_fresh_sign_in_and_to_deny_does_not(case, dana, alice, deliver):
    question = support.ask_super_users(actor=dana, case=case)
    with pytest.raises(FreshSignInRequired):
        answer(question, alice, fresh=False)

    answer(question, alice, is_right=False, fresh=False)

    case.refresh_from_db()
    assert (case.is_open, case.outcome, case.verification) == (False, CaseOutcome.DENIED, "")
    told = {m.to[0] for m in deliver() if "in the name of" in m.subject}
    assert {"olive@harbour.example", dana.email, case.person.email} == told


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
def test_nobody_else_answers(who, request, case, dana):
    question = support.ask_super_users(actor=dana, case=case)
    with pytest.raises(PermissionDenied):
        answer(question, request.getfixturevalue(who))


def test_no_super_user_confirms_themselves(dana, alice, join):
    iris = join("iris", role="super_user")
    case = support.open_case(actor=dana, person=alice, **WHY)
    question = support.ask_super_users(actor=dana, case=case)
    with pytest.raises(PermissionDenied):
        answer(question, alice)
    answer(question, iris)


def test_a_company_without_another_super_user_is_not_asked(dana, alice):
    case = support.open_case(actor=dana, person=alice, **WHY)
    with pytest.raises(support.SupportRefused):
        support.ask_super_users(actor=dana, case=case)


def test_a_question_is_over_with_its_case_and_after_a_day(case, dana, alice):
    question = support.ask_super_users(actor=dana, case=case)
    with pytest.raises(support.SupportRefused):
        support.ask_super_users(actor=dana, case=case)
    later = timezone.now() + timedelta(hours=24, seconds=1)
    with time_machine.travel(later), pytest.raises(support.SupportRefused):
        answer(question, alice)
    support.close_case(actor=dana, case=case, outcome=CaseOutcome.NOT_VERIFIED)
    with pytest.raises(support.SupportRefused):
        answer(question, alice)


def test_home_asks_and_the_page_takes_the_answer(case, dana, alice, bob, as_):
    question = support.ask_super_users(actor=dana, case=case)
    path = reverse("accounts:case-confirmation", args=[question.uuid])
    client = as_(alice)
    assert path in client.get("/").content.decode()
    assert WHY["reason"] in client.get(path).content.decode()
    assert path not in as_(bob).get("/").content.decode()
    assert as_(bob).get(path).status_code == 404

    assert client.post(path, {"answer": "wrong"})["Location"] == "/"

    assert SupportCase.objects.get().outcome == CaseOutcome.DENIED
    assert path not in client.get("/").content.decode()


def test_an_impostor_who_knows_name_company_and_ticket_gets_nowhere(case, dana, bob, as_, deliver):
    """The page offers no way but the file's, and each guess is in the log."""
    client, page = as_(dana), reverse("accounts:desk-person", args=[bob.sub])
    assert "Send a reset link" not in client.get(page).content.decode()
    client.post(reverse("accounts:case-code", args=[case.uuid]), {"code": "T-1042"})
    client.post(reverse("accounts:case-call-back", args=[case.uuid]), {"phone": "+1 416 555 0100"})
    client.post(reverse("accounts:case-act", args=[case.uuid, "reset_link"]))

    case.refresh_from_db()
    assert not case.verification and not case.acts.exists()
    assert [mail for mail in deliver() if "/reset/key/" in mail.body] == []
    kinds = set(AuditEvent.objects.filter(person=bob, actor=dana).values_list("kind", flat=True))
    assert {"support.code_wrong", "support.act_refused"} <= kinds
