"""Codes by which a caller is verified: from their own page, or emailed to the address on file."""

import hmac
from datetime import timedelta

from allauth.core.internal.cryptokit import generate_user_code, normalize_user_code
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CaseStep, Verification
from accounts.models import AuditEvent, CallerCode, SupportCase, User
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from accounts.services.support.attempts import case_step
from accounts.services.support.cases import facts_of, lock_case, verify
from accounts.services.support.refusals import SupportRefused

WORKS_FOR = timedelta(minutes=10)
TRIES = 3
WRONG_A_DAY = 10  # for one person, by whichever agents
EMAILED_A_DAY = 5
PURPOSE = "accounts.caller_codes"
DAY = timedelta(days=1)


@transaction.atomic
def make_support_code(*, actor: User) -> str:
    """Return a new code that the actor reads to the desk; an earlier one stops working."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    CallerCode.objects.filter(person=actor, case=None).delete()
    code = _make(actor, None)
    record_event(kind="support.code_made", actor=actor, person=actor)
    return code


@case_step(CaseStep.VERIFY)
def send_caller_code(*, actor: User, case: SupportCase) -> None:
    """Email a code to the address on file; an earlier one of this case stops working.

    Raises as lock_case; SupportRefused for too many within a day.
    """
    case = lock_case(actor, case)
    _refuse_more_than(EMAILED_A_DAY, "support.code_emailed", case.person)
    CallerCode.objects.filter(case=case).delete()
    emails.send_caller_code(case, _make(case.person, case), minutes=WORKS_FOR.seconds // 60)
    record_event(kind="support.code_emailed", actor=actor, person=case.person, **facts_of(case))


@case_step(CaseStep.VERIFY)
def verify_by_code(*, actor: User, case: SupportCase, code: str) -> bool:
    """Return whether the caller read a right code, which then is used up and verifies the case.

    A wrong one is counted and recorded. Raises as lock_case; SupportRefused for a person at whose
    codes too many guesses were made within a day.
    """
    case = lock_case(actor, case)
    _refuse_more_than(WRONG_A_DAY, "support.code_wrong", case.person)
    codes = CallerCode.objects.select_for_update().filter(person=case.person)
    known = [row for row in codes.order_by("pk") if row.case_id in (None, case.pk)]
    for row in known:
        row.tries_left -= 1
        is_over = row.expires_at <= timezone.now()
        if not is_over and hmac.compare_digest(row.code_hash, _hash(row, code)):
            row.delete()
            method = Verification.EMAIL_CODE if row.case_id else Verification.HUB_CODE
            verify(case, method, by=actor)
            return True
        if is_over or not row.tries_left:
            row.delete()
        else:
            row.save(update_fields=["tries_left"])
    record_event(kind="support.code_wrong", actor=actor, person=case.person, **facts_of(case))
    if _count("support.code_wrong", case.person) == WRONG_A_DAY:
        for reader in staff_with("change_customer"):
            emails.send_desk_alarm(reader=reader, case=case, alarm="guesses")
    return False


def delete_old_caller_codes() -> int:
    """Delete the codes that work no longer. Return how many."""
    deleted, _per_model = CallerCode.objects.filter(expires_at__lte=timezone.now()).delete()
    return deleted


def _make(person: User, case: SupportCase | None) -> str:
    code: str = generate_user_code()
    row = CallerCode(
        person=person, case=case, tries_left=TRIES, expires_at=timezone.now() + WORKS_FOR
    )
    row.code_hash = _hash(row, code)
    row.save()
    return code


def _hash(row: CallerCode, code: str) -> str:
    text = f"{row.uuid}:{normalize_user_code(code)}"
    return salted_hmac(PURPOSE, text, algorithm="sha256").hexdigest()


def _count(kind: str, person: User) -> int:
    since = timezone.now() - DAY
    return AuditEvent.objects.filter(kind=kind, person=person, at__gt=since).count()


def _refuse_more_than(most: int, kind: str, person: User) -> None:
    if _count(kind, person) >= most:
        raise SupportRefused(
            _("This was tried too often for this person today. Call the number on file."),
            code="too_often",
        )
