"""Switching a company's own sign-in on and off."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.models import CompanySignIn, Customer, Membership, User
from accounts.models.cases import TICKET_LENGTH
from accounts.permissions import lock_customer, require_staff
from accounts.selectors import super_users_of
from accounts.selectors.company_sign_in import (
    has_own_way_in,
    members_at_domains,
    proven_domains,
    sign_in_of_person,
    trusted_domains,
)
from accounts.services.audit import record_event
from accounts.services.company_sign_in.connecting import (
    CompanySignInRefused,
    lock_company_sign_in,
)
from accounts.validators import clean_reason


@transaction.atomic
def start_company_sign_in(
    *, actor: User, customer: Customer, signed_in_at: datetime | None
) -> CompanySignIn:
    """Put the company's own sign-in in force: its people sign in there, and no longer here.

    They are told. Raises PermissionDenied for anyone but a Super User; FreshSignInRequired;
    CompanySignInRefused before it is tried, without a proven domain, and without a main Super User
    who could sign in here on the day on which the provider is away.
    """
    own = lock_company_sign_in(actor, customer, signed_in_at)
    customer = own.customer
    if own.is_in_force:
        raise CompanySignInRefused(_("Single sign-on is already on."), code="on")
    domains = trusted_domains(customer)
    if not domains:
        raise CompanySignInRefused(_("Verify an email domain first."), code="no_domain")
    if own.tried_at is None:
        raise CompanySignInRefused(
            _("Test it first: sign in through your identity provider yourself."), code="not_tried"
        )
    main = customer.main_super_user
    if main is None or not has_own_way_in(main.user):
        raise CompanySignInRefused(
            _(
                "%(person)s must be able to sign in when your identity provider is down. "
                "They need a passkey, or a password with an authenticator app, first."
            )
            % {"person": main},
            code="no_way_in",
        )
    own.in_force_since = timezone.now()
    own.save(update_fields=["in_force_since"])
    record_event(kind="company_sign_in.started", actor=actor, customer=customer)
    signals.company_sign_in_switched.send(
        Customer, customer=customer, is_on=True, domains=sorted(domains)
    )
    return own


@transaction.atomic
def stop_company_sign_in(
    *, actor: User, customer: Customer, signed_in_at: datetime | None
) -> CompanySignIn:
    """Switch it off: people sign in here again, and are told how to choose a password.

    The connection stays. Raises PermissionDenied, FreshSignInRequired; CompanySignInRefused where
    it is off.
    """
    own = lock_company_sign_in(actor, customer, signed_in_at)
    switch_off(own)
    record_event(kind="company_sign_in.stopped", actor=actor, customer=own.customer)
    return own


@transaction.atomic
def stop_as_support(*, actor: User, customer: Customer, ticket: str, reason: str) -> CompanySignIn:
    """Switch it off for a company whose provider is away; its Super Users get a receipt.

    Raises PermissionDenied unless the actor is support and does not belong to the company;
    ValidationError naming the field; CompanySignInRefused where it is off.
    """
    require_staff(actor, "accounts.use_desk")
    if Membership.objects.present().filter(user=actor, customer=customer).exists():
        raise PermissionDenied("the desk never acts on itself")
    ticket = clean_reason("ticket", ticket, length=TICKET_LENGTH)
    reason = clean_reason("reason", reason)
    customer = lock_customer(customer)
    own = CompanySignIn.objects.select_for_update().filter(customer=customer).first()
    if own is None:
        raise CompanySignInRefused(_("No identity provider is connected. Connect yours first."))
    own.customer = customer
    switch_off(own)
    kind = "support.company_sign_in_stopped"
    record_event(kind=kind, actor=actor, customer=customer, ticket=ticket, reason=reason)
    record_event(kind=kind, actor=actor, company=customer.name, ticket=ticket, reason=reason)
    for reader in super_users_of(customer):
        emails.send_company_sign_in_receipt(
            reader=reader, actor=actor, ticket=ticket, reason=reason
        )
    return own


@transaction.atomic
def tell_members(*, actor: None, customer: Customer, is_on: bool, domains: list[str]) -> int:
    """Tell the members at these domains that it was switched on, or off; return how many.

    Where it was switched off for some, those who go on at the provider hear nothing.
    """
    members = members_at_domains(customer, domains)
    if not is_on:
        members = [each for each in members if sign_in_of_person(each.user) is None]
    for membership in members:
        emails.send_company_sign_in_notice(membership=membership, is_on=is_on)
    return len(members)


def switch_off(own: CompanySignIn) -> None:
    """Switch off a locked sign-in, and have its people told. Raises CompanySignInRefused."""
    if not own.is_in_force:
        raise CompanySignInRefused(_("Single sign-on is already off."), code="off")
    own.in_force_since = None
    own.save(update_fields=["in_force_since"])
    signals.company_sign_in_switched.send(
        Customer, customer=own.customer, is_on=False, domains=sorted(proven_domains(own.customer))
    )
