"""Receipts: each act is in the person's history, in their companies' logs, and in an email."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import emails
from accounts.choices import SupportAct
from accounts.models import AuditEvent, CaseAct, SupportCase, User
from accounts.selectors import memberships_of
from accounts.services.audit import record_event
from accounts.services.support.cases import facts_of

TELL_OLD_ADDRESS_FOR = timedelta(days=30)


def finish_act(
    case: SupportCase,
    act: SupportAct,
    *,
    kind: str,
    subject: str = "",
    cancel_token: str = "",
    **details: str,
) -> CaseAct:
    """Note that an act was done in a locked case, record it, and send the receipts.

    There is one event in the provider's chain and one in each of the person's companies. The person
    and their main Super Users get a receipt; so does an address that the person had lately (G4).
    With `cancel_token`, the person's addresses get a link that cancels the act.
    """
    done = CaseAct.objects.create(case=case, act=act, subject=subject)
    send_receipts(case, act, kind=kind, cancel_token=cancel_token, **details)
    return done


def send_receipts(
    case: SupportCase, act: SupportAct, *, kind: str, cancel_token: str = "", **details: str
) -> None:
    """Record an act that took effect, and send its receipts, as finish_act says."""
    said: dict[str, Any] = {**details}
    own, others = record_act(case, kind=kind, **said)
    for reader in [*own, *others]:
        emails.send_support_receipt(
            act=act,
            reader=reader,
            case=case,
            person_reads=reader in own,
            details=details,
            cancel_token=cancel_token if reader in own else "",
        )


def record_act(
    case: SupportCase, *, kind: str, by: User | None = None, **details: Any
) -> tuple[list[emails.Reader], list[emails.Reader]]:
    """Record what was done in a case, by its agent unless somebody else did it.

    Returns who is told: the person at every address, and their main Super Users.
    """
    record = {"actor": by or case.opened_by, "person": case.person, **facts_of(case), **details}
    record_event(kind=kind, **record)
    readers: set[User] = {case.person}
    # Always in one order, because it locks each chain.
    for membership in memberships_of(case.person).order_by("customer_id"):
        record_event(kind=kind, customer=membership.customer, **record)
        if main := membership.customer.main_super_user:
            readers.add(main.user)
    own: list[emails.Reader] = [case.person, *_former_addresses(case.person)]
    others = sorted(readers - {case.person}, key=lambda each: each.pk)
    return own, list(others)


def _former_addresses(person: User) -> list[emails.Address]:
    """Return the addresses that a person had within TELL_OLD_ADDRESS_FOR."""
    changes = AuditEvent.objects.filter(
        person=person,
        kind="address.changed",
        at__gt=timezone.now() - TELL_OLD_ADDRESS_FOR,
    )
    addresses = {change.data["previous"] for change in changes} - {person.email, "—"}
    return [emails.Address(address, person.language) for address in sorted(addresses)]
