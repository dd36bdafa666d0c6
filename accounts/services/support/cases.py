"""Cases of the support desk: opened, verified and closed by one agent; each act hangs on one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import (
    SUFFICIENT_FOR,
    CaseOutcome,
    CaseState,
    CaseStep,
    PhoneOnFile,
    SupportAct,
    Verification,
)
from accounts.models import CaseAct, Customer, SupportCase, User
from accounts.models.cases import REASON_LENGTH, TICKET_LENGTH
from accounts.permissions import require_support
from accounts.selectors import memberships_of
from accounts.selectors.support import number_on_file
from accounts.services.audit import record_event
from accounts.services.support.attempts import case_step
from accounts.services.support.limits import refuse_burst
from accounts.services.support.refusals import SupportRefused
from accounts.validators import clean_reason


@case_step(CaseStep.OPEN)
def open_case(
    *, actor: User, person: User, customer: Customer | None = None, ticket: str, reason: str
) -> SupportCase:
    """Open a case for a person who calls, about one of their companies: the only one by itself.

    Raises PermissionDenied unless the actor is support and the person neither staff nor the actor;
    ValidationError naming the field; SupportRefused where the agent has an open case of the person,
    or opened too many within an hour.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    require_support(actor, person)
    ticket = clean_reason("ticket", ticket, length=TICKET_LENGTH)
    reason = clean_reason("reason", reason, length=REASON_LENGTH)
    companies = [each.customer for each in memberships_of(person)]
    if customer is None and len(companies) == 1:
        customer = companies[0]
    if customer is not None and customer not in companies:
        raise SupportRefused({"customer": _("The person doesn't belong to this company.")})
    if SupportCase.objects.open().filter(opened_by=actor, person=person).exists():
        raise SupportRefused(_("You have an open case of this person already."), code="open")
    refuse_burst(actor)
    case = SupportCase.objects.create(
        person=person, customer=customer, opened_by=actor, ticket=ticket, reason=reason
    )
    record_event(kind="support.case_opened", actor=actor, person=person, **facts_of(case))
    return case


@case_step(CaseStep.VERIFY)
def verify_by_call_back(*, actor: User, case: SupportCase, phone: str) -> SupportCase:
    """Note that the agent called a number on file, and the person answered (G9).

    `phone` is a PhoneOnFile: no caller names a number. Raises as lock_case; SupportRefused where
    there is no such number on file, or it was changed lately.
    """
    case = lock_case(actor, case)
    if phone not in PhoneOnFile.values or not number_on_file(case, PhoneOnFile(phone)).is_usable:
        raise SupportRefused(_("There is no such number on file that may be called."), code="phone")
    return verify(case, Verification.CALL_BACK, by=actor, called_back=phone)


def lock_case(actor: User, case: SupportCase) -> SupportCase:
    """Lock the person, then the case, for its agent.

    Raises PermissionDenied unless the actor is support and opened it; SupportRefused once it is
    closed.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=case.person_id)
    require_support(actor, person)
    case = SupportCase.objects.select_for_update().get(pk=case.pk)
    if case.opened_by_id != actor.pk:
        raise PermissionDenied("another agent's case")
    if not case.is_open:
        raise SupportRefused(_("This case is closed. Open a new one."), code="closed")
    case.person = person
    return case


def lock_verified_case(
    actor: User, case: SupportCase, act: SupportAct, *, subject: str = ""
) -> SupportCase:
    """Lock a case in which this act may be done now, once for each `subject`.

    Raises as lock_case; SupportRefused unless the caller was verified by a method that suffices
    (SUFFICIENT_FOR), for an act done before in this case, and for too many acts within an hour.
    """
    case = lock_case(actor, case)
    if not case.is_verified:
        raise SupportRefused(_("Verify the caller first."), code="not_verified")
    if case.verification not in SUFFICIENT_FOR[act]:
        raise SupportRefused(
            _("This takes a call to the number on file, or a Super User's confirmation."),
            code="verification",
        )
    if CaseAct.objects.filter(case=case, act=act, subject=subject).exists():
        raise SupportRefused(_("You did this already in this case."), code="done")
    refuse_burst(actor)
    return case


def verify(
    case: SupportCase, method: Verification, *, by: User, called_back: str = ""
) -> SupportCase:
    """Note how the caller of a locked case was verified. Raises SupportRefused for a weaker way.

    The same way again proves it anew, because a verification holds for some hours.
    """
    if case.is_verified and method.strength < Verification(case.verification).strength:
        raise SupportRefused(_("The caller was verified by a stronger way."), code="weaker")
    case.verification, case.called_back = method, called_back
    case.verified_at, case.verified_by = timezone.now(), by
    case.save(update_fields=["verification", "called_back", "verified_at", "verified_by"])
    record_event(
        kind="support.caller_verified",
        actor=by,
        person=case.person,
        verification=method.value,
        **facts_of(case),
    )
    return case


def end_case(case: SupportCase, outcome: CaseOutcome, *, by: User | None) -> SupportCase:
    """Close a locked case; nobody is named where the hub does it."""
    case.state, case.outcome = CaseState.CLOSED, outcome
    case.closed_at, case.closed_by = timezone.now(), by
    case.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
    record_event(
        kind="support.case_closed",
        actor=by,
        person=case.person,
        outcome=outcome.value,
        **facts_of(case),
    )
    return case


def facts_of(case: SupportCase) -> dict[str, Any]:
    """Return what every event of a case says of it."""
    return {"case": str(case.uuid), "ticket": case.ticket, "reason": case.reason}
