"""Attempts at the desk: what is refused leaves no trace but an entry in the log.

Who tried belongs in the log although nothing was done, so the entry has a transaction of its own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.choices import CaseStep, SupportAct
from accounts.models import DelayedAct, SupportCase, User
from accounts.services.audit import record_event
from accounts.services.support.limits import sound_alarm

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def support_act(act: SupportAct) -> Decorator:
    """Make an act of the desk one transaction, and record its refusal in one of its own.

    The act takes `actor` and `case`.
    """

    def decorate(service: Callable[..., Any]) -> Callable[..., Any]:
        in_transaction = transaction.atomic(service)

        @wraps(service)
        def call(*, actor: User, case: SupportCase, **values: Any) -> Any:
            try:
                return in_transaction(actor=actor, case=case, **values)
            except (PermissionDenied, ValidationError) as refusal:
                facts = {"act": act.value, "case": str(case.uuid), "ticket": case.ticket}
                _record("support.act_refused", actor, case.person, refusal, facts)
                raise

        return call

    return decorate


def case_step(step: CaseStep, *, every_refusal: bool = False) -> Decorator:
    """Make a step around the acts one transaction, and record whom it was refused to.

    The step takes `actor`, and `case`, `delayed` or `person`. A typing error is recorded only for
    `every_refusal`.
    """

    def decorate(service: Callable[..., Any]) -> Callable[..., Any]:
        in_transaction = transaction.atomic(service)

        @wraps(service)
        def call(*, actor: User | None, **values: Any) -> Any:
            try:
                return in_transaction(actor=actor, **values)
            except (PermissionDenied, ValidationError) as refusal:
                denied = isinstance(refusal, PermissionDenied)
                if actor is not None and (denied or every_refusal or _is_burst(refusal)):
                    person, facts = _concerned(**values)
                    facts |= {"step": step.value}
                    _record("support.step_refused", actor, person, refusal, facts)
                raise

        return call

    return decorate


def _concerned(
    *,
    case: SupportCase | None = None,
    delayed: DelayedAct | None = None,
    person: User | None = None,
    **_: Any,
) -> tuple[User | None, dict[str, Any]]:
    """Return whom a step concerns, and what the log says of its case, if there is one."""
    case = delayed.case if delayed is not None else case
    if case is None:
        return person, {"ticket": "—"}
    return case.person, {"case": str(case.uuid), "ticket": case.ticket}


def _is_burst(refusal: PermissionDenied | ValidationError) -> bool:
    return getattr(refusal, "code", None) == "burst"


@transaction.atomic
def _record(
    kind: str,
    actor: User,
    person: User | None,
    refusal: PermissionDenied | ValidationError,
    facts: dict[str, Any],
) -> None:
    record_event(kind=kind, actor=actor, person=person, **facts)
    if _is_burst(refusal):
        sound_alarm(actor)
