"""The keys of personal words: kept under the hub's present key, and deleted to erase the words."""

from collections.abc import Iterable

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.encryption import cipher, key_name
from accounts.models import AuditEvent, SubjectKey, User
from accounts.models.subjects import PURPOSE
from accounts.permissions import require_staff
from accounts.selectors.addresses import addresses_of
from accounts.services.audit import record_event

BATCH = 1000  # keys of one run


class ErasureRefused(ValidationError):
    """The words can't be erased; the message says why."""


@transaction.atomic
def erase_words(*, actor: User, person: User | None = None, address: str = "") -> AuditEvent | None:
    """Delete the keys of a person, or of an address without an account: a step of an erasure.

    With the keys of a person go those of every address they had, under which they were invited.
    No event changes; their words in all events can't be read any more, in exports of the database
    and in backups made later either. Only an erasure calls this, which first ends the account.

    Returns the event, which names nobody, or None where no key was left: it can run again. Raises
    PermissionDenied without `accounts.delete_subjectkey`; ErasureRefused (code `in_use`) for a
    person whose account is active, and for the address of one.
    """
    require_staff(actor, "accounts.delete_subjectkey")
    users = User.objects.select_for_update().filter(
        Q(email=address) if person is None else Q(pk=person.pk)
    )
    people = list(users)
    if any(each.is_active for each in people):
        raise ErasureRefused(
            _("This person's account is in use. Close the account first."), code="in_use"
        )
    addresses = {address} - {""}
    for each in people:
        addresses |= addresses_of(each)
    return shred_words(actor=actor, people=people, addresses=addresses)


def shred_words(
    *, actor: User | None, people: Iterable[User], addresses: Iterable[str]
) -> AuditEvent | None:
    """Delete the keys of people and addresses, as erase_words does; the caller checked who may.

    `actor` is None where the hub does it by itself.
    """
    keys = SubjectKey.objects.filter(Q(user__in=people) | Q(address__in=addresses))
    # Another person may have taken over an address of theirs; their words are under their own key.
    ids = sorted(str(pk) for pk in keys.select_for_update().values_list("pk", flat=True))
    if not ids:
        return None
    keys.filter(pk__in=ids).delete()
    return record_event(kind="people.words_erased", actor=actor, subject_keys=ids)


def reseal_subject_keys() -> int:
    """Encrypt keys that are under a former secret key with the present one. Return how many.

    Without it, removing the former key would erase the words of everybody.
    """
    if not settings.SECRET_KEY_FALLBACKS:
        return 0
    name, hub_cipher, resealed = key_name(PURPOSE), cipher(PURPOSE), []
    former = SubjectKey.objects.exclude(sealed_key__startswith=f"{name}:")
    with transaction.atomic():
        for key in former.select_for_update().order_by("pk")[:BATCH]:
            try:
                token = hub_cipher.rotate(key.sealed_key.partition(":")[2].encode())
            except InvalidToken:
                continue  # under a key that the hub doesn't have; read_ciphers logs it
            key.sealed_key = f"{name}:{token.decode()}"
            resealed.append(key)
        SubjectKey.objects.bulk_update(resealed, ["sealed_key"], batch_size=BATCH)
    return len(resealed)
