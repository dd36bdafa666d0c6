"""Brakes: what could hand an account to a stranger waits, and the person can cancel it (G5).

An act calls `delay_factor` or `delay_address` in place of its effect, unless a Super User confirmed
the caller. The worker calls `do_due_acts`; a link in an email, or the person's page, cancels.
"""

from datetime import timedelta
from typing import Any

import structlog
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CaseStep, DelayState, SupportAct, Verification
from accounts.models import CaseAct, DelayedAct, Membership, SupportCase, User
from accounts.permissions import require_support
from accounts.selectors import staff_with
from accounts.services.factors import lock_factors, type_of
from accounts.services.support.attempts import case_step
from accounts.services.support.cases import lock_case
from accounts.services.support.effects import begin_address_change, take_factor_away
from accounts.services.support.limits import refuse_second_key
from accounts.services.support.receipts import record_act, send_receipts
from accounts.services.support.refusals import SupportRefused
from accounts.tokens import AddressCorrection, seal_correction

MAX_AT_ONCE = 100  # acts in one run of the job

log = structlog.get_logger(__name__)


def waits(case: SupportCase) -> bool:
    """Return whether a delicate act in this case waits.

    It does unless a Super User confirmed the caller, and the person is in no other company: its
    Super Users confirmed nothing, and the account opens it as well.
    """
    if case.verification != Verification.SUPER_USER:
        return True
    others = Membership.objects.live().filter(user=case.person_id)
    return others.exclude(customer=case.customer_id).exists()


def delay_factor(case: SupportCase, factor: Authenticator) -> DelayedAct:
    """Let the removal of a factor wait, in a locked case. Raises SupportRefused if one waits."""
    return _delay(
        case,
        SupportAct.REMOVE_FACTOR,
        str(factor.pk),
        kind="support.factor_removal_planned",
        factor_name=factor.data.get("name") or str(type_of(factor).label),
        factor=type_of(factor).value,
    )


def delay_address(case: SupportCase, address: str) -> DelayedAct:
    """Let a change of address wait, in a locked case. Raises SupportRefused if one waits."""
    return _delay(
        case,
        SupportAct.CORRECT_ADDRESS,
        address,
        kind="support.address_change_planned",
        previous=case.person.email,
        address=address,
    )


def _delay(
    case: SupportCase,
    act: SupportAct,
    subject: str,
    *,
    kind: str,
    factor_name: str = "",
    **details: Any,
) -> DelayedAct:
    now = timezone.now()
    try:
        with transaction.atomic():
            delayed = DelayedAct.objects.create(
                case=case,
                person=case.person,
                act=act,
                subject=subject,
                factor_name=factor_name,
                asked_at=now,
                takes_effect_at=now + timedelta(hours=settings.HUB_SUPPORT_DELAY_HOURS),
            )
    except IntegrityError as error:
        raise SupportRefused(_("This waits already. Cancel it first."), code="waiting") from error
    CaseAct.objects.create(
        case=case, act=act, subject=subject if act == SupportAct.REMOVE_FACTOR else ""
    )
    hours = str(settings.HUB_SUPPORT_DELAY_HOURS)
    own, others = record_act(case, kind=kind, hours=hours, **details)
    _tell(delayed, "planned", own, others)
    return delayed


def _tell(
    delayed: DelayedAct, step: str, own: list[emails.Reader], others: list[emails.Reader]
) -> None:
    """Tell the person, at every address they have or had lately, and their main Super Users."""
    for reader in [*own, *others]:
        emails.send_delayed_act(
            delayed=delayed, step=step, reader=reader, person_reads=reader in own
        )


@case_step(CaseStep.HURRY, every_refusal=True)
def hurry_delayed_act(*, actor: User, delayed: DelayedAct) -> DelayedAct:
    """Do at once what waits, because a Super User has confirmed the caller in the hub.

    Raises as lock_case; SupportRefused without the confirmation, or once it is settled.
    """
    case = lock_case(actor, delayed.case)
    delayed = _lock(delayed)
    _refuse_settled(delayed)
    if case.verification != Verification.SUPER_USER or not case.is_verified:
        raise SupportRefused(
            _("A Super User of the company confirms the caller first."), code="verification"
        )
    if waits(case):
        raise SupportRefused(
            _("This waits, because the person belongs to another company too."), code="companies"
        )
    refuse_second_key(case, SupportAct(delayed.act))
    delayed.confirmed_by = case.verified_by
    return _do(delayed)


def do_due_acts() -> int:
    """Do each act whose moment has come, each in its own transaction.

    Several workers may run this at once: each act is done once. Returns how many were done here.
    """
    due = DelayedAct.objects.waiting().filter(takes_effect_at__lte=timezone.now())
    done = 0
    for delayed in due.order_by("takes_effect_at")[:MAX_AT_ONCE]:
        try:
            with transaction.atomic():
                locked = _lock(delayed)
                if locked.is_waiting and locked.takes_effect_at <= timezone.now():
                    done += _do(locked).state == DelayState.DONE
        except Exception:  # the others must be done all the same
            log.exception("a delayed act that fell due failed", delayed=delayed.pk)
    return done


def _do(delayed: DelayedAct) -> DelayedAct:
    """Let a locked act take effect; what is not possible any more is recorded as void."""
    case, person = delayed.case, delayed.person
    effect = _remove_factor if delayed.removes_factor else _change_address
    try:
        with transaction.atomic():
            if not person.is_active or person.is_staff:
                raise SupportRefused(_("This account is closed."))
            receipt = effect(delayed)
    except ValidationError:
        _settle(delayed, DelayState.VOID)
        own, others = record_act(case, kind="support.delayed_act_void", act=delayed.act)
        _tell(delayed, "void", own, others)
        return delayed
    _settle(delayed, DelayState.DONE)
    send_receipts(case, SupportAct(delayed.act), **receipt)
    return delayed


def _remove_factor(delayed: DelayedAct) -> dict[str, str]:
    """Remove the factor, and return what the receipts say. Raises SupportRefused without it."""
    factors = lock_factors(delayed.person)
    lost = next((each for each in factors if str(each.pk) == delayed.subject), None)
    if lost is None:
        raise SupportRefused(_("This factor is not there any more."))
    named = {"factor_name": name} if (name := lost.data.get("name")) else {}
    take_factor_away(case=delayed.case, factor=lost)
    return {"kind": "support.factor_removed", "factor": type_of(lost).value, **named}


def _change_address(delayed: DelayedAct) -> dict[str, str]:
    """Send the link to the new address, and return the same. Raises as begin_address_change."""
    case, previous = delayed.case, delayed.person.email
    address = begin_address_change(case=case, address=delayed.subject)
    return {
        "kind": "support.address_correction_sent",
        "cancel_token": seal_correction(AddressCorrection(case.uuid, previous, address)),
        "previous": previous,
        "address": address,
    }


@case_step(CaseStep.CANCEL)
def cancel_delayed_act(*, actor: User | None, delayed: DelayedAct) -> DelayedAct:
    """Cancel what waits: the person, signed in or by a link (`actor` is None), or the agent.

    The operators get an alarm, unless the agent did it. Raises PermissionDenied for anybody else;
    SupportRefused once it is settled.
    """
    delayed = _lock(delayed)
    by_agent = actor is not None and actor.pk == delayed.case.opened_by_id
    if actor is not None and by_agent:
        require_support(actor, delayed.person)  # its case may be closed by now
    elif actor is not None and actor.pk != delayed.person_id:
        raise PermissionDenied("neither the person nor the agent")
    _refuse_settled(delayed)
    _cancel(delayed, by=delayed.case.opened_by if by_agent else delayed.person)
    if not by_agent:
        alarm = "factor_kept" if delayed.removes_factor else "address_kept"
        for reader in staff_with("change_customer"):
            emails.send_desk_alarm(reader=reader, case=delayed.case, alarm=alarm)
    return delayed


def cancel_all_waiting(person: User, *, by: User, case: SupportCase | None = None) -> None:
    """Cancel all that waits for a locked person, in one case or in any: somebody else called."""
    waiting = DelayedAct.objects.waiting().filter(person=person)
    for delayed in (waiting.filter(case=case) if case else waiting).order_by("pk"):
        locked = _lock(delayed)
        if locked.is_waiting:
            _cancel(locked, by=by)


def _cancel(delayed: DelayedAct, *, by: User) -> None:
    _settle(delayed, DelayState.CANCELLED)
    own, others = record_act(
        delayed.case, kind="support.delayed_act_cancelled", by=by, act=delayed.act
    )
    _tell(delayed, "cancelled", own, others)


def _lock(delayed: DelayedAct) -> DelayedAct:
    """Lock the person, then the act, as every act of the desk does."""
    person = User.objects.select_for_update(no_key=True).get(pk=delayed.person_id)
    locked = (
        DelayedAct.objects.select_for_update(of=("self",))
        .select_related("case__opened_by", "case__customer")
        .get(pk=delayed.pk)
    )
    locked.person = locked.case.person = person
    return locked


def _refuse_settled(delayed: DelayedAct) -> None:
    if not delayed.is_waiting:
        raise SupportRefused(
            _("This is settled already: %(state)s.") % {"state": delayed.get_state_display()},
            code="settled",
        )


def _settle(delayed: DelayedAct, state: DelayState) -> None:
    delayed.state, delayed.settled_at = state, timezone.now()
    delayed.save(update_fields=["state", "settled_at", "confirmed_by"])
