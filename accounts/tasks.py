"""Jobs of this app. A job may run twice."""

from django_tasks import task

from accounts.models import CompanyDomain, Customer, SuperUserRecovery
from accounts.openid.dns import find_records
from accounts.services import (
    company_sign_in,
    password_resets,
    people,
    recoveries,
    second_factor,
    sign_in_codes,
)

SOMEBODY_WAITS = 50  # jobs of campaigns come later


@task(priority=SOMEBODY_WAITS)
def send_reset_email(address: str, language: str) -> int:
    """Send a link for a new password to whoever signs in with this address. Return how many."""
    return password_resets.send_reset_email(actor=None, address=address, language=language)


@task(priority=SOMEBODY_WAITS)
def send_sign_in_code(address: str, language: str, sealed: str) -> int:
    """Send a code to whoever signs in with this address. Return how many got it."""
    return sign_in_codes.send_sign_in_code(
        actor=None, address=address, language=language, sealed=sealed
    )


@task(priority=SOMEBODY_WAITS)
def tell_members_of_second_factor(customer: int) -> int:
    """Tell a company's members whether they need a second factor. Return how many were told."""
    return second_factor.tell_members(actor=None, customer=Customer.objects.get(pk=customer))


@task(priority=SOMEBODY_WAITS)
def tell_members_of_company_sign_in(customer: int, is_on: bool, domains: list[str]) -> int:
    """Tell members at these domains that its own sign-in is on, or off. Return how many."""
    return company_sign_in.tell_members(
        actor=None, customer=Customer.objects.get(pk=customer), is_on=is_on, domains=domains
    )


@task(priority=SOMEBODY_WAITS)
def tell_members_of_recovery(recovery: str) -> int:
    """Tell a company's members of a recovery (a uuid) that they can stop. Return how many."""
    row = SuperUserRecovery.objects.select_related("customer", "lost__user", "member__user").get(
        uuid=recovery
    )
    return recoveries.tell_members_of_recovery(actor=None, recovery=row)


@task()
def look_for_domain_record(domain: str) -> None:
    """Look again for the DNS record that proved a company's domain (a uuid)."""
    row = CompanyDomain.objects.filter(uuid=domain).first()
    if row is not None:
        records = find_records(row.domain)
        company_sign_in.note_domain_records(actor=None, domain=row.uuid, records=records)


@task()
def record_failed_sign_in(address: str) -> bool:
    """Record a refused sign-in to whoever has this address. Return whether somebody has."""
    return people.record_failed_sign_in(actor=None, address=address)
