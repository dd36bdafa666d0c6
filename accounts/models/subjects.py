"""The keys under which personal words are sealed, one for each person or address."""

import uuid
from collections.abc import Iterable, Mapping

import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.encryption import WordCipher, cipher, key_name
from accounts.triggers import refuse

log = structlog.get_logger(__name__)

PURPOSE = "subject keys"
BATCH_SIZE = 5000  # keys of one query


class SubjectKey(models.Model):
    """A random key for the words about one person, or about an address without an account.

    Deleting it erases these words wherever they are sealed, in copies too: nobody can read them
    any more. An empty address stands for people whom the hub doesn't know.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    address = models.EmailField(null=True, db_index=True)
    sealed_key = models.CharField(max_length=300, editable=False)  # `<key name>:<token>`
    # False for one that could not be read when words had to be sealed: it may be readable again.
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, address__isnull=False) | Q(user__isnull=False, address=None),
                name="subject_key_of_a_person_or_an_address",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(is_current=True), name="one_current_key_of_a_person"
            ),
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(is_current=True),
                name="one_current_key_of_an_address",
            ),
            *refuse(
                "subject_key_of_an_account_in_use",
                table="accounts_subjectkey",
                when={
                    "DELETE": "EXISTS (SELECT 1 FROM accounts_user u"
                    " WHERE u.id = OLD.user_id AND u.is_active)"
                },
                message="the words about a person with an account in use stay readable",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


def seal_key(key: bytes) -> str:
    """Return a subject's key as it is stored: under the hub's own key."""
    return f"{key_name(PURPOSE)}:{cipher(PURPOSE).encrypt(key).decode()}"


def ciphers_of(rows: Iterable[tuple[uuid.UUID, str]]) -> dict[str, WordCipher]:
    """Return id → cipher of subjects' keys, given with their stored form.

    A key that is under no secret key of the hub is left out.
    """
    hub_cipher = cipher(PURPOSE)
    found: dict[str, WordCipher] = {}
    for pk, sealed in rows:
        try:
            key = hub_cipher.decrypt(sealed.partition(":")[2].encode())
        except InvalidToken:
            log.error("a subject's key can't be decrypted; is a former secret key missing?")
        else:
            found[str(pk)] = WordCipher(key)
    return found


def read_ciphers(keys: Iterable[str]) -> Mapping[str, WordCipher]:
    """Return id → cipher of those of these keys that are there: one query for each BATCH_SIZE."""
    wanted = sorted(set(keys))
    found: dict[str, WordCipher] = {}
    for start in range(0, len(wanted), BATCH_SIZE):
        rows = SubjectKey.objects.filter(pk__in=wanted[start : start + BATCH_SIZE])
        found |= ciphers_of(rows.values_list("pk", "sealed_key"))
    return found
