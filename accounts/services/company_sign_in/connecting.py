"""Connecting a company's OpenID provider, and removing it."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.encryption import cipher, key_name
from accounts.models import CompanySignIn, Customer, User
from accounts.openid.discovery import Provider
from accounts.permissions import lock_managed_customer, require_fresh_sign_in
from accounts.selectors.company_sign_in import proven_domains, session_keys_by
from accounts.services.audit import record_event
from accounts.services.sessions import end_hub_sessions
from accounts.validators import validate_plain_text

log = structlog.get_logger(__name__)

PURPOSE = "accounts.company_sign_in"
CLIENT_ID_LENGTH = 255
SECRET_LENGTH = 1000
MOST_ACR = 5
ACR_LENGTH = 200
BATCH = 100


class CompanySignInRefused(ValidationError):
    """The company's own sign-in can't be changed this way; the message says why."""


@transaction.atomic
def connect_provider(
    *,
    actor: User,
    customer: Customer,
    provider: Provider,
    client_id: str,
    client_secret: str,
    strong_acr: Iterable[str] = (),
    signed_in_at: datetime | None,
) -> CompanySignIn:
    """Connect a company's provider; nobody has to use it yet.

    `provider` is what the provider says about itself (accounts.openid.discovery). Raises
    PermissionDenied for anyone but its Super Users; FreshSignInRequired; CompanySignInRefused where
    one is connected; ValidationError naming the field.
    """
    customer = lock_managed_customer(actor, customer)
    require_fresh_sign_in(signed_in_at)
    if CompanySignIn.objects.filter(customer=customer).exists():
        raise CompanySignInRefused(
            _("An identity provider is already connected. Remove it before you connect another.")
        )
    own = CompanySignIn.objects.create(
        customer=customer,
        issuer=provider.issuer,
        client_id=_clean("client_id", client_id, CLIENT_ID_LENGTH),
        sealed_secret=_seal(_clean("client_secret", client_secret, SECRET_LENGTH)),
        strong_acr=_clean_acr(strong_acr),
    )
    record_event(
        kind="company_sign_in.connected", actor=actor, customer=customer, issuer=own.issuer
    )
    return own


@transaction.atomic
def replace_client(
    *,
    actor: User,
    customer: Customer,
    client_id: str,
    client_secret: str,
    strong_acr: Iterable[str] = (),
    signed_in_at: datetime | None,
) -> CompanySignIn:
    """Replace the client at the connected provider, such as one whose secret expires.

    Unless it is in force, it has to be tried again. Raises as connect_provider.
    """
    own = lock_company_sign_in(actor, customer, signed_in_at)
    own.client_id = _clean("client_id", client_id, CLIENT_ID_LENGTH)
    own.sealed_secret = _seal(_clean("client_secret", client_secret, SECRET_LENGTH))
    own.strong_acr = _clean_acr(strong_acr)
    if not own.is_in_force:
        own.tried_at = None
    own.save()
    record_event(kind="company_sign_in.changed", actor=actor, customer=own.customer)
    return own


@transaction.atomic
def remove_provider(*, actor: User, customer: Customer, signed_in_at: datetime | None) -> int:
    """Remove the connected provider, end the sessions that began there, and return how many.

    Who was who at the provider is forgotten. Raises as change_client.
    """
    own = lock_company_sign_in(actor, customer, signed_in_at)
    people = User.objects.in_bulk(keys := session_keys_by(own))
    count = sum(end_hub_sessions(user=people[pk], keys=keys[pk]) for pk in sorted(keys))
    was_in_force, issuer = own.is_in_force, own.issuer
    own.delete()
    record_event(
        kind="company_sign_in.removed",
        actor=actor,
        customer=own.customer,
        issuer=issuer,
        count=count,
    )
    if was_in_force:
        signals.company_sign_in_switched.send(
            Customer,
            customer=own.customer,
            is_on=False,
            domains=sorted(proven_domains(own.customer)),
        )
    return count


def lock_company_sign_in(
    actor: User, customer: Customer, signed_in_at: datetime | None
) -> CompanySignIn:
    """Lock the company and its sign-in for one of its Super Users, who has signed in just now.

    Raises as connect_provider; CompanySignInRefused where nothing is connected.
    """
    customer = lock_managed_customer(actor, customer)
    require_fresh_sign_in(signed_in_at)
    own = CompanySignIn.objects.select_for_update().filter(customer=customer).first()
    if own is None:
        raise CompanySignInRefused(_("No identity provider is connected. Connect yours first."))
    own.customer = customer
    return own


def client_secret_of(own: CompanySignIn) -> str:
    """Return the client's secret; "" where no key of ours fits, and the provider will refuse it."""
    try:
        return cipher(PURPOSE).decrypt(own.sealed_secret.partition(":")[2].encode()).decode()
    except InvalidToken:
        log.error("a client secret can't be decrypted; is a former secret key missing?")
        return ""


def reseal_client_secrets() -> int:
    """Encrypt secrets that are under a former secret key with the present one; return how many."""
    if not settings.SECRET_KEY_FALLBACKS:
        return 0
    former = CompanySignIn.objects.exclude(sealed_secret__startswith=f"{key_name(PURPOSE)}:")
    count = 0
    for key in list(former.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            own = CompanySignIn.objects.select_for_update().filter(pk=key).first()
            if own is not None and (secret := client_secret_of(own)):
                own.sealed_secret = _seal(secret)
                own.save(update_fields=["sealed_secret"])
                count += 1
    return count


def _seal(secret: str) -> str:
    """Return an encrypted secret, which begins with the name of its key."""
    return f"{key_name(PURPOSE)}:{cipher(PURPOSE).encrypt(secret.encode()).decode()}"


def _clean(field: str, value: str, length: int) -> str:
    value = value.strip()
    try:
        if not value:
            raise ValidationError(
                _("Copy this from the application's page at your identity provider.")
            )
        if len(value) > length:
            raise ValidationError(_("This value is too long."))
        validate_plain_text(value)
    except ValidationError as error:
        raise ValidationError({field: error.error_list}) from None
    return value


def _clean_acr(values: Iterable[str]) -> list[str]:
    cleaned = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(cleaned) > MOST_ACR or any(len(value) > ACR_LENGTH for value in cleaned):
        raise ValidationError({"strong_acr": _("Enter at most 5 values, one per line.")})
    for value in cleaned:
        if any(sign.isspace() for sign in value):
            raise ValidationError(
                {"strong_acr": _("Values can't contain spaces. Enter one per line.")}
            )
        validate_plain_text(value)
    return cleaned
