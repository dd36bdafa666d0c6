"""Looking again for the DNS record that proved a domain: it may have a new owner by now.

A record is looked for each week, and each day while it is missing. A DNS that gives no answer says
nothing. After 14 days the proof lapses: the company's provider binds nobody new at the domain.
Whoever is bound goes on (accounts.selectors.company_sign_in.stays_bound).
"""

import hmac
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import emails, signals
from accounts.choices import CustomerStatus, DomainProof
from accounts.models import CompanyDomain, CompanySignIn, Customer, User
from accounts.permissions import lock_customer
from accounts.selectors import staff_with, super_users_of
from accounts.services.audit import record_event

AGAIN_AFTER = timedelta(days=7)
SOON = timedelta(days=1)  # while the record is missing, or the DNS does not answer
LAPSES_AFTER = timedelta(days=14)
MOST_AT_ONCE = 20


@transaction.atomic
def take_due_domains() -> list[UUID]:
    """Return the domains whose record is to be looked for now; each comes again in a day."""
    now = timezone.now()
    due = list(
        CompanyDomain.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(
            proof=DomainProof.DNS,
            check_due_at__lte=now,
            customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED],
        )
        .order_by("check_due_at")[:MOST_AT_ONCE]
    )
    CompanyDomain.objects.filter(pk__in=[row.pk for row in due]).update(check_due_at=now + SOON)
    return [row.uuid for row in due]


@transaction.atomic
def note_domain_records(
    *, actor: None, domain: UUID, records: Iterable[str] | None
) -> CompanyDomain | None:
    """Note which TXT records a proven domain has now (accounts.openid.dns); None says nothing.

    The company's Super Users are told when its record is missing, and with the staff when the proof
    lapses. Return the domain, None for one that a record does not prove.
    """
    found = CompanyDomain.objects.filter(uuid=domain, proof=DomainProof.DNS).first()
    if found is None:
        return None
    customer = lock_customer(found.customer)
    row = CompanyDomain.objects.select_for_update().filter(pk=found.pk).first()
    if row is None or row.proof != DomainProof.DNS or records is None:
        return row
    row.customer = customer
    now = timezone.now()
    if has_record(row, records):
        note_found_record(row, None)
    elif row.missing_since is None:
        row.missing_since = now
        row.save(update_fields=["missing_since"])
        record_event(kind="company_domain.missing", actor=actor, customer=customer, domain=str(row))
        for reader in super_users_of(customer):
            emails.send_domain_missing(domain=row, reader=reader, until=now + LAPSES_AFTER)
    elif row.lapsed_at is None and now - row.missing_since >= LAPSES_AFTER:
        _lapse(row, customer)
    return row


def has_record(row: CompanyDomain, records: Iterable[str]) -> bool:
    """Return whether our record is among a domain's."""
    return any(hmac.compare_digest(text.encode(), row.challenge.encode()) for text in records)


def note_found_record(row: CompanyDomain, actor: User | None) -> None:
    """Note that the record of a locked domain is there: it proves the domain again."""
    was_missing = row.missing_since is not None
    row.check_due_at, row.missing_since, row.lapsed_at = timezone.now() + AGAIN_AFTER, None, None
    row.save(update_fields=["check_due_at", "missing_since", "lapsed_at"])
    if was_missing:
        record_event(
            kind="company_domain.found", actor=actor, customer=row.customer, domain=row.domain
        )


def _lapse(row: CompanyDomain, customer: Customer) -> None:
    row.lapsed_at = timezone.now()
    row.save(update_fields=["lapsed_at"])
    record_event(kind="company_domain.lapsed", actor=None, customer=customer, domain=row.domain)
    for reader in super_users_of(customer):
        emails.send_domain_lapsed(domain=row, reader=reader.user)
    for person in staff_with("change_customer"):
        emails.send_domain_lapsed(domain=row, reader=person)
    if CompanySignIn.objects.in_force().filter(customer=customer).exists():
        signals.company_sign_in_switched.send(
            Customer, customer=customer, is_on=False, domains=[row.domain]
        )
