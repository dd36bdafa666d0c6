"""Emails about a company's own sign-in and its email domains."""

from datetime import datetime

from django.urls import reverse

from accounts.choices import SignInProblem
from accounts.emails.notices import Address, send_to
from accounts.models import CompanyDomain, Customer, Membership, User
from accounts.openid.dns import record_name

TEMPLATES = "accounts/emails/company_sign_in"


def _settings_page(membership: Membership) -> str:
    return _page_of(membership.customer)


def _page_of(customer: Customer) -> str:
    return reverse("accounts:company-sign-in", args=[customer.slug])


def send_company_sign_in_notice(*, membership: Membership, is_on: bool) -> None:
    """Tell a member that they sign in through the company from now on, or here again."""
    path = reverse("account_login") if is_on else reverse("account_reset_password")
    send_to(
        membership.user,
        TEMPLATES,
        notice_class="security",
        path=path,
        membership=membership,
        greeted=membership,
        company=membership.customer,
        is_on=is_on,
        keeps=membership.customer.main_super_user_id == membership.pk,
    )


def send_company_sign_in_receipt(
    *, reader: Membership, actor: User, ticket: str, reason: str
) -> None:
    """Tell a Super User that support switched off the company's own sign-in, and why."""
    send_to(
        reader.user,
        f"{TEMPLATES}_receipt",
        notice_class="security",
        path=_settings_page(reader),
        company=reader.customer,
        actor=actor,
        ticket=ticket,
        reason=reason,
    )


def send_company_sign_in_conflict(
    *, reader: Membership, address: str, problem: SignInProblem
) -> None:
    """Tell a Super User that an account of the provider is not the one that it was."""
    send_to(
        reader.user,
        f"{TEMPLATES}_conflict",
        notice_class="security",
        path=_settings_page(reader),
        company=reader.customer,
        address=address,
        problem=problem,
    )


def send_domain_link(*, domain: CompanyDomain, address: str, token: str, actor: User) -> None:
    """Send a link that proves a domain to whoever reads the mailbox of those who run it."""
    send_to(
        Address(address, domain.customer.language),
        "accounts/emails/domain_link",
        notice_class="transactional",
        path=reverse("accounts:company-domain-confirm", args=[token]),
        zone=domain.customer.zone,
        domain=domain.domain,
        company=domain.customer,
        actor=actor,
    )


def send_domain_proven(*, domain: CompanyDomain, reader: Membership) -> None:
    """Tell a Super User that people at one more domain sign in through the company."""
    send_to(
        reader.user,
        "accounts/emails/domain_proven",
        notice_class="security",
        path=_settings_page(reader),
        domain=domain.domain,
        company=domain.customer,
    )


def send_domain_missing(*, domain: CompanyDomain, reader: Membership, until: datetime) -> None:
    """Tell a Super User that the record that proves a domain is missing, and until when it may."""
    send_to(
        reader.user,
        "accounts/emails/domain_missing",
        notice_class="security",
        path=_settings_page(reader),
        domain=domain,
        company=domain.customer,
        record=record_name(domain.domain),
        until=until,
    )


def send_domain_lapsed(*, domain: CompanyDomain, reader: User) -> None:
    """Tell a Super User, or one of the staff, that a domain is no longer proven."""
    path = _page_of(domain.customer)
    if reader.is_staff:
        path = reverse("portals:provider-customer", args=[domain.customer.slug])
    send_to(
        reader,
        "accounts/emails/domain_lapsed",
        notice_class="security",
        path=path,
        domain=domain,
        company=domain.customer,
        record=record_name(domain.domain),
        is_staff=reader.is_staff,
    )


def send_domain_released(
    *, reader: Membership, domain: str, actor: User, ticket: str, reason: str
) -> None:
    """Tell a Super User that the provider's staff took a proven domain from the company."""
    send_to(
        reader.user,
        "accounts/emails/domain_released",
        notice_class="security",
        path=_settings_page(reader),
        domain=domain,
        company=reader.customer,
        actor=actor,
        ticket=ticket,
        reason=reason,
    )
