"""Erasing again after an older backup was restored (L58)."""

from django.db import transaction

from accounts.choices.erasures import ERASED_DOMAIN
from compliance.selectors.erasures import addresses_with, person_called
from compliance.services.closings import end_account, refuse_main_super_user_of
from compliance.services.erasures import begin_erasure, run_erasure


def replay_erasure(*, actor: None, person: str, address_hash: str) -> bool:
    """Erase again a person (their `sub`), or the address with a hash. Return whether it was needed.

    Nobody waits for days of grace again. What a hold keeps now is kept. Running it twice changes
    nothing. Raises ValidationError for a main Super User, who had handed over since the backup.
    """
    key = _begin(person, address_hash)
    if key is None:
        return False
    run_erasure(actor=None, erasure=key)
    return True


@transaction.atomic
def _begin(sub: str, hashed: str) -> int | None:
    if not sub:
        addresses = addresses_with(hashed)
        return begin_erasure(person=None, addresses=addresses).pk if addresses else None
    person = person_called(sub)
    if person is None or person.email.endswith(f"@{ERASED_DOMAIN}"):
        return None
    refuse_main_super_user_of(person)
    return begin_erasure(person=end_account(person), addresses=[]).pk
