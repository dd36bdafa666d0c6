"""Taking a proven domain from a company: by itself, or by the provider's staff."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import emails, signals
from accounts.choices import DomainRelease
from accounts.models import CompanyDomain, CompanySignIn, Customer, Membership, User
from accounts.models.cases import TICKET_LENGTH
from accounts.permissions import (
    lock_customer,
    lock_managed_customer,
    require_fresh_sign_in,
    require_staff,
)
from accounts.selectors import super_users_of
from accounts.selectors.company_sign_in import open_to_new_owner, proven_domains
from accounts.services.audit import record_event
from accounts.services.company_sign_in.connecting import CompanySignInRefused
from accounts.services.company_sign_in.switching import switch_off
from accounts.validators import clean_reason


@transaction.atomic
def remove_domain(*, actor: User, domain: CompanyDomain, signed_in_at: datetime | None) -> None:
    """Remove a domain: its people sign in here again, and another company may prove it.

    Raises PermissionDenied for anyone but a Super User; FreshSignInRequired; CompanySignInRefused
    for the last one while the company's sign-in is in force.
    """
    customer = lock_managed_customer(actor, domain.customer)
    require_fresh_sign_in(signed_in_at)
    row = CompanyDomain.objects.select_for_update().get(pk=domain.pk, customer=customer)
    in_force = CompanySignIn.objects.in_force().filter(customer=customer).exists()
    if in_force and row.proven_at is not None and proven_domains(customer) == {row.domain}:
        raise CompanySignInRefused(
            _("You can't remove the last domain. Turn off single sign-on first."), code="last"
        )
    _delete(row, customer)
    record_event(kind="company_domain.removed", actor=actor, customer=customer, domain=row.domain)


@transaction.atomic
def release_domain(
    *, actor: User, domain: CompanyDomain, why: str, ticket: str, reason: str
) -> CompanyDomain:
    """Take a proven domain from a company, so that another may prove it (DomainRelease).

    Its people sign in here again; without another domain, single sign-on goes off. Super Users get
    a receipt. Raises PermissionDenied unless the actor may change customers and does not belong to
    the company; ValidationError naming the field; CompanySignInRefused while a new owner of the
    domain could take over somebody by a reset link.
    """
    require_staff(actor, "accounts.change_customer")
    if Membership.objects.present().filter(user=actor, customer=domain.customer_id).exists():
        raise PermissionDenied("staff never act on their own company")
    ticket = clean_reason("ticket", ticket, length=TICKET_LENGTH)
    reason = clean_reason("reason", reason)
    customer = lock_customer(domain.customer)
    row = CompanyDomain.objects.select_for_update().filter(pk=domain.pk).first()
    if row is None or row.proven_at is None:
        raise CompanySignInRefused(_("This domain is no longer verified."), code="gone")
    if why == DomainRelease.NEW_OWNER:
        _refuse_take_over(customer, row)
    own = CompanySignIn.objects.select_for_update().filter(customer=customer).first()
    if own is not None and own.is_in_force and proven_domains(customer) == {row.domain}:
        own.customer = customer
        switch_off(own)
        row.delete()
    else:
        _delete(row, customer)
    kind, name = "support.domain_released", row.domain
    record_event(
        kind=kind, actor=actor, customer=customer, domain=name, ticket=ticket, reason=reason
    )
    record_event(
        kind=kind, actor=actor, company=customer.name, domain=name, ticket=ticket, reason=reason
    )
    for reader in super_users_of(customer):
        emails.send_domain_released(
            reader=reader, domain=row.domain, actor=actor, ticket=ticket, reason=reason
        )
    return row


def _refuse_take_over(customer: Customer, row: CompanyDomain) -> None:
    """Raise CompanySignInRefused where an email to the domain would open somebody's account."""
    people = open_to_new_owner(customer, row.domain)
    if people:
        names = ", ".join(str(person) for person in people[:5])
        raise CompanySignInRefused(
            ngettext(
                "%(count)s person with an address there has no passkey or authenticator "
                "app. The new owner could reset their password. They need another "
                "address or a second factor first: %(names)s.",
                (
                    "%(count)s people with an address there have no passkey or authenticator "
                    "app. The new owner could reset their passwords. They need another "
                    "address or a second factor first: %(names)s."
                ),
                len(people),
            )
            % {"count": len(people), "names": names},
            code="take_over",
        )


def _delete(row: CompanyDomain, customer: Customer) -> None:
    """Delete a domain, and tell those who sign in here from now on."""
    in_force = CompanySignIn.objects.in_force().filter(customer=customer).exists()
    row.delete()
    if in_force and row.proven_at is not None:
        signals.company_sign_in_switched.send(
            Customer, customer=customer, is_on=False, domains=[row.domain]
        )
