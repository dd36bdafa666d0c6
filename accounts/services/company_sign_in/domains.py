"""Proving that an email domain is a company's own: by a DNS record, or by a link to its mailbox."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_domain_name
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import DomainMailbox, DomainProof
from accounts.choices.public_domains import PUBLIC_DOMAINS
from accounts.domains import to_ascii
from accounts.models import CompanyDomain, CompanySignIn, Customer, User
from accounts.permissions import lock_customer, lock_managed_customer
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from accounts.services.company_sign_in.connecting import CompanySignInRefused
from accounts.services.company_sign_in.rechecking import (
    AGAIN_AFTER,
    has_record,
    note_found_record,
)
from accounts.services.invitations.sending import hash_token

MOST = 20  # domains of one company
LINK_WORKS_FOR = timedelta(days=3)
PAUSE = timedelta(minutes=5)  # between two links
RECORD_PREFIX = "hub-domain-verification="


@transaction.atomic
def add_domain(*, actor: User, customer: Customer, domain: str) -> CompanyDomain:
    """Add an email domain that the company says is its own; it means nothing until it is proven.

    Raises PermissionDenied for anyone but its Super Users; ValidationError naming the field.
    """
    customer = lock_managed_customer(actor, customer)
    domain = _clean_domain(domain)
    _refuse_taken(customer, domain)
    if CompanyDomain.objects.filter(customer=customer, domain=domain).exists():
        raise ValidationError({"domain": _("This domain is already in the list.")})
    if CompanyDomain.objects.filter(customer=customer).count() >= MOST:
        raise ValidationError({"domain": _("A company can add %(most)s domains.") % {"most": MOST}})
    row = CompanyDomain.objects.create(
        customer=customer, domain=domain, challenge=RECORD_PREFIX + secrets.token_hex(16)
    )
    record_event(kind="company_domain.added", actor=actor, customer=customer, domain=domain)
    return row


@transaction.atomic
def prove_domain_by_dns(
    *, actor: User, domain: CompanyDomain, records: Iterable[str]
) -> CompanyDomain:
    """Take the domain's TXT records (accounts.openid.dns) for a proof, if ours is among them.

    Raises PermissionDenied for anyone but a Super User; CompanySignInRefused without our record, or
    where another company has proven the domain.
    """
    customer = lock_managed_customer(actor, domain.customer)
    row = CompanyDomain.objects.select_for_update().get(pk=domain.pk, customer=customer)
    if not has_record(row, records):
        raise CompanySignInRefused(
            _("We can't see the DNS record yet. New records can take an hour. Check again later."),
            code="no_record",
        )
    if row.proof == DomainProof.DNS:
        row.customer = customer
        note_found_record(row, actor)
        return row
    return _prove(row, customer, DomainProof.DNS, actor)


@transaction.atomic
def send_domain_link(*, actor: User, domain: CompanyDomain, mailbox: str) -> CompanyDomain:
    """Send a link that proves the domain to a mailbox of whoever runs it (DomainMailbox).

    Raises PermissionDenied for anyone but a Super User; ValidationError naming the field;
    CompanySignInRefused for a link too soon after another.
    """
    customer = lock_managed_customer(actor, domain.customer)
    row = CompanyDomain.objects.select_for_update().get(pk=domain.pk, customer=customer)
    if mailbox not in DomainMailbox.values:
        raise ValidationError({"mailbox": _("Choose one of these mailboxes.")})
    if row.proven_at is not None:
        raise CompanySignInRefused(_("This domain is already verified."))
    _refuse_taken(customer, row.domain)
    now = timezone.now()
    if row.link_sent_at is not None and now - row.link_sent_at < PAUSE:
        raise CompanySignInRefused(
            _("A link was already sent. Wait five minutes before you send another.")
        )
    token = secrets.token_urlsafe(32)
    row.link_hash, row.link_sent_at = hash_token(token), now
    row.save(update_fields=["link_hash", "link_sent_at"])
    address = f"{mailbox}@{row.domain}"
    emails.send_domain_link(domain=row, address=address, token=token, actor=actor)
    record_event(kind="company_domain.link_sent", actor=actor, customer=customer, address=address)
    return row


def find_domain_of_link(token: str) -> CompanyDomain | None:
    """Return the domain that an emailed link proves; None for a link that is old or unknown."""
    return (
        CompanyDomain.objects.select_related("customer")
        .filter(
            link_hash=hash_token(token),
            link_sent_at__gt=timezone.now() - LINK_WORKS_FOR,
            proven_at=None,
        )
        .first()
    )


@transaction.atomic
def prove_domain_by_link(*, actor: None, token: str) -> CompanyDomain | None:
    """Take the use of an emailed link for a proof: whoever has it reads the domain's mailbox.

    Return None for a link that is old or unknown. Raises CompanySignInRefused where another company
    has proven the domain.
    """
    found = find_domain_of_link(token)
    if found is None:
        return None
    customer = lock_customer(found.customer)
    row = CompanyDomain.objects.select_for_update().filter(pk=found.pk, proven_at=None).first()
    return None if row is None else _prove(row, customer, DomainProof.EMAIL, actor)


def _prove(
    row: CompanyDomain, customer: Customer, proof: DomainProof, actor: User | None
) -> CompanyDomain:
    if row.proven_at is not None:
        return row
    row.proven_at, row.proof, row.link_hash = timezone.now(), proof, ""
    if proof == DomainProof.DNS:
        row.check_due_at = row.proven_at + AGAIN_AFTER
    try:
        with transaction.atomic():
            row.save(update_fields=["proven_at", "proof", "link_hash", "check_due_at"])
    except IntegrityError as error:
        raise CompanySignInRefused(_taken(), code="taken") from error
    record_event(
        kind="company_domain.proven",
        actor=actor,
        customer=customer,
        domain=row.domain,
        proof=proof.value,
    )
    if CompanySignIn.objects.in_force().filter(customer=customer).exists():
        for reader in super_users_of(customer):
            emails.send_domain_proven(domain=row, reader=reader)
    return row


def _clean_domain(domain: str) -> str:
    """Return a domain in ASCII. Raises ValidationError for one that is none, or no company's."""
    domain = domain.strip().removeprefix("@").rstrip(".")
    try:
        domain = to_ascii(domain)
        validate_domain_name(domain)
    except (UnicodeError, ValidationError):
        raise ValidationError({"domain": _("Enter a domain such as alder.example.")}) from None
    if "." not in domain or domain.replace(".", "").isdigit():
        raise ValidationError({"domain": _("Enter a domain such as alder.example.")})
    if domain in PUBLIC_DOMAINS:
        raise ValidationError(
            {
                "domain": _(
                    "Anyone can get an address at %(domain)s. Enter a domain that only your "
                    "company uses."
                )
                % {"domain": domain}
            },
        )
    own = {settings.HUB_MAIL_FROM.rpartition("@")[2], urlsplit(settings.HUB_BASE_URL).hostname}
    if domain in own:
        raise ValidationError(
            {
                "domain": _("%(domain)s is a domain of %(provider)s.")
                % {"domain": domain, "provider": settings.HUB_BRAND_NAME}
            },
        )
    return domain


def _refuse_taken(customer: Customer, domain: str) -> None:
    others = CompanyDomain.objects.exclude(customer=customer)
    if others.filter(domain=domain, proven_at__isnull=False).exists():
        raise ValidationError({"domain": _taken()}, code="taken")


def _taken() -> str:
    return _("Another company has verified this domain. If it is yours, contact %(provider)s.") % {
        "provider": settings.HUB_BRAND_NAME
    }
