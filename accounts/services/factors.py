"""Second factors: what was used once, their events, and their encryption."""

from typing import Any

import structlog
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.choices import FactorType
from accounts.encryption import cipher, key_name
from accounts.models import AuditEvent, User
from accounts.services.audit import record_event

log = structlog.get_logger(__name__)

PURPOSE = "accounts.factors"
SEEDS = ("secret", "seed")  # of an app, of recovery codes
BATCH = 500


def seal_seed(seed: str) -> str:
    """Return an encrypted seed, which begins with the name of its key."""
    return f"{key_name(PURPOSE)}:{cipher(PURPOSE).encrypt(seed.encode()).decode()}"


def unseal_seed(sealed: str) -> str:
    """Return a decrypted seed; where no key of ours fits, a random one that no code matches."""
    try:
        return cipher(PURPOSE).decrypt(sealed.partition(":")[2].encode()).decode()
    except InvalidToken:
        log.error("a second factor cannot be decrypted; is a former secret key missing?")
        return str(totp.generate_totp_secret())


def _resealed(sealed: str) -> str:
    """Return a seed under the present key; where no key fits, as it is: the key may come back."""
    try:
        token = cipher(PURPOSE).rotate(sealed.partition(":")[2].encode())
    except InvalidToken:
        return sealed
    return f"{key_name(PURPOSE)}:{token.decode()}"


def lock_factors(user: User) -> list[Authenticator]:
    """Lock the factors of a person, and return them: a code is then used by one request alone."""
    factors = Authenticator.objects.select_for_update().filter(user_id=user.pk)
    return list(factors.order_by("pk"))


def spend_app_code(factor: Authenticator, code: str) -> bool:
    """Note the use of a right code of an authenticator app. Return whether it is a new one.

    Neither this code nor an earlier one works after it. The caller holds the lock (lock_factors).
    """
    seed = get_adapter().decrypt(factor.data["secret"])
    wanted = totp.normalize_user_code(code)
    period = next(
        (
            counter
            for counter in totp.yield_hotp_counters_from_time()
            if totp.format_hotp_value(totp.hotp_value(seed, counter)) == wanted
        ),
        None,
    )
    if period is None or period <= factor.data.get("last_period", 0):
        return False
    factor.data["last_period"] = period
    factor.save(update_fields=["data"])
    return True


def spend_passkey_answer(factor: Authenticator, *, challenge: str, counter: int) -> bool:
    """Note a passkey's answer to a challenge. Return whether it is the first to this challenge.

    An answer whose counter did not grow comes from a copy of the passkey: it is refused too
    (WebAuthn, "Signature counter considerations"). The caller holds the lock.
    """
    known = factor.data.get("counter", 0)
    if factor.data.get("last_challenge") == challenge or ((counter or known) and counter <= known):
        return False
    factor.data.update(last_challenge=challenge, counter=counter)
    factor.save(update_fields=["data"])
    return True


def type_of(factor: Authenticator) -> FactorType:
    """Return a factor's type, as events and pages name it."""
    return FactorType(factor.type)


def record_factor(
    kind: str, factor: Authenticator, *, actor: User | None = None, **data: Any
) -> AuditEvent:
    """Record an act on a factor in the history of its person, who did it unless somebody else."""
    if factor.type == Authenticator.Type.WEBAUTHN:
        data["factor_name"] = factor.data["name"]
    return record_event(
        kind=kind,
        actor=actor or factor.user,
        person=factor.user,
        factor=type_of(factor).value,
        **data,
    )


@transaction.atomic
def rename_passkey(*, actor: User, factor: Authenticator, name: str) -> None:
    """Give a passkey of the actor another name."""
    factor = Authenticator.objects.select_for_update().get(
        pk=factor.pk, user=actor, type=Authenticator.Type.WEBAUTHN
    )
    previous = factor.data["name"]
    if previous == name:
        return
    factor.data["name"] = name
    factor.save(update_fields=["data"])
    record_factor("factor.renamed", factor, previous=previous)


def reseal_seeds() -> int:
    """Encrypt seeds that are under a former secret key with the present one. Return how many.

    Without it, nobody could remove the former key.
    """
    if not settings.SECRET_KEY_FALLBACKS:
        return 0
    name = key_name(PURPOSE)
    former = Q()
    for field in SEEDS:
        under_present = {f"data__{field}__startswith": f"{name}:"}
        former |= Q(**{f"data__{field}__isnull": False}) & ~Q(**under_present)
    keys = Authenticator.objects.filter(former).order_by("pk").values_list("pk", flat=True)[:BATCH]
    for key in list(keys):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().filter(pk=key).first()
            if factor is None:
                continue
            for field in SEEDS:
                if field in factor.data:
                    factor.data[field] = _resealed(factor.data[field])
            factor.save(update_fields=["data"])
    return len(keys)
