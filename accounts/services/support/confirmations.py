"""Questions to a company's Super Users: is it really this person who calls the desk?"""

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CaseOutcome, CaseStep, ConfirmationAnswer, Verification
from accounts.models import CaseConfirmation, SupportCase, User
from accounts.permissions import require_fresh_sign_in, require_super_user
from accounts.selectors import staff_with
from accounts.selectors.support import confirmers_of
from accounts.services.audit import record_event
from accounts.services.support.attempts import case_step
from accounts.services.support.cases import end_case, facts_of, lock_case, verify
from accounts.services.support.delays import cancel_all_waiting
from accounts.services.support.refusals import SupportRefused

ANSWERED_WITHIN = timedelta(hours=24)


@case_step(CaseStep.VERIFY)
def ask_super_users(*, actor: User, case: SupportCase) -> CaseConfirmation:
    """Ask the company's other Super Users whether the person really calls, once in a case.

    Raises as lock_case; SupportRefused where there is no other Super User, or they were asked.
    """
    case = lock_case(actor, case)
    readers = confirmers_of(case)
    if not readers:
        raise SupportRefused(_("The company has no other Super User to ask."), code="nobody")
    if CaseConfirmation.objects.filter(case=case).exists():
        raise SupportRefused(_("The Super Users were asked already."), code="asked")
    question = CaseConfirmation.objects.create(
        case=case, expires_at=timezone.now() + ANSWERED_WITHIN
    )
    _record("support.confirmation_asked", actor, case)
    for membership in readers:
        emails.send_confirmation_question(question=question, reader=membership.user)
    return question


@transaction.atomic
def answer_confirmation(
    *, actor: User, question: CaseConfirmation, is_right: bool, signed_in_at: datetime | None
) -> CaseConfirmation:
    """Confirm a caller as another Super User of the company, or say that it isn't right.

    The second closes the case, cancels all that waits for the person, and alarms the operators; it
    takes no fresh sign-in, because it only stops. Raises PermissionDenied for anyone else, the
    caller and the agent too; FreshSignInRequired; SupportRefused once it is answered, closed or
    expired.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=question.case.person_id)
    case = SupportCase.objects.select_for_update().get(pk=question.case_id)
    case.person = person
    if case.customer is None or actor.pk in (case.person_id, case.opened_by_id):
        raise PermissionDenied("not another Super User of the caller's company")
    require_super_user(actor, case.customer)
    question = CaseConfirmation.objects.select_for_update().get(pk=question.pk)
    question.case = case
    if not question.is_waiting:
        raise SupportRefused(_("The support desk no longer waits for this answer."), code="over")
    if is_right:
        require_fresh_sign_in(signed_in_at)
    question.answer = ConfirmationAnswer.CONFIRMED if is_right else ConfirmationAnswer.DENIED
    question.answered_by, question.answered_at = actor, timezone.now()
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    _record("support.caller_confirmed" if is_right else "support.caller_denied", actor, case)
    if is_right:
        verify(case, Verification.SUPER_USER, by=actor)
    else:
        end_case(case, CaseOutcome.DENIED, by=actor)
        cancel_all_waiting(person, by=actor)
        for reader in {*staff_with("change_customer"), case.opened_by, case.person}:
            emails.send_desk_alarm(reader=reader, case=case, alarm="denied", by=actor)
    return question


def _record(kind: str, actor: User, case: SupportCase) -> None:
    """Record it in the provider's chain and in the company's."""
    for customer in (None, case.customer):
        record_event(
            kind=kind, actor=actor, customer=customer, person=case.person, **facts_of(case)
        )
