"""Closing a case by its agent."""

from django.utils.translation import gettext as _

from accounts.choices import CHOSEN_OUTCOMES, CaseOutcome, CaseStep
from accounts.models import SupportCase, User
from accounts.services.support.attempts import case_step
from accounts.services.support.cases import end_case, lock_case
from accounts.services.support.delays import cancel_all_waiting
from accounts.services.support.refusals import SupportRefused


@case_step(CaseStep.CLOSE)
def close_case(*, actor: User, case: SupportCase, outcome: str) -> SupportCase:
    """Close a case with its outcome; what waits stays, unless the caller was not verified.

    Raises as lock_case; SupportRefused for no such outcome.
    """
    case = lock_case(actor, case)
    if outcome not in CHOSEN_OUTCOMES:
        raise SupportRefused({"outcome": _("Choose how the case ended.")})
    if outcome == CaseOutcome.NOT_VERIFIED:
        cancel_all_waiting(case.person, by=actor, case=case)
    return end_case(case, CaseOutcome(outcome), by=actor)
