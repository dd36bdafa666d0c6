"""The effects of the acts that can take an account, apart from the acts that ask for them.

An act calls its effect once all is checked. Whoever lets an act wait calls the effect when its time
has come, with the case in which it was asked for.
"""

from collections.abc import Collection

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.models import SupportCase, User
from accounts.selectors.company_sign_in import sign_in_of_person
from accounts.services.factors import lock_factors
from accounts.services.sessions import drop_unverified_addresses, end_sessions
from accounts.services.support.refusals import SupportRefused
from accounts.validators import normalise_address


def take_factor_away(*, case: SupportCase, factor: Authenticator) -> None:
    """Delete a factor, and the recovery codes with the last one; end all sessions and tokens."""
    delete_factors(case.person, going={factor.pk}, by=case.opened_by)
    sign_out_everywhere(case.person)


def delete_factors(person: User, *, going: Collection[int], by: User | None) -> None:
    """Delete the factors with these keys, and recovery codes that have nothing left to replace.

    `by` is the actor of their events.
    """
    factors = lock_factors(person)
    codes = Authenticator.Type.RECOVERY_CODES
    is_all = all(each.type == codes for each in factors if each.pk not in going)
    for each in sorted(factors, key=lambda each: each.pk not in going):
        if is_all or each.pk in going:
            each.removed_by = by  # for its event
            each.delete()


def sign_out_everywhere(person: User) -> None:
    """End all sessions of a person, and the tokens of their portals."""
    end_sessions(person)
    signals.access_revoked.send(User, user=person)


def fit_address(*, case: SupportCase, address: str) -> str:
    """Return a new address as the hub stores it. Raises SupportRefused naming the field."""
    person = case.person
    try:
        address = normalise_address(address)
    except ValidationError as error:
        raise SupportRefused({"address": error.error_list}) from error
    taken = EmailAddress.objects.filter(email=address, verified=True).exists()
    if taken or User.objects.filter(email=address).exists():
        raise SupportRefused({"address": _("This is somebody's address already.")})
    if own := sign_in_of_person(person):
        raise SupportRefused(
            _("%(person)s signs in through %(company)s, which knows the address.")
            % {"person": person, "company": own.customer},
            code="company_sign_in",
        )
    return address


def begin_address_change(*, case: SupportCase, address: str) -> str:
    """Send a link to a new address by which it proves itself; return it as the hub stores it.

    Another change that waits is dropped. Raises as fit_address.
    """
    address, person = fit_address(case=case, address=address), case.person
    drop_unverified_addresses(person)
    row = EmailAddress.objects.create(user=person, email=address, verified=False, primary=False)
    emails.send_address_proof(person, address, EmailConfirmationHMAC(row).key)
    return address
